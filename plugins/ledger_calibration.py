"""Calibration: what an LED volume needs before a production may rely on it. A plugin of rules.

Both rules are about LED equipment, items whose kind names LED: a studio that registered none is
never in their way. That of a virtual stage was registered there, and has its home there (or
nowhere).

- *A free day*: when a booking becomes firm, or a firm one moves, no day beside it, and none
  of its own, belongs to a booking of another project. On that day the volume is calibrated.
- *A valid calibration*: when a booking starts, or a started one is extended, the last
  completed calibration of each item of the stage is valid until the booking's end, and of each
  LED item that is reserved for the booking until the end of its reservation. It is asked for at
  the start and not at the confirm, since bookings are made months ahead of it.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial

from ledger.events import (
    BookingConfirmed,
    BookingRescheduled,
    BookingStarted,
    EquipmentRegistered,
    EquipmentRetired,
    ServiceCompleted,
    ServiceStarted,
)
from ledger.plugin import (
    Context,
    Days,
    Event,
    FirmBooking,
    Period,
    Refused,
    Rule,
    UnreadableEvent,
    hookimpl,
    read_firm_bookings,
    read_reservations,
    read_space,
    tag,
    zone,
)

VIRTUAL_STAGE = "virtual stage"
_DAY = timedelta(days=1)
_RESOLUTION = timedelta(microseconds=1)  # a day as a deadline ends so long before the next

FirmEvent = BookingConfirmed | BookingRescheduled
RunningBooking = BookingStarted | BookingRescheduled


# --- refusals ----------------------------------------------------------------------------


class NoFreeDay(Refused):
    """Another production has the stage on a day beside this one's."""

    rule = "led-free-day"

    def __init__(self, space: str, booking: str, *, days: Days, other: FirmBooking) -> None:
        super().__init__(
            f"booking {booking!r} on {days} leaves no free day before or after booking "
            f"{other.booking!r} of project {other.project!r} on {other.period} in {space!r}",
            position=other.position,
            advice="Leave a day between two productions, on which the LED volume is calibrated",
        )
        self.space, self.booking, self.days, self.other = space, booking, days, other


class NotCalibrated(Refused):
    """The LED equipment of the stage has no calibration that lasts to the booking's end."""

    rule = "led-calibration"

    def __init__(
        self, equipment: str, booking: str, *, last: date, why: str, position: int
    ) -> None:
        super().__init__(
            f"booking {booking!r} needs {equipment!r} calibrated until its last day, {last}, "
            f"but {why}",
            position=position,
            advice=f"Calibrate it: equipment service {equipment} --kind calibration, then the "
            f"same with --done --valid-until {last}",
        )
        self.equipment, self.booking, self.last = equipment, booking, last


# --- the rules ---------------------------------------------------------------------------


def leave_a_free_day(ctx: Context, proposed: Sequence[Event]) -> None:
    """A day between two productions on a virtual stage. Raises `NoFreeDay`.

    In a batch by its end: the other one may move on.
    """
    for event in proposed:
        if isinstance(event, FirmEvent) and _is_firm(event) and _volumes(ctx, event):
            ctx.check_by_the_end(
                partial(_check_free_day, ctx, event, event.period.days),
                partial(_check_if_there, ctx, event),
            )


def calibrate_first(ctx: Context, proposed: Sequence[Event]) -> None:
    """LED equipment is calibrated to the end of what starts. Raises `NotCalibrated`."""
    for event in proposed:
        if isinstance(event, RunningBooking) and _is_running(ctx, event):
            for volume in _volumes(ctx, event):
                _check_calibrated(ctx, volume, event, event.period)
            for one in read_reservations(ctx, event.booking):
                if one.equipment is not None and _is_led(one.kind):
                    _check_calibrated(ctx, one.equipment, event, one.period)


RULES: tuple[Rule, ...] = (leave_a_free_day, calibrate_first)


@hookimpl
def ledger_rules() -> Sequence[Rule]:
    """The two rules."""
    return RULES


def _check_free_day(ctx: Context, event: FirmEvent, days: Days) -> None:
    for other in _too_close(ctx, event, days):
        raise NoFreeDay(event.space, event.booking, days=days, other=other)


def _check_if_there(ctx: Context, event: FirmEvent) -> None:
    """Check what the booking still has of that time."""
    for one in read_firm_bookings(ctx, event.space, event.period):
        if one.booking == event.booking:
            _check_free_day(ctx, event, one.period.days)


def _is_firm(event: FirmEvent) -> bool:
    return isinstance(event, BookingConfirmed) or event.rank is None


def _is_running(ctx: Context, event: RunningBooking) -> bool:
    """It starts now, or has started and is to end later than it did."""
    if isinstance(event, BookingStarted):
        return True
    return (
        event.rank is None
        and event.was_period.end < event.period.end
        and ctx.last(tag("booking", event.booking), BookingStarted) is not None
    )


def _too_close(ctx: Context, event: FirmEvent, days: Days) -> Iterator[FirmBooking]:
    """The firm bookings of other projects on its days and on those beside them.

    Who moves is not kept where it is by a neighbour that it had already: from before these
    rules, say. Reads the months that these days touch.
    """
    around = _around(days).period(event.period.zone)
    was: Period | None = None
    is_same = isinstance(event, BookingRescheduled) and event.was_project is None
    if isinstance(event, BookingRescheduled) and is_same and event.was_space == event.space:
        was = _around(event.was_period.days).period(event.was_period.zone)
    for other in read_firm_bookings(ctx, event.space, around, but=event.booking):
        had_it = was is not None and was.overlaps(other.period)
        if other.project != event.project and not had_it:
            yield other


def _around(days: Days) -> Days:
    return Days(days.first - _DAY, days.last + _DAY)


def _volumes(ctx: Context, event: FirmEvent | BookingStarted) -> list[str]:
    """The LED equipment of a virtual stage; of another space none.

    Reads the stage's few facts and the items that were registered there.
    """
    facts = read_space(ctx, event.space).facts_on(event.period.days.first)
    if facts.kind != VIRTUAL_STAGE:
        return []
    found = []
    for entry in ctx.read(tag("space", event.space), EquipmentRegistered):
        item = entry.event
        if not isinstance(item, EquipmentRegistered):
            raise UnreadableEvent(entry.type, position=entry.position)
        belongs = item.place == event.space and item.home in (None, event.space)
        if _is_led(item.kind) and belongs and not _retired(ctx, item.equipment):
            found.append(item.equipment)
    return found


def _is_led(kind: str) -> bool:
    return "led" in kind.lower().replace("-", " ").split()


def _retired(ctx: Context, equipment: str) -> bool:
    return ctx.last(tag("equipment", equipment), EquipmentRetired) is not None


def _check_calibrated(ctx: Context, equipment: str, event: RunningBooking, period: Period) -> None:
    bucket = tag("equipment", equipment, "calibration")
    entry = ctx.last(bucket, ServiceStarted, ServiceCompleted)
    if entry is None:
        registered = ctx.last(tag("equipment", equipment), EquipmentRegistered)
        position = registered.position if registered is not None else 0
        why = "it never was since it was registered"
    else:
        position, fact = entry.position, entry.event
        if isinstance(fact, ServiceStarted):
            why = f"a calibration is open since {_local(fact.at, period)}"
        elif not isinstance(fact, ServiceCompleted):
            raise UnreadableEvent(entry.type, position=entry.position)
        elif fact.valid_until is None:
            why = f"the calibration of {_local(fact.at, period)} does not say until when it holds"
        elif fact.valid_until < period.end - _RESOLUTION:
            why = f"its calibration is valid until {_local(fact.valid_until, period)}"
        else:
            return
    last = period.days.last
    raise NotCalibrated(equipment, event.booking, last=last, why=why, position=position)


def _local(instant: datetime, period: Period) -> str:
    return f"{instant.astimezone(zone(period.zone)):%Y-%m-%d %H:%M}"
