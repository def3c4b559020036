"""Commands that record: from typed options to a decision, and its result."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from ledger.commands import options
from ledger.commands.session import Session
from ledger.commands.spoken import settled, spoken_in
from ledger.errors import LedgerError, UnknownId, asks
from ledger.terminal.output import Output

if TYPE_CHECKING:
    from ledger.application import Ledger, Outcome
    from ledger.decisions.base import Decision


def records(
    make: Callable[..., "Decision"], *, one_by_one: Callable[..., None] | None = None
) -> Callable[..., None]:
    """Turn a function from options to a decision into a command.

    This adds the options of every write, takes the decision and shows what was recorded. With the
    flag `each`, `one_by_one` does that.
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
        each: bool = False,
        **given: Any,
    ) -> None:
        session.needs_rules()
        # Whose day it is, only the ledger knows.
        opened = session.open() if spoken_in(given) else None
        decision = make(**(given if opened is None else settled(session, opened, given)))
        author = session.author(reason=reason, request=request)
        ledger = opened or session.open()
        if each and one_by_one is not None:
            one_by_one(session, ledger, decision, output, author=author, dry_run=dry_run)
            return
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

    The output is opened first, so that nothing is recorded that cannot be shown. For an
    unknown id, the error suggests similar ones.
    """
    from ledger.commands.entries import RECORDED_COLUMNS, sentence, sheet  # not for a help
    from ledger.commands.studio.broken_promises import promises_broken
    from ledger.commands.studio.closed_days import still_booked
    from ledger.commands.studio.freed_days import confirmable_now
    from ledger.commands.studio.things_out import out_early, still_out

    with output.opened() as sink:
        try:
            outcome = act()
        except UnknownId as error:
            raise nearest(ledger, error) from None
        session.say(sentence(outcome.events, repeated=outcome.repeated, dry_run=outcome.dry_run))
        if not outcome.dry_run:
            for follows in (confirmable_now, still_booked, promises_broken, still_out, out_early):
                for told in follows(ledger, outcome.events, session.author()):
                    session.say(told)
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
    """Return the same error with similar ids."""
    from ledger.commands.ids import known_ids

    if asks(error.advice):
        return error
    better = UnknownId(error.kind, error.id, known=known_ids(ledger, error.kind))
    better.where, better.about = error.where, error.about
    return better
