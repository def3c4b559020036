"""Situations of a stage manager on the command line: cases, promises, counts, loans."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.time.clocks import SystemClock
from tests.terminal import Terminal

NOW = datetime(2026, 11, 30, 11, 0, tzinfo=UTC)

SITE = {"do": "site add", "site": "main", "name": "Main", "zone": "Europe/Berlin"}
SPACE = {"do": "space add", "site": "main", "kind": "stage", "in_service_on": "2026-01-01"}
BASE: list[dict[str, Any]] = [
    SITE,
    SPACE | {"space": "stage-1", "name": "Stage 1", "area_m2": 3200},
    SPACE | {"space": "stage-2", "name": "Stage 2", "area_m2": 1800},
    *(
        {"do": "project open", "project": id, "title": id, "kind": "series", "on": "2026-01-01"}
        for id in ("p1", "p2", "p3")
    ),
]


@pytest.fixture
def house(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Two stages; b1 has the first, b2 the second, for some days around today; #7 to #11."""
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)
    terminal = Terminal(sqlite_url)
    terminal.must("init", "--zone", "Europe/Berlin")
    terminal.must("apply", "-", stdin="\n".join(json.dumps(one) for one in BASE))
    for booking, space, project, days in (
        ("b1", "stage-1", "p1", "2026-08-01..2026-12-10"),
        ("b2", "stage-2", "p2", "2026-11-25..2026-12-12"),
    ):
        terminal.must("booking", "hold", space, project, "--days", days, "--booking", booking,
                      "--confirm")  # fmt: skip
    return terminal


def add(terminal: Terminal, item: str, kind: str, *more: str, at: str = "2026-06-01") -> None:
    terminal.must("equipment", "add", item, "--name", item.title(), "--kind", kind,
                  "--at-place", "stage-1", "--at", at, *more)  # fmt: skip


def lend(item: str, booking: str, due: str = "2026-12-05", at: str = "2026-11-26") -> list[str]:
    return ["equipment", "check-out", item, booking, "--custodian", "ann", "--due-at", due,
            "--at", at]  # fmt: skip


def rows(terminal: Terminal, *view: str) -> list[Any]:
    return list(terminal.must("view", *view, "--json").data)


@pytest.fixture
def cased(house: Terminal) -> Terminal:
    """A lens in a case on stage 1."""
    add(house, "case-1", "case")
    add(house, "lens-1", "lens")
    house.must("equipment", "pack", "lens-1", "case-1", "--at", "2026-06-02")
    return house


def test_a_thing_in_a_case_that_is_out_does_not_go_out_again(cased: Terminal) -> None:
    cased.must(*lend("case-1", "b1"))
    refused = cased.run(*lend("lens-1", "b2", "2026-12-12", "2026-11-27"))
    assert refused.code == 1
    assert "lens-1 is in case-1, which is out for booking 'b1' (#" in refused.err
    assert "Unpack it first" in refused.err
    for view in ("equipment", "due-back", "custody"):
        listed = rows(cased, view, "--booking", "b1")
        assert {row["equipment"] for row in listed} == {"case-1", "lens-1"}


def test_a_case_does_not_go_out_with_a_thing_that_is_out_elsewhere(cased: Terminal) -> None:
    cased.must(*lend("lens-1", "b2"))
    refused = cased.run(*lend("case-1", "b1", at="2026-11-27"))
    assert refused.code == 1
    assert "lens-1, which is in case-1, is out for booking 'b2'" in refused.err


def test_a_thing_in_quarantine_does_not_go_out_in_its_case(cased: Terminal) -> None:
    cased.must("equipment", "service", "lens-1", "--kind", "quarantine", "--at", "2026-11-20T09:00")
    refused = cased.run(*lend("case-1", "b1"))
    assert refused.code == 1
    assert "lens-1 has been in quarantine" in refused.err


def test_a_thing_that_is_out_in_its_case_or_in_repair_is_not_idle(cased: Terminal) -> None:
    add(cased, "cam-q", "camera")
    cased.must(*lend("case-1", "b1", at="2026-08-01"))
    cased.must("equipment", "service", "cam-q", "--kind", "repair", "--at", "2026-07-01")
    assert rows(cased, "idle-equipment", "--days", "30") == []


def test_two_productions_are_told_that_they_want_one_camera(house: Terminal) -> None:
    add(house, "cam", "camera")
    for booking, space, project in (("f1", "stage-1", "p3"), ("f2", "stage-2", "p2")):
        house.must("booking", "hold", space, project, "--days", "2027-06-01..2027-06-05",
                   "--booking", booking, "--confirm")  # fmt: skip
    house.must("equipment", "reserve", "f1", "cam")
    refused = house.run("equipment", "reserve", "f2", "cam")
    assert refused.code == 1
    assert "cam is promised to booking 'f1'" in refused.err
    out = house.run("equipment", "check-out", "cam", "f2", "--custodian", "ann")
    assert out.code == 1
    assert "promised to booking 'f1'" in out.err
    early = house.must("equipment", "check-out", "cam", "f1", "--custodian", "ann")
    assert "begins on 2027-06-01" in early.err


def test_forty_cables_are_one_entry(house: Terminal) -> None:
    add(house, "cables", "cable", "--quantity", "40")
    house.must("equipment", "check-out", "cables=12", "b1", "--custodian", "ann")
    house.must("equipment", "move", "cables=8", "--to", "stage-2")
    short = house.run("equipment", "check-out", "cables=21", "b2", "--custodian", "bob",
                      "--from", "stage-1")  # fmt: skip
    assert short.code == 1
    assert "20 of cables" in short.err
    house.must("equipment", "check-in", "cables=5", "--booking", "b1")
    assert sum(row["quantity"] for row in rows(house, "equipment", "--equipment", "cables")) == 40


def test_a_loan_is_prolonged_and_follows_its_booking(house: Terminal) -> None:
    add(house, "cam", "camera")
    house.must(*lend("cam", "b1"))
    house.must("equipment", "prolong", "cam", "--due-at", "2026-12-09")
    (row,) = rows(house, "custody", "--equipment", "cam")
    assert row["due_at"].startswith("2026-12-09")
    add(house, "dolly", "grip")
    house.must("equipment", "check-out", "dolly", "b1", "--custodian", "ann")
    house.must("booking", "move", "b1", "--to", "2026-12-15")
    (due,) = rows(house, "due-back", "--booking", "b1", "--kind", "grip")
    assert due["due_at"].startswith("2026-12-15")
