"""Commands that record: from typed options to a decision, and what came of it."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from ledger.commands import options
from ledger.commands.output import Output
from ledger.commands.session import Session
from ledger.errors import LedgerError, UnknownId

if TYPE_CHECKING:
    from ledger.application import Ledger, Outcome
    from ledger.decisions.base import Decision


def records(make: Callable[..., "Decision"]) -> Callable[..., None]:
    """A command of a function that makes a decision of its options.

    It adds the options of every write, takes the decision and shows what was recorded.
    """

    @click.pass_obj
    @options.recording
    @options.data()
    @wraps(make)
    def command(
        session: Session,
        *,
        output: Output,
        reason: str | None,
        request: str | None,
        dry_run: bool,
        **given: Any,
    ) -> None:
        session.needs_rules()
        decision = make(**given)
        author = session.author(reason=reason, request=request)
        ledger = session.open()
        report(
            session,
            output,
            ledger,
            lambda: ledger.decide(decision, author, dry_run=dry_run),
        )

    return command


def report(
    session: Session, output: Output, ledger: "Ledger", act: Callable[[], "Outcome"]
) -> None:
    """Act, then say what was recorded and show the events.

    The output is opened first: what cannot be shown is better not done. An id that the
    ledger does not know is answered with the nearest that it does.
    """
    from ledger.commands.entries import RECORDED_COLUMNS, sentence, sheet  # not for a help

    with output.opened() as sink:
        try:
            outcome = act()
        except UnknownId as error:
            raise nearest(ledger, error) from None
        session.say(sentence(outcome.events, repeated=outcome.repeated, dry_run=outcome.dry_run))
        sink.write(
            sheet(
                outcome.events,
                ledger.opened.zone,
                columns=RECORDED_COLUMNS,
                recorded=not outcome.dry_run,
                log=ledger.log,
            )
        )


def nearest(ledger: "Ledger", error: UnknownId) -> LedgerError:
    """The same error with the ids that were perhaps meant."""
    from ledger.commands.naming import known_ids

    if "Did you mean" in error.advice:
        return error
    better = UnknownId(error.kind, error.id, known=known_ids(ledger, error.kind))
    better.where = error.where
    return better
