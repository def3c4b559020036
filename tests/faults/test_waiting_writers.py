"""A writer that waits for another says so, while it waits, to whoever looks on."""

from __future__ import annotations

import os
import pty
import sqlite3
import subprocess
import threading

import pytest

from ledger.application import Author, Ledger
from ledger.decisions.projects import OpenProject
from ledger.log.store.store_urls import sqlite_module
from tests.terminal import Terminal, studio

OPENED = OpenProject(project="new", title="T", kind="feature", on="2025-01-01")  # type: ignore[arg-type]  # read as from a file


def test_it_is_told_while_it_waits_and_only_then(sqlite_url: str) -> None:
    studio(sqlite_url)
    told = threading.Event()
    with Ledger.open(sqlite_url) as ledger:
        ledger.log.tell_waiting(told.set, after_s=0.05)
        ledger.decide(OPENED, Author("ada"))
        assert not told.wait(0.15), "nobody was in the way"
        # The same library: locks of one process do not hold against another in it.
        other = sqlite_module().connect(sqlite_url, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")

        def let_go() -> None:
            assert told.wait(10)
            other.execute("ROLLBACK")

        helper = threading.Thread(target=let_go)
        helper.start()
        more = OpenProject(project="more", title="T", kind="feature", on=OPENED.on)
        (entry,) = ledger.decide(more, Author("ada")).events
        helper.join()
        other.close()
    assert told.is_set()
    assert entry.type == "ProjectOpened"


@pytest.mark.parametrize("seen", [True, False], ids=["terminal", "pipe"])
def test_a_terminal_is_told_and_a_pipe_is_not(sqlite_url: str, seen: bool) -> None:
    terminal: Terminal = studio(sqlite_url)
    ours, theirs = pty.openpty()
    other = sqlite3.connect(sqlite_url, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    program = subprocess.Popen(
        terminal.command("project", "open", "new", "--title", "T", "--kind", "feature",
                         "--on", "2025-01-01"),
        stdout=subprocess.DEVNULL, stderr=theirs if seen else subprocess.PIPE,
    )  # fmt: skip
    os.close(theirs)
    if seen:
        told = os.read(ours, 200)  # arrives while the lock is held, or never
        assert b"waiting for another writer" in told
        other.execute("ROLLBACK")
        assert program.wait(30) == 0
    else:
        with pytest.raises(subprocess.TimeoutExpired):
            program.wait(4.5)
        other.execute("ROLLBACK")
        _, err = program.communicate(timeout=30)
        assert b"waiting" not in err
    other.close()
    os.close(ours)
