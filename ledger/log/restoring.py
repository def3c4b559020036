"""Checking the lines of another log before a new log is made of them.

Whatever is refused here would do harm in the restored ledger: every command fails at a time
that cannot be read, and no decision finds an event that lacks its tags. Events that no
installed code can read are kept unchanged, as everywhere.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

import msgspec
from msgspec.structs import astuple

from ledger.errors import BadInput, LineTooLong
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
from ledger.log.lines import (
    LINE_LIMIT,
    NESTED_TOO_DEEPLY,
    Row,
    is_too_deep,
    parse_line,
    split_line,
)
from ledger.log.rows import StoredRow, recordable, tags_of

_END_OF_TIME = "9999-12-31"
"""From this day on an instant may have no date in some zone."""

_AT_ONCE = 256
"""Lines that are checked together."""

_SHAPE = "0000-00-00T00:00:00.000000Z"
_DIGITS = str.maketrans("123456789", "000000000")


def restored(lines: Iterable[bytes], registry: Registry) -> Iterator[StoredRow]:
    """The rows of lines, from #1.

    Raises `BadInput` with the number of the line, or `LineTooLong`.
    """
    before, number = "", 0
    rest = iter(lines)
    while texts := [text.rstrip(b"\n") for text in islice(rest, _AT_ONCE)]:
        split = [split_line(text) for text in texts]
        times = [before, *(row[1] for row in split if row is not None)]
        # If one line needs a closer check, so do the times of all.
        ordered = None not in split and are_recorded_times(times[1:]) and times == sorted(times)
        for text, found in zip(texts, split, strict=True):
            number += 1
            try:
                plain = found is not None and is_plain(found, registry)
                row = found if found is not None and plain else astuple(parse_line(text))
                if row[0] != number:
                    raise BadInput(
                        f"it holds #{row[0]}",
                        advice="Give all lines of the log, from #1, in order",
                    )
                if not ordered:
                    check_recorded_at(row[1], before)
                if not plain:
                    check_event(Row(*row), registry)
                if len(text) > LINE_LIMIT:
                    raise LineTooLong(row[2], size=len(text), limit=LINE_LIMIT)
            except BadInput as error:
                error.where = f"line {number}"
                raise
            before = row[1]
            yield row
    if number == 0:
        raise BadInput("there are no lines to restore", advice="A log has at least one line")


def are_recorded_times(texts: Sequence[str]) -> bool:
    """Whether `check_recorded_at` accepts each of these texts as a recorded time.

    Checked one by one, row `verify` of the benchmarks has 0.83 of its rate.
    """
    try:
        joined = "\n".join(texts)
        if joined.translate(_DIGITS) != "\n".join([_SHAPE] * len(texts)) or "T24" in joined:
            return False
        for text in texts:
            datetime.fromisoformat(text)  # no 30th of February, no 60th second
    except (TypeError, ValueError):
        return False
    return max(texts) < _END_OF_TIME


def check_recorded_at(text: str, before: str) -> None:
    """Raise `BadInput` unless a log writes this recorded time, and it is not before another."""
    try:
        fixed = text < _END_OF_TIME and format_recorded_at(parse_recorded_at(text)) == text
    except (ValueError, OverflowError):
        fixed = False
    if not fixed:
        raise BadInput(
            f"{text[:40]!r} is not a recorded time",
            advice="A log writes 2025-07-01T12:00:00.000000Z",
        )
    if text < before:
        raise BadInput(
            f"it was recorded before the previous line, at {text}",
            advice="Give the lines as they were exported",
        )


def is_plain(row: StoredRow, registry: Registry) -> bool:
    """Whether a row, other than #1, has an event of the current schema with exactly its tags.

    `parse_line` and `check_event` would accept the line of such a row: its data is one object
    with nothing around it, and its tags are written as they would be today. They check all other
    rows. Nearly every event is plain: else row `verify` has 0.66 of its rate, `import` 0.79.
    """
    position, _, type, tags, data = row
    return (
        registry.tags_column(type, data) == tags.encode()
        and position > 1
        and data[0] == _BRACE
        and data[-1] == _END_BRACE
        and not is_too_deep(data)
        and _NUL not in tags  # or a backslash and `u0000`, which needs the closer check
    )


_BRACE, _END_BRACE = b"{}"
_NUL = r"\u0000"


def check_event(row: Row, registry: Registry) -> None:
    """Raise `BadInput` unless an event can be read and carries its own tags.

    For an event that no installed code can read, only the tags of its header are known.
    """
    if is_too_deep(row.data):
        raise BadInput(f"its data cannot be read: {NESTED_TOO_DEEPLY}", advice=_AS_EXPORTED)
    tags = tags_of(row.tags)
    if not row.type or not all(map(recordable, (row.type, *tags))):
        raise BadInput("its type or a tag cannot be kept in a ledger", advice=_AS_EXPORTED)
    try:
        entry = registry.decode(row.position, row.recorded_at, row.type, row.tags, row.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"its data cannot be read: {error}", advice=_AS_EXPORTED) from None
    if row.position == 1 and not isinstance(entry.event, LedgerOpened):
        raise BadInput(
            f"a log begins with LedgerOpened, but this one with {row.type}",
            advice="Give all lines of the log, from #1, in order",
        )
    _check_tags(entry, row, tags)


def _check_tags(entry: RecordedEvent, row: Row, tags: list[str]) -> None:
    """Raise `BadInput` unless the tags are those of the event and its header.

    For an event of an older schema, or one that no installed code can read, only the header's
    tags are known.
    """
    if msgspec.json.encode(tags).decode() != row.tags:
        raise BadInput("its tags are not in the form that a ledger writes", advice=_AS_EXPORTED)
    event = entry.event
    header = Header(actor=entry.actor, request=entry.request, batch=entry.batch)
    if not isinstance(event, UnknownEvent) and entry.schema == event.schema:
        derived = recorded_tags(event, header)
        wrong = tuple(tags) != derived
    else:
        derived = recorded_tags(UnknownEvent(payload=msgspec.Raw(b"{}")), header)
        wrong = len(set(tags)) < len(tags) or not set(derived) <= set(tags)
    if wrong:
        raise BadInput(
            f"its tags are not those of its event, which are {', '.join(derived) or 'none'}",
            advice=_AS_EXPORTED,
        )


_AS_EXPORTED = "Give the lines as they were exported; nothing was restored"
