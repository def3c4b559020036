"""Build the demo's ledger: every step goes through the decision that a user's would."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import msgspec

from ledger.application import Author, Extensions, Ledger
from ledger.demo.bookings import record_bookings, record_closings, record_open_questions
from ledger.demo.equipment import record_equipment
from ledger.demo.facts import facts, record_campus, record_projects
from ledger.demo.schedule import plan
from ledger.demo.steps import BEGINS, ZONE, Dice, Step, Steps, at
from ledger.events import ShootDayReported
from ledger.times import ManualClock

SEED = 20230501
ORIGIN = "studio-ledger.example/demo/yongchuan"


def all_steps() -> list[Step]:
    """Everything that happens in the demo, in the order of its time."""
    dice = Dice(SEED)
    blocks, closings = plan(dice)
    steps, known = Steps(), facts()
    record_campus(steps, known)
    record_projects(steps, known)
    record_closings(steps, closings)
    record_bookings(steps, blocks, dice)
    record_open_questions(steps)
    record_equipment(steps, blocks, closings)
    return list(steps)


def build(
    where: str,
    *,
    extensions: Extensions | None = None,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Ledger:
    """Make the demo's ledger at a path or URL, and return it open.

    `told` hears how many of the steps are done. Raises `LedgerExists` where something is.
    """
    clock = ManualClock(at(BEGINS, 8) - timedelta(minutes=5))
    ledger = Ledger.create(
        where,
        origin=ORIGIN,
        zone_name=ZONE,
        demo=True,
        author=Author("demo"),
        extensions=extensions,
        clock=clock,
        new_id=_numbered(),
    )
    steps = all_steps()
    reports: dict[tuple[str, str], int] = {}
    for number, step in enumerate(steps, start=1):
        clock.set(step.at)
        command = dict(step.command)
        if step.corrects_report:
            command["corrects"] = reports[command["booking"], command["day"]]
        decision = ledger.wire.decode(msgspec.json.encode(command))
        outcome = ledger.decide(decision, Author(step.actor, step.reason))
        for entry in outcome.events:
            if isinstance(entry.event, ShootDayReported):
                reports[entry.event.booking, str(entry.event.day)] = entry.position
        told(number, len(steps))
    return ledger


def _numbered() -> Callable[[str], str]:
    """Ids that are the same on every run: 001, 002, …"""
    numbers: Iterator[int] = iter(range(1, 100_000))
    return lambda prefix: f"{next(numbers):03}"
