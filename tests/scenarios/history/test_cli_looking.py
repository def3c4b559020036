"""Looking from the terminal: the log, one thing's history, views as of then, the doctor."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.terminal import Terminal, studio

QUARANTINED = '''
"""A plugin whose handler raises."""
from ledger.events import ProjectOpened
from ledger.plugin import Projection, Row, key, on, table, view

class Seen(Row):
    project: str = key()

class Broken(Projection):
    seen = table(Seen)

    @on(ProjectOpened)
    def opened(self, event, entry):
        if event.project == "bad":
            raise ValueError("no such thing")
        self.seen.edit(event.project)

    @view("What was seen?")
    def what_was_seen(self) -> list[Seen]:
        """What was seen."""
        return self.seen.rows()
'''


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A studio in a file."""
    return studio(sqlite_url)


def test_the_log_is_narrowed_by_what_by_whom_and_by_when(terminal: Terminal) -> None:
    def positions(*words: str) -> list[int]:
        return [event["position"] for event in terminal.must("log", "--json", *words).data]

    assert positions() == list(range(1, 11))
    assert positions("--type", "SpaceCommissioned") == [4, 5]
    assert positions("--type", "SpaceCommissioned", "--type", "ProjectOpened") == [4, 5, 6]
    assert positions("--tag", "space:stage-1", "--tag", "project:wild") == [7, 8, 9]
    assert positions("--actor", "ada", "--limit", "2") == [9, 10]
    assert positions("--actor", "eve") == []
    # In the studio's time: the booking of July, the hold of August, the item of 2024.
    assert positions("--since", "2025-07-14", "--until", "2025-07-31") == [7, 8]
    assert positions("--since", "2025-07-15") == [9]
    assert positions("--until", "2024-01-01") == [4, 5, 10]
    assert positions("--since", "2025-07-14T23:59+08:00", "--until", "2025-07-20") == [7, 8]
    assert positions("--as-of", "4") == [1, 2, 3, 4]
    assert positions("--as-of", "2999-01-01") == list(range(1, 11))


def test_show_tells_a_history_and_asks_which_where_it_cannot_know(terminal: Terminal) -> None:
    by_id = terminal.must("show", "b-1", "--json").data
    assert [event["type"] for event in by_id] == ["BookingHeld", "BookingConfirmed"]
    assert terminal.must("show", "booking:b-1", "--json").data == by_id
    terminal.must("project", "open", "stage-1", "--title", "Stage 1, the film", "--kind", "short",
                  "--on", "2025-01-01")  # fmt: skip
    unclear = terminal.run("show", "stage-1")
    assert unclear.code == 2
    assert "space:stage-1 or project:stage-1" in unclear.err
    one = terminal.must("show", "8").out
    assert "BookingConfirmed" in one
    assert '"booking":"b-1"' in one


def test_a_view_as_of_then_knows_what_was_known_then(terminal: Terminal) -> None:
    now = terminal.must("view", "bookings", "--json").data
    then = terminal.must("view", "bookings", "--as-of", "7", "--json")
    assert [row["state"] for row in now] == ["confirmed", "held"]
    assert [row["state"] for row in then.data] == ["held"]
    assert "as of #7" in then.err
    assert terminal.must("view", "bookings", "--as-of", "2001-01-01", "--json").data == []
    assert terminal.must("view", "bookings", "--space", "stage-2", "--json").data == []
    assert "--space" in terminal.must("view", "bookings", "--help").out


def test_a_repeated_request_answers_as_before_and_another_command_is_refused(
    terminal: Terminal,
) -> None:
    words = ("project", "open", "p-2", "--title", "Two", "--kind", "series", "--on", "2025-01-01",
             "--request", "k-1", "--json")  # fmt: skip
    first, again = terminal.must(*words), terminal.must(*words)
    assert again.data == first.data
    assert "already done" in again.err
    other = terminal.run(*words[:2], "p-3", *words[3:])
    assert other.code == 1
    assert "k-1" in other.err
    refused = terminal.run("init", "--request", "k-2")
    assert refused.code == 1
    made = Terminal(str(Path(terminal.ledger).with_name("second.db")))
    origin = ("init", "--origin", "second", "--request", "k-2", "--json")
    assert made.must(*origin).data == made.must(*origin).data
    assert made.run("init", "--origin", "third", "--request", "k-2").code == 1


def test_a_dry_run_of_init_makes_nothing(tmp_path: Path) -> None:
    terminal = Terminal(str(tmp_path / "new.db"))
    assert terminal.must("init", "--dry-run", "--json").data[0]["position"] is None
    assert list(tmp_path.iterdir()) == []


# --- the doctor ---------------------------------------------------------------------------


def _doctor(terminal: Terminal) -> tuple[int, dict[str, str]]:
    done = terminal.run("doctor", "--json")
    return done.code, {row["check"]: row["state"] for row in done.data}


def test_the_doctor_is_content_on_both_databases(ledger_url: str) -> None:
    terminal = Terminal(ledger_url)
    terminal.must("init")
    code, states = _doctor(terminal)
    assert code == 0
    assert {"ledger", "database", "append-only guard", "positions", "events"} <= set(states)
    assert set(states.values()) == {"ok"}


def test_the_doctor_finds_a_missing_guard_and_a_missing_event(terminal: Terminal) -> None:
    with sqlite3.connect(terminal.ledger) as database:
        database.execute("DROP TRIGGER event_no_delete")
    database.close()
    code, states = _doctor(terminal)
    assert code == 3
    assert states["append-only guard"] == "bad"
    assert states["positions"] == "ok"
    with sqlite3.connect(terminal.ledger) as database:
        database.execute("DELETE FROM event WHERE position = 5")
    database.close()
    code, states = _doctor(terminal)
    assert code == 3
    assert states["positions"] == "bad"
    assert len(terminal.must("log", "--json").data) == 9, "what is left can still be read"


def test_the_doctor_needs_no_plugin(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "rude.py").write_text("raise SystemExit(7)\n", encoding="utf-8")
    assert _doctor(terminal)[0] == 0
    assert "rude" not in terminal.run("doctor").err
    for words in (("log", "--limit", "1"), ("show", "b-1"), ("plugin", "list"), ("view",)):
        assert "rude" not in terminal.must(*words).err
    checked = terminal.run("plugin", "check", "--json")
    assert checked.code == 3
    assert {row["plugin"]: row["state"] for row in checked.data}["rude"] == "wrong"
    assert "rude is not in use" in terminal.must("views", "status").err
    assert "rude" not in terminal.must("--no-plugins", "views", "status").err
    terminal.must("plugin", "disable", "rude")
    assert terminal.must("views", "status").err == ""
    assert terminal.must("plugin", "check").code == 0


def test_a_stale_view_says_since_when_and_ends_with_5(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "broken.py").write_text(QUARANTINED, encoding="utf-8")
    assert terminal.must("view", "what-was-seen", "--json").data == [{"project": "wild"}]
    terminal.must("project", "open", "bad", "--title", "Bad", "--kind", "short", "--on",
                  "2025-01-01")  # fmt: skip
    stale = terminal.run("view", "what-was-seen", "--json")
    assert stale.code == 5
    assert stale.data == [{"project": "wild"}]
    assert "stale since #11" in stale.err
    status = terminal.run("views", "status", "--json")
    assert status.code == 5
    assert {row["projection"]: row["state"] for row in status.data}["broken"] == "quarantined"
    assert terminal.run("view", "bookings").code == 0
    assert _doctor(terminal)[1]["view tables: broken"] == "warn"


def test_verbose_shows_where(terminal: Terminal) -> None:
    done = terminal.run("--verbose", "show", "999")
    assert done.code == 2
    assert "Traceback" in done.err
    assert done.err.rstrip().splitlines()[-1].startswith("error: ")
