"""Corrections beside what they correct: in the log, and where one event is shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from ledger.application import Author, Ledger
from ledger.commands.history.corrections import corrected_among, later_corrections
from ledger.events import MilestonePlanned, MilestoneReached
from ledger.events.base import Event, Header
from tests.terminal import Terminal, studio


class CrateCounted(Event, frozen=True):
    """An event of a plugin that is not there any more."""

    type_name = "crates.CrateCounted"
    crate: str
    lenses: int
    notes: tuple[str, ...] = ()

    def tags(self) -> tuple[str, ...]:
        return (f"crate:{self.crate}",)


REPORT = ("booking", "report", "b-1", "--day", "2025-07-01", "--setups-planned", "10")


@pytest.fixture
def terminal(ledger_url: str) -> Terminal:
    """A booking whose first shoot day (#12) was reported wrong, and the correction wrong again;
    a milestone (#15) that was not reached."""
    terminal = studio(ledger_url)
    for words in (
        ("booking", "start", "b-1", "--on", "2025-07-01"),
        (*REPORT, "--setups-shot", "8", "--pages-shot", "2", "--shooting-hours", "9"),
        (*REPORT, "--setups-shot", "9", "--pages-shot", "2 3/8", "--shooting-hours", "9",
         "--corrects", "12", "--reason", "two setups were left out"),
        (*REPORT, "--setups-shot", "10", "--pages-shot", "2 3/8", "--shooting-hours", "9.5",
         "--corrects", "13"),
        ("project", "reach", "wild", "picture-wrap", "--on", "2025-07-02"),
        ("project", "withdraw", "wild", "picture-wrap", "--reason", "it was the wrong film"),
    ):  # fmt: skip
        terminal.must(*words)
    return terminal


def positions(terminal: Terminal, *words: str) -> list[int]:
    return [event["position"] for event in terminal.must("log", "--json", *words).data]


def pairs(terminal: Terminal, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = terminal.must("log", "--corrections", "--json", *words).data
    return found


def test_each_correction_stands_beside_what_it_corrects(terminal: Terminal) -> None:
    every = {event["position"]: event for event in terminal.must("log", "--json").data}
    first, second, withdrawn = pairs(terminal)
    assert (first["correction"], first["corrected"]) == (every[13], every[12])
    assert first["differences"] == [
        {"field": "setups_shot", "before": 8, "after": 9},
        {"field": "pages_shot_eighths", "before": 16, "after": 19},
    ]
    assert first["chain"] == [12, 13]
    assert (second["correction"], second["corrected"]) == (every[14], every[13])
    assert second["chain"] == [12, 13, 14], "a correction of a correction"
    assert (withdrawn["correction"], withdrawn["corrected"]) == (every[16], every[15])
    assert withdrawn["differences"] == [
        {"field": "type", "before": "MilestoneReached", "after": "MilestoneWithdrawn"},
        {"field": "on", "before": "2025-07-02", "after": None},
    ]


def test_a_person_reads_what_was_put_right_when_by_whom_and_why(terminal: Terminal) -> None:
    shown = terminal.must("log", "--corrections").out
    assert "setups shot 8 → 9, pages shot 2 → 2 3/8, because: two setups were left out" in shown
    assert "setups shot 9 → 10, shooting hours 9 → 9.5, after #12, #13" in shown
    assert "type MilestoneReached → MilestoneWithdrawn, on 2025-07-02 → –" in shown
    assert [line.split()[0] for line in shown.splitlines()[2:]] == ["13", "14", "16"]


def test_pairs_are_narrowed_like_events(terminal: Terminal) -> None:
    def corrections(*words: str) -> list[int]:
        return [pair["correction"]["position"] for pair in pairs(terminal, *words)]

    assert corrections("--tag", "project:wild", "--type", "MilestoneWithdrawn") == [16]
    assert corrections("--limit", "2") == [14, 16]
    assert corrections("--as-of", "13") == [13]
    assert corrections("--text", "left out") == [13]
    assert corrections("--actor", "eve") == []
    assert corrections("--corrected") == [13], "corrections that were corrected again"


def test_the_lines_of_a_pair_are_both_stored_lines(terminal: Terminal) -> None:
    shown = terminal.must("log", "--corrections", "--as-of", "13", "--format", "line").out.encode()
    assert shown.splitlines() == [terminal.lines()[11], terminal.lines()[12]]


def test_what_was_corrected_later_is_found_among_all_and_among_few(terminal: Terminal) -> None:
    assert positions(terminal, "--corrected") == [12, 13, 15]
    assert positions(terminal, "--corrected", "--tag", "booking:b-1") == [12, 13]
    assert positions(terminal, "--corrected", "--type", "MilestoneReached") == [15]
    assert positions(terminal, "--corrected", "--as-of", "13") == [12], "as far as was known"
    assert positions(terminal, "--corrected", "--limit", "1") == [15]
    assert positions(terminal, "--corrected", "--tag", "space:stage-2") == []


def test_show_says_by_what_an_event_was_corrected(terminal: Terminal) -> None:
    (first,) = terminal.must("show", "12", "--json").data
    told = [(c["position"], c["corrects"], c["actor"], c["reason"]) for c in first["corrected_by"]]
    assert told == [(13, 12, "ada", "two setups were left out"), (14, 13, "ada", None)]
    assert first["differences"] == []
    rows = terminal.must("show", "12").out.splitlines()
    by = [row for row in rows if row.startswith("corrected by")]
    assert len(by) == 2
    assert "#13 ShootDayReported by ada, recorded " in by[0]
    assert by[0].endswith("pages shot 2 → 2 3/8, because: two setups were left out")
    assert "which corrects #13" in by[1]
    assert "corrected by" not in terminal.must("show", "12", "--as-of", "12").out
    assert "corrected by" not in terminal.must("show", "14").out


def test_show_says_what_a_correction_corrects_and_what_differs(terminal: Terminal) -> None:
    shown = {row.split("  ")[0]: row for row in terminal.must("show", "13").out.splitlines()}
    assert "#12 ShootDayReported by ada" in shown["corrects"]
    assert "setups shot 8 → 9, pages shot 2 → 2 3/8" in shown["differs"]
    (data,) = terminal.must("show", "13", "--json").data
    assert [d["field"] for d in data["differences"]] == ["setups_shot", "pages_shot_eighths"]
    assert [c["position"] for c in data["corrected_by"]] == [14]


# --- what no code can read, and what a plugin may have written ------------------------------


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """A ledger whose plugin is gone: #2 counts a crate, #4 corrects it."""
    with Ledger.create(ledger_url, origin="o", author=Author("ada")) as made:
        for event, corrects in (
            (CrateCounted(crate="c-1", lenses=3, notes=("箱子",)), None),
            (CrateCounted(crate="c-2", lenses=3), None),
            (CrateCounted(crate="c-1", lenses=4, notes=("箱子", "b")), 2),
        ):
            made.log.append([(event, Header(actor="li", reason="x", corrects=corrects))])
        yield made


def test_events_that_no_code_can_read_are_paired_by_what_is_stored(
    ledger: Ledger, ledger_url: str
) -> None:
    assert ledger.log.head() == 4
    terminal = Terminal(ledger_url)
    (pair,) = pairs(terminal)
    assert pair["differences"] == [
        {"field": "lenses", "before": 3, "after": 4},
        {"field": "notes", "before": ["箱子"], "after": ["箱子", "b"]},
    ]
    assert "lenses 3 → 4, notes 箱子 → 箱子, b" in terminal.must("log", "--corrections").out
    assert "#4 crates.CrateCounted by li" in terminal.must("show", "2").out
    assert positions(terminal, "--corrected") == [2]


@pytest.mark.parametrize("corrects", [0, -1, 4, 5, 99])
def test_a_correction_of_nothing_is_shown_all_the_same(sqlite_url: str, corrects: int) -> None:
    with Ledger.create(sqlite_url, origin="o", author=Author("ada")) as made:
        for n in range(2):
            made.log.append([(CrateCounted(crate="c", lenses=n), Header(actor="li"))])
        odd = Header(actor="li", corrects=corrects)
        made.log.append([(CrateCounted(crate="c", lenses=9), odd)])
    terminal = Terminal(sqlite_url)
    (pair,) = pairs(terminal)
    assert pair["corrected"] is None
    assert pair["chain"] == [4]
    assert f"there is no #{corrects} before it" in terminal.must("log", "--corrections").out
    assert "is not an earlier event" in terminal.must("show", "4").out


def test_finding_the_correction_reads_the_events_of_that_thing_alone(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among thousands of other events; the correction comes last of all."""
    with Ledger.create(ledger_url, origin="o", author=Author("ada")) as made:
        reached = MilestoneReached(project="small", milestone="wrap", on=date(2025, 7, 1))
        made.log.append([(reached, Header(actor="li", request="k-1", batch="x-1"))])
        others = [
            (MilestonePlanned(project="big", milestone=f"m-{n}", on=date(2025, 7, 1)),
             Header(actor="li", batch="x-1"))
            for n in range(3_000)
        ]  # fmt: skip
        made.log.append(others)
        right = MilestoneReached(project="small", milestone="wrap", on=date(2025, 7, 2))
        made.log.append([(right, Header(actor="li", corrects=2))])
        head = made.log.head()
        (mistake,) = made.log.read([], after=1, until=2)
        decode, decoded = made.log.registry.decode, []

        def counted(*row: Any) -> Any:
            decoded.append(row[0])
            return decode(*row)

        monkeypatch.setattr(made.log.registry, "decode", counted)
        assert [e.position for e in later_corrections(made.log, mistake, until=head)] == [head]
        assert corrected_among(made.log, [mistake], until=head) == {2}
        assert decoded == [head, head]


def test_of_many_things_the_log_is_read_once(ledger_url: str) -> None:
    """More tags than are worth asking for one by one."""
    with Ledger.create(ledger_url, origin="o", author=Author("ada")) as made:
        made.log.append(
            [
                (MilestoneReached(project=f"p-{n}", milestone="wrap", on=date(2025, 7, 1)),
                 Header(actor="li", corrects=n - 98 if n >= 100 else None))
                for n in range(200)
            ]
        )  # fmt: skip
        head = made.log.head()
        every = list(made.log.read([]))
        assert corrected_among(made.log, every, until=head) == set(range(2, 102))
        assert corrected_among(made.log, [], until=head) == set()
