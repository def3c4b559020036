"""`show`: one event in full, or the history of one thing."""

from collections.abc import Iterator, Sequence
from typing import Any

import click
import msgspec

from ledger.application import Ledger
from ledger.commands import options
from ledger.commands.entries import COLUMNS as ENTRY_COLUMNS
from ledger.commands.entries import about, interval, payload, rows
from ledger.commands.event_text import what
from ledger.commands.history.corrections import in_words, later_corrections, pair
from ledger.commands.history.log import stored_lines, title
from ledger.commands.ids import FIRST_EVENTS, find_tag, known_ids, warn_of_unknown
from ledger.commands.session import Session
from ledger.commands.tree import Leaf
from ledger.errors import BadInput, UnknownId
from ledger.events import BookingHeld
from ledger.events.base import Query, RecordedEvent
from ledger.tags import check_tag
from ledger.terminal.output import Output
from ledger.terminal.sheets import Column, Format, Sheet, Style

_ONE_COLUMNS = (
    *ENTRY_COLUMNS,
    Column("differences", "Differences", detail=True),
    Column("corrected_by", "Corrected by", detail=True),
)
"""For one event, finding what it corrects and what corrects it is worth the reading."""

_AT_ONCE = 50
"""Bookings in one question to the log."""

_FACTS = (Column("field", "Field", fixed=True), Column("value", "Value", wrap=True))


@click.command(cls=Leaf)
@click.argument("target", metavar="POSITION|TAG|ID")
@options.as_of
@options.data(lines=True, paged=True)
@click.pass_obj
def show(session: Session, target: str, as_of: str | None, output: Output) -> None:
    """Show one event, by its position, or the history of one thing, by its tag or id.

    For one event, also show what it corrects, how it differs, and which later events corrected
    it, as known by --as-of.

    The history of a job is that of its bookings. --format line gives the stored lines, byte for
    byte.

    \b
    studio-ledger show 812
    studio-ledger show space:stage-1
    studio-ledger show b-7f3k2
    """
    ledger = session.open_to_look(bare=True)
    until = options.resolve_as_of(ledger, as_of)
    at = ledger.log.head()
    head = at if until is None else until
    zone = ledger.opened.zone
    position = target.removeprefix("#")
    if position.isdecimal() and position.isascii():
        # No log is that long, and Python refuses numbers of thousands of digits.
        entry = _at(ledger, int(position[:20]), head)
        with output.opened() as sink:
            sink.write(_one(entry, ledger, head, output.format))
        session.say_standing(at)
        return
    tag = check_tag(target) if ":" in target else find_tag(ledger, target)
    tag = _or_job(ledger, tag)
    entries = _history(ledger, tag, head)
    with output.opened() as sink:
        shown = Sheet(ENTRY_COLUMNS, rows(entries, zone, log=ledger.log), zone)
        if output.format == "line":
            shown = Sheet((), (), zone, lines=stored_lines(ledger, entries))
        count = sink.write(shown)
    if count == 0:
        _refuse_unknown(ledger, tag)
        warn_of_unknown(session, ledger, [tag])
    title(session, ledger, count, head, zone)
    session.say_standing(at)


def _or_job(ledger: Ledger, tag: str) -> str:
    """Return the tag of a job where a booking is named that is none."""
    job = tag.replace("booking:", "job:", 1)
    if job == tag or _is_known(ledger, tag) or not _is_known(ledger, job):
        return tag
    return job


def _history(ledger: Ledger, tag: str, until: int) -> Iterator[RecordedEvent]:
    """The events of a thing; of a job those of its bookings."""
    if not tag.startswith("job:"):
        return ledger.log.read([Query((tag,))], until=until)
    placed = ledger.log.read([Query((tag,), (BookingHeld.type_name,))], until=until)
    bookings = [one.event.booking for one in placed if isinstance(one.event, BookingHeld)]
    found: dict[int, RecordedEvent] = {}
    for first in range(0, len(bookings), _AT_ONCE):
        queries = [Query((f"booking:{id}",)) for id in bookings[first : first + _AT_ONCE]]
        found.update((one.position, one) for one in ledger.log.read(queries, until=until))
    return (found[position] for position in sorted(found))


def _is_known(ledger: Ledger, tag: str) -> bool:
    return next(iter(ledger.log.read([Query((tag,))], limit=1)), None) is not None


def _at(ledger: Ledger, position: int, head: int) -> RecordedEvent:
    if not 1 <= position <= head:
        raise BadInput(f"there is no #{position}", advice=f"The log ends at #{head}")
    return next(ledger.log.stream(after=position - 1, until=position))


def _one(entry: RecordedEvent, ledger: Ledger, head: int, format: Format) -> Sheet:
    """One event: field by field in a table; for programs, the row that `log` gives, and more."""
    zone = ledger.opened.zone
    if format == "line":
        return Sheet((), (), zone, lines=stored_lines(ledger, [entry]))
    later = later_corrections(ledger.log, entry, until=head)
    if format == "table":
        return Sheet(_FACTS, _facts(entry, ledger, later), zone)
    differ = pair(ledger.log, entry).differences if entry.corrects is not None else ()
    (row,) = rows([entry], zone, log=ledger.log)
    return Sheet(_ONE_COLUMNS, [(*row, differ, list(map(_correction, later)))], zone)


def _facts(
    entry: RecordedEvent, ledger: Ledger, later: Sequence[RecordedEvent]
) -> Iterator[tuple[str, Any]]:
    """An event in full: first what it says, then who recorded it, then its own data."""
    zone = ledger.opened.zone
    yield "position", f"#{entry.position}"
    yield "type", entry.type
    yield "about", about(entry)
    yield "what", what(entry, zone, ledger.log)
    yield "recorded", entry.recorded_at
    held = interval(entry.event, zone)
    if held is not None:
        yield "effective", str(entry.event.effective())
    yield "actor", entry.actor
    for name in ("reason", "request", "batch"):
        value = getattr(entry, name)
        if value is not None:
            yield name, value
    yield from _correction_facts(entry, ledger, later)
    yield "schema", entry.schema
    yield "tags", " ".join(entry.tags)
    yield "payload", msgspec.json.encode(payload(entry)).decode()


def _correction_facts(
    entry: RecordedEvent, ledger: Ledger, later: Sequence[RecordedEvent]
) -> Iterator[tuple[str, str]]:
    """The event it corrects, how it differs, and each later event that corrected it."""
    zone = ledger.opened.zone
    if entry.corrects is not None:
        found = pair(ledger.log, entry)
        if found.corrected is None:
            yield "corrects", f"#{entry.corrects}, which is not an earlier event of this log"
        else:
            yield "corrects", _cited(found.corrected, zone)
            yield "differs", in_words(found.differences, zone) or "in nothing"
    for correction in later:
        told = [_cited(correction, zone)]
        if correction.corrects != entry.position:
            told.append(f"which corrects #{correction.corrects}")
        told.append(in_words(pair(ledger.log, correction).differences, zone))
        told.append(f"because: {correction.reason}" if correction.reason else "")
        yield "corrected by", ", ".join(filter(None, told))


def _cited(entry: RecordedEvent, zone: str) -> str:
    """`#812 MilestoneWithdrawn by wang, recorded 2025-07-03 09:12`."""
    when = Style(zone).text(entry.recorded_at)
    return f"#{entry.position} {entry.type} by {entry.actor}, recorded {when}"


def _correction(entry: RecordedEvent) -> dict[str, Any]:
    """A later correction, in brief."""
    names = ("position", "type", "recorded_at", "actor", "reason", "corrects")
    return {name: getattr(entry, name) for name in names}


def _refuse_unknown(ledger: Ledger, tag: str) -> None:
    """Raise `UnknownId` for a tag of a known kind that no event has: it is mistyped."""
    kind, _, id = tag.partition(":")
    if kind not in FIRST_EVENTS or "@" in id:
        return
    if not _is_known(ledger, tag):
        raise UnknownId(kind, id, known=known_ids(ledger, kind))
