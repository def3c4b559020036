"""The lines of another log, examined before they become this one.

What is refused here would otherwise be found by whoever first opens the restored ledger: a
time that cannot be read ends every command, an event that its tags do not name is found by
no decision. What no installed code can read is kept as it is, like anywhere else.
"""

from collections.abc import Iterable, Iterator

import msgspec

from ledger.errors import BadInput
from ledger.events import LedgerOpened
from ledger.events.base import (
    Header,
    RecordedEvent,
    Registry,
    UnknownEvent,
    format_recorded_at,
    parse_recorded_at,
    recorded_tags,
)
from ledger.log.lines import Row, parse_line
from ledger.log.rows import StoredRow, recordable, tags_of

_END_OF_TIME = "9999-12-31"
"""From this day on an instant may have no date in some zone."""


def restored(lines: Iterable[bytes], registry: Registry) -> Iterator[StoredRow]:
    """The rows of lines, from #1. Raises `BadInput` with the number of the line."""
    before = ""
    number = 0
    for number, text in enumerate(lines, start=1):
        try:
            row = parse_line(text.rstrip(b"\n"))
            if row.position != number:
                raise BadInput(
                    f"it holds #{row.position}",
                    advice="Give all lines of the log, from #1, in order",
                )
            check_recorded_at(row.recorded_at, before)
            check_event(row, registry)
        except BadInput as error:
            error.where = f"line {number}"
            raise
        before = row.recorded_at
        yield msgspec.structs.astuple(row)
    if number == 0:
        raise BadInput("there is no line to restore", advice="A log has at least its first line")


def check_recorded_at(text: str, before: str) -> None:
    """Raise `BadInput` unless a recorded time is one that a log writes, and not before another."""
    try:
        fixed = text < _END_OF_TIME and format_recorded_at(parse_recorded_at(text)) == text
    except (ValueError, OverflowError):
        fixed = False
    if not fixed:
        raise BadInput(
            f"{text[:40]!r} is no recorded time", advice="A log writes 2025-07-01T12:00:00.000000Z"
        )
    if text < before:
        raise BadInput(
            f"it was recorded before the line before it, at {text}",
            advice="Give the lines as they were exported",
        )


def check_event(row: Row, registry: Registry) -> None:
    """Raise `BadInput` unless an event can be read and carries the tags that it says.

    Of one that no installed code can read, only the tags of its header are known.
    """
    tags = tags_of(row.tags)
    if not row.type or not all(map(recordable, (row.type, *tags))):
        raise BadInput("its type or a tag is none that a ledger can keep", advice=_AS_EXPORTED)
    try:
        entry = registry.decode(row.position, row.recorded_at, row.type, row.tags, row.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"its data cannot be read: {error}", advice=_AS_EXPORTED) from None
    if row.position == 1 and not isinstance(entry.event, LedgerOpened):
        raise BadInput(
            f"a log begins with LedgerOpened, and this with {row.type}",
            advice="Give all lines of the log, from #1, in order",
        )
    _check_tags(entry, row, tags)


def _check_tags(entry: RecordedEvent, row: Row, tags: list[str]) -> None:
    """The tags are those that its event and its header say.

    Of an event that no installed code can read, or of an older schema, only the header's are
    known: today's code cannot tell the others.
    """
    if msgspec.json.encode(tags).decode() != row.tags:
        raise BadInput("its tags are not in the form that a ledger writes", advice=_AS_EXPORTED)
    event = entry.event
    header = Header(actor=entry.actor, request=entry.request, batch=entry.batch)
    if not isinstance(event, UnknownEvent) and entry.schema == event.schema:
        derived = recorded_tags(event, header)
        lying = tuple(tags) != derived
    else:
        derived = recorded_tags(UnknownEvent(payload=msgspec.Raw(b"{}")), header)
        lying = len(set(tags)) < len(tags) or not set(derived) <= set(tags)
    if lying:
        raise BadInput(
            f"its tags are not those of its event, which are {', '.join(derived) or 'none'}",
            advice=_AS_EXPORTED,
        )


_AS_EXPORTED = "Give the lines as they were exported; nothing was restored"
