r"""The line: one event as one JSON object, the same bytes stored, exported and hashed.

    {"v":1,"position":N,"recorded_at":"…","type":"…","tags":[…],"data":{…}}

The keys come in this order without spaces, the text is UTF-8, and a newline is not part of it.
A line is assembled from the stored columns without parsing any of them, so the bytes of
`tags` and `data` are those that were written when the event was recorded.
"""

import re

import msgspec
from msgspec import Raw, Struct

from ledger.errors import BadInput

LINE_VERSION = 1

LINE_LIMIT = 65_535
"""The most bytes in a line: a leaf of a tile has its length in 16 bits (C2SP tlog-tiles)."""

DEPTH_LIMIT = 200
"""The most objects and arrays inside one another in the data of a line.

A reader recurses, and how deep it may depends on the interpreter: Python 3.11 gives up at about
a thousand levels, 3.13 at ten thousand. A log that one of them has written must be readable
by all.
"""

_LINE = b'{"v":1,"position":%d,"recorded_at":"%b","type":%b,"tags":%b,"data":%b}'


class Row(Struct, frozen=True):
    """The stored columns of one event. `tags` is the text of a JSON array."""

    position: int
    recorded_at: str
    type: str
    tags: str
    data: bytes


def line(position: int, recorded_at: str, type: str, tags: str, data: bytes) -> bytes:
    """The line of a stored row, without a newline."""
    return _LINE % (position, recorded_at.encode(), _quoted(type), tags.encode(), data)


def is_too_deep(data: bytes) -> bool:
    """Whether the data of a line nests more than `DEPTH_LIMIT` objects and arrays."""
    if data.count(b"{") + data.count(b"[") <= DEPTH_LIMIT:  # nearly always
        return False
    depth = 0
    for token in _BRACKET_OR_TEXT.findall(data):
        if token in b"{[":
            depth += 1
            if depth > DEPTH_LIMIT:
                return True
        elif token in b"]}":
            depth -= 1
    return False


_BRACKET_OR_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)

NESTED_TOO_DEEPLY = "it is nested too deeply"


def line_size(position: int, recorded_at: str, type: str, tags: str, data: bytes) -> int:
    """The length of a row's line in bytes."""
    return len(line(position, recorded_at, type, tags, data))


def _quoted(text: str) -> bytes:
    return msgspec.json.encode(text)


_FRAME = re.compile(
    rb'\{"v":1,"position":([1-9][0-9]{0,17}),"recorded_at":"([0-9TZ:.-]+)","type":"([\w.-]+)",'
    rb'"tags":(\[[^\]]*\]),"data":(\{.*\})\}',
    re.DOTALL,
)


def split_line(text: bytes) -> tuple[int, str, str, str, bytes] | None:
    """Split a line into its columns by pattern; None if the pattern does not fit.

    Assembled again, the columns give the same bytes. The content of `tags` and `data` is not
    checked, which the caller has to do (as `parse_line` does). The process that examines an
    import's lines otherwise has 0.71 of its rate.
    """
    found = _FRAME.fullmatch(text)
    if found is None:
        return None
    position, recorded_at, type, tags, data = found.groups()
    try:
        return int(position), recorded_at.decode(), type.decode(), tags.decode(), data
    except UnicodeDecodeError:
        return None


class _Line(Struct, frozen=True, forbid_unknown_fields=True):
    v: int
    position: int
    recorded_at: str
    type: str
    tags: Raw
    data: Raw


_decoder = msgspec.json.Decoder(_Line)


def parse_line(text: bytes) -> Row:
    """The stored row that a line was assembled from.

    Raises `BadInput` if it is not a line, or one that this program would write with other
    bytes (spaces, another order of keys), and thus with another hash.
    """
    try:
        parsed = _decoder.decode(text)
        tags, data = bytes(parsed.tags), bytes(parsed.data)
        msgspec.json.decode(tags, type=list[str])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadInput(f"not a line of a ledger: {error}") from None
    except RecursionError:
        raise BadInput(f"not a line of a ledger: {NESTED_TOO_DEEPLY}") from None
    if parsed.v != LINE_VERSION:
        raise BadInput(
            f"line {parsed.position} has version {parsed.v}, this program knows {LINE_VERSION}",
            advice="Upgrade: pip install --upgrade studio-ledger",
        )
    row = Row(parsed.position, parsed.recorded_at, parsed.type, tags.decode(), data)
    if line(row.position, row.recorded_at, row.type, row.tags, row.data) != text:
        raise BadInput(f"line {row.position} is not in the form that a ledger writes")
    return row
