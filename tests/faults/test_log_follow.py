"""`log --follow` beside real writers: nothing missed, nothing twice, in order, until it is left."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from ledger.application import Ledger
from ledger.events import MilestonePlanned
from ledger.events.base import Header
from tests.faults.programs.racing import append_without_condition
from tests.sources import ROOT
from tests.terminal import Terminal, studio

NOBODY = 65_534
ENOUGH = 120
"""Events of the writers that a follower is made to see."""


@pytest.fixture
def terminal(ledger_url: str) -> Terminal:
    """A studio of ten events, on each database."""
    return studio(ledger_url)


@contextmanager
def follower(
    terminal: Terminal, *words: str, program: str | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """`log --follow` as a program of its own, with pipes; killed where the test left it."""
    python, launcher, *command = terminal.command("log", "--follow", *words)
    first = [python, launcher] if program is None else [python, "-c", program]
    process = subprocess.Popen(
        [*first, *command],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,  # a table would be as wide as the terminal of the test run
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def writers(url: str, count: int = 2) -> Iterator[None]:
    """Processes that keep recording milestones of projects of their own, as `writer-N`."""
    context = get_context("spawn")
    stop, results = context.Event(), context.Queue()
    processes = [
        context.Process(target=append_without_condition, args=(url, n, stop, results))
        for n in range(count)
    ]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        stop.set()
        for process in processes:
            process.join(60)
            assert process.exitcode == 0
        assert all(results.get(timeout=10) for _ in processes)


def lines_of(process: subprocess.Popen[bytes], count: int) -> list[bytes]:
    """The next lines of a follower; it hangs, and the test with it, where they do not come."""
    assert process.stdout is not None
    return [process.stdout.readline() for _ in range(count)]


def left(process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    """Ctrl-C; how it ended, and what it still wrote."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def record(url: str, milestone: str, project: str = "wild", corrects: int | None = None) -> int:
    """Record one event more; its position."""
    with Ledger.open(url) as ledger:
        event = MilestonePlanned(project=project, milestone=milestone, on=date(2026, 1, 1))
        (entry,) = ledger.log.append([(event, Header(actor="li", corrects=corrects))])
        return entry.position


def test_nothing_is_missed_doubled_or_out_of_order_beside_two_writers(
    terminal: Terminal, ledger_url: str
) -> None:
    with follower(terminal, "--format", "line") as process, writers(ledger_url):
        seen = lines_of(process, 10 + ENOUGH)
        # Between what was there and what comes is no seam.
        code, rest, err = left(process)
    whole = [line.rstrip(b"\n") for line in seen] + rest.splitlines()
    assert whole == terminal.lines()[: len(whole)]
    assert len(whole) >= 10 + ENOUGH
    assert (code, err) == (130, b""), "left as journalctl is: with 130 and no word"


def test_filters_hold_for_what_was_and_for_what_comes(terminal: Terminal, ledger_url: str) -> None:
    asked = ("--tag", "project:elsewhere-1", "--text", "day", "--actor", "writer-1")
    with (
        follower(terminal, *asked, "--limit", "0", "--format", "jsonl") as process,
        writers(ledger_url),
    ):
        seen = [json.loads(line) for line in lines_of(process, 40)]
    assert {event["actor"] for event in seen} == {"writer-1"}
    every = terminal.must("log", *asked, "--json").data
    positions = [event["position"] for event in every]
    first = positions.index(seen[0]["position"])
    assert every[first : first + 40] == seen


def test_a_table_goes_on_row_by_row(terminal: Terminal, ledger_url: str) -> None:
    with follower(terminal, "--limit", "2", "--type", "MilestonePlanned", "--type",
                  "BookingHeld") as process:  # fmt: skip
        head = lines_of(process, 4)
        assert b"Recorded" in head[0]
        assert [line.split()[0] for line in head[2:]] == [b"7", b"9"]
        for n in (11, 12):
            assert record(ledger_url, f"m-{n}") == n
            (row,) = lines_of(process, 1)
            assert row.split()[0] == str(n).encode()
            assert f"m-{n}".encode() in row
            # The columns of what comes stand below those of what was there.
            assert row.decode().index("MilestonePlanned") == head[0].decode().index("Type")


def test_csv_and_pairs_can_be_followed(terminal: Terminal, ledger_url: str) -> None:
    with (
        follower(terminal, "--limit", "1", "--format", "csv") as rows,
        follower(terminal, "--corrections", "--format", "jsonl") as pairs,
        follower(terminal, "--corrections") as table,
    ):
        start = lines_of(rows, 2)
        title = lines_of(table, 2)
        wrong = record(ledger_url, "wrap")
        record(ledger_url, "wrapped", corrects=wrong)
        text = b"".join([*start, *lines_of(rows, 2)]).decode()
        read = list(csv.DictReader(io.StringIO(text, newline="")))
        assert [row["position"] for row in read] == ["10", "11", "12"]
        (pair,) = map(json.loads, lines_of(pairs, 1))
        assert pair["corrected"]["position"] == wrong
        assert b"Correction" in title[0]
        (row,) = lines_of(table, 1)
        assert "milestone wrap → wrapped" in row.decode()


def test_it_ends_when_nobody_reads_any_more(terminal: Terminal) -> None:
    """Also while nothing is recorded: `log --follow | head -1` comes back."""
    with follower(terminal, "--format", "line") as process:
        lines_of(process, 10)  # all there is: it now waits, and writes nothing
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_on_a_terminal_it_says_how_to_leave_and_has_no_pager(
    sqlite_url: str, tmp_path: Path
) -> None:
    terminal = studio(sqlite_url)
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        terminal.command("log", "-f"), stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, "TERM": "xterm", "PAGER": f"tee {tmp_path}/paged", "LINES": "5",
             "COLUMNS": "100"},
    )  # fmt: skip
    os.close(theirs)
    shown = ""
    while "Ctrl-C ends it" not in shown or "led-a" not in shown:
        shown += os.read(ours, 65_536).decode()
    process.send_signal(signal.SIGINT)
    with suppress(OSError):  # on Linux the end of a terminal is an error
        while piece := os.read(ours, 65_536):
            shown += piece.decode()
    os.close(ours)
    assert process.wait(30) == 130
    assert "following events recorded after #10; Ctrl-C ends it" in shown
    assert "interrupted" not in shown
    assert not (tmp_path / "paged").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--as-of", "3"), "--recorded-since sets the start"),
        (("--json",), "--format jsonl"),
        (("-o", "events.jsonl"), "Redirect the output"),
        (("--corrected",), "log --corrections --follow"),
    ],
)
def test_what_has_an_end_is_not_followed(
    sqlite_url: str, words: tuple[str, ...], told: str
) -> None:
    done = studio(sqlite_url).run("log", "--follow", *words)
    assert done.code == 2
    assert told in done.err


# --- who may only read -----------------------------------------------------------------


_AS_NOBODY = f"""
import os, sys
from ledger.commands import cli
cli.main([*sys.argv[1:5], "log", "--limit", "1", "-o", os.devnull], standalone_mode=False)
print("loaded", file=sys.stderr)
os.seteuid({NOBODY})
cli()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_file_that_may_only_be_read_is_followed() -> None:
    """In a folder where the follower may make no file; each writer opens it, records, closes it.

    So the file is now one that nobody writes and now one in use, and looked at in between.
    """
    folder = Path(tempfile.mkdtemp())  # pytest's own folders nobody else may enter
    try:
        url = str(folder / "studio.db")
        terminal = studio(url)
        (folder / "studio.db").chmod(0o644)
        folder.chmod(0o755)
        with follower(terminal, "--format", "jsonl", program=_AS_NOBODY) as process:
            seen = [json.loads(line)["position"] for line in lines_of(process, 10)]
            for n in range(60):
                record(url, f"m-{n}")
                time.sleep(0.01)
            seen += [json.loads(line)["position"] for line in lines_of(process, 60)]
            code, out, err = left(process)
            assert (code, out, err.partition(b"loaded\n")[2]) == (130, b"", b"")
        assert seen == list(range(1, 71))
    finally:
        shutil.rmtree(folder)


def test_a_role_that_may_only_select_follows(postgres_url: str) -> None:
    terminal = studio(postgres_url)
    place = make_url(postgres_url)
    schema = str(place.query["schema"])
    admin = place.set(drivername="postgresql").difference_update_query(["schema"])
    role = f"auditor_{schema}"
    name, space = sql.Identifier(role), sql.Identifier(schema)
    with psycopg.connect(
        admin.render_as_string(hide_password=False), autocommit=True
    ) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'read'").format(name))
        try:
            connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(space, name))
            connection.execute(
                sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(space, name)
            )
            theirs = place.set(username=role, password="read")
            auditor = Terminal(theirs.render_as_string(hide_password=False))
            with follower(auditor, "--format", "line") as process:
                seen = lines_of(process, 10)
                record(postgres_url, "m-1")
                seen += lines_of(process, 1)
                assert left(process) == (130, b"", b"")
            assert [line.rstrip(b"\n") for line in seen] == terminal.lines()
        finally:
            connection.execute(sql.SQL("DROP OWNED BY {}").format(name))
            connection.execute(sql.SQL("DROP ROLE {}").format(name))
