"""Days as people say them, wherever a day or a time is typed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ledger.time.clocks import SystemClock
from tests.terminal import Terminal, studio

NOW = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)
"""A late Monday evening in Berlin, where stage 2 is; an early Tuesday in Shanghai, where stage 1
is and whose clock is the ledger's."""


@pytest.fixture
def terminal(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A campus in Shanghai, one in Berlin, a project, a firm booking and a hold."""
    made = studio(sqlite_url)
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)
    return made


def test_a_day_is_read_on_the_clock_of_the_space(terminal: Terminal) -> None:
    for space, days in (("stage-1", "2026-12-01..2026-12-15"), ("stage-2", "2026-11-30")):
        end = "+14" if space == "stage-1" else "today"
        done = terminal.must("booking", "hold", space, "wild", "--days", f"today..{end}",
                             "--booking", f"on-{space}", "--confirm")  # fmt: skip
        zone = "Asia/Shanghai" if space == "stage-1" else "Europe/Berlin"
        assert f"--days today..{end} is " in done.err
        assert f"({zone})" in done.err
        (row,) = terminal.must("view", "bookings", "--space", space, "--on", "today", "--json").data
        assert days in (f"{row['first']}..{row['last']}", row["first"])


def test_what_happened_happened_today_unless_told(terminal: Terminal) -> None:
    terminal.must("booking", "hold", "stage-2", "wild", "--days", "-2..+5", "--booking", "b-9",
                  "--confirm")  # fmt: skip
    started = terminal.must("booking", "start", "b-9", "--on", "sat")
    assert "--on sat is Sat 2026-11-28 (Europe/Berlin)" in started.err
    reported = terminal.must("booking", "report", "b-9", "--setups-shot", "7")
    assert "--day today is Mon 2026-11-30 (Europe/Berlin)" in reported.err
    wrapped = terminal.must("booking", "wrap", "b-9")
    assert "--on today is Mon 2026-11-30 (Europe/Berlin)" in wrapped.err
    # A project has no site: the clock is the ledger's.
    reached = terminal.must("project", "reach", "wild", "delivery")
    assert "--on today is Tue 2026-12-01 (Asia/Shanghai)" in reached.err
    typed = terminal.must("project", "reach", "wild", "release", "--on", "2026-11-20")
    assert "--on" not in typed.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("project", "plan", "wild", "award", "--on", "03-01"), "03-01 is Mon 2027-03-01 (Asia"),
        (("project", "open", "p-2", "--title", "Two", "--kind", "short"), "is Tue 2026-12-01 (A"),
        (("project", "close", "wild", "--outcome", "completed", "--on", "-1", "--dry-run"),
         "--on -1 is Mon 2026-11-30"),
        (("space", "change", "stage-2", "--name", "Two"), "today is Mon 2026-11-30 (Europe"),
        (("space", "close", "stage-2", "--days", "mon..fri", "--kind", "maintenance"),
         "mon..fri is Mon 2026-12-07..Fri 2026-12-11 (Europe/Berlin)"),
        (("equipment", "move", "led-a", "--to", "stage-1", "--at", "yesterday 08:00", "--dry-run",
          "--origin", "stage-1"), "--at yesterday 08:00 is Mon 2026-11-30T08:00 (Asia/Shanghai)"),
        (("view", "calendar", "--site", "north", "--since", "today", "--until", "wed"),
         "--since today is Mon 2026-11-30 (Europe"),
        (("view", "bookings", "--as-of", "yesterday"), "--as-of yesterday is Mon 2026-11-30 (Asia"),
        (("view", "bookings", "--since", "07-01", "--until", "06-30"),
         "--until 06-30 is Wed 2027-06-30"),
        (("view", "equipment", "--equipment", "led-a", "--at", "yesterday 08:00"),
         "--at yesterday 08:00 is Mon 2026-11-30T08:00 (Asia/Shanghai)"),
        (("view", "booked-through", "--space", "stage-2", "--at", "+3"), "Thu 2026-12-03 (Eur"),
        (("view", "free", "--space", "stage-2", "--at", "+3"), "Thu 2026-12-03 (Eur"),
        (("view", "conflicts", "--space", "stage-2", "--at", "+3"), "Thu 2026-12-03 (Eur"),
        (("views", "diff", "bookings", "fri", "--since", "today"), "BEFORE fri is Fri 2026-11-27"),
        (("diff", "mon"), "A mon is Mon 2026-11-30 (Asia/Shanghai)"),
        (("log", "--since", "fri", "--until", "+30"), "--until +30 is Thu 2026-12-31"),
        (("log", "--on", "07-01"), "--on 07-01 is Wed 2026-07-01"),
        (("log", "--recorded-since", "today"), "--recorded-since today is Tue 2026-12-01"),
        (("show", "b-1", "--as-of", "today"), "--as-of today is Tue 2026-12-01"),
        (("replay", "--to", "today", "--view", "bookings --since yesterday"), "yesterday is Mon"),
        (("equipment", "check-out", "led-a", "b-1", "--custodian", "ann", "--due-at", "fri",
          "--dry-run"), "--due-at fri is Fri 2026-12-04"),
    ],
)  # fmt: skip
def test_a_day_can_be_said_wherever_one_is_typed(
    terminal: Terminal, words: tuple[str, ...], told: str
) -> None:
    done = terminal.run(*words)
    assert told in done.err
    assert done.code in (0, 1), done.err  # a rule may refuse it, but it was understood


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("booking", "hold", "stage-1", "wild", "--days", "tomorow"), "Did you mean tomorrow?"),
        (("booking", "hold", "stage-1", "wild", "--days", "02-30"), "'02-30' is not a day"),
        (("booking", "hold", "stage-1", "wild", "--days", "soon"), "or say it: today, tomorrow"),
        (("booking", "hold", "stage-1", "wild", "--from", "mon 08:00", "--to", "mon"),
         "--to mon does not say at what hour"),
        (("booking", "hold", "stage-1", "wild", "--days", "today..-3"), "--days: 2026-11-28 is be"),
        (("view", "bookings", "--since", "13-01"), "--since: '13-01' is not a day"),
        (("view", "bookings", "--as-of", "-3"), "--as-of: '-3' could be days or positions"),
        (("log", "--recorded-since", "+1"), "'+1' could be days or positions"),
        (("log", "--since", "02-30"), "--since: '02-30' is not a day"),
    ],
)  # fmt: skip
def test_what_is_no_day_is_refused_and_nothing_recorded(
    terminal: Terminal, words: tuple[str, ...], told: str
) -> None:
    before = terminal.lines()
    done = terminal.run(*words)
    assert done.code == 2
    assert told in done.err
    assert terminal.lines() == before


@pytest.mark.parametrize(
    "command",
    [
        '{"do": "project open", "project": "x", "title": "X", "kind": "short", "on": "today"}',
        '{"do": "booking hold", "space": "stage-1", "project": "wild", "when": "mon..fri"}',
        '{"do": "booking hold", "space": "stage-1", "project": "wild", "when": "2027-07-01",'
        ' "expires_at": "+3"}',
    ],
)
def test_in_a_file_a_day_is_a_date(terminal: Terminal, command: str) -> None:
    before = terminal.lines()
    done = terminal.run("apply", "-", stdin=command)
    assert done.code == 2
    assert "Write the date: words such as today are read on the command line only" in done.err
    assert terminal.lines() == before
