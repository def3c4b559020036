"""Putting sites, spaces and closures right."""

from collections.abc import Callable
from datetime import date
from typing import Any

from ledger.decisions.base import Context, Decision
from ledger.decisions.bookings.calendar import read_sharing
from ledger.decisions.bookings.capacity import first_shortage
from ledger.decisions.correction_refusals import StandsOnIt
from ledger.decisions.corrections import Mistake, check_reason, find_standing, put_right
from ledger.decisions.sites import (
    check_answer_hours,
    check_days,
    optional_text,
    own_events,
    read_floor_plan,
    read_site,
    read_space,
)
from ledger.decisions.spaces import (
    check_division,
    check_facts,
    firm_from,
    refuse_booked,
    units_at_once,
)
from ledger.entities.closures import Closure
from ledger.entities.floor_plans import FloorPlan
from ledger.entities.spaces import Space, facts_of
from ledger.errors import BadInput, UnknownId
from ledger.events.sites import (
    ClosureKind,
    SiteRegistered,
    SpaceClosed,
    SpaceCommissioned,
    SpaceReopened,
)
from ledger.tags import check_text, tag
from ledger.time.periods import Period, When, check_day, check_zone
from ledger.time.working_days import parse_day_ends

# --- a site --------------------------------------------------------------------------


def judge_site(ctx: Context, mistake: Mistake) -> Callable[[], None]:
    """Return what judges a site after a correction; its spaces keep its clock."""

    def judge() -> None:
        if ctx.last(mistake.thing, SiteRegistered) is None:
            return
        site = read_site(ctx, mistake.id)
        check_zone(site.zone)
        parse_day_ends(site.day_ends)
        check_answer_hours(site.answer_within_hours)
        for entry in ctx.read(mistake.thing, SpaceCommissioned):
            if isinstance(entry.event, SpaceCommissioned) and entry.event.zone != site.zone:
                right = entry.event.corrected({"zone": site.zone})
                ctx.record(right, corrects=entry.said_at)

    return judge


class ChangeSite(Decision, frozen=True, tag="site change"):
    """Put a site right; give only what differs. Its spaces keep the clock of its zone.

    Bookings and closures there keep their recorded times.
    """

    site: str
    name: str | None = None
    zone: str | None = None
    answer_within_hours: int | None = None
    local_name: str | None = None
    place: str | None = None
    operator: str | None = None
    day_ends: str | None = None

    def decide(self, ctx: Context) -> None:
        """Correct its `SiteRegistered`. Raises `UnknownId`, `BadInput`, `NothingChanges`."""
        check_reason(ctx)
        given = {
            "name": optional_text("name", self.name),
            "zone": None if self.zone is None else check_zone(self.zone),
            "answer_within_hours": self.answer_within_hours,
            "local_name": optional_text("local name", self.local_name),
            "place": optional_text("place", self.place),
            "operator": optional_text("operator", self.operator),
            "day_ends": None if self.day_ends is None else f"{parse_day_ends(self.day_ends):%H:%M}",
        }
        changes = {name: value for name, value in given.items() if value is not None}
        if not changes:
            raise BadInput("no change is given", advice="Give what differs: --name")
        registration = find_standing(ctx, tag("site", self.site), SiteRegistered, judge_site)
        if registration is None:
            raise UnknownId("site", self.site)
        put_right(ctx, registration, changes)


# --- a space -------------------------------------------------------------------------


def judge_space(ctx: Context, mistake: Mistake) -> Callable[[], None]:
    """Return what judges a space after a correction: its bookings must still have their room."""
    found = own_events(ctx.read(mistake.thing, *mistake.types), mistake.id)
    before = Space.fold(found) if found else None

    def judge() -> None:
        entries = ctx.read(mistake.thing, *mistake.types)
        if not own_events(entries, mistake.id):
            for part in entries:
                raise StandsOnIt(part.type, position=part.said_at)
            return
        space = read_space(ctx, mistake.id)
        check_text("name", space.facts[0].name)
        for facts in space.facts:
            check_day(facts.on)
            check_facts(facts_of(facts))
        gone = space.decommissioned_on
        if gone is not None and gone < space.in_service_on:
            raise BadInput(
                f"space {space.id!r} would leave service on {gone}, before it came into service "
                f"on {space.in_service_on}",
                advice="Give another day",
            )
        tighter = None if before is None else _first_tighter_day(before, space)
        if tighter is not None:
            _refuse_without_room(ctx, space, tighter)
        check_division(ctx, space)

    return judge


def _first_tighter_day(before: Space, after: Space) -> date | None:
    """Return the first day on which the space has less room than before; None for no such day."""
    days = {before.in_service_on, after.in_service_on}
    days.update(facts.on for one in (before, after) for facts in one.facts)
    days.update(one.decommissioned_on for one in (before, after) if one.decommissioned_on)
    return min((day for day in days if _room_on(after, day) < _room_on(before, day)), default=None)


def _room_on(space: Space, day: date) -> int:
    return units_at_once(space.facts_on(day).capacity) if space.in_service(day) else 0


def _refuse_without_room(ctx: Context, space: Space, first: date) -> None:
    firm = firm_from(ctx, space, first)
    for one in firm:
        days, others = one.period.days, [other for other in firm if other is not one]
        fits = space.in_service(days.first) and space.in_service(days.last)
        if not fits or first_shortage(FloorPlan([space]), one, others) is not None:
            refuse_booked(
                f"space {space.id!r} would have too little room",
                [one],
                advice="Move or cancel it first",
            )


# --- a closure -----------------------------------------------------------------------


def judge_closure(
    ctx: Context, mistake: Mistake, *, despite_bookings: bool = False
) -> Callable[[], None]:
    """Return what judges a closure after a correction: the days that it takes must be free."""
    before = _closure(ctx, mistake)

    def judge() -> None:
        entries = ctx.read(mistake.thing, *mistake.types)
        found: Closure | None = None
        for entry in entries:
            event = entry.event
            if isinstance(event, SpaceReopened) and (found is None or event.was != found.left):
                raise StandsOnIt(entry.type, position=entry.said_at)
            found = Closure.after(found, entry)
        closure = _closure(ctx, mistake)
        if closure is None or closure.left is None:
            return
        space = read_space(ctx, closure.space)
        check_days(ctx, space, closure.left)
        if despite_bookings:
            return
        had = None if before is None else before.left
        firm = read_sharing(ctx, read_floor_plan(ctx, space.id), space.id, closure.left)
        refuse_booked(
            f"space {space.id!r} cannot be closed on {closure.left}",
            [one for one in firm if had is None or not _covered(one.period, closure.left, had)],
            advice="Move or cancel it first; space reclose --despite-bookings closes all the same",
        )

    return judge


def _closure(ctx: Context, mistake: Mistake) -> Closure | None:
    entries = ctx.read(mistake.thing, *mistake.types)
    return Closure.fold(entries) if entries and isinstance(entries[0].event, SpaceClosed) else None


def _covered(booked: Period, now: Period, had: Period) -> bool:
    """Whether the closure takes nothing of a booking that it did not take before."""
    start, end = max(booked.start, now.start), min(booked.end, now.end)
    return had.start <= start and end <= had.end


class RecloseSpace(Decision, frozen=True, tag="space reclose"):
    """Close a space for other days than a closure has, or for another reason.

    `despite_bookings` closes it even if it is booked; those bookings stand.
    """

    closure: str
    when: When | None = None
    kind: ClosureKind | None = None
    despite_bookings: bool = False

    def decide(self, ctx: Context) -> None:
        """Correct its `SpaceClosed`. Raises `UnknownId`, `StandsOnIt`, `SpaceIsBooked`."""
        check_reason(ctx)

        def rules(ctx: Context, mistake: Mistake) -> Callable[[], None]:
            return judge_closure(ctx, mistake, despite_bookings=self.despite_bookings)

        closing = find_standing(ctx, tag("closure", self.closure), SpaceClosed, rules)
        if closing is None:
            raise UnknownId("closure", self.closure)
        changes: dict[str, Any] = {} if self.kind is None else {"kind": self.kind}
        if self.when is not None:
            space = read_space(ctx, closing.event.space)
            changes["period"] = self.when.resolve(space.zone)
        if not changes:
            raise BadInput("no change is given", advice="Give what differs: --days")
        put_right(ctx, closing, changes)
