"""The table says what the figures say, and every row can be measured."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import QUICK_WARNING, main
from tests.benchmarks.catalogue import ROWS
from tests.benchmarks.measuring import (
    LIMIT,
    OURS,
    PEER_A,
    PEER_C,
    Contenders,
    Goal,
    Measured,
    Row,
    measure,
)
from tests.benchmarks.rows.sizes import peak_mb
from tests.benchmarks.table import HEADS, table, with_unit
from tests.benchmarks.workspace import Bench


def row(*goals: Goal, contenders: Contenders | None = None) -> Row:
    @contextmanager
    def ready(_bench: Bench) -> Iterator[Contenders]:
        yield contenders or {}

    return Row("made-up", "something", "/s", goals, ready)


def of(
    ours: Sequence[float], limit: Sequence[float], goal: Goal, **more: Sequence[float]
) -> Measured:
    figures = {OURS: list(ours), LIMIT: list(limit)}
    return Measured(row(goal), figures | {name: list(f) for name, f in more.items()})


AT_LEAST = Goal(LIMIT, at_least=0.5)
AT_MOST = Goal(LIMIT, at_most=1.2)


@pytest.mark.parametrize(
    ("ours", "limit", "goal", "verdict"),
    [
        ([50, 60, 70], [100, 100, 100], AT_LEAST, "reached"),
        ([50, 49, 48], [100, 100, 100], AT_LEAST, "not reached"),
        ([120, 110, 900], [100, 100, 100], AT_MOST, "reached"),
        ([121, 110, 900], [100, 100, 100], AT_MOST, "not reached"),
        # A machine that slows down by half after the first round changes no ratio.
        ([60, 30, 30], [100, 50, 50], AT_LEAST, "reached"),
        ([], [100], AT_LEAST, "not measured"),
    ],
)
def test_a_verdict_follows_from_the_median_of_the_ratios(
    ours: list[float], limit: list[float], goal: Goal, verdict: str
) -> None:
    assert of(ours, limit, goal).verdict() == verdict


def test_every_goal_of_a_row_has_to_be_reached() -> None:
    both = row(AT_LEAST, Goal(PEER_A, at_least=1))
    measured = Measured(both, {OURS: [60.0], LIMIT: [100.0], PEER_A: [61.0]})
    assert measured.verdict() == "not reached"
    measured.figures[PEER_A] = [60.0]
    assert measured.verdict() == "reached"
    assert Measured(row(), {OURS: [1.0]}).verdict() == "for comparison"


def test_contenders_take_turns_and_who_cannot_take_part_is_told(tmp_path: Path) -> None:
    turns: list[str] = []

    def contender(name: str) -> float:
        turns.append(name)
        return float(len(turns))

    taking_part: Contenders = {
        OURS: lambda: contender("A"),
        LIMIT: lambda: contender("B"),
        PEER_C: "cannot be installed here",
    }
    with Bench(tmp_path / "bench", quick=True, say=lambda _: None) as bench:
        measured = measure(row(AT_MOST, contenders=taking_part), bench, bench.say)
    assert turns == ["A", "B"] * 3
    assert measured.figures == {OURS: [1, 3, 5], LIMIT: [2, 4, 6]}
    (*_, line) = table([measured])
    assert "(c) cannot be installed here" in line
    assert not (tmp_path / "bench").exists()


def test_a_row_that_breaks_is_told_and_keeps_no_other_from_being_measured(tmp_path: Path) -> None:
    said: list[str] = []
    with Bench(tmp_path / "bench", quick=True, say=said.append) as bench:
        broken = row(AT_MOST, contenders={OURS: lambda: 1 / 0})
        measured = measure(broken, bench, bench.say)
    assert measured.verdict() == "not measured"
    assert "ZeroDivisionError" in table([measured])[2]
    assert any("Traceback" in what for what in said)


@pytest.mark.parametrize(
    ("figure", "unit", "shown"),
    [(12_345.6, "/s", "12,346/s"), (12.34, "ms", "12.3 ms"), (1.234, "ms", "1.23 ms")],
)
def test_a_figure_has_three_digits(figure: float, unit: str, shown: str) -> None:
    assert with_unit(figure, unit) == shown


def test_every_row_can_be_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "bench"
    assert main(["--quick", "--rounds", "1", "--folder", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(QUICK_WARNING)
    lines = [line for line in out.splitlines() if line.startswith("|")]
    assert lines[0] == f"| {' | '.join(HEADS)} |"
    assert {line.count("|") for line in lines} == {len(HEADS) + 1}
    names = re.findall(r"^\| `([a-z0-9-]+)`", out, re.MULTILINE)
    assert names == [row.name for row in ROWS]
    broken = [line for line in lines if "not measured" in line]
    assert broken == [], err
    assert not folder.exists()


def test_the_shares_of_a_row_are_its_whole_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--quick", "--shares", "--folder", str(tmp_path / "bench")]
    assert main([*words, "--row", "sqlite,replay,help"]) == 0
    told = capsys.readouterr().out.split("\n`")[1:]
    assert [one.partition("`")[0] for one in told] == ["sqlite", "replay"]
    for one in told:
        found = re.findall(r"^\| (\d+)% \| .+ \|$", one, re.MULTILINE)
        assert 95 <= sum(map(int, found)) <= 105, "small ones are left out, and each is rounded"
    assert "decisions and their rules" in told[0]
    assert "tables in memory" in told[1]
    with pytest.raises(SystemExit):
        main([*words, "--row", "help"])


def test_the_memory_of_a_program_is_its_own() -> None:
    """What the process had that starts it is not counted, and what the program takes is."""
    ours = b"x" * 300_000_000
    little = peak_mb("pass")
    more = peak_mb("import sys; taken = b'x' * int(sys.argv[1])", 100_000_000)
    assert little < len(ours) / 2**21
    assert 90 < more - little < 110


def test_a_table_is_no_gate_unless_it_is_asked_to_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = row(AT_LEAST, contenders={OURS: lambda: 1.0, LIMIT: lambda: 9.0})
    monkeypatch.setattr("tests.benchmarks.__main__.ROWS", (slow,))
    words = ["--quick", "--folder", str(tmp_path / "bench")]
    assert main(words) == 0
    assert main([*words, "--strict"]) == 3
    assert "**not reached**" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main([*words, "--row", "no-such-row"])
    assert ended.value.code == 2
