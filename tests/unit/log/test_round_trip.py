"""Recorded and restored events read back unchanged; any others are refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, cast

import pytest

from ledger.errors import BadInput, NoLedger
from ledger.events import STUDIO_EVENTS, LedgerOpened, ProjectOpened
from ledger.events.base import Event, Header, Registry, UnknownEvent
from ledger.log.eventlog import EventLog, create_log, open_log, restore_log
from ledger.log.lines import DEPTH_LIMIT
from ledger.time.periods import ManualClock, zone

ANA = Header(actor="ana")
START = datetime(2025, 7, 1, 12, tzinfo=UTC)
OPENED = LedgerOpened(origin="ledger.test", format=1, demo=False, zone="UTC")


class Measured(Event, frozen=True):
    """A plugin's event with a field of each kind."""

    type_name = "plugin.Measured"
    lux: float = 0.0
    lamps: int = 0
    note: str = ""
    at: datetime | None = None
    rows: tuple[int, ...] = ()
    more: Any = None


class Nameless(Event, frozen=True):
    """An event without a type name."""

    type_name = ""


KNOWING = Registry([*STUDIO_EVENTS, Measured])
UNKNOWING = Registry(STUDIO_EVENTS)


def nested(levels: int) -> list[Any]:
    """Lists inside one another."""
    made: list[Any] = []
    for _ in range(levels - 1):
        made = [made]
    return made


@pytest.fixture(params=[KNOWING, UNKNOWING], ids=["known", "unknown"])
def log(request: pytest.FixtureRequest, sqlite_url: str) -> Iterator[EventLog]:
    """A log in a program that knows the plugin's event, and in one that does not."""
    first = (OPENED, ANA)
    with closing(create_log(sqlite_url, request.param, first, clock=ManualClock(START))) as made:
        yield made


UNKEPT: dict[str, Event] = {
    "nan": Measured(lux=float("nan")),
    "infinite": Measured(lux=float("inf")),
    "a text for a number": Measured(lux=cast("Any", "bright")),
    "true for a number": Measured(lamps=True),
    "a number of 5,000 digits": Measured(lamps=10**5_000),
    "a lone surrogate": Measured(note="\ud800"),
    "a number for a text": Measured(note=cast("Any", 7)),
    "a date for a time": Measured(at=cast("Any", date(2025, 7, 1))),
    "an offset of seconds": Measured(
        at=datetime(2025, 7, 1, tzinfo=timezone(timedelta(hours=1, seconds=30)))
    ),
    "no value at all": Measured(more=object()),
    "nested deeper than Python goes": Measured(more=nested(15_000)),
    "nested too deeply": Measured(more=nested(DEPTH_LIMIT - 1)),  # in the payload, in the data
    "no type name": Nameless(),
}


@pytest.mark.parametrize("what", UNKEPT)
def test_what_would_not_read_back_is_not_recorded(log: EventLog, what: str) -> None:
    with pytest.raises(BadInput) as refused:
        log.append([(Measured(lux=1.0), ANA), (UNKEPT[what], ANA)])
    assert refused.value.advice
    assert "\n" not in str(refused.value)
    assert log.head() == 1


def test_a_header_that_cannot_be_written_is_not_recorded(log: EventLog) -> None:
    with pytest.raises(BadInput):
        log.append([(Measured(), Header(actor="\ud800"))])
    assert log.head() == 1


BERLIN = zone("Europe/Berlin")
KEPT = [
    Measured(more=nested(DEPTH_LIMIT - 2), note="]}" * DEPTH_LIMIT),
    Measured(lux=-0.0, lamps=2**64, note='"\u2028\\', rows=(1, 2)),
    Measured(lux=3, lamps=10**30),
    Measured(lux=5e-324),
    Measured(rows=cast("Any", [1, 2])),
    Measured(at=datetime(1, 1, 1, tzinfo=UTC)),
    Measured(at=datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    Measured(at=datetime(2025, 10, 26, 2, 30, tzinfo=BERLIN)),
    Measured(at=datetime(2025, 10, 26, 2, 30, fold=1, tzinfo=BERLIN)),  # equals no other time
    Measured(more={"a": [None, 1.5]}),
]


@pytest.mark.parametrize("event", KEPT, ids=str)
def test_what_reads_back_unchanged_is_recorded(
    log: EventLog, sqlite_url: str, event: Measured
) -> None:
    log.append([(event, ANA)])
    with closing(open_log(sqlite_url, KNOWING)) as again:
        (stored,) = again.stream(after=1)
        assert isinstance(stored.event, Measured)
        assert KNOWING.encode(stored.event, ANA) == KNOWING.encode(
            Measured(**{**_fields(event), "lux": float(event.lux)}), ANA
        )


def _fields(event: Measured) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


# --- restoring -------------------------------------------------------------------------

AT = "2025-07-01T12:00:00.000000Z"
FIRST = (
    b'{"v":1,"position":1,"recorded_at":"2025-07-01T12:00:00.000000Z","type":"LedgerOpened",'
    b'"tags":["ledger:opened"],"data":{"actor":"ana","schema":1,"payload":'
    b'{"origin":"ledger.test","format":1,"demo":false,"zone":"UTC"}}}'
)
OF_A_PROJECT = (
    b'{"actor":"ana","request":"k-1","schema":1,"payload":{"project":"p","title":"T",'
    b'"kind":"feature","on":"2025-07-01"}}'
)


def second(
    at: str = AT, type: bytes = b'"X"', tags: bytes = b"[]", data: bytes = b"", position: int = 2
) -> bytes:
    """A well-formed second line."""
    return b'{"v":1,"position":%d,"recorded_at":"%b","type":%b,"tags":%b,"data":%b}' % (
        position,
        at.encode(),
        type,
        tags,
        data or b'{"actor":"a","schema":1,"payload":{}}',
    )


def of_a_project(tags: bytes) -> bytes:
    """The line of a project with these tags."""
    return second(type=b'"ProjectOpened"', tags=tags, data=OF_A_PROJECT)


UNRESTORED: dict[str, tuple[list[bytes], str]] = {
    "an invalid time": ([FIRST, second("zzz")], "line 2: 'zzz' is not a recorded time"),
    "no time": ([FIRST, second("")], "'' is not a recorded time"),
    "a date": ([FIRST, second("2027-01-01")], "is not a recorded time"),
    "no fraction": ([FIRST, second("2027-01-01T00:00:00Z")], "is not a recorded time"),
    "an offset": ([FIRST, second("2027-01-01T00:00:00.000000+00:00")], "is not a recorded time"),
    "the end of time": ([FIRST, second("9999-12-31T23:59:59.999999Z")], "is not a recorded time"),
    "a time before": ([FIRST, second("2025-07-01T11:59:59.999999Z")], "recorded before"),
    "no LedgerOpened": ([second(position=1)], "line 1: a log begins with LedgerOpened"),
    "an unreadable LedgerOpened": (
        [second(position=1, type=b'"LedgerOpened"')], "begins with LedgerOpened"
    ),
    "data that is not an object": ([FIRST, second(data=b"5")], "line 2: its data cannot be read"),
    "no actor": ([FIRST, second(data=b'{"schema":1,"payload":{}}')], "its data cannot be read"),
    "no type": ([FIRST, second(type=b'""')], "its type or a tag"),
    "NUL in a type": ([FIRST, second(type=b'"a\\u0000"')], "its type or a tag"),
    "NUL in a tag": ([FIRST, second(tags=b'["a\\u0000"]')], "its type or a tag"),
    "spaces in the tags": ([FIRST, second(tags=b'[ "a"]')], "not in the form"),
    "a tag twice": ([FIRST, second(tags=b'["a","a"]')], "its tags are not those"),
    "another's tag": ([FIRST, of_a_project(b'["project:q","request:k-1"]')], "which are project:p"),
    "a tag too few": ([FIRST, of_a_project(b'["project:p"]')], "request:k-1"),
    "a tag too many": ([FIRST, of_a_project(b'["project:p","request:k-1","x:1"]')], "not those"),
    "no request tag on an unknown event": (
        [FIRST, second(data=OF_A_PROJECT)], "its tags are not those of its event"
    ),
    "nested one level too deeply": (
        [FIRST, second(data=b'{"actor":"a","schema":1,"payload":%b%b}' % (b"[" * 200, b"]" * 200))],
        "line 2: its data cannot be read: it is nested too deeply",
    ),
    "nested too deeply": (
        [FIRST, second(data=b'{"payload":' + b"[" * 9000 + b"]" * 9000 + b"}")],
        "it is nested too deeply",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", UNRESTORED)
def test_what_no_log_holds_is_not_restored(sqlite_url: str, what: str) -> None:
    lines, saying = UNRESTORED[what]
    with pytest.raises(BadInput) as refused:
        restore_log(sqlite_url, KNOWING, lines)
    assert saying in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(NoLedger):
        open_log(sqlite_url, KNOWING)


def test_what_a_log_may_hold_is_restored(sqlite_url: str) -> None:
    lines = [
        FIRST,
        of_a_project(b'["project:p","request:k-1"]'),
        second(position=3, tags=b'["crate:c-1"]'),
        second(position=4, data=b'{"actor":"a","schema":1,"payload":5}'),
        # One of a later version, with tags that we cannot know, and one that is damaged.
        second(position=5, type=b'"ProjectOpened"', tags=b'["x:1"]',
               data=b'{"actor":"a","schema":99,"payload":{}}'),
        second(position=6, type=b'"ProjectOpened"'),
    ]  # fmt: skip
    with closing(restore_log(sqlite_url, KNOWING, lines)) as log:
        assert list(log.lines()) == lines
        kinds = [type(entry.event) for entry in log.stream()]
    assert kinds == [LedgerOpened, ProjectOpened, *[UnknownEvent] * 4]
