"""Stored rows, and converting between them and the port's events."""

from collections.abc import Iterable, Iterator

import msgspec
from eventsourcing.dcb.api import DCBEvent, DCBReadResponse, DCBSequencedEvent

from ledger.errors import BadInput

StoredRow = tuple[int, str, str, str, bytes]
"""position, recorded_at, type, tags (JSON text), data: the columns of `event`, in order."""

PAGE = 1_000
"""Rows per fetch."""

ENDLESS = 2**62
"""A position that no log reaches."""

_tags = msgspec.json.Decoder(list[str])


def recordable(text: str) -> bool:
    """Whether both databases can store a text: no NUL, no lone surrogate."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def tags_text(event: DCBEvent) -> str:
    """The `tags` column of an event. Raises `BadInput` if a database cannot store it."""
    for text in (event.type, *event.tags):
        if not recordable(text):
            raise BadInput(
                f"{text!r} has a character that no database can store",
                advice="Remove the NUL or the lone surrogate",
            )
    return msgspec.json.encode(event.tags).decode()


def tags_of(text: str) -> list[str]:
    """The tags in a `tags` column."""
    return _tags.decode(text)


def index_rows(rows: Iterable[StoredRow]) -> list[tuple[str, str, int]]:
    """The rows' entries in the tag index: tag, type, position."""
    return [
        (tag, type, position) for position, _, type, tags, _ in rows for tag in set(tags_of(tags))
    ]


def sequenced(row: StoredRow) -> DCBSequencedEvent:
    """A stored row as an event of the port."""
    position, _, type, tags, data = row
    return DCBSequencedEvent(DCBEvent(type, bytes(data), tags_of(tags)), position)


class Read(DCBReadResponse):
    """The events of one read, fetched on demand."""

    def __init__(self, rows: Iterator[StoredRow], *, head: int | None, limited: bool) -> None:
        self._rows = rows
        self._head = head
        self._limited = limited

    @property
    def head(self) -> int | None:
        """The log's last position when the read began; with a limit, the last one read.

        None if there is none. With a limit, it has to fetch the rest of the read.
        """
        if self._limited:
            rest = list(self._rows)
            self._rows = iter(rest)
            if rest:
                return rest[-1][0]
        return self._head

    def __next__(self) -> DCBSequencedEvent:
        row = next(self._rows)
        if self._limited:
            self._head = row[0]
        return sequenced(row)


def deduplicated(rows: Iterator[StoredRow]) -> Iterator[StoredRow]:
    """Sorted rows, each once."""
    previous = None
    for row in rows:
        if row[0] != previous:
            yield row
        previous = row[0]
