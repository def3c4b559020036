"""Several programs catch up at once, and are killed: each event is applied once."""

import os
import random
import signal
import subprocess
import sys

from ledger.log.eventlog import EventLog
from ledger.projections import replay
from tests.sources import ROOT
from tests.unit.projections.conftest import OpenViews, Record
from tests.unit.projections.sample import CrewHours, shoot_day

DAYS = 600


def start(ledger_url: str, batch: int) -> "subprocess.Popen[str]":
    """A program that waits for its signal."""
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.projections.follower_program", ledger_url, str(batch)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    return program


def cue(program: "subprocess.Popen[str]") -> None:
    """Let it begin."""
    assert program.stdin is not None
    program.stdin.write("\n")
    program.stdin.flush()


def check_equal(open_views: OpenViews, log: EventLog) -> None:
    """The live view equals the replayed one: nothing was applied twice or left out."""
    answer = open_views(CrewHours).answer("crew-hours")
    assert answer.rows == replay(CrewHours, log).projection.months.rows()
    assert answer.as_of == DAYS + 1


def test_two_programs_at_once_apply_each_event_once(
    ledger_url: str, log: EventLog, record: Record, open_views: OpenViews
) -> None:
    record([shoot_day(f"s-{n % 7}", n) for n in range(DAYS)])
    programs = [start(ledger_url, 5) for _ in range(2)]
    for program in programs:
        cue(program)
    steps, lost = [], 0
    for program in programs:
        shown, _ = program.communicate(timeout=60)
        assert program.returncode == 0
        *positions, last = shown.splitlines()
        steps.append(len(positions))
        lost += int(last.split()[1])
    assert all(steps), "both took part"
    assert lost, "they met at least once"
    check_equal(open_views, log)


def test_killed_at_any_moment_it_goes_on_where_it_was(
    ledger_url: str, log: EventLog, record: Record, open_views: OpenViews
) -> None:
    record([shoot_day(f"s-{n % 7}", n) for n in range(DAYS)])
    chance = random.Random(7)
    reached = []
    for _ in range(4):
        program = start(ledger_url, 3)
        cue(program)
        assert program.stdout is not None
        # killed right after a commit was reported: in the middle of the next batch
        for _ in range(chance.randint(1, 40)):
            line = program.stdout.readline()
            if not line or line.startswith("lost"):
                break
            reached.append(int(line))
        program.send_signal(signal.SIGKILL)
        program.communicate(timeout=60)
        (status,) = open_views(CrewHours).status()
        assert status.position >= max(reached)
    assert max(reached) < DAYS, "it was killed on the way"
    assert reached == sorted(set(reached)), "no position was reached twice"
    check_equal(open_views, log)
