"""The number of pieces of a stock is put in order, and an item is described anew."""

from __future__ import annotations

from typing import Any

import pytest

from tests.terminal import Terminal, studio

WHY = ("--reason", "yearly count")


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """Forty cables on stage 1, of which three are in a case and ten out for a booking."""
    terminal = studio(sqlite_url)
    for item, *more in (
        ("case-1",),
        ("cam-1", "--barcode", "CAM", "--home", "stage-1"),
        ("cables", "--barcode", "CAB", "--quantity", "40"),
    ):
        terminal.must(
            "equipment", "add", item, "--name", item.title(), "--kind", item.partition("-")[0],
            "--at-place", "stage-1", "--at", "2025-01-10", *more,
        )  # fmt: skip
    terminal.must("equipment", "pack", "cables=3", "cam-1", "case-1", "--at", "2025-01-11")
    terminal.must(
        "booking", "hold", "stage-2", "wild", "--days", "2031-02-01..2031-02-05",
        "--booking", "b1", "--confirm",
    )  # fmt: skip
    terminal.must("equipment", "check-out", "cables=10", "b1", "--custodian", "ann")
    return terminal


def recorded(terminal: Terminal, *words: str, stdin: str | None = None) -> list[dict[str, Any]]:
    payloads = terminal.must("equipment", *words, "--json", stdin=stdin).data
    return [entry["payload"] for entry in payloads]


def loose(terminal: Terminal) -> int:
    """How many cables lie on stage 1, by a count that says it of none."""
    done = terminal.run(
        *("equipment", "count", "cables=0", "--at-place", "stage-1", "--dry-run", *WHY, "--json")
    )
    return sum(int(entry["payload"]["quantity"]) for entry in done.data)


def test_a_count_says_how_many_are_lost_or_found(terminal: Terminal) -> None:
    [lost] = recorded(terminal, "count", "cables=25", "--at-place", "stage-1", *WHY)
    assert (lost["how"], lost["quantity"], lost["of_kind"]["pieces"]) == ("lost", 2, 38)
    [found] = recorded(terminal, "count", "-", "--at-place", "stage-1", *WHY, stdin="CAB,26\nCAB")
    assert (found["how"], found["quantity"], found["of_kind"]["pieces"]) == ("found", 2, 40)
    assert loose(terminal) == 27


def test_a_count_that_agrees_records_nothing_and_needs_no_reason(terminal: Terminal) -> None:
    done = terminal.must("equipment", "count", "cables=27", "--at-place", "stage-1")
    assert done.err == "nothing to record: this is already so\n"
    refused = terminal.run("equipment", "count", "cables=26", "--at-place", "stage-1")
    assert "needs a reason" in refused.err


def test_a_late_count_is_compared_with_the_stock_of_its_time(terminal: Terminal) -> None:
    late = ("count", "cables=36", "--at-place", "stage-1", "--at", "2025-02-01", *WHY)
    [lost] = recorded(terminal, *late)
    assert (lost["how"], lost["quantity"]) == ("lost", 1)
    assert loose(terminal) == 26


def test_single_items_of_a_counted_room_must_be_there(terminal: Terminal) -> None:
    before = terminal.lines()
    room = "CAB,27\nCAM\ncase-1\n"
    there = ("equipment", "count", "-", "--at-place", "stage-1", *WHY)
    assert "nothing to record" in terminal.must(*there, stdin=room).err
    done = terminal.run("equipment", "count", "-", "--at-place", "stage-2", *WHY, stdin=room)
    assert "lines 2, 3: counted at stage-2, but the ledger has" in done.err
    assert "cam-1 at stage-1 in case-1, case-1 at stage-1. Record how they came there" in done.err
    assert terminal.lines() == before


def test_pieces_are_lost_found_and_bought(terminal: Terminal) -> None:
    [lost] = recorded(terminal, "lost", "cables=2", "--booking", "b1")
    assert lost["origin"]["booking"] == "b1"
    assert lost["destination"] is None
    recorded(terminal, "lost", "CAB", "--quantity", "1")
    recorded(terminal, "found", "cables=5", "--at-place", "stage-1")
    [bought] = recorded(terminal, "buy", "cables=20", "--at-place", "stage-1")
    assert bought["of_kind"]["pieces"] == 40 - 2 - 1 + 5 + 20
    assert loose(terminal) == 27 - 1 + 5 + 20


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lost", "cables=9", "--booking", "b2"), "there are 0 of cables"),
        (("lost", "cables=28"), "there are 27 of cables"),
        (("lost", "cables"), "Say how many: cables=12"),
        (("lost", "cam-1"), "Retire it: equipment retire cam-1"),
        (("found", "cam-1", "--at-place", "stage-2"), "equipment move cam-1 --to stage-2"),
        (("buy", "cam-1", "--at-place", "stage-2"), "Add the new one under its own id"),
        (("buy", "cables=999999", "--at-place", "stage-1"), "would have 1,000,039 pieces"),
        (("count", "cables=1", "--at-place", "stage-9"), "no space 'stage-9'"),
        (("count", "cables", "--at-place", "stage-1"), "Say how many"),
    ],
)
def test_other_counts_are_refused(terminal: Terminal, words: tuple[str, ...], said: str) -> None:
    before = terminal.lines()
    done = terminal.run("equipment", *words)
    assert done.code in (1, 2)
    assert said in done.err
    assert terminal.lines() == before


# --- change --------------------------------------------------------------------------


def test_an_item_is_described_anew_and_found_by_it(terminal: Terminal) -> None:
    [now] = recorded(
        terminal, "change", "cam-1", "--name", "Camera One", "--home", "", "--barcode", "C-1",
        "--owner", "Rental House", "--reason", "a new label",
    )  # fmt: skip
    assert (now["name"], now["kind"], now["home"]) == ("Camera One", "cam", None)
    assert (now["barcode"], now["owner"], now["was_kind"]) == ("C-1", "Rental House", None)
    [again] = recorded(terminal, "change", "C-1", "--note", "loose screw", "--reason", "seen")
    assert (again["equipment"], again["owner"]) == ("cam-1", "Rental House")
    assert "no equipment 'CAM'" in terminal.run("equipment", "unpack", "CAM").err


def test_a_change_of_kind_counts_both(terminal: Terminal) -> None:
    terminal.must("equipment", "service", "cam-1", "--kind", "repair")
    [now] = recorded(terminal, "change", "cam-1", "--kind", "cinema camera", "--reason", "sorted")
    assert (now["was_kind"], now["pieces"], now["of_was_kind"]) == ("cam", 1, {"pieces": 0})
    assert now["of_kind"]["pieces"] == 1
    assert [one["equipment"] for one in now["of_kind"]["away"]] == ["cam-1"]
    terminal.must("equipment", "check-in", "cables")
    [stock] = recorded(terminal, "change", "cables", "--kind", "Cinema Camera", "--reason", "x")
    assert (stock["pieces"], stock["of_was_kind"]["pieces"]) == (40, 0)
    assert stock["of_kind"]["pieces"] == 41
    [spelt] = recorded(terminal, "change", "cam-1", "--kind", "CINEMA camera", "--reason", "x")
    assert spelt["was_kind"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cam-1", "--name", "X"), "needs a reason"),
        (("cam-1", *WHY), "no change is given"),
        (("cam-1", "--name", "", *WHY), "the name is empty"),
        (("cam-1", "--name", "Cam-1", *WHY), "cam-1 is described like that already"),
        (("cam-1", "--barcode", "cab", *WHY), "the barcode 'cab' stands on cables"),
        (("cam-1", "--home", "stage-9", *WHY), "no space 'stage-9'"),
        (("cables", "--kind", "wire", *WHY), "cables is out for booking 'b1'"),
        (("cam-9", "--kind", "wire", *WHY), "no equipment 'cam-9'"),
    ],
)
def test_other_changes_are_refused(terminal: Terminal, words: tuple[str, ...], said: str) -> None:
    before = terminal.lines()
    done = terminal.run("equipment", "change", *words)
    assert done.code in (1, 2)
    assert said in done.err
    assert terminal.lines() == before
