"""Commands run one by one: a refused one does not stop the others."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ledger.application import Author, Ledger, Outcome
from ledger.commands.exit_codes import CONFLICT, REFUSED
from ledger.commands.session import Session
from ledger.commands.studio.writing import nearest
from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import PlaceHold
from ledger.errors import BadInput, Conflict, Refused, StorageFailure, UnknownId
from ledger.terminal.output import Output
from ledger.terminal.sheets import Column, Sheet

Numbered = Sequence[tuple[int, Decision]]
Came = Outcome | Refused | BadInput | Conflict

_OUTCOME = (
    Column("outcome", "Outcome", fixed=True),
    Column("first", "First #", number=True),
    Column("last", "Last #", number=True),
    Column("message", "Message", fold=True),
)


class Told(NamedTuple):
    """How a command is told from the others: the columns, and their values for it."""

    columns: tuple[Column, ...]
    values: Callable[[int, Decision], tuple[Any, ...]]
    place: str = "Line"


BY_LINE = Told(
    (Column("line", "Line", number=True), Column("do", "Command", fixed=True)),
    lambda number, decision: (number, decision.words()),
)
BY_DAYS = Told(
    (
        Column("booking", "Booking", fixed=True),
        Column("space", "Space", fixed=True),
        Column("when", "When", fixed=True),
    ),
    lambda _, hold: (getattr(hold, "booking", ""), getattr(hold, "space", ""), _days(hold)),
    "Number",
)


def _days(hold: Decision) -> str:
    return str(getattr(hold, "when", ""))


def series_by_each(
    session: Session,
    ledger: Ledger,
    decision: Decision,
    output: Output,
    *,
    author: Author,
    dry_run: bool,
) -> None:
    """Record the bookings of a series, or of several spaces, each for itself. Raises `BadInput`."""
    if not isinstance(decision, PlaceHold) or not decision.is_batch:
        raise BadInput("there is only one booking", advice="Leave out --each")
    if decision.booking is None:
        raise BadInput(
            "bookings that are recorded one by one need a name",
            advice="Name their job with --booking ID, so that the command can be repeated",
        )
    if decision.job is not None:
        raise BadInput("two jobs are named", advice="Give either --booking or --job")
    numbered = list(enumerate(decision.occurrences(), start=1))
    each_for_itself(session, ledger, numbered, output, author=author, dry_run=dry_run, told=BY_DAYS)


def _done(ledger: Ledger, numbered: Numbered, author: Callable[[int], Author]) -> Iterator[Came]:
    """Run the commands in turn and yield the outcome of each."""
    for number, decision in numbered:
        try:
            yield ledger.decide(decision, author(number))
        except (Refused, BadInput, Conflict) as error:
            yield error


def each_for_itself(
    session: Session,
    ledger: Ledger,
    numbered: Numbered,
    output: Output,
    *,
    author: Author,
    dry_run: bool,
    told: Told = BY_LINE,
) -> None:
    """Show a line for each, then the counts. If it ends early, say how many are done."""

    def by_line(number: int) -> Author:
        key = None if author.request is None else f"{author.request}/{number}"
        return Author(author.actor, author.reason, key)

    counted = dict.fromkeys(("recorded", "repeated", "refused", "conflict"), 0)

    def rows() -> Iterator[tuple[Any, ...]]:
        for (number, decision), came in zip(numbered, happened, strict=True):
            outcome, *row = _row(ledger, came)
            counted[outcome] += 1
            if counted["refused"]:
                session.exit_code = REFUSED
            elif counted["conflict"]:
                session.exit_code = CONFLICT
            foreseen = dry_run and outcome == "recorded"
            shown = "would be recorded" if foreseen else outcome
            yield (*told.values(number, decision), shown, *row)

    happened = ledger.try_each(numbered, by_line) if dry_run else _done(ledger, numbered, by_line)
    try:
        with output.opened() as sink:
            sink.write(Sheet((*told.columns, *_OUTCOME), rows()))
    except StorageFailure as error:
        if not dry_run:
            error.message = (
                f"{error.message} ({_so_far(numbered, counted, author.request, told.place)})"
            )
        raise
    except KeyboardInterrupt:
        if not dry_run:
            session.say(_so_far(numbered, counted, author.request, told.place))
        raise
    words = [f"{n} {outcome}" for outcome, n in counted.items() if n]
    prefix = "dry run, nothing recorded; would be: " if dry_run else ""
    session.say(prefix + (", ".join(words) or "no commands to run"))


def _so_far(numbered: Numbered, counted: dict[str, int], request: str | None, place: str) -> str:
    """Say how many commands were tried before the end, and how to continue."""
    tried = sum(counted.values())
    words = ", ".join(f"{n} {outcome}" for outcome, n in counted.items() if n)
    text = f"{tried} of {len(numbered)} commands were tried" + (f": {words}" if words else "")
    if tried == len(numbered):
        return text
    if request is not None:
        return f"{text}. To continue, run the command again: --request {request} does nothing twice"
    line = numbered[tried][0]
    return (
        f"{text}. {place} {line} was in progress: check with log --limit 1, and continue from there"
    )


def _row(ledger: Ledger, came: Came) -> tuple[str, int | None, int | None, str]:
    """Return the outcome of one command: the word to count, its positions, a message."""
    if isinstance(came, Outcome):
        positions = [entry.position for entry in came.events]
        kind = "repeated" if came.repeated else "recorded"
        if came.dry_run or not positions:
            return kind, None, None, ""
        return kind, positions[0], positions[-1], ""
    message = str(nearest(ledger, came) if isinstance(came, UnknownId) else came)
    return "conflict" if isinstance(came, Conflict) else "refused", None, None, message
