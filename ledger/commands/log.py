"""`log`: the events as they were recorded, newest last."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from difflib import get_close_matches
from itertools import islice

import click

from ledger.application import Ledger
from ledger.commands import options
from ledger.commands.entries import interval, sheet
from ledger.commands.naming import warn_of_unknown
from ledger.commands.output import Output
from ledger.commands.session import Session
from ledger.commands.tree import Leaf
from ledger.errors import BadInput
from ledger.events.base import Query, RecordedEvent
from ledger.tags import check_tag
from ledger.times import Moment, last_instant

Window = tuple[datetime | None, datetime | None]


@click.command(cls=Leaf)
@click.option("--tag", "tags", multiple=True, help="Only events with this tag; several: with all.")
@click.option("--type", "types", multiple=True, help="Only events of this type; several: of any.")
@click.option("--actor", "by", metavar="NAME", help="Only what this actor recorded.")
@click.option("--since", metavar="TIME", help="Only what held in the studio at or after it.")
@click.option("--until", metavar="TIME", help="Only what held at or before it; a day is included.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N.")
@options.as_of
@options.data(lines=True)
@click.pass_obj
def log(
    session: Session,
    tags: tuple[str, ...],
    types: tuple[str, ...],
    by: str | None,
    since: str | None,
    until: str | None,
    limit: int | None,
    as_of: str | None,
    output: Output,
) -> None:
    """The events as they were recorded, newest last.

    --since and --until speak of when it happened in the studio, --as-of of when it was
    recorded. --format line gives the stored lines, byte for byte.

    \b
    studio-ledger log --tag space:stage-1 --since 2025-07-01 --limit 20
    """
    narrowed = since is not None or until is not None
    # When a plugin's event held in the studio, only the plugin can say.
    ledger = session.open(read_only=True) if narrowed else session.open_bare()
    zone = ledger.opened.zone
    with options.named("--tag"):
        checked = tuple(check_tag(tag) for tag in tags)
    query = Query(checked, _known_types(ledger, types))
    until_position = options.resolve_as_of(ledger, as_of)
    head = ledger.log.head() if until_position is None else until_position
    window = _window(since, until, zone)

    def wanted(entries: Iterable[RecordedEvent]) -> Iterator[RecordedEvent]:
        for entry in entries:
            if (by is None or entry.actor == by) and _within(entry, window, zone):
                yield entry

    asked = [query] if tags or types else []
    if limit is None:
        entries = wanted(ledger.log.read(asked, until=head))
    else:
        backwards = wanted(ledger.log.read(asked, until=head, newest_first=True))
        entries = iter(list(islice(backwards, limit))[::-1])
    with output.opened() as sink:
        shown = sheet(entries, zone, log=ledger.log)
        if output.format == "line":
            shown = sheet((), zone, lines=stored_lines(ledger, entries))
        rows = sink.write(shown)
    warn_of_unknown(session, ledger, checked)
    title(session, ledger, rows, head, zone)


def stored_lines(ledger: Ledger, entries: Iterable[RecordedEvent]) -> Iterator[bytes]:
    """The stored line of each event."""
    for entry in entries:
        yield from ledger.log.lines(after=entry.position - 1, until=entry.position)


def title(session: Session, ledger: Ledger, rows: int, head: int, zone: str) -> None:
    """Say what was shown, as of where, and on whose clock."""
    last = next(ledger.log.stream(after=head - 1, until=head), None) if head else None
    if last is None:
        session.say("no event: nothing was recorded by then")
        return
    from ledger.commands.sheets import Style

    many = "no event" if rows == 0 else "1 event" if rows == 1 else f"{rows:,} events"
    session.say(f"{many}, as of #{head}, recorded {Style(zone).text(last.recorded_at)} ({zone})")


def _known_types(ledger: Ledger, types: tuple[str, ...]) -> tuple[str, ...]:
    """The types as asked for. A name that no code knows may still be in the log."""
    from ledger.events import STUDIO_EVENTS

    known = {t.type_name for t in (*STUDIO_EVENTS, *ledger.extensions.event_types)}
    for name in types:
        if name in known or next(iter(ledger.log.read([Query((), (name,))], limit=1)), None):
            continue
        near = get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else "See the types in: log"
        raise BadInput(f"no event type {name!r}", advice=hint)
    return types


def _window(since: str | None, until: str | None, zone: str) -> Window:
    """The first and the last instant that is wanted."""
    first = last = None
    if since is not None:
        with options.named("--since"):
            first = Moment.parse(since).resolve(zone)
    if until is not None:
        with options.named("--until"):
            last = last_instant(until, zone)
    if first is not None and last is not None and last < first:
        raise BadInput(f"{until} is before {since}", advice="Give the earlier time as --since")
    return first, last


def _within(entry: RecordedEvent, window: Window, zone: str) -> bool:
    first, last = window
    if first is None and last is None:
        return True
    held = interval(entry.event, zone)
    if held is None:
        return False
    return (first is None or held[1] >= first) and (last is None or held[0] <= last)
