"""Build the demo's ledger. Every step goes through the same decision as a user's command."""

from collections.abc import Callable

import msgspec

from ledger.application import Author, Extensions, Ledger
from ledger.decisions import STUDIO_DECISIONS
from ledger.demo.bookings import record_bookings, record_closings, record_open_questions
from ledger.demo.equipment import record_equipment
from ledger.demo.facts import facts, record_campus, record_projects
from ledger.demo.promises import record_promises
from ledger.demo.published import record_claims, record_expos
from ledger.demo.schedule import plan
from ledger.demo.spring import record_spring
from ledger.demo.steps import BEGINS, ZONE, Dice, Step, Steps, at
from ledger.errors import LedgerExists, NotALedger
from ledger.events import ShootDayReported
from ledger.events.base import Query
from ledger.tags import tag
from ledger.time.periods import ManualClock

SEED = 20230501
ORIGIN = "studio-ledger.example/demo/yongchuan"

Told = Callable[[int, int], None]
"""Called with the number of steps done and the total."""


def all_steps() -> list[Step]:
    """Return everything that happens in the demo, in time order."""
    dice = Dice(SEED)
    blocks, closings = plan(dice)
    steps, known = Steps(), facts()
    record_campus(steps, known)
    record_projects(steps, known)
    record_claims(steps, known)
    record_expos(steps, known)
    record_closings(steps, closings)
    record_bookings(steps, blocks, dice)
    record_open_questions(steps)
    record_spring(steps, known["site"]["id"])
    record_equipment(steps, blocks, closings)
    record_promises(steps)
    return list(steps)


def left_out(extensions: Extensions | None) -> tuple[str, ...]:
    """Return the demo's commands that no plugin in use adds, sorted."""
    known = _known(extensions)
    words = dict.fromkeys(step.words for step in all_steps())
    return tuple(sorted(one for one in words if one not in known))


def _known(extensions: Extensions | None) -> set[str]:
    added = extensions.decisions if extensions else ()
    return {decision.words() for decision in (*STUDIO_DECISIONS, *added)}


def build(
    where: str,
    *,
    extensions: Extensions | None = None,
    told: Told = lambda done, total: None,
) -> Ledger:
    """Create the demo's ledger at a path or URL, or complete one; return it open.

    Every step carries a request key, so that an interrupted build continues where it
    stopped. The steps of plugins that are not in use are left out (`left_out`). Raises
    `LedgerExists` if another ledger is there.
    """
    clock = ManualClock(at(BEGINS, 7, 55))
    try:
        ledger = Ledger.create(
            where,
            origin=ORIGIN,
            zone_name=ZONE,
            demo=True,
            author=Author("demo"),
            extensions=extensions,
            clock=clock,
        )
    except LedgerExists:
        ledger = _reopen(where, extensions, clock)
    try:
        _take(ledger, clock, told)
    except BaseException:
        ledger.close()
        raise
    return ledger


def _take(ledger: Ledger, clock: ManualClock, told: Told) -> None:
    steps = all_steps()
    # A step's number does not depend on the plugins in use.
    numbered = list(enumerate(steps, start=1))
    known, studio = _known(ledger.extensions), _known(None)
    if _is_done(ledger, max(number for number, step in numbered if step.words in studio)):
        return
    reports: dict[tuple[str, str], int] = {}
    for number, step in numbered:
        told(number, len(steps))
        if step.words not in known:
            continue
        clock.set(step.at)
        command = dict(step.command)
        if step.corrects_report:
            command["corrects"] = reports[command["booking"], command["day"]]
        decision = ledger.wire.decode(msgspec.json.encode(command))
        outcome = ledger.decide(decision, Author(step.actor, step.reason, _request(number)))
        for entry in outcome.events:
            if isinstance(entry.event, ShootDayReported):
                reports[entry.event.booking, str(entry.event.day)] = entry.position


def _reopen(where: str, extensions: Extensions | None, clock: ManualClock) -> Ledger:
    try:
        ledger = Ledger.open(where, extensions=extensions, clock=clock)
    except NotALedger:
        raise LedgerExists(where) from None
    if not (ledger.opened.demo and ledger.opened.origin == ORIGIN):
        ledger.close()
        raise LedgerExists(where)
    return ledger


def _is_done(ledger: Ledger, step: int) -> bool:
    last = Query((tag("request", _request(step)),))
    return any(ledger.log.read([last], limit=1))


def _request(number: int) -> str:
    return f"demo/{number}"
