"""New time zone rules: what was booked stays what it was; `doctor` names the hours that moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import zone_rules
from tests.terminal import Terminal

ZONE = "Europe/Berlin"
JULY = ("--since", "2026-07-01", "--until", "2026-07-31")


@pytest.fixture
def berlin(ledger_url: str) -> Terminal:
    """A stage in Berlin, booked on 1 and 2 July, and by the hour on the 10th."""
    terminal = Terminal(ledger_url)
    for words in (
        ("init", "--zone", ZONE),
        ("site", "add", "main", "--name", "Main", "--zone", ZONE),
        ("space", "add", "stage-1", "--site", "main", "--name", "Stage 1", "--kind", "stage",
         "--area-m2", "900", "--in-service-on", "2025-01-01"),
        ("project", "open", "p1", "--title", "One", "--kind", "feature", "--on", "2025-01-01"),
        ("booking", "hold", "stage-1", "p1", "--days", "2026-07-01..2026-07-02", "--booking", "b1",
         "--confirm"),
        ("booking", "hold", "stage-1", "p1", "--from", "2026-07-10T08:00", "--to",
         "2026-07-10T18:00", "--booking", "b2", "--confirm"),
    ):  # fmt: skip
        terminal.must(*words)
    return terminal


def view(terminal: Terminal, *words: str) -> Any:
    return terminal.must("view", *words, "--json").data


def test_two_days_in_july_are_still_these_two(berlin: Terminal) -> None:
    asked = (("bookings",), ("utilization", *JULY), ("calendar", *JULY))
    before = [view(berlin, *words) for words in asked]
    with zone_rules.rules(ZONE, zone_rules.NO_SUMMER_TIME):
        after = [view(berlin, *words) for words in asked]
        assert after[1:] == before[1:]
        assert [(b["first"], b["last"], b["days"]) for b in after[0]] == [
            ("2026-07-01", "2026-07-02", 2),
            ("2026-07-10", "2026-07-10", 1),
        ]
        assert after[0][0] == before[0][0]
        berlin.must("audit", "verify")
        for free in ("2026-06-30", "2026-07-03"):
            berlin.must("booking", "hold", "stage-1", "p1", "--days", free, "--confirm")
        taken = berlin.run("booking", "hold", "stage-1", "p1", "--days", "2026-07-02", "--confirm")
        assert taken.code == 1
        assert "b1" in taken.err


def test_the_wall_time_is_what_was_meant(berlin: Terminal) -> None:
    assert view(berlin, "bookings")[1]["times"] == "2026-07-10 08:00+02:00..2026-07-10 18:00+02:00"
    with zone_rules.rules(ZONE, zone_rules.NO_SUMMER_TIME):
        told = view(berlin, "bookings")[1]["times"]
        assert told == "2026-07-10 08:00+01:00..2026-07-10 18:00+01:00"
        after = ("--from", "2026-07-10T18:00", "--to", "2026-07-10T20:00")
        berlin.must("booking", "hold", "stage-1", "p1", *after, "--confirm")
        into = ("--from", "2026-07-10T17:00", "--to", "2026-07-10T18:00")
        assert berlin.run("booking", "hold", "stage-1", "p1", *into, "--confirm").code == 1


def test_doctor_names_the_hours_that_moved(berlin: Terminal) -> None:
    def told() -> list[str]:
        rows = berlin.run("doctor", "--json").data
        return [row["found"] for row in rows if row["check"] == "time zone rules"]

    assert told() == []
    with zone_rules.rules(ZONE, zone_rules.NO_SUMMER_TIME):
        assert told() == [
            "they changed since hours were recorded: booking b2, "
            "2026-07-10 08:00+01:00..2026-07-10 18:00+01:00, is 1:00 h later"
        ]
        berlin.must("booking", "cancel", "b2")
        assert told() == []


def test_the_views_are_built_anew_where_a_zone_that_they_used_changed(berlin: Terminal) -> None:
    def built() -> int:
        """The generation of the tables that answer."""
        from ledger.log.store.store_urls import Place
        from ledger.projections.engine.store import kept_at, views_place

        view(berlin, "bookings")
        found = kept_at(views_place(Place.parse(berlin.ledger)))["bookings"]
        assert [g.live for g in found] == [True]
        assert f"{ZONE}=" in found[0].zones
        return found[0].generation

    first = built()
    assert built() == first
    with zone_rules.rules("Pacific/Nauru", "XXX-8"):
        assert built() == first
    with zone_rules.rules(ZONE, zone_rules.NO_SUMMER_TIME):
        assert built() == first + 1
    assert built() == first + 2


def test_another_program_with_new_rules_finds_the_same(berlin: Terminal, tmp_path: Path) -> None:
    before = view(berlin, "utilization", *JULY)
    zone_rules.write(tmp_path / "new", ZONE, zone_rules.NO_SUMMER_TIME)
    rules = {"PYTHONTZPATH": f"{tmp_path / 'new'}:/usr/share/zoneinfo"}
    done = berlin.program("view", "utilization", *JULY, "--json", env=rules)
    assert done.data == before, done.err
