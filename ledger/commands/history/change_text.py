"""An event's effect on an entity in words: `rescheduled from 2025-07-01..14 to 2025-07-08..21`.

A deed describes the fields that one event set. Known event types are described in the studio's
words; any other field is shown with its old and new value.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ledger.commands.entries import in_words
from ledger.commands.event_text import difference_words, stock_words
from ledger.commands.history.field_text import (
    event_words,
    name_words,
    short_period,
    when_words,
    words,
)
from ledger.entities import Change
from ledger.entities.bookings import FIGURES
from ledger.events.base import Event, RecordedEvent
from ledger.events.bookings import (
    BookingCancelled,
    BookingConfirmed,
    BookingHeld,
    BookingMerged,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    HoldChallenged,
    HoldPromoted,
    HoldRanked,
    HoldReleased,
    ShootDayReported,
)
from ledger.events.equipment import (
    CustodyTransferred,
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    EquipmentMoved,
    EquipmentPacked,
    EquipmentRetired,
    EquipmentUnpacked,
    LoanProlonged,
    ServiceCompleted,
    ServicePlanned,
    ServiceStarted,
    StockTransferred,
)
from ledger.events.projects import (
    MilestonePlanned,
    MilestoneReached,
    MilestoneWithdrawn,
    ProjectClosed,
)
from ledger.events.reservations import EquipmentSubHired, ReservationReleased
from ledger.events.sites import SpaceDecommissioned, SpaceReopened
from ledger.terminal.sheets import Style
from ledger.time.periods import Period

Changes = dict[str, Change]
"""The changes that one event made, by field. A deed removes those that it describes."""


class Telling:
    """Describes deeds. Instants are shown in the style's zone."""

    def __init__(self, style: Style) -> None:
        self.style = style

    def deeds(self, entry: RecordedEvent, changes: Mapping[str, Change]) -> list[str]:
        """Describe what the event did, in parts; the first names the event."""
        left, event = dict(changes), entry.event
        if entry.undone:
            back = f"{in_words(entry.type)} taken back"
            return [back, *(self._difference(change) for change in left.values())]
        tell = _TOLD.get(type(event))
        told = list(tell(self, event, left)) if tell is not None else []
        return [*told, *(self._difference(change) for change in left.values())]

    def _difference(self, change: Change) -> str:
        name, style = name_words(change.field), self.style
        if isinstance(change.after, Event):
            told = event_words(change.after, style)
            kind = in_words(change.fact.entry.type)
            return f"{kind}: {told}" if told else kind
        since = change.fact.since
        since_words = f" from {when_words(since, style)}" if since is not None else ""
        before, after = (self.value(change.field, v) for v in (change.before, change.after))
        if change.change == "kept":
            between = [self.value(change.field, s.value) for s in change.steps[:-1]]
            path = f", in between {', '.join(dict.fromkeys(between))}" if between else ""
            return f"{name} {after} as before{path}"
        if change.before is None:
            return f"{name} {after}{since_words}"
        return f"{name} {before} {style.arrow} {after}{since_words}"

    def value(self, field: str, value: Any) -> str:
        """A value in a sentence."""
        if isinstance(value, Period):
            return short_period(value)
        return words(field, value, self.style)

    def way(self, change: Change) -> str:
        """The path of a change: its first value, those in between, and its last."""
        values = [change.before, *(step.value for step in change.steps)]
        if values[-1] != change.after:
            values.append(change.after)
        told = [self.value(change.field, v) for v in values if v is not None]
        if len(told) > _MOST_STOPS:
            told = [told[0], f"{len(told) - 2} stops", told[-1]]
        return f" {self.style.arrow} ".join(told)


_MOST_STOPS = 5
"""Most places of a path that are named one by one."""

Tell = Callable[[Telling, Any, Changes], Iterator[str]]


def _take(left: Changes, *fields: str) -> None:
    """Drop fields that need no words of their own: a confirmed booking has no rank."""
    for field in [f for f in left if f in fields or f.partition(".")[0] in fields]:
        del left[field]


# --- bookings ----------------------------------------------------------------------------


def _rescheduled(telling: Telling, event: BookingRescheduled, left: Changes) -> Iterator[str]:
    space, period = left.pop("space", None), left.pop("period", None)
    if period is not None and period.change == "changed":
        before, after = (telling.value("period", v) for v in (period.before, period.after))
        yield f"rescheduled from {before} to {after}"
    if space is not None and space.change == "changed":
        yield f"moved from {space.before} to {space.after}"
    if space is not None and period is None and space.change == "kept":
        yield f"moved, then back to {space.after}"
    if period is not None and period.change == "kept":
        yield f"rescheduled, then back to {telling.value('period', period.after)}"


_OF_A_HOLD = ("rank", "expires_at", "challenged-by", "challenges")


def _status(word: str) -> Tell:
    def tell(telling: Telling, event: Event, left: Changes) -> Iterator[str]:
        status = left.pop("status", None)
        _take(left, *_OF_A_HOLD)
        if status is not None:
            yield word

    return tell


def _held(telling: Telling, event: BookingHeld, left: Changes) -> Iterator[str]:
    _take(left, "status", "space", "project", "period", "units", "plan")
    rank, part = left.pop("rank", None), left.pop("split-from", None)
    yield f"held, rank {rank.after}" if rank is not None and rank.after else "held"
    if part is not None:
        yield f"split from {event.split_from}"
    if left.pop("job", None) is not None:
        yield f"for job {event.job}"


def _released(telling: Telling, event: HoldReleased, left: Changes) -> Iterator[str]:
    left.pop("status", None)
    _take(left, *_OF_A_HOLD)
    yield event.cause
    if event.cause == "lapsed":
        yield "the challenge was not answered"


def _challenged(telling: Telling, event: HoldChallenged, left: Changes) -> Iterator[str]:
    due = telling.style.text(event.answer_by)
    if left.pop(f"challenged-by.{event.by}", None) is not None:
        yield f"challenged by {event.by}, to answer by {due}"
    if left.pop(f"challenges.{event.booking}", None) is not None:
        yield f"challenged {event.booking}, which must answer by {due}"


def _promoted(telling: Telling, event: HoldPromoted, left: Changes) -> Iterator[str]:
    rank = left.pop("rank", None)
    if rank is not None:
        yield f"moved up from rank {rank.before} to {rank.after}"


def _ranked(telling: Telling, event: HoldRanked, left: Changes) -> Iterator[str]:
    rank = left.pop("rank", None)
    if rank is not None:
        what = "ranked by the house" if event.cause == "set" else "moved down"
        yield f"{what}, from rank {rank.before} to {rank.after}"


def _merged(telling: Telling, event: BookingMerged, left: Changes) -> Iterator[str]:
    _take(left, "status", "merged-into", *_OF_A_HOLD)
    yield f"merged into {event.into}"


def _started(telling: Telling, event: BookingStarted, left: Changes) -> Iterator[str]:
    _take(left, "status", "started_on")
    yield f"started on {event.on}"
    if event.still_in is not None:
        yield f"{event.still_in} was still in"


def _wrapped(telling: Telling, event: BookingWrapped, left: Changes) -> Iterator[str]:
    _take(left, "status", "wrapped_on")
    period = left.pop("period", None)
    yield f"wrapped on {event.on}"
    if event.was_period.end < event.period.end:
        yield f"overran its days, {short_period(event.was_period)}"
        if event.overran:
            yield f"those of {', '.join(event.overran)} too"
    elif period is not None and period.change == "changed":
        yield f"used {telling.value('period', period.after)} of {short_period(event.was_period)}"


def _reported(telling: Telling, event: ShootDayReported, left: Changes) -> Iterator[str]:
    report = left.pop(f"shoot-day.{event.day}", None)
    if report is None:
        return
    if report.before is None:
        yield f"shoot day {event.day} reported"
        yield telling.value(report.field, report.after)
        return
    differing = (
        difference_words(name, report.before[name], report.after[name], telling.style)
        for name in FIGURES
        if report.before[name] != report.after[name]
    )
    yield f"report of {event.day} corrected: {', '.join(differing) or 'the same again'}"


# --- equipment ---------------------------------------------------------------------------


def _moved(telling: Telling, event: EquipmentMoved, left: Changes) -> Iterator[str]:
    place = left.pop("place", None)
    if place is None:
        return
    via = place.fact.via
    went = f"went along in {via}: " if via is not None else "moved "
    if place.change == "kept":
        stops = (
            f"to {telling.value('place', step.value)} on {when_words(step.since, telling.style)}"
            for step in place.steps
            if step.since is not None
        )
        yield f"{went}{', then '.join(stops)}"
        return
    when = place.fact.since
    on = f" on {when_words(when, telling.style)}" if when is not None else ""
    yield f"{went}{telling.way(place)}{on}"


def _packed(telling: Telling, event: EquipmentPacked, left: Changes) -> Iterator[str]:
    if left.pop("contents", None) is not None:
        yield f"{event.equipment} put in"
        return
    left.pop("container", None)
    place = left.pop("place", None)
    at = f", {telling.way(place)}" if place is not None else f" at {event.place}"
    yield f"packed into {event.container}{at}"


def _unpacked(telling: Telling, event: EquipmentUnpacked, left: Changes) -> Iterator[str]:
    if left.pop("contents", None) is not None:
        yield f"{event.equipment} taken out"
        return
    _take(left, "container", "place")
    yield f"taken out of {event.container} at {event.place}"


def _retired(telling: Telling, event: EquipmentRetired, left: Changes) -> Iterator[str]:
    _take(left, "status", "place")
    yield f"retired at {event.place}"


def _checked_out(telling: Telling, event: EquipmentCheckedOut, left: Changes) -> Iterator[str]:
    _take(left, "custodian", "booking", "due_at")
    due = when_words(event.due_at, telling.style)
    what = "lent" if event.booking is None else "checked out"
    loan = "" if event.booking is None else f" for {event.booking}"
    yield f"{what} to {event.custodian}{loan}{_inside(event.within)}, due {due}"


def _inside(case: str | None) -> str:
    return "" if case is None else f" in {case}"


def _prolonged(telling: Telling, event: LoanProlonged, left: Changes) -> Iterator[str]:
    _take(left, "custodian", "booking", "due_at")
    due, was = (when_words(one, telling.style) for one in (event.due_at, event.was_due_at))
    yield f"prolonged to {due}" if event.was_due_at < event.due_at else f"due earlier, {due}"
    yield f"it was due {was}"


def _checked_in(telling: Telling, event: EquipmentCheckedIn, left: Changes) -> Iterator[str]:
    custodian = left.pop("custodian", None)
    _take(left, "booking", "due_at")
    loan = "given back" if event.booking is None else f"checked in from {event.booking}"
    yield f"{loan}{_inside(event.within)}"
    if custodian is not None and custodian.before:
        yield f"{custodian.before} had it"


def _handed_over(telling: Telling, event: CustodyTransferred, left: Changes) -> Iterator[str]:
    left.pop("custodian", None)
    yield f"handed over {f'from {event.was} ' if event.was else ''}to {event.custodian}"


def _service(
    telling: Telling, event: ServiceStarted | ServiceCompleted, left: Changes
) -> Iterator[str]:
    left.pop(f"service.{event.kind}", None)
    if isinstance(event, ServiceStarted):
        yield f"{event.kind} started"
        return
    left.pop("calibrated_until", None)
    valid = event.valid_until
    yield f"{event.kind} completed"
    if valid is not None:
        yield f"valid until {when_words(valid, telling.style)}"


def _service_planned(telling: Telling, event: ServicePlanned, left: Changes) -> Iterator[str]:
    _take(left, "service-plan")
    dropped = " dropped" if event.dropped else ""
    yield f"plan of {event.kind}{dropped}: {telling.value('period', event.period)}"


def _transferred(telling: Telling, event: StockTransferred, left: Changes) -> Iterator[str]:
    if left.pop("contents", None) is not None:
        went = "put in" if event.how == "packed" else "taken out"
        yield f"{event.quantity:,} {event.equipment} {went}"
        return
    left.pop("pieces", None)
    yield ", ".join(stock_words(event, telling.style))


def _released_equipment(
    telling: Telling, event: ReservationReleased, left: Changes
) -> Iterator[str]:
    left.pop("status", None)
    yield "released"


def _hired(telling: Telling, event: EquipmentSubHired, left: Changes) -> Iterator[str]:
    if not event.quantity and left.pop("quantity", None) is not None:
        yield "not hired after all"


# --- projects, spaces, closures ----------------------------------------------------------


def _planned(telling: Telling, event: MilestonePlanned, left: Changes) -> Iterator[str]:
    planned = left.pop(f"planned.{event.milestone}", None)
    if planned is not None and planned.change == "changed":
        yield f"milestone {event.milestone} moved from {planned.before} to {planned.after}"
    elif planned is not None:
        again = " as before" if planned.change == "kept" else ""
        yield f"milestone {event.milestone} planned for {event.on}{again}"


def _reached(telling: Telling, event: MilestoneReached, left: Changes) -> Iterator[str]:
    left.pop(f"reached.{event.milestone}", None)
    yield f"milestone {event.milestone} reached on {event.on}"


def _withdrawn(telling: Telling, event: MilestoneWithdrawn, left: Changes) -> Iterator[str]:
    planned = left.pop(f"planned.{event.milestone}", None)
    reached = left.pop(f"reached.{event.milestone}", None)
    yield f"milestone {event.milestone} withdrawn"
    if reached is not None and reached.before is not None:
        yield f"it had been reported as reached on {reached.before}"
    elif planned is not None and planned.before is not None:
        yield f"it was planned for {planned.before}"


def _closed(telling: Telling, event: ProjectClosed, left: Changes) -> Iterator[str]:
    _take(left, "status", "closed_on", "outcome")
    yield f"closed on {event.on} as {event.outcome}"


def _decommissioned(telling: Telling, event: SpaceDecommissioned, left: Changes) -> Iterator[str]:
    left.pop("out_of_service_on", None)
    yield f"out of service from {event.on}"


def _reopened(telling: Telling, event: SpaceReopened, left: Changes) -> Iterator[str]:
    _take(left, "status", "period")
    was = short_period(event.was)
    if event.was.start < event.period.start:
        left_of_it = Period.between(event.was.start, event.period.start, event.was.zone)
        yield f"cut short from {was} to {short_period(left_of_it)}"
    else:
        yield "called off"
        yield f"it was planned for {was}"


_TOLD: dict[type[Event], Tell] = {
    BookingHeld: _held,
    HoldChallenged: _challenged,
    HoldReleased: _released,
    HoldPromoted: _promoted,
    HoldRanked: _ranked,
    BookingConfirmed: _status("confirmed"),
    BookingRescheduled: _rescheduled,
    BookingStarted: _started,
    ShootDayReported: _reported,
    BookingWrapped: _wrapped,
    BookingCancelled: _status("cancelled"),
    BookingMerged: _merged,
    EquipmentMoved: _moved,
    EquipmentPacked: _packed,
    EquipmentUnpacked: _unpacked,
    EquipmentRetired: _retired,
    EquipmentCheckedOut: _checked_out,
    EquipmentCheckedIn: _checked_in,
    CustodyTransferred: _handed_over,
    ServiceStarted: _service,
    ServiceCompleted: _service,
    ServicePlanned: _service_planned,
    LoanProlonged: _prolonged,
    StockTransferred: _transferred,
    ReservationReleased: _released_equipment,
    EquipmentSubHired: _hired,
    MilestonePlanned: _planned,
    MilestoneReached: _reached,
    MilestoneWithdrawn: _withdrawn,
    ProjectClosed: _closed,
    SpaceDecommissioned: _decommissioned,
    SpaceReopened: _reopened,
}
