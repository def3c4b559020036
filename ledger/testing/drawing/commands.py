"""Readings of the choices of a drawn history: one small function per command of the studio.

If there is nothing to apply a command to, the choice is read as the step before it: to report
a shoot day without a started booking is to start one, or to book.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, get_args

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ChallengeHolds, ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.shoot_days import (
    CancelBooking,
    ReportShootDay,
    StartBooking,
    WrapBooking,
)
from ledger.decisions.correct import CorrectEntry, UndoEntry
from ledger.decisions.equipment.items import AddEquipment
from ledger.decisions.projects import (
    CloseProject,
    OpenProject,
    PlanMilestone,
    ReachMilestone,
    WithdrawMilestone,
)
from ledger.decisions.sites import AddSite
from ledger.decisions.spaces import AddSpace, ChangeSpace, CloseSpace, ReopenSpace, RetireSpace
from ledger.decisions.usual_names import SPACE_KINDS
from ledger.events import DayPlan
from ledger.events.bookings import DayType
from ledger.events.projects import ProjectKind
from ledger.events.sites import ClosureKind
from ledger.testing.drawing.studio import Choice, Reading, Studio
from ledger.time.periods import Deadline, Moment, When

_FIRST = date(2024, 1, 1)
_SINCE = Moment("2025-02-01T08:00+08:00")
_HERE, _THERE = "yongchuan", "babelsberg"

CAMPUS: tuple[Decision, ...] = (
    AddSite(site=_HERE, name="Yongchuan", zone="Asia/Shanghai", local_name="永川"),
    AddSite(
        site=_THERE,
        name="Babelsberg",
        zone="Europe/Berlin",
        answer_within_hours=48,
        day_ends="06:00",
    ),
    AddSpace(
        space="stage-1",
        site=_HERE,
        name="Stage 1",
        kind="stage",
        area_m2=2_000.0,
        in_service_on=_FIRST,
    ),
    AddSpace(
        space="virtual-stage",
        site=_HERE,
        name="LED volume",
        kind="virtual stage",
        area_m2=1_500.0,
        in_service_on=date(2025, 2, 28),
        phase="phase 2",
    ),
    AddSpace(
        space="hall",
        site=_THERE,
        name="Halle",
        kind="hall",
        area_m2=800.0,
        in_service_on=_FIRST,
        capacity=2,
    ),
    OpenProject(project="resurrection", title="复活", kind="feature", on=_FIRST),
    OpenProject(project="night-train", title="Night Train", kind="series", on=_FIRST),
    AddEquipment(
        equipment="truck", name="Truck", kind="truck", at_place="stage-1", home="stage-1", at=_SINCE
    ),
    AddEquipment(equipment="case", name="Case 7", kind="case", at_place="stage-1", at=_SINCE),
    AddEquipment(
        equipment="lens", name="50 mm", kind="lens", at_place="stage-1", home="hall", at=_SINCE
    ),
)
"""The beginning of every drawn history: two sites in two zones, three spaces, two projects, and
three nested items."""

_MILESTONES = ("prep", "principal-photography", "delivery")


# --- spaces ------------------------------------------------------------------------------


def _when(studio: Studio, choice: Choice) -> When:
    first = studio.day(choice.day)
    if choice.length == 3:  # by the hour, over midnight
        return When(f"{first}T18:00+00:00..{first + timedelta(days=1)}T03:30+00:00")
    return When(f"{first}..{first + timedelta(days=(1, 5, 12)[choice.length % 3])}")


def space_of(studio: Studio, number: int) -> str:
    """Return the space of that number."""
    return studio.one_of(studio.spaces, number)


def _add_space(studio: Studio, choice: Choice) -> Decision:
    name = studio.new_name("set")
    return AddSpace(
        space=name,
        site=studio.one_of((_HERE, _THERE), choice.who),
        part_of=studio.one_of((None, "hall", "stage-1", None), choice.who),
        name=name.title(),
        kind=studio.one_of((*SPACE_KINDS, "wind tunnel"), choice.other),
        area_m2=None if choice.length == 3 else 100.0 * (choice.length + 1),
        in_service_on=studio.day(choice.day),
        capacity=(None, 1, 3)[choice.other % 3],
        answer_within_hours=(None, 2)[choice.length % 2],
        turnaround_hours=studio.one_of((None, 12, None, 36), choice.length),
    )


def _close(studio: Studio, choice: Choice) -> Decision:
    return CloseSpace(
        space=space_of(studio, choice.who),
        when=_when(studio, choice),
        kind=studio.one_of(get_args(ClosureKind), choice.other),
        despite_bookings=choice.other == 3,
    )


def _reopen(studio: Studio, choice: Choice) -> Decision | None:
    if not studio.closures:
        return _close(studio, choice)
    on = None if choice.length == 0 else studio.day(choice.day)
    return ReopenSpace(closure=studio.one_of(studio.closures, choice.who), on=on)


def _change(studio: Studio, choice: Choice) -> Decision:
    space, on = space_of(studio, choice.who), studio.day(choice.day)
    if choice.other == 0:
        return ChangeSpace(space=space, on=on, capacity=(None, 1, 4)[choice.length % 3])
    if choice.other == 1:
        return ChangeSpace(
            space=space,
            on=on,
            name=f"Renamed {choice.length}",
            phase=None,
            turnaround_hours=studio.one_of((None, 24), choice.length),
        )
    area_m2 = None if choice.length == 3 else 150.0 * (choice.length + 1)
    return ChangeSpace(space=space, on=on, area_m2=area_m2, kind="workshop")


def _retire_space(studio: Studio, choice: Choice) -> Decision:
    if len(studio.spaces) < 4:
        return _add_space(studio, choice)
    # one of the newest, and later: the spaces that the campus begins with are worth more in use
    on = studio.day(choice.day) + timedelta(days=10)
    return RetireSpace(space=studio.spaces[-1 - choice.who % 2], on=on)


# --- projects ----------------------------------------------------------------------------


def _project(studio: Studio, number: int) -> str:
    return studio.one_of(studio.projects, number)


def _open(studio: Studio, choice: Choice) -> Decision:
    name = studio.new_name("film")
    kind = studio.one_of(get_args(ProjectKind), choice.who)
    on = min(studio.day(choice.day), studio.today)
    return OpenProject(project=name, title=f"《{name}》", kind=kind, on=on)


def _plan(studio: Studio, choice: Choice) -> Decision:
    milestone = studio.one_of(_MILESTONES, choice.other)
    project = _project(studio, choice.who)
    return PlanMilestone(project=project, milestone=milestone, on=studio.day(choice.day))


def _reach(studio: Studio, choice: Choice) -> Decision:
    project, milestone = _project(studio, choice.who), studio.one_of(_MILESTONES, choice.other)
    on = min(studio.day(choice.day), studio.today)
    corrects = None
    if choice.length == 0:  # correct the earlier report
        for entry in studio.history.events:
            event = entry.event
            if entry.type == "MilestoneReached" and (
                (getattr(event, "project", ""), getattr(event, "milestone", ""))
                == (project, milestone)
            ):
                corrects = entry.position
    return ReachMilestone(project=project, milestone=milestone, on=on, corrects=corrects)


def _withdraw(studio: Studio, choice: Choice) -> Decision:
    if not studio.planned:
        return _plan(studio, choice)
    project, milestone = studio.one_of(studio.planned, choice.who)
    return WithdrawMilestone(project=project, milestone=milestone)


def _close_project(studio: Studio, choice: Choice) -> Decision:
    further = studio.projects[2:]  # the campus's own are worth more open
    if not further:
        return _open(studio, choice)
    return CloseProject(
        project=studio.one_of(further, choice.who),
        on=studio.today,
        outcome="completed" if choice.other % 2 == 0 else "cancelled",
    )


# --- bookings ----------------------------------------------------------------------------


def _hold(studio: Studio, choice: Choice) -> Decision:
    expires = None
    if choice.length == 2 and choice.other % 2:
        expires = Deadline((studio.clock.now() + timedelta(days=2)).isoformat())
    return PlaceHold(
        space=space_of(studio, choice.who),
        project=_project(studio, choice.other),
        when=_when(studio, choice),
        units=2 if (choice.other, choice.length) == (3, 0) else 1,
        plan=_day_plan(studio, choice),
        expires_at=expires,
    )


def _rival(studio: Studio, choice: Choice) -> Decision:
    """Place a hold for the same time, behind the existing one."""
    first = studio.booking(choice.who, "held")
    if first is None:
        return _hold(studio, choice)
    when = studio.bookings[first].period
    return PlaceHold(
        space=studio.bookings[first].space,
        project=_project(studio, choice.other),
        when=When(f"{when.start.isoformat()}..{when.end.isoformat()}"),
    )


def _challenge(studio: Studio, choice: Choice) -> Decision:
    newest = studio.booking(-1 - choice.who % 2, "held")
    return _rival(studio, choice) if newest is None else ChallengeHolds(booking=newest)


def book(studio: Studio, choice: Choice) -> Decision:
    """Book and confirm at once."""
    return PlaceHold(
        space=space_of(studio, choice.who),
        project=_project(studio, choice.other),
        when=_when(studio, choice),
        plan=_day_plan(studio, choice),
        confirm=True,
    )


def _day_plan(studio: Studio, choice: Choice) -> tuple[DayPlan, ...]:
    if choice.length in (0, 3):
        return ()
    first = studio.day(choice.day)
    return (DayPlan(first, first, studio.one_of(get_args(DayType), choice.other)),)


def _confirm(studio: Studio, choice: Choice) -> Decision | None:
    held = studio.booking(choice.who, "held")
    also = studio.booking(choice.who + 1, "held") if choice.other == 3 else None
    if held is None:
        return _hold(studio, choice)
    return ConfirmBookings(booking=(held,) if also in (None, held) else (held, str(also)))


def _of_booking(
    make: Callable[[str], Decision],
    *states: str,
    otherwise: Reading,
) -> Reading:
    def read(studio: Studio, choice: Choice) -> Decision | None:
        booking = studio.booking(choice.who, *states)
        return otherwise(studio, choice) if booking is None else make(booking)

    return read


def _move(studio: Studio, choice: Choice) -> Decision | None:
    booking = studio.booking(choice.who, "held", "confirmed", "started")
    if booking is None:
        return _hold(studio, choice)
    elsewhere = space_of(studio, choice.other) if choice.other else None
    if choice.length == choice.other == 2:
        return MoveBooking(booking=booking, plan=_plan_of(studio, booking, choice))
    return MoveBooking(booking=booking, when=_when(studio, choice), space=elsewhere)


def _plan_of(studio: Studio, booking: str, choice: Choice) -> tuple[DayPlan, ...]:
    day = studio.one_of(list(studio.bookings[booking].period.days), choice.day)
    return (DayPlan(day, day, studio.one_of(get_args(DayType), choice.other)),)


def _shot_day(studio: "Studio", booking: str, number: int) -> date:
    days = list(studio.bookings[booking].period.days)
    begun = [day for day in days if day <= studio.today] or days
    return studio.one_of(begun, number)


def _start(studio: Studio, choice: Choice) -> Decision:
    booking = studio.booking(choice.who, "confirmed")
    if booking is None:
        return book(studio, choice)
    studio.wait_for(studio.bookings[booking].period.days.first)
    return StartBooking(booking=booking, on=_shot_day(studio, booking, 0))


def _start_one(studio: Studio, choice: Choice) -> None:
    """Book if nothing is confirmed, then start it: a report needs both."""
    if studio.booking(choice.who, "confirmed") is None:
        first = book(studio, choice)
        if first is not None:
            studio.command(first)
    if studio.booking(choice.who, "confirmed") is not None:
        studio.command(_start(studio, choice))


def _report(studio: Studio, choice: Choice) -> Decision | None:
    booking = studio.booking(choice.who, "started", "wrapped")
    if booking is None:
        _start_one(studio, choice)
        booking = studio.booking(choice.who, "started", "wrapped")
    if booking is None:
        return None
    day = _shot_day(studio, booking, choice.day)
    if studio.reports and choice.length % 2:
        # Every second report corrects an earlier one: authors forget those most easily.
        booking, day = studio.one_of(list(studio.reports), choice.day)
    return ReportShootDay(
        booking=booking,
        day=day,
        setups_planned=10 + choice.length,
        setups_shot=8 + choice.other,
        pages_planned_eighths=24,
        pages_shot_eighths=8 * choice.other,
        shooting_hours=6.0 + choice.length / 2,
        corrects=studio.reports.get((booking, day)),
    )


def _wrap(studio: Studio, choice: Choice) -> Decision | None:
    booking = studio.booking(choice.who, "started")
    if booking is None:
        return _start(studio, choice)
    if choice.other == 3:  # too late
        last = studio.bookings[booking].period.days.last + timedelta(days=1 + choice.length)
        studio.wait_for(last)
        return WrapBooking(booking=booking, on=last)
    return WrapBooking(booking=booking, on=_shot_day(studio, booking, -1 - choice.day % 3))


def _correct(studio: Studio, choice: Choice) -> Decision | None:
    """Correct one of the newest events of a kind that has something to correct."""
    found = [entry for entry in studio.history.events if entry.type in _CORRECTED]
    if not found:
        return None
    entry = studio.one_of(found[::-1], choice.who + 4 * choice.other)
    name, make = _CORRECTED[entry.type]
    return CorrectEntry(position=entry.position, to={name: make(studio, choice)})


def _undo(studio: Studio, choice: Choice) -> Decision:
    newest = studio.history.events[::-1]
    return UndoEntry(position=studio.one_of(newest, choice.who + 2 * choice.other).position)


def _near(studio: Studio, choice: Choice) -> str:
    return str(min(studio.day(choice.day), studio.today))


_CORRECTED: dict[str, tuple[str, Callable[[Studio, Choice], Any]]] = {
    "ProjectOpened": ("title", lambda studio, choice: f"Title {choice.day}"),
    "ProjectClosed": ("on", _near),
    "MilestonePlanned": ("on", _near),
    "MilestoneReached": ("on", _near),
    "SpaceCommissioned": ("area_m2", lambda studio, choice: 1000.0 + choice.day),
    "SpaceChanged": ("capacity", lambda studio, choice: choice.day or None),
    "SpaceClosed": ("period", lambda studio, choice: str(_when(studio, choice))),
    "BookingHeld": ("project", lambda studio, choice: _project(studio, choice.who)),
    "BookingRescheduled": ("period", lambda studio, choice: str(_when(studio, choice))),
    "BookingStarted": ("on", _near),
    "BookingWrapped": ("on", _near),
    "ShootDayReported": ("day", _near),
}
"""The field to correct in an event, by its type, and its new value."""


READINGS: dict[str, Reading] = {
    "hold": _hold,
    "book": book,
    "confirm": _confirm,
    "rival": _rival,
    "challenge": _challenge,
    "release": _of_booking(lambda b: ReleaseHold(booking=b), "held", otherwise=_hold),
    "move": _move,
    "start": _start,
    "report": _report,
    "wrap": _wrap,
    "cancel": _of_booking(
        lambda b: CancelBooking(booking=b), "confirmed", "started", otherwise=book
    ),
    "plan": _plan,
    "reach": _reach,
    "withdraw": _withdraw,
    "open project": _open,
    "close project": _close_project,
    "add space": _add_space,
    "close": _close,
    "reopen": _reopen,
    "change": _change,
    "retire space": _retire_space,
    "correct": _correct,
    "undo": _undo,
}
"""The readings by the word of a choice; those that are useful early come first."""
