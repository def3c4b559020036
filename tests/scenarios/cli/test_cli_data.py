"""Every command gives its data in every format; a new command cannot escape these tests."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from ledger.commands import cli
from ledger.plugin_host.roster import Roster
from ledger.terminal.tables import cells
from tests.terminal import Terminal, leaves, studio

WRITES: dict[tuple[str, ...], tuple[str, ...]] = {
    ("site", "add"): ("south", "--name", "South", "--zone", "UTC"),
    ("space", "add"): ("hall-1", "--site", "main", "--name", "Hall", "--kind", "hall",
                       "--area-m2", "900", "--in-service-on", "2024-01-01", "--capacity", "4"),
    ("space", "close"): ("stage-1", "--days", "2025-09-01..2025-09-03", "--kind", "maintenance",
                         "--closure", "c-1"),
    ("space", "reopen"): ("c-1", "--on", "2025-09-02"),
    ("space", "change"): ("hall-1", "--on", "2025-01-01", "--name", "Great hall",
                          "--capacity", "none"),
    ("space", "retire"): ("hall-1", "--on", "2026-01-01"),
    ("project", "open"): ("p-2", "--title", "Two", "--kind", "series", "--on", "2024-02-01"),
    ("project", "plan"): ("p-2", "release", "--on", "2026-01-01"),
    ("project", "reach"): ("wild", "greenlight", "--on", "2024-02-01"),
    ("project", "withdraw"): ("p-2", "release"),
    ("booking", "hold"): ("stage-1", "p-2", "--from", "2027-08-10T08:00", "--to",
                          "2027-08-10T20:00", "--booking", "b-3", "--plan", "2027-08-10=prep"),
    ("booking", "challenge"): ("b-3",),
    ("booking", "rank"): ("b-3", "1", "--reason", "as the house says"),
    ("booking", "release"): ("b-3",),
    ("booking", "change"): ("b-5", "--note", "by night", "--contact", "Wang"),
    ("booking", "split"): ("b-5", "--at", "2027-08-12", "--rest", "b-6"),
    ("booking", "merge"): ("b-5", "b-6"),
    ("booking", "give-back"): ("b-5", "--days", "2027-08-20"),
    ("booking", "confirm"): ("b-2",),
    ("booking", "move"): ("b-2", "--days", "2025-08-02..2025-08-15"),
    ("booking", "start"): ("b-1", "--on", "2025-07-01"),
    ("booking", "report"): ("b-1", "--day", "2025-07-02", "--setups-planned", "12",
                            "--setups-shot", "11", "--pages-planned", "2 3/8", "--pages-shot", "2",
                            "--shooting-hours", "10.5"),
    ("booking", "wrap"): ("b-1", "--on", "2025-07-12"),
    ("booking", "cancel"): ("b-2",),
    ("project", "close"): ("p-2", "--on", "2025-12-01", "--outcome", "cancelled"),
    ("equipment", "add"): ("case-1", "--name", "Case", "--kind", "case", "--at-place", "stage-1",
                           "--at", "2024-01-01"),
    ("equipment", "pack"): ("led-a", "case-1", "--at", "2024-02-01"),
    ("equipment", "unpack"): ("led-a", "--at", "2024-02-02"),
    ("equipment", "move"): ("led-a", "--to", "stage-2", "--at", "2024-03-01T08:00+08:00"),
    ("equipment", "check-out"): ("case-1", "b-4", "--custodian", "Grips", "--due-at",
                                 "2025-10-14", "--at", "2025-10-01T09:00"),
    ("equipment", "check-in"): ("case-1", "--at", "2025-10-10"),
    ("equipment", "hand-over"): ("case-1", "--custodian", "Store", "--at", "2025-10-11"),
    ("equipment", "lend"): ("case-1", "--custodian", "Ida", "--due-at", "2025-10-20", "--at",
                            "2025-10-12T09:00"),
    ("equipment", "prolong"): ("case-1", "--due-at", "2031-10-22"),
    ("equipment", "service"): ("led-a", "--kind", "repair", "--at", "2025-10-12"),
    ("equipment", "plan-service"): ("case-1", "--kind", "repair", "--days", "2033-03-01"),
    ("equipment", "change"): ("case-1", "--owner", "Rental House", "--reason", "new papers"),
    ("equipment", "count"): ("cables=39", "--at-place", "stage-1", "--reason", "yearly"),
    ("equipment", "lost"): ("cables=2",),
    ("equipment", "found"): ("cables=1", "--at-place", "stage-1"),
    ("equipment", "buy"): ("cables=5", "--at-place", "stage-1"),
    ("equipment", "reserve"): ("b-5", "cables=4"),
    ("equipment", "release"): ("b-5", "cables"),
    ("equipment", "sub-hire"): ("cable=4", "--for", "b-5", "--from-supplier", "Ida", "--id", "h-1"),
    ("equipment", "drop-hire"): ("h-1",),
    ("equipment", "retire"): ("cables=1",),
}  # fmt: skip
"""Each command that records, in an order in which all are legal."""

READS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("log",): (),
    ("show",): ("stage-1",),
    ("replay",): (),
    ("blame",): ("stage-1",),
    **{(noun, "list"): () for noun in ("site", "space", "project", "booking", "equipment")},
    ("site", "show"): ("main",),
    ("space", "show"): ("stage-1",),
    ("project", "show"): ("wild",),
    ("booking", "show"): ("b-1",),
    ("equipment", "show"): ("led-a",),
    ("views", "list"): (),
    ("views", "status"): (),
    ("views", "rebuild"): (),
    ("view",): (),
    ("plugin", "list"): (),
    ("plugin", "check"): (),
    ("plugin", "profile"): ("bookings",),
    ("doctor",): (),
    ("audit", "verify"): (),
}

APART: dict[tuple[str, ...], str] = {
    ("init",): "makes the ledger; tested below",
    ("demo",): "makes a ledger of its own; it has tests of its own",
    ("apply",): "tested with its file below",
    ("completion",): "prints a script",
    ("audit", "export"): "makes a folder; tested in test_audit_export",
    ("backup",): "makes a file; tested in test_backups",
    ("restore",): "makes a ledger; tested in test_restoring",
    ("roles",): "for PostgreSQL alone; tested in test_roles",
    ("diff",): "tells of things and of views; tested in test_cli_diff",
    ("import",): "needs a plugin's format; tested in test_plugin_formats",
    ("export",): "writes a plugin's format; tested in test_plugin_formats",
    **{
        ("audit", *words.split()): "needs a key; tested in test_audit_cli"
        for words in (
            "key new",
            "key show",
            "checkpoint",
            "checkpoints",
            "prove",
            "check-proof",
            "request",
            "cosign",
            "accept",
        )
    },
    **{
        tuple(words.split()): "needs a reason; tested in test_corrections"
        for words in (
            "correct",
            "undo",
            "project change",
            "project reopen",
            "site change",
            "space reclose",
        )
    },
    ("plugin", "new"): "writes files; tested in test_plugin_new",
    ("plugin", "enable"): "has words, no data",
    ("plugin", "disable"): "has words, no data",
}


def test_every_command_is_tried_here() -> None:
    of_plugins = {c.words.split()[0] for c in Roster().commands()}  # tried with their plugins
    known = {words for words, _ in leaves(cli) if words[0] not in {"view", *of_plugins}}
    known = {words for words in known if words[:2] != ("views", "diff")} | {("view",)}
    assert known == {*WRITES, *READS, *APART}


def test_every_command_gives_json_and_every_write_says_what_it_recorded(sqlite_url: str) -> None:
    terminal = studio(sqlite_url)
    # A booking for the check-out, which needs one that is firm at that time.
    terminal.must("booking", "hold", "stage-2", "wild", "--days", "2025-10-01..2025-10-14",
                  "--booking", "b-4", "--confirm")  # fmt: skip
    terminal.must("booking", "hold", "stage-1", "wild", "--days", "2027-08-09..2027-08-20",
                  "--booking", "b-5")  # fmt: skip
    terminal.must("equipment", "add", "cables", "--name", "XLR", "--kind", "cable", "--at-place",
                  "stage-1", "--quantity", "40", "--at", "2024-01-01")  # fmt: skip
    for words, rest in WRITES.items():
        before = len(terminal.lines())
        dry = terminal.must(*words, *rest, "--json", "--dry-run")
        assert len(terminal.lines()) == before, words
        assert "nothing recorded" in dry.err
        done = terminal.must(
            *words, *rest, "--json", "--reason", "as agreed", "--request", "-".join(words)
        )
        events = done.data
        assert [e["position"] for e in events] == list(range(before + 1, before + 1 + len(events)))
        assert [e["type"] for e in events] == [e["type"] for e in dry.data]
        assert {e["reason"] for e in events} == {"as agreed"}
        # A second line says who can confirm now.
        assert done.err.count("\n") == 1 + done.err.count("can be confirmed now")
        again = terminal.must(
            *words, *rest, "--json", "--reason", "as agreed", "--request", "-".join(words)
        )
        assert again.data == events
        assert len(terminal.lines()) == before + len(events), words
    for words, rest in READS.items():
        assert isinstance(terminal.must(*words, *rest, "--json").data, list), words


def _views() -> list[str]:
    return [words[1] for words, _ in leaves(cli) if words[0] == "view" and len(words) > 1]


def test_every_view_gives_json_live_and_as_of_and_nothing_is_an_empty_array(
    sqlite_url: str,
) -> None:
    terminal = studio(sqlite_url)
    names = _views()
    assert {"bookings", "spaces", "utilization", "projects", "equipment"} <= set(names)
    for name in names:
        live = terminal.must("view", name, "--json")
        assert isinstance(live.data, list), name
        assert terminal.must("view", name, "--json", "--as-of", "9").data is not None
        described = terminal.must("view", name, "--help").out
        assert "--as-of" in described
        assert "Output" in described
    for name in ("spaces", "bookings", "projects", "equipment", "holds"):
        assert terminal.must("view", name, "--as-of", "1", "--json").out == "[]\n"


def test_nothing_is_an_empty_array_an_empty_file_or_a_header(sqlite_url: str) -> None:
    terminal = studio(sqlite_url)
    assert terminal.must("log", "--tag", "none:x", "--json").out == "[]\n"
    assert terminal.must("log", "--tag", "none:x", "--format", "jsonl").out == ""
    assert terminal.must("log", "--tag", "none:x", "--format", "line").out == ""
    assert terminal.must("log", "--tag", "none:x").out == ""
    assert terminal.must("log", "--tag", "none:x", "--format", "csv").out.startswith("position,")
    assert terminal.must("log", "--as-of", "2001-01-01", "--json").out == "[]\n"


def test_the_formats_say_the_same(sqlite_url: str) -> None:
    terminal = studio(sqlite_url)
    array = terminal.must("log", "--json").data
    lines = [
        json.loads(line) for line in terminal.must("log", "--format", "jsonl").out.splitlines()
    ]
    assert lines == array
    table = list(
        csv.DictReader(io.StringIO(terminal.must("log", "--format", "csv").out, newline=""))
    )
    assert [row["type"] for row in table] == [event["type"] for event in array]
    assert table[0]["recorded_at"] == array[0]["recorded_at"]
    assert table[0]["recorded_at"].endswith("+08:00"), "on the ledger's clock, with its offset"
    stored = terminal.must("log", "--format", "line").out.encode().splitlines()
    assert stored == terminal.lines()
    assert (
        terminal.must("show", "3", "--format", "line").out.encode() == terminal.lines()[2] + b"\n"
    )
    (shown,) = terminal.must("show", "#3", "--json").data
    assert {name: shown[name] for name in array[2]} == array[2]


def test_a_file_of_data_takes_its_name_when_it_is_whole(sqlite_url: str, tmp_path: Path) -> None:
    terminal = studio(sqlite_url)
    for name in ("events.json", "events.jsonl", "events.csv"):
        assert terminal.must("log", "-o", str(tmp_path / name)).out == ""
    assert len(json.loads((tmp_path / "events.json").read_text(encoding="utf-8"))) == 10
    assert (tmp_path / "events.csv").read_bytes().count(b"\r\n") == 11
    old = (tmp_path / "events.json").read_bytes()
    refused = terminal.run("show", "nothing-here", "-o", str(tmp_path / "events.json"))
    assert refused.code == 1
    assert (tmp_path / "events.json").read_bytes() == old
    os.link(tmp_path / "events.json", tmp_path / "somebody-reads-it")
    terminal.must("log", "--limit", "1", "-o", str(tmp_path / "events.json"))
    assert (tmp_path / "somebody-reads-it").read_bytes() == old, "replaced, not written over"
    assert len(json.loads((tmp_path / "events.json").read_text(encoding="utf-8"))) == 1
    lost = terminal.run("log", "-o", sqlite_url)
    assert lost.code == 2
    assert "is a database" in lost.err
    assert sorted(p.name for p in tmp_path.glob(".*")) == []


def test_a_write_that_cannot_show_its_data_records_nothing(sqlite_url: str, tmp_path: Path) -> None:
    terminal = studio(sqlite_url)
    before = terminal.lines()
    done = terminal.run("project", "close", "wild", "--on", "2026-01-01", "--outcome", "completed",
                        "-o", str(tmp_path / "no" / "such.json"))  # fmt: skip
    assert done.code == 74
    assert terminal.lines() == before


@pytest.mark.parametrize("words", [("log",), ("log", "--json"), ("booking", "hold", "--help")])
def test_head_ends_quietly(sqlite_url: str, words: tuple[str, ...]) -> None:
    terminal = studio(sqlite_url)
    many = "".join(
        json.dumps({"do": "project open", "project": f"p-{n}", "title": "x" * 200,
                    "kind": "feature", "on": "2025-01-01"}) + "\n"
        for n in range(300)
    )  # fmt: skip
    terminal.must("apply", "-", stdin=many)
    left, right = os.pipe()
    program = subprocess.Popen(terminal.command(*words), stdout=right, stderr=subprocess.PIPE)
    os.close(right)
    os.read(left, 10)
    os.close(left)
    _, err = program.communicate(timeout=60)
    assert program.returncode == 0
    assert b"Traceback" not in err
    assert b"rror" not in err


def test_a_table_fits_the_terminal_and_aligns_chinese(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = studio(sqlite_url)
    monkeypatch.setenv("COLUMNS", "120")
    rows = [
        line
        for line in terminal.must("view", "spaces").out.splitlines()
        if line.startswith("stage-")
    ]
    # The second column is followed by the third at the same cell, Chinese taking two each.
    assert "一号棚" in rows[0]
    assert cells(rows[0][: rows[0].index("main")]) == cells(rows[1][: rows[1].index("north")])
    for columns in (120, 80, 40):
        monkeypatch.setenv("COLUMNS", str(columns))
        for words in (("view", "spaces"), ("log",), ("show", "3"), ("doctor",), ("view",),
                      ("blame", "b-1"), ("diff", "1")):  # fmt: skip
            shown = terminal.must(*words).out
            assert shown.strip(), words
            assert max(map(cells, shown.splitlines())) <= columns, words


def test_on_a_terminal_its_width_counts_and_in_a_file_none(sqlite_url: str) -> None:
    terminal = studio(sqlite_url)
    shown = _on_a_terminal(terminal, 70, "show", "5", NO_COLOR="1")
    assert 60 < max(map(cells, shown.splitlines())) <= 70
    assert max(map(cells, terminal.must("show", "5").out.splitlines())) > 120


def test_titles_are_bold_on_a_terminal_unless_that_is_not_wanted(sqlite_url: str) -> None:
    terminal = studio(sqlite_url)
    assert "\x1b[1m" in _on_a_terminal(terminal, 80, "plugin", "list")
    assert "\x1b" not in _on_a_terminal(terminal, 80, "plugin", "list", NO_COLOR="1")
    assert "\x1b" not in terminal.must("plugin", "list").out


def _on_a_terminal(terminal: Terminal, columns: int, *words: str, **env: str) -> str:
    """What stands on a terminal's screen of that width, without what went to stderr."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm", **env}
    program = subprocess.Popen(
        terminal.command(*words), stdout=theirs, stderr=subprocess.DEVNULL, env=environment
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:
        pass  # Linux says so when the last writer has gone
    os.close(ours)
    assert program.wait(timeout=60) == 0, words
    return shown.decode().replace("\r\n", "\n")
