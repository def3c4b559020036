"""`blame`: who set each field of a thing, when and why; or the full history of one field."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from ledger.commands import options
from ledger.commands.history.field_text import LATE, TO_COME, field_words, plain_value, told_time
from ledger.commands.ids import find_thing
from ledger.commands.session import Session
from ledger.commands.tree import Leaf
from ledger.entities import Entity, Fact, effective, read_records
from ledger.errors import BadInput
from ledger.terminal.output import Output
from ledger.terminal.sheets import Column, Sheet, Style
from ledger.time.periods import zone as zone_of

if TYPE_CHECKING:
    from ledger.application import Ledger

_COLUMNS = (
    Column("field", "Field", fixed=True),
    Column("value", "Value", wrap=True),
    Column("position", "#", number=True),
    Column("recorded_at", "Recorded", fixed=True),
    Column("effective", "Effective", fixed=True),
    Column("actor", "Who"),
    Column("reason", "Why", fold=True),
    Column("corrects", "Corrects #", number=True),
    Column("stands", "Stands", detail=True),
    Column("type", "Type", detail=True),
    Column("before", "Before", detail=True),
    Column("known_since", "Known since", detail=True),
    Column("via", "Via", detail=True),
    Column("batch", "Batch", detail=True),
    Column("request", "Request", detail=True),
)
_HISTORY = tuple(
    Column("stands", "Stands", fixed=True) if column.name == "stands" else column
    for column in _COLUMNS
)


@click.command(cls=Leaf)
@click.argument("entity", metavar="ENTITY")
@click.option("--field", "field", metavar="NAME", help="Only this field, with its full history.")
@options.as_of
@options.data()
@click.pass_obj
def blame(
    session: Session, entity: str, field: str | None, as_of: str | None, output: Output
) -> None:
    """Show who set each field of a thing: by which event, when, and why.

    ENTITY is the id or tag of a booking, an item, a project, a space, a closure or a site.
    A field that follows effective time, such as an item's place, shows its latest fact in
    that time, even if an earlier one was recorded later.

    \b
    studio-ledger blame b-7f3k2
    studio-ledger blame led-wall-a --field place
    """
    ledger = session.open_bare()
    until = options.resolve_as_of(ledger, as_of)
    head = ledger.log.head() if until is None else until
    kind, id = find_thing(ledger, entity)
    found = read_records(ledger.log, kind, id, head).at(head)
    zone = ledger.opened.zone
    today = _today(ledger, as_of, head, zone)
    names = _named(found, field) if field is not None else list(found.fields)
    style = Style(zone) if output.format == "table" else None
    lines = _Lines(found, today, style)
    rows = lines.histories(names) if field is not None else lines.present(names)
    _title(session, ledger, found, names, head)
    with output.opened() as sink:
        sink.write(Sheet(_HISTORY if field is not None else _COLUMNS, rows, zone))


class _Lines:
    """Rows of an entity's fields: raw values for programs, words for a table."""

    def __init__(self, entity: Entity, today: date, style: Style | None) -> None:
        self._entity, self._today, self._style = entity, today, style

    def present(self, names: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        """Yield for each field its current fact, and those known to come."""
        for name in names:
            facts, current = self._entity.fields[name], self._entity.current(name, self._today)
            assert current is not None, "a field has a fact"
            for fact in facts[facts.index(current) :]:
                yield self._row(name, fact)

    def histories(self, names: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        """Yield every fact of each field, in the order in which they hold."""
        for name in names:
            for fact in self._entity.fields[name]:
                yield self._row(name, fact)

    def _row(self, name: str, fact: Fact) -> tuple[Any, ...]:
        entry, before = fact.entry, self._entity.before(name, fact)
        value, when, reason = plain_value(fact.value), effective(fact), entry.reason
        if self._style is not None:
            value, when = field_words(name, fact, self._style), told_time(when, self._style)
            reason = reason or ""  # shown below the row, if there is one
            if self._stands(name, fact) == TO_COME:
                value = f"{value} ({TO_COME})"
        return (
            name,
            value,
            entry.position,
            entry.recorded_at,
            when,
            entry.actor,
            reason,
            entry.corrects,
            self._stands(name, fact),
            entry.type,
            plain_value(before),
            fact.known,
            fact.via,
            entry.batch,
            entry.request,
        )

    def _stands(self, name: str, fact: Fact) -> str | None:
        """Whether the fact is current, still to come, or was recorded late."""
        facts, current = self._entity.fields[name], self._entity.current(name, self._today)
        if fact is current:
            return "now"
        if facts.index(fact) > facts.index(current or fact):
            return TO_COME
        later = facts[facts.index(fact) + 1 :]
        return LATE if any(other.known < fact.known for other in later) else None


def _named(entity: Entity, asked: str) -> list[str]:
    """Find the fields: one, or all under a name such as `planned`. Raises `BadInput`."""
    names = list(entity.fields)
    found = [name for name in names if name == asked or name.partition(".")[0] == asked]
    if not found:
        stems = list(dict.fromkeys(name.partition(".")[0] for name in names))
        near = get_close_matches(asked, dict.fromkeys((*stems, *names)), n=3, cutoff=0.6)
        there = f"It has {', '.join(stems)}" if stems else "Nothing was known about it then"
        with options.named("--field"):
            raise BadInput(
                f"{entity.kind} {entity.id!r} has no field {asked!r}",
                advice=f"Did you mean {' or '.join(near)}?" if near else there,
            )
    return found


def _today(ledger: "Ledger", as_of: str | None, head: int, zone: str) -> date:
    """The day of the question: today, or that of --as-of."""
    now: datetime | None = ledger.seen_from(as_of)
    if now is None:
        now = next(ledger.log.stream(after=head - 1, until=head)).recorded_at
    return now.astimezone(zone_of(zone)).date()


def _title(session: Session, ledger: "Ledger", entity: Entity, names: list[str], head: int) -> None:
    """Say what was shown, up to where, and in which zone."""
    last = next(ledger.log.stream(after=head - 1, until=head), None) if head else None
    if last is None or not names:
        by_then = "before the first event" if last is None else f"as of #{head}"
        session.say(f"{entity.kind} {entity.id}: nothing was known about it {by_then}")
        return
    many = "1 field" if len(names) == 1 else f"{len(names):,} fields"
    as_of = Style(ledger.opened.zone).as_of(head, last.recorded_at)
    session.say(f"{entity.kind} {entity.id}: {many}, {as_of}")
