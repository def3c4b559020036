"""What is longer than the screen goes through a pager: on a real pseudo-terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from io import BytesIO
from itertools import count
from pathlib import Path

import pytest

from ledger.terminal.pager import Paged, pager_command
from tests.terminal import Terminal, studio


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A studio of ten events."""
    return studio(sqlite_url)


def script(folder: Path, text: str) -> str:
    """A pager that is a small script."""
    path = folder / "pager"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def keeping(folder: Path) -> str:
    """A pager that keeps what it is given, and under which settings, and shows it."""
    return script(folder, f'echo "$LESS|$LV" > {folder}/told; tee {folder}/paged')


def test_what_is_longer_than_the_screen_goes_through_the_pager(
    terminal: Terminal, tmp_path: Path
) -> None:
    done = terminal.on_screen("log", rows=8, PAGER=keeping(tmp_path))
    assert done.code == 0
    paged = (tmp_path / "paged").read_text(encoding="utf-8")
    assert paged == done.out
    assert "狂野时代 🎬" in paged
    assert paged.startswith("\x1b[1m"), "titles are bold, as they are without a pager"
    assert paged == terminal.on_screen("log", "--no-pager", rows=8).out
    assert (tmp_path / "told").read_text() == "FRX|-c\n"
    assert "10 events, as of #10" in done.err


@pytest.mark.parametrize("format", ["json", "jsonl", "csv", "line"])
def test_every_format_is_whole(terminal: Terminal, tmp_path: Path, format: str) -> None:
    done = terminal.on_screen("log", "--format", format, rows=8, PAGER=keeping(tmp_path))
    assert done.code == 0
    plain = terminal.must("log", "--format", format).out
    # newline="" keeps the line ends of CSV
    with (tmp_path / "paged").open(encoding="utf-8", newline="") as paged:
        assert paged.read() == plain


def test_what_the_user_says_of_the_pager_stands(terminal: Terminal, tmp_path: Path) -> None:
    done = terminal.on_screen(
        "log", rows=8, PAGER=f"{keeping(tmp_path)} -x", LESS="M", NO_COLOR="1"
    )
    assert done.code == 0
    assert (tmp_path / "told").read_text() == "M|-c\n"
    assert "\x1b" not in (tmp_path / "paged").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words",
    [("log", "--no-pager"), ("log", "--limit", "1"), ("show", "b-1"), ("plugin", "list")],
    ids=" ".join,
)
def test_no_pager_where_it_fits_or_none_is_wanted(
    terminal: Terminal, tmp_path: Path, words: tuple[str, ...]
) -> None:
    rows = 8 if "--no-pager" in words else 40
    done = terminal.on_screen(*words, rows=rows, PAGER=keeping(tmp_path))
    assert done.code == 0
    assert done.out.strip()
    assert not (tmp_path / "paged").exists()


def test_no_pager_into_a_file_or_a_pipe(terminal: Terminal, tmp_path: Path) -> None:
    pager = keeping(tmp_path)
    into_file = terminal.on_screen("log", "-o", str(tmp_path / "log.csv"), rows=4, PAGER=pager)
    assert (into_file.code, into_file.out) == (0, "")
    assert terminal.program("log", env={"PAGER": pager, "TERM": "xterm"}).code == 0
    assert not (tmp_path / "paged").exists()


def test_one_events_facts_are_paged_too(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal.on_screen("show", "8", rows=6, PAGER=keeping(tmp_path)).code == 0
    assert "BookingConfirmed" in (tmp_path / "paged").read_text(encoding="utf-8")


def test_leaving_the_pager_early_is_no_error(terminal: Terminal, tmp_path: Path) -> None:
    # More than a pipe holds, so that the program is still writing when the pager leaves.
    for n in range(70):
        terminal.must("project", "plan", "wild", f"m-{n}", "--on", "2026-01-01",
                      "--reason", "x" * 1_000)  # fmt: skip
    done = terminal.on_screen("log", "--format", "jsonl", rows=6,
                              PAGER=script(tmp_path, "head -2"))  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert len(done.out.splitlines()) == 2


@pytest.mark.parametrize("pager", ["no-such-pager -R", "'unclosed", "/"])
def test_without_the_pager_the_text_comes_all_the_same(terminal: Terminal, pager: str) -> None:
    done = terminal.on_screen("log", rows=8, PAGER=pager)
    assert done.code == 0
    assert done.out == terminal.on_screen("log", "--no-pager", rows=8).out
    assert "warning: cannot start pager" in done.err
    nothing = terminal.on_screen("log", rows=8, PATH="/nonexistent")
    assert nothing.out == done.out
    assert "warning" not in nothing.err, "nobody named it"


def test_an_interrupt_is_the_pagers_while_it_is_read(terminal: Terminal, tmp_path: Path) -> None:
    """All is written; a reader who presses Ctrl-C in a search goes on reading."""
    pager = script(tmp_path, f"trap '' INT; cat > {tmp_path}/paged; touch {tmp_path}/read; sleep 1")
    ours, theirs = os.openpty()
    program = subprocess.Popen(
        terminal.command("log"), stdin=theirs, stdout=theirs, stderr=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm", "PAGER": pager, "LINES": "6", "COLUMNS": "100"},
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    for _ in range(400):
        if (tmp_path / "read").exists():
            break
        time.sleep(0.05)
    os.killpg(program.pid, signal.SIGINT)
    _, err = program.communicate(timeout=30)
    os.close(ours)
    assert program.returncode == 0
    assert b"interrupted" not in err


# --- the stream itself ------------------------------------------------------------------


def test_an_endless_log_is_paged_line_by_line() -> None:
    """It ends when the pager does, and keeps no more than a screen."""
    quits = [sys.executable, "-c", "import sys; [sys.stdin.readline() for _ in range(100)]"]
    stream = Paged(BytesIO(), quits, rows=10, columns=80)
    written, kept = 0, []

    def write_for_ever() -> None:
        nonlocal written
        for written in count():
            stream.write(b"%d %s\n" % (written, b"x" * 200))
            kept.append(len(stream._kept))

    with pytest.raises(BrokenPipeError):
        write_for_ever()
    stream.finish()
    assert written > 100
    assert max(kept) < 10 * 300


def test_a_long_line_takes_several_rows_of_the_screen() -> None:
    out = BytesIO()
    stream = Paged(out, ["no-such-pager"], rows=10, columns=80)
    stream.write(b"x" * 800 + b"\n")
    assert out.getvalue() == b"", "ten rows fit"
    stream.write(b"y\n")
    assert out.getvalue() == b"x" * 800 + b"\ny\n"


def test_what_fits_comes_at_the_end_without_a_pager() -> None:
    out = BytesIO()
    stream = Paged(out, ["no-such-pager"], rows=10, columns=80)
    stream.write("一号棚\n".encode())
    stream.finish()
    assert out.getvalue().decode() == "一号棚\n"


@pytest.mark.parametrize(
    ("environ", "command"),
    [
        ({"TERM": "xterm"}, ["less"]),
        ({"TERM": "xterm", "PAGER": "most -s"}, ["most", "-s"]),
        ({"TERM": "xterm", "PAGER": ""}, []),
        ({"TERM": "xterm", "PAGER": "cat"}, []),
        ({"TERM": "dumb"}, []),
        ({}, []),
    ],
)
def test_which_pager(environ: dict[str, str], command: list[str]) -> None:
    assert pager_command(environ) == command
