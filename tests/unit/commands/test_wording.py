"""Events in words: as somebody at a stage door reads them in `log` and `show`."""

from __future__ import annotations

import pytest

from ledger.commands.entries import in_words, sentence
from ledger.commands.event_text import pages, what
from ledger.events.base import Event, Header, RecordedEvent, format_recorded_at, recorded_tags
from ledger.events.ledgers import LedgerOpened
from ledger.time.periods import SystemClock
from tests.terminal import Terminal, studio

OPENED = LedgerOpened(origin="studio.example", format=1, demo=False, zone="UTC")


def _recorded(event: Event) -> RecordedEvent:
    header = Header(actor="ada")
    now = format_recorded_at(SystemClock().now())
    return RecordedEvent.pending(1, now, event, header, recorded_tags(event, header))


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A studio whose events are told."""
    return studio(sqlite_url)


def _told(terminal: Terminal, *words: str) -> str:
    """What the last event of a command says."""
    said: str = terminal.must(*words, "--json").data[-1]["what"]
    return said


def test_a_fact_that_equals_the_id_is_told(terminal: Terminal) -> None:
    told = _told(terminal, "equipment", "add", "dolly", "--name", "dolly", "--kind", "dolly",
                 "--at-place", "stage-1", "--at", "2025-01-02")  # fmt: skip
    assert told == "at 2025-01-02 00:00, name dolly, kind dolly, place stage-1"


def test_what_is_for_the_index_alone_is_not_told(terminal: Terminal) -> None:
    for item in ("case", "truck"):
        terminal.must("equipment", "add", item, "--name", item, "--kind", "box",
                      "--at-place", "stage-1", "--at", "2025-01-01")  # fmt: skip
    terminal.must("equipment", "pack", "case", "truck", "--at", "2025-01-02")
    told = _told(terminal, "equipment", "pack", "led-a", "case", "--at", "2025-01-03")
    assert told == "at 2025-01-03 00:00, place stage-1, container case in truck, 1 in it then"
    moved = _told(terminal, "equipment", "move", "truck", "--to", "stage-2", "--at",
                  "2025-02-01T00:00+08:00")  # fmt: skip
    assert moved == "at 2025-02-01 00:00, origin stage-1, destination stage-2"


def test_pages_are_pages_and_a_plan_is_days(terminal: Terminal) -> None:
    planned = _told(terminal, "booking", "hold", "stage-1", "wild", "--days",
                    "2025-10-01..2025-10-09", "--plan", "2025-10-01..2025-10-03=prep",
                    "--plan", "2025-10-09=strike")  # fmt: skip
    assert "plan 2025-10-01..2025-10-03 prep; 2025-10-09 strike" in planned
    terminal.must("booking", "start", "b-1", "--on", "2025-07-01")
    shot = _told(terminal, "booking", "report", "b-1", "--day", "2025-07-02", "--pages-planned",
                 "2 3/8", "--pages-shot", "2", "--setups-planned", "3", "--setups-shot", "2",
                 "--shooting-hours", "9")  # fmt: skip
    assert "pages planned 2 3/8, pages shot 2, shooting hours 9" in shot


@pytest.mark.parametrize(("eighths", "told"), [(0, "0"), (5, "5/8"), (8, "1"), (19, "2 3/8")])
def test_eighths_of_a_page(eighths: int, told: str) -> None:
    assert pages(eighths) == told


def test_a_new_value_stands_before_the_old_one(terminal: Terminal) -> None:
    moved = _told(terminal, "booking", "move", "b-1", "--days", "2025-07-02..2025-07-15")
    assert "2025-07-02..2025-07-15 (was 2025-07-01..2025-07-14)" in moved
    assert "was space" not in moved, "it is the same"


def test_a_change_of_a_space_tells_what_changed(terminal: Terminal) -> None:
    told = _told(terminal, "space", "change", "stage-1", "--on", "2025-03-01", "--area-m2", "3300")
    assert told == "on 2025-03-01, area 3,300 m² (was 3,200 m²)"
    earlier = ("space", "change", "stage-1", "--on", "2024-03-01", "--name", "Big")
    assert _told(terminal, *earlier) == "on 2024-03-01, name Big (was 一号棚)"
    told = terminal.must("show", "stage-1", "--json").data[-1]["what"]
    assert told == "on 2024-03-01, name Big (was 一号棚)"
    (shown,) = terminal.must("log", "--type", "SpaceChanged", "--limit", "1", "--json").data
    assert shown["what"] == told, "also where the events before it are not shown"


def test_a_reopening_tells_what_is_open_again(terminal: Terminal) -> None:
    closed = terminal.must("space", "close", "stage-1", "--days", "2025-09-01..2025-09-10",
                           "--kind", "maintenance", "--json").data  # fmt: skip
    closure = closed[0]["payload"]["closure"]
    told = _told(terminal, "space", "reopen", closure, "--on", "2025-09-05")
    assert told.endswith("of the closure 2025-09-01..2025-09-10, open again 2025-09-05..2025-09-10")


def test_the_ledgers_own_event_is_about_no_thing() -> None:
    said = sentence([_recorded(OPENED)], repeated=False, dry_run=False)
    assert said == "recorded #1: ledger opened"
    assert what(_recorded(OPENED), "UTC").startswith("origin studio.example, format 1, ")
    assert in_words("expo.ExpoAnnounced") == "expo.expo announced"
