"""The naive model's judgement of a command for several bookings, or a job: all or none."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from itertools import count

from msgspec.structs import replace

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import PlaceHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.several import SeveralBookings
from tests.properties.models.booking_judge import all_of, judge, slots_of
from tests.properties.models.booking_model import FIRST_DAY, Booked, Model, expired
from tests.properties.models.booking_wishes import when_of

WEEK = 14
"""Half days."""


def judge_all(model: Model, decision: Decision, now: datetime) -> set[str]:
    """Return the names of all correct refusals; if there are none, the model carries it out."""
    trial = deepcopy(model)
    if isinstance(decision, PlaceHold):
        reasons = _hold_all(trial, decision, now)
    elif isinstance(decision, SeveralBookings):
        reasons = _command_all(trial, decision, now)
    else:
        reasons = judge(trial, decision, now)
    if not reasons:
        model.booked, model.turn = trial.booked, trial.turn
    return reasons


def members(model: Model, job: str) -> list[Booked]:
    """Return the bookings of a job, also those that are over."""
    return [one for one in model.booked.values() if one.job == job]


def meant(model: Model, named: str | tuple[str, ...], now: datetime) -> list[str]:
    """Return the bookings that a command is for: of a job those that are not over."""
    found: list[str] = []
    for id in all_of(named):
        found += [id] if id in model.booked else _left(model, id, now)
    return found


def _left(model: Model, job: str, now: datetime) -> list[str]:
    return [
        one.id
        for one in members(model, job)
        if one.state in ("confirmed", "started") or (one.state == "held" and not expired(one, now))
    ]


def _command_all(model: Model, decision: SeveralBookings, now: datetime) -> set[str]:
    if not all(meant(model, id, now) for id in all_of(decision.booking)):
        return {"JobIsOver"}
    found = meant(model, decision.booking, now)
    if len(set(found)) < len(found):
        return {"BadInput"}
    if isinstance(decision, MoveBooking) and decision.when is not None:
        times = {(model.booked[id].start, model.booked[id].end) for id in found}
        if len(times) > 1:
            return {"NotAtOneTime"}
    if len(found) > 1:
        model.put_off = []
    for id in found:
        if reasons := judge(model, replace(decision, booking=id), now):
            return reasons
    return {reason for check in model.put_off or () for reason in model.no_room(*check)}


def _hold_all(model: Model, decision: PlaceHold, now: datetime) -> set[str]:
    there = members(model, decision.job) if decision.job is not None else []
    if there and there[-1].project != decision.project:
        return {"OtherProject"}
    holds = holds_of(model, decision)
    refused = [judge(model, one, now) for one in holds]
    if len(holds) == 1:
        return refused[0]
    return {"SomeRefused"} if any(refused) else set()


def holds_of(model: Model, decision: PlaceHold) -> list[PlaceHold]:
    """Return the holds of one booking each that a command asks for."""
    spaces = all_of(decision.space)
    start, end = slots_of(decision.when)
    until = (decision.until - FIRST_DAY).days if decision.until is not None else start // 2
    starts = range(start, 2 * until + 2, WEEK) if decision.every else [start]
    if len(spaces) * len(starts) == 1 and decision.job is None:
        return [decision]
    job = decision.job or str(decision.booking)
    numbers = count(len(members(model, job)) + 1)
    ids = (id for n in numbers if (id := f"{job}-{n}") not in model.booked)
    return [
        replace(
            decision, space=space, when=when_of(first, first + end - start), booking=next(ids),
            job=job, every=None, until=None,
        )
        for first in starts
        for space in spaces
    ]  # fmt: skip
