"""The quick check of a line accepts only what the full one does; the index matches the lines."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from ledger.audit.verification.batches import batches_of
from ledger.audit.verification.index_check import Index
from ledger.errors import BadInput, LineTooLong
from ledger.events import STUDIO_EVENTS
from ledger.events.base import Registry
from ledger.log import eventlog
from ledger.log.eventlog import restore_log
from ledger.log.lines import LINE_LIMIT, Row, line, parse_line, split_line
from ledger.log.restoring import are_recorded_times, check_event, check_recorded_at, is_plain

REGISTRY = Registry(STUDIO_EVENTS)
FIRST = (
    b'{"v":1,"position":1,"recorded_at":"2025-07-01T12:00:00.000000Z","type":"LedgerOpened",'
    b'"tags":["ledger:opened"],"data":{"actor":"ana","schema":1,"payload":'
    b'{"origin":"studio.example","format":1,"demo":false,"zone":"UTC"}}}'
)
SECOND = (
    b'{"v":1,"position":2,"recorded_at":"2025-07-01T12:00:00.000000Z","type":"ProjectClosed",'
    b'"tags":["project:p","request:r"],"data":{"actor":"ana","request":"r","schema":1,"payload":'
    b'{"project":"p","on":"2024-03-09","outcome":"completed"}}}'
)
TIME = "2025-07-01T12:00:00.000000Z"
TAGS = ['"', "\\", "a\\u0000", "\b\f\n\r\t", "\x1f\x7f", "字", "😀", "a]", "],", "{}", " ", ","]


def passes_full_check(text: bytes) -> bool:
    """Whether the full check finds nothing wrong."""
    try:
        check_event(parse_line(text), REGISTRY)
    except BadInput:
        return False
    return True


def test_a_plain_line_passes_the_full_check_whatever_byte_is_changed() -> None:
    plain = 0
    for at in range(len(SECOND)):
        for piece in (b"", b'"', b"\\", b" ", b"}", b"{", b"]", b",", b"0", b"\xff", b"\0", b"e"):
            for end in (at, at + 1):  # inserted, and in place of another
                text = SECOND[:at] + piece + SECOND[end:]
                row = split_line(text)
                if row is None or not is_plain(row, REGISTRY):
                    continue
                plain += 1
                assert line(*row) == text
                assert passes_full_check(text), text
    assert plain > 400  # another actor, another day: not everything was refused


def test_every_doubtful_line_gets_the_full_check() -> None:
    assert is_plain(split_line(SECOND) or pytest.fail("no frame"), REGISTRY)
    for old, new in (
        (b'"project:p"', b'"project:q"'),
        (b'["project:p","request:r"]', b'["request:r","project:p"]'),
        (b'"schema":1', b'"schema":2'),
        (b"ProjectClosed", b"x.Odd"),
        (b"2024-03-09", b"2024-03-39"),
        (b'{"actor"', b' {"actor"'),
        (b"}}}", b"}},1}"),
        (b"}}}", b'}},"data":{}}'),
        (b'"position":2', b'"position":1'),
    ):
        row = split_line(SECOND.replace(old, new))
        assert row is None or not is_plain(row, REGISTRY), new


@pytest.mark.parametrize(
    "text",
    [
        TIME,
        "1000-01-01T00:00:00.000000Z",
        "0999-01-01T00:00:00.000000Z",
        "9999-12-30T23:59:59.999999Z",
        "9999-12-31T00:00:00.000000Z",
        "2024-02-29T00:00:00.000000Z",
        "2025-02-29T00:00:00.000000Z",
        "2025-07-01T24:00:00.000000Z",
        "2025-07-01T23:60:00.000000Z",
        "2025-07-01T23:59:60.000000Z",
        "2025-07-01T12:00:00.000000z",
        "2025-07-01T12:00:00.000000+00:00",
        "2025-07-01 12:00:00.000000Z",
        "2025-07-01T12:00:00Z",
        "２０２５-07-01T12:00:00.000000Z",
        f"{TIME}\n{TIME}",
        "",
    ],
)
def test_times_checked_together_are_judged_as_one_by_one(text: str) -> None:
    try:
        check_recorded_at(text, "")
        well = True
    except BadInput:
        well = False
    for texts in ([text], [TIME, text], [text, TIME]):
        assert are_recorded_times(texts) is well


def odd(position: int, *tags: str) -> bytes:
    """The line of an unknown event with these tags."""
    written = msgspec.json.encode(tags).decode()
    return line(position, TIME, "x.Odd", written, b'{"actor":"a","schema":1,"payload":{}}')


def test_a_restored_index_names_the_tags_of_its_lines(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eventlog, "PAGE", 2)
    monkeypatch.setattr(eventlog, "INDEXED_AT_ONCE", 3)
    lines = [FIRST, SECOND, odd(3), odd(4, *TAGS)]
    lines += [odd(position, f"same:{position % 3}", TAGS[position]) for position in range(5, 12)]
    expected = sorted(
        (tag, row.type, row.position)
        for row in map(parse_line, lines)
        for tag in msgspec.json.decode(row.tags)
    )
    log = restore_log(ledger_url, REGISTRY, lines)
    try:
        assert list(log.lines()) == lines
        assert sorted(log.tag_index.entries()) == expected
        assert log.tag_index.count() == log.tag_index.found(0, 11) == len(expected)
        check = Index(log.tag_index, log.stored)
        for batch in batches_of(log.stored_pages()):
            check.take(batch)
        assert check.result().found == f"{len(expected)} entries, those of the lines"
    finally:
        log.close()


def test_a_line_that_is_too_long_is_reported_with_its_number(ledger_url: str) -> None:
    def lines() -> Iterator[bytes]:
        yield FIRST
        yield odd(2, "t" * LINE_LIMIT)

    with pytest.raises(LineTooLong) as refused:
        restore_log(ledger_url, REGISTRY, lines())
    assert refused.value.where == "line 2"


def test_an_invalid_position_is_found_in_the_index() -> None:
    class Kept:
        def entries(self, _after: int = 0) -> Iterator[tuple[str, str, object]]:
            yield from [("a:1", "X", 1), ("a:1", "X", "one")]

        def count(self, _after: int = 0) -> int:
            return 2

        def found(self, _after: int, _until: int) -> int:
            return 1

    rows = [(1, TIME, "X", '["a:1"]', b"{}")]
    check = Index(Kept(), lambda _after, _until: rows)
    for batch in batches_of([rows]):
        check.take(batch)
    assert check.result().found == "the tag index names a:1 (X) at 'one', which is not a position"


def test_a_row_is_split_as_it_is_parsed() -> None:
    row = split_line(SECOND)
    assert row is not None
    assert Row(*row) == parse_line(SECOND)
