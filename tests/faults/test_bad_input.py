"""Whatever is typed or found: one clear line, the right exit code, and nothing half recorded."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.terminal import Done, Terminal, studio

LONG_TITLE = "狂🎬" * 150


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A studio that no test of this module changes."""
    os.environ.pop("STUDIO_LEDGER", None)
    return studio(str(tmp_path_factory.mktemp("studio") / "studio.db"))


def refused(done: Done, code: int, *words: str) -> None:
    """It ended with that code and one line that holds those words."""
    assert (done.code, done.out) == (code, ""), done.err
    assert done.err.count("\n") == 1, done.err
    assert done.err.startswith("error: "), done.err
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err


HOLD = ("booking", "hold", "stage-1", "wild")
OPEN = ("project", "open")
FEATURE = ("--kind", "feature", "--on", "2025-01-01")

BAD: dict[str, tuple[int, tuple[str, ...], tuple[str, ...]]] = {
    "unknown space": (1, ("booking", "hold", "stage-3", "wild", "--days", "2025-07-01"),
                      ("no space 'stage-3'", "Did you mean stage-")),
    "unknown project": (1, ("booking", "hold", "stage-1", "wilt", "--days", "2025-07-01"),
                        ("no project 'wilt'", "Did you mean wild?")),
    "unknown booking": (1, ("booking", "confirm", "b-9"),
                        ("no booking 'b-9'", "List them with: view bookings")),
    "unknown item": (1, ("equipment", "move", "led-b", "--to", "stage-1"), ("mean led-a?",)),
    "unknown site": (1, ("space", "add", "s", "--site", "mian", "--name", "S", "--kind", "stage",
                         "--area-m2", "1", "--in-service-on", "2024-01-01"),
                     ("no site 'mian'", "Did you mean main")),
    "unknown thing": (1, ("show", "stage-9"), ("'stage-9'", "Did you mean stage-")),
    "unknown tag": (1, ("show", "space:stage-9"), ("no space 'stage-9'",)),
    "unknown position": (2, ("show", "999"), ("no #999", "ends at #10")),
    "unknown event type": (2, ("log", "--type", "BookingHled"), ("Did you mean BookingHeld",)),
    "unknown view": (2, ("view", "bookngs"), ("Did you mean bookings",)),
    "unknown command": (2, ("bokking",), ("no command 'bokking'", "Did you mean booking?")),
    "unknown verb": (2, ("booking", "hodl"), ("Did you mean hold?", "booking --help")),
    "unknown option": (2, (*HOLD, "--dyas", "2025-07-01"), ("Did you mean --days?",)),
    "root option too late": (2, ("log", "--ledger", "x.db"), ("goes before the command",)),
    "overlapping days": (1, (*HOLD, "--days", "2025-07-14..2025-07-20", "--confirm"),
                         ("stage-1", "b-1", "(#8)")),
    "last day first": (2, (*HOLD, "--days", "2025-07-14..2025-07-01"), ("--days", "before")),
    "end before start": (2, (*HOLD, "--from", "2025-07-01T20:00", "--to", "2025-07-01T08:00"),
                         ("2025-07-01T08:00 is not after 2025-07-01T20:00",)),
    "no such date": (2, (*HOLD, "--days", "2025-02-30"), ("'2025-02-30' is not a date",)),
    "no such date on an option": (2, (*OPEN, "p", "--title", "T", "--kind", "feature", "--on",
                                      "2025-13-01"), ("--on", "is not a date")),
    "an hour that does not exist": (
        2, ("booking", "hold", "stage-2", "wild", "--from", "2025-03-30T02:30", "--to",
            "2025-03-30T06:00"), ("does not exist in Europe/Berlin",)),
    "an hour that comes twice": (
        2, ("booking", "hold", "stage-2", "wild", "--from", "2025-10-26T02:30", "--to",
            "2025-10-26T06:00"), ("twice", "2025-10-26 02:30+02:00")),
    "an id with spaces": (2, (*OPEN, "my project", "--title", "T", *FEATURE), ("'my-project'",)),
    "a Chinese id": (2, (*OPEN, "狂野", "--title", "T", *FEATURE), ("not a valid project id",)),
    "a title that is too long": (2, (*OPEN, "p", "--title", "字" * 1001, *FEATURE), ("1,001",)),
    "a title with a line break": (2, (*OPEN, "p", "--title", "a\nb", *FEATURE), ("control",)),
    "a title that is no text": (2, (*OPEN, "p", "--title", "a\udcff", *FEATURE), ("control",)),
    "an empty reason": (2, (*OPEN, "p", "--title", "T", *FEATURE, "--reason", " "), ("empty",)),
    "a request key with spaces": (2, (*OPEN, "p", "--title", "T", *FEATURE, "--request", "a b"),
                                  ("request key",)),
    "a missing option": (2, (*OPEN, "p", *FEATURE), ("--title",)),
    "a missing argument": (2, ("booking", "confirm"), ("BOOKING",)),
    "pages that are none": (2, ("booking", "report", "b-1", "--day", "2025-07-02", "--pages-shot",
                                "2 3/9"), ("--pages-shot", "2 3/8")),
    "a plan that is none": (2, (*HOLD, "--days", "2025-09-01", "--plan", "2025-09-01=party"),
                            ("--plan", "pre-light")),
    "an as-of to come": (2, ("log", "--as-of", "99"), ("--as-of", "ends at #10")),
    "an as-of that is none": (2, ("view", "spaces", "--as-of", "soon"),
        ("'soon' is neither a day nor a time",)),
    "a format too many": (2, ("log", "--json", "--format", "csv"), ("exclude each other",)),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_words_are_answered_in_one_line(terminal: Terminal, name: str) -> None:
    code, words, told = BAD[name]
    before = terminal.lines()
    refused(terminal.run(*words), code, *told)
    assert terminal.lines() == before


def test_a_program_ends_as_its_tests_do(terminal: Terminal) -> None:
    """The same in a process of its own: exit code, one line, no traceback, no warning."""
    code, words, told = BAD["overlapping days"]
    refused(terminal.program(*words), code, *told)
    code, words, told = BAD["a title that is no text"]
    refused(terminal.program(*words), code, *told)


def test_a_title_of_emoji_and_300_chinese_characters_is_kept(sqlite_url: str) -> None:
    terminal = studio(sqlite_url)
    terminal.must("project", "open", "long", "--title", LONG_TITLE, *FEATURE)
    shown = terminal.must("show", "long", "--json").data
    assert shown[0]["payload"]["title"] == LONG_TITLE
    ascii_only = terminal.program("log", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert ascii_only.code == 0
    assert "\\u72c2" in ascii_only.out
    data = terminal.program("log", "--json", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert data.data[-1]["payload"]["title"] == LONG_TITLE


# --- files of commands ------------------------------------------------------------------


def _command(name: str) -> bytes:
    text = {"do": "project open", "project": name, "title": "T", "kind": "feature"}
    return json.dumps({**text, "on": "2025-01-01"}).encode() + b"\n"


GOOD = _command("a-1") + _command("a-2")

BAD_FILES: dict[str, tuple[bytes, int, tuple[str, ...]]] = {
    "truncated": (GOOD + _command("a-3")[:-9], 2, ("line 3", "middle of a command")),
    "binary": (GOOD + bytes(range(256)) * 4, 2, ("line 3", "UTF-8")),
    "binary from the start": (b"\x7fELF\0\0" * 50, 2, ("line 1",)),
    "huge line": (GOOD + b'{"do":"' + b"x" * 200_000, 2, ("line 3", "65,535")),
    "not json": (GOOD + b"hello\n", 2, ("line 3", "not a JSON object")),
    "an array": (GOOD + b"[1]\n", 2, ("line 3",)),
    "unknown command": (GOOD + b'{"do":"project opne"}\n', 2, ("line 3", "project open")),
    "unknown field": (GOOD + b'{"do":"booking release","bocking":"b"}\n', 2, ("line 3", "bocking")),
    "bad date": (GOOD + _command("a-3").replace(b"01-01", b"02-30"), 2, ("line 3",)),
}  # fmt: skip


@pytest.mark.parametrize("how", [(), ("--each",), ("--dry-run",)], ids=" ".join)
@pytest.mark.parametrize("name", BAD_FILES)
def test_of_a_file_that_cannot_be_read_nothing_is_recorded(
    terminal: Terminal, tmp_path: Path, name: str, how: tuple[str, ...]
) -> None:
    content, code, told = BAD_FILES[name]
    (tmp_path / "batch.jsonl").write_bytes(content)
    before = terminal.lines()
    refused(terminal.run("apply", str(tmp_path / "batch.jsonl"), *how), code, *told)
    refused(terminal.run("apply", "-", *how, stdin=content), code, *told)
    assert terminal.lines() == before


def test_an_endless_line_is_not_read_to_its_end(terminal: Terminal) -> None:
    refused(terminal.program("apply", "/dev/zero", timeout=60), 2, "line 1", "65,535")


def test_a_missing_file_is_said(terminal: Terminal) -> None:
    refused(terminal.run("apply", "missing.jsonl"), 2, "missing.jsonl")
    refused(terminal.run("apply", str(Path(terminal.ledger).parent)), 2, "directory")


def test_a_batch_is_all_or_none_and_each_goes_on(sqlite_url: str, tmp_path: Path) -> None:
    terminal = studio(sqlite_url)
    batch = tmp_path / "batch.jsonl"
    batch.write_bytes(_command("a-1") + b"\n" + _command("wild") + _command("a-2"))
    before = terminal.lines()
    refused(terminal.run("apply", str(batch)), 1, "line 3", "'wild' already exists")
    assert terminal.lines() == before

    each = terminal.run("apply", str(batch), "--each", "--request", "import-1", "--json")
    assert each.code == 1
    assert [(row["line"], row["outcome"]) for row in each.data] == [
        (1, "recorded"), (3, "refused"), (4, "recorded"),
    ]  # fmt: skip
    assert "wild" in each.data[1]["message"]
    after = terminal.lines()
    assert len(after) == len(before) + 2
    again = terminal.run("apply", str(batch), "--each", "--request", "import-1", "--json")
    assert [row["outcome"] for row in again.data] == ["repeated", "refused", "repeated"]
    assert [row["first"] for row in again.data] == [row["first"] for row in each.data]
    assert terminal.lines() == after
    requests = [event["request"] for event in terminal.must("log", "--limit", "2", "--json").data]
    assert requests == ["import-1/1", "import-1/4"]


# --- what stands at --ledger ----------------------------------------------------------------


def _newer(path: Path, source: Path) -> None:
    shutil.copy(source, path)
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("missing.db", "no ledger at"),
        ("folder", "is a folder"),
        ("empty.db", "is empty"),
        ("text.db", "not a ledger"),
        ("other.db", "not a ledger"),
        ("newer.db", "format 99"),
    ],
)
def test_what_is_no_ledger_is_left_as_it_is(
    terminal: Terminal, tmp_path: Path, name: str, told: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.db").touch()
    (tmp_path / "text.db").write_text("Dear diary,\n" * 100, encoding="utf-8")
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE t (x)")
    other.close()
    _newer(tmp_path / "newer.db", Path(terminal.ledger))
    place = tmp_path / name
    before = place.read_bytes() if place.is_file() else None
    there = Terminal(str(place))
    for words in (("log",), ("view", "spaces"), ("doctor",), ("booking", "confirm", "b-1"),
                  ("apply", "-")):  # fmt: skip
        refused(there.run(*words), 10, told, str(place))
    if name != "missing.db":
        refused(there.run("init"), 1, "already")
    assert (place.read_bytes() if place.is_file() else None) == before
    assert place.exists() == (name != "missing.db")


def test_a_place_that_no_ledger_can_be(tmp_path: Path) -> None:
    refused(Terminal("mysql://host/x").run("log"), 2, "mysql")
    refused(Terminal("").run("log"), 2, "--ledger is empty")
    refused(Terminal(str(tmp_path / "no" / "x.db")).run("init"), 74, "does not exist")
    refused(Terminal("postgresql://nobody@127.0.0.1:1/x").run("log"), 74, "no connection")


# --- disks -----------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte. Where none may be mounted, a folder: see `_on_full`."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = _mount(folder, "size=512k")
    yield folder
    if mounted:
        subprocess.run(["umount", str(folder)], check=True)


def _mount(folder: Path, options: str) -> bool:
    if shutil.which("mount") is None or sys.platform != "linux":
        return False
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _fill(folder: Path) -> Path:
    """Leave no byte free: big pieces first, then small ones."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 512, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return filler


def test_a_full_disk_records_nothing_and_forgets_nothing(small_disk: Path) -> None:
    terminal = studio(str(small_disk / "studio.db"))
    before = terminal.lines()
    batch = b"".join(_command(f"a-{n}") for n in range(2_000))
    if os.path.ismount(small_disk):
        filler = _fill(small_disk)
        done = terminal.program("apply", "-", stdin=batch)
        copied = terminal.program("log", "--json", "-o", str(small_disk / "log.json"))
        made = Terminal(str(small_disk / "new.db")).program("init")
        looked = terminal.program("view", "spaces", "--json")
        filler.unlink()
    else:
        # No file of ours may grow beyond what it has: the same ENOSPC to whoever writes.
        size = Path(terminal.ledger).stat().st_size
        done, copied, made, looked = (
            place.program(*words, stdin=batch, preexec_fn=_no_file_above(limit))
            for place, words, limit in (
                (terminal, ("apply", "-"), size),
                (terminal, ("log", "--json", "-o", str(small_disk / "log.json")), 1_000),
                (Terminal(str(small_disk / "new.db")), ("init",), 1_000),
                (terminal, ("view", "spaces", "--json"), 1_000),
            )
        )
    refused(done, 74, terminal.ledger)
    refused(copied, 74, "log.json")
    refused(made, 74, "new.db")
    assert looked.code == 0, "a full disk is no reason not to look"
    assert len(looked.data) == 2
    assert terminal.lines() == before
    assert not (small_disk / "new.db").exists()
    assert not list(small_disk.glob(".*")), "no half file is left"
    terminal.must("project", "open", "after", "--title", "After", *FEATURE)
    assert len(terminal.lines()) == len(before) + 1


def _no_file_above(limit: int) -> Callable[[], None]:
    def set_limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return set_limit


def _heed_permissions() -> None:
    """Let a root without the right to mount be refused like anybody: it gives that power up."""
    drop_from_bounding_set, cap_dac_override = 24, 1  # linux/prctl.h, linux/capability.h
    if ctypes.CDLL(None, use_errno=True).prctl(drop_from_bounding_set, cap_dac_override, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "this root cannot be kept from writing")


def test_a_read_only_disk_can_be_read(small_disk: Path) -> None:
    terminal = studio(str(small_disk / "studio.db"))
    before = terminal.lines()
    options: dict[str, Any] = {}
    if os.path.ismount(small_disk):
        command = ["mount", "-o", "remount,ro", str(small_disk)]
        subprocess.run(command, check=True)
    else:
        for file in small_disk.iterdir():
            file.chmod(0o444)
        small_disk.chmod(0o555)
        if os.geteuid() == 0:
            options = {"preexec_fn": _heed_permissions}
    refused(terminal.program(*OPEN, "p", "--title", "T", *FEATURE, **options), 74, "studio.db")
    refused(Terminal(str(small_disk / "n.db")).program("init", **options), 74, "n.db")
    assert len(terminal.program("log", "--json", **options).data) == len(before)
    assert len(terminal.program("view", "spaces", "--json", **options).data) == 2
    replayed = terminal.program("replay", stdin=b"view spaces --json\n", **options)
    assert (replayed.code, len(replayed.data)) == (0, 2)
    assert terminal.program("doctor", **options).code == 0
    assert terminal.lines() == before
    if not os.path.ismount(small_disk):
        small_disk.chmod(0o755)  # so that it can be cleaned up


def test_an_output_that_cannot_be_written(terminal: Terminal, tmp_path: Path) -> None:
    with (tmp_path / "redirected").open("wb") as full:
        done = subprocess.run(
            terminal.command("log"),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            preexec_fn=_no_file_above(10),
        )
    assert done.returncode == 74
    assert done.stderr.count(b"error: ") == 1
    assert b"Traceback" not in done.stderr
    refused(terminal.run("log", "-o", str(tmp_path)), 2, "is a folder")


# --- being stopped ------------------------------------------------------------------------------


def test_ctrl_c_ends_with_130_and_no_traceback(terminal: Terminal) -> None:
    program = subprocess.Popen(
        terminal.command("apply", "-"), stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert program.stdin is not None
    # More than a pipe holds: when it is written, the program has begun to read.
    program.stdin.write(b"".join(_command(f"a-{n}") for n in range(2_000)))
    program.stdin.flush()
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=30)
    assert program.returncode == 130
    assert err.strip() == b"interrupted"
    assert b"a-1" not in b"".join(terminal.lines())
