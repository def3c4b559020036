"""`replay` at a real terminal: a prompt, its history and completion, and how it ends."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.pseudo_terminal import typed
from tests.terminal import Terminal, studio

needs_readline = pytest.mark.skipif(find_spec("readline") is None, reason="Python without readline")


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A studio in a file, of ten events."""
    return studio(sqlite_url)


def test_one_looks_around_and_leaves_with_ctrl_d(ledger_url: str) -> None:
    with typed(studio(ledger_url).command("replay", "--to", "8")) as screen:
        begun = screen.until("#8 20")
        assert "Replayed 8 events through 11 projections in 0." in begun
        assert "help lists the commands" in begun
        screen.until("> ")
        screen.type("next\n")
        assert "BookingHeld booking:b-2" in screen.until("> ")
        screen.type("view bookings\n")
        answer = screen.until("#9 20")
        assert "b-2" in answer
        assert "as of #9" in answer
        screen.type("bookngs\n")
        screen.until("error: unknown command 'bookngs'")
        screen.type("back 2\n")
        screen.until("#7 20")
        screen.type("view bookings\n")
        assert "b-2" not in screen.until("as of #7")
        screen.until("> ")
        screen.type("\n\n")
        screen.until("> ")
        screen.until("> ")
        screen.type("\x04")
        code, rest = screen.end()
    assert code == 0, "a mistake at a prompt is no failure of the program"
    assert "Traceback" not in rest


def test_ctrl_c_ends_with_130(terminal: Terminal) -> None:
    with typed(terminal.command("replay")) as screen:
        screen.until("> ")
        screen.type("\x03")
        code, rest = screen.end()
    assert code == 130
    assert rest.strip().splitlines()[-1] == "interrupted"


def test_quit_ends_and_help_fits_the_screen(terminal: Terminal) -> None:
    with typed(terminal.command("replay"), columns=60) as screen:
        screen.until("> ")
        screen.type("help\n")
        listed = screen.until("so does Ctrl-D")
        assert max(map(len, listed.splitlines())) <= 60
        screen.type("quit\n")
        assert screen.end()[0] == 0


@needs_readline
def test_what_was_typed_comes_back_and_words_are_completed(terminal: Terminal) -> None:
    with typed(terminal.command("replay"), TERM="xterm") as screen:
        screen.until("> ")
        screen.type("proj\t")
        screen.until("projections ")
        screen.type("\n")
        screen.until("Failure")
        screen.until("> ")
        screen.type("view utilization-b\t--sp\t\x15")  # Ctrl-U: not this one
        screen.until("utilization-by-month ")
        screen.type("view holds --sp\tstage-1\n")
        screen.until("--space stage-1")
        screen.until("Who waits for what")
        screen.until("> ")
        screen.type("find BookingCon\t\n")
        screen.until("BookingConfirmed")
        screen.until("there is nothing after #10")
        screen.until("> ")  # before that, the terminal is not readline's
        screen.type("\x1b[A\x1b[A\n")  # two up
        screen.until("Who waits for what")
        screen.until("> ")
        screen.type("\x04")
        assert screen.end()[0] == 0


def test_data_goes_to_its_file_and_the_prompt_to_the_screen(
    terminal: Terminal, tmp_path: Path
) -> None:
    command = " ".join(f"'{word}'" for word in terminal.command("replay"))
    with typed(["/bin/sh", "-c", f"{command} > {tmp_path / 'out'}"]) as screen:
        screen.until("#10 20")
        screen.until("> ")
        screen.type("view bookings --json\n")
        screen.until("> ")
        screen.type("\x04")
        assert screen.end()[0] == 0
    assert (tmp_path / "out").read_text("utf-8").startswith("[\n  {")
    assert "#10" not in (tmp_path / "out").read_text("utf-8")


def test_steps_wait_for_enter(terminal: Terminal) -> None:
    words = ("replay", "--step", "--from", "6", "--to", "9")
    with typed(terminal.command(*words)) as screen:
        first = screen.until("#6 of #9: Enter next, c all, q quit > ")
        assert "ProjectOpened project:wild" in first
        assert "#7 " not in first
        screen.type("\n")
        assert "BookingHeld booking:b-1" in screen.until("#7 of #9")
        screen.type("q\n")
        code, rest = screen.end()
        assert (code, "#8" in rest) == (0, False)
    with typed(terminal.command(*words)) as screen:
        screen.until("#6 of #9")
        screen.type("c\n")
        code, rest = screen.end()
        assert code == 0
        assert "#9 20" in rest
        assert "Enter next" not in rest.partition("#7")[2]
    for keys, expected in (("\x03", 130), ("\x04", 0)):
        with typed(terminal.command(*words)) as screen:
            screen.until("q quit > ")
            screen.type(keys)
            assert screen.end()[0] == expected


def test_steps_for_a_program_wait_for_nobody(terminal: Terminal) -> None:
    with typed(terminal.command("replay", "--step", "--from", "6", "--format", "jsonl")) as screen:
        code, rest = screen.end()
    assert code == 0
    assert rest.count('{"position":') == 5


def test_a_terminal_is_told_how_far_a_long_replay_is_and_a_pipe_is_not(
    terminal: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "slow.py").write_text(
        "import time\n"
        "from ledger.events import ProjectOpened\n"
        "from ledger.plugin import Projection, Row, key, on, table\n"
        "class Seen(Row):\n    project: str = key()\n"
        "class Slow(Projection):\n"
        "    seen = table(Seen)\n"
        "    @on(ProjectOpened)\n"
        "    def opened(self, event, entry):\n"
        "        time.sleep(0.0006)\n"
        "        self.seen.edit(event.project)\n",
        encoding="utf-8",
    )
    lines = (
        f'{{"do":"project open","project":"p-{n}","title":"T","kind":"short","on":"2025-01-01"}}\n'
        for n in range(2_500)
    )
    terminal.must("--no-plugins", "apply", "-", stdin="".join(lines))
    with typed(terminal.command("replay", "--projection", "slow")) as screen:
        shown = screen.until("Replayed 2,510 events through 1")
        assert re.search(r"replaying █+░+ +\d\d%  #[12],\d\d\d of #2,510\r", shown)
        assert "\r\x1b[KReplayed" in shown, "in its place, and gone when it is done"
        screen.until("> ")
        screen.type("\x04")
        assert screen.end()[0] == 0
    assert "replaying" not in terminal.program("replay", "--projection", "slow").err


def test_a_reader_that_goes_away_is_no_failure(terminal: Terminal) -> None:
    ours, theirs = pty.openpty()
    left, right = os.pipe()
    os.close(left)
    program = subprocess.Popen(
        terminal.command("replay", "--step", "--from", "1"), stdin=theirs, stdout=right,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    os.close(right)
    os.close(theirs)
    _, err = program.communicate(timeout=60)
    os.close(ours)
    assert program.returncode == 0
    assert b"rror" not in err
