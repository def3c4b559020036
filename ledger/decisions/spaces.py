"""The commands for a space: add, close, reopen, change and retire it.

A command that takes room away is refused while bookings have it: the studio moves them
after talking to the production, and no command overrules them silently. A closure may come
`despite_bookings`, since a burst pipe does not wait.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from math import isfinite
from typing import Any

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from ledger.decisions.base import Context, Decision, check_unused
from ledger.decisions.bookings.calendar import FirmBooking, read_firm_bookings, read_sharing
from ledger.decisions.site_refusals import (
    AlreadyRetired,
    BadAmount,
    ClosureIsOver,
    LargerThanWhole,
    OnAnotherSite,
    PartInService,
    SpaceIsBooked,
    TooFarAhead,
)
from ledger.decisions.sites import (
    HORIZON,
    check_answer_hours,
    check_days,
    optional_text,
    out_of_service,
    read_floor_plan,
    read_site,
    read_space,
)
from ledger.decisions.usual_names import SPACE_KINDS, check_usual
from ledger.entities.closures import Closure
from ledger.entities.spaces import FACTS, Space, facts_of
from ledger.errors import BadInput, NothingChanges, UnknownId
from ledger.events.sites import (
    ClosureKind,
    SpaceChanged,
    SpaceClosed,
    SpaceCommissioned,
    SpaceDecommissioned,
    SpaceReopened,
)
from ledger.tags import check_id, check_text, tag
from ledger.time.periods import Period, When, check_day, start_of_day, zone

_READ_AT_ONCE = timedelta(days=365)


class AddSpace(Decision, frozen=True, tag="space add"):
    """Commission a space. Without `capacity` it is exclusive: one confirmed booking at a time.

    `kind` is a usual one or the house's own; one that is nearly a usual one is refused, unless it
    is `as_written`. `answer_within_hours` overrides the site's policy for holds of this space.
    `part_of` is the space that it is a part of: a booking of the whole has it, too.
    `turnaround_hours` must lie between two productions.
    """

    space: str
    site: str
    name: str
    kind: str
    in_service_on: date
    area_m2: float | None = None
    capacity: int | None = None
    answer_within_hours: int | None = None
    phase: str | None = None
    turnaround_hours: int | None = None
    part_of: str | None = None
    as_written: bool = False

    def decide(self, ctx: Context) -> None:
        """Record `SpaceCommissioned`.

        Raises `NearlyUsual`, `BadAmount`, `UnknownId` (site, whole), `AlreadyExists`; of a part
        `OnAnotherSite`, `NotInService`, `LargerThanWhole`.
        """
        check_id("space", self.space)
        name = check_text("name", self.name)
        phase = optional_text("phase", self.phase)
        check_day(self.in_service_on)
        check_facts(facts_of(self))
        site = read_site(ctx, self.site)
        check_unused(ctx, "space", self.space, SpaceCommissioned)
        event = SpaceCommissioned(
            space=self.space,
            site=site.id,
            zone=site.zone,
            name=name,
            kind=_check_kind(self.kind, as_written=self.as_written),
            area_m2=self.area_m2,
            in_service_on=self.in_service_on,
            capacity=self.capacity,
            answer_within_hours=self.answer_within_hours,
            phase=phase,
            turnaround_hours=self.turnaround_hours,
            part_of=self.part_of,
        )
        if self.part_of is None:
            ctx.record(event)
            return
        whole = read_space(ctx, self.part_of)
        if whole.site != site.id:
            raise OnAnotherSite(
                self.space, whole=whole.id, site=whole.site, position=whole.position
            )
        ctx.record(event)
        check_division(ctx, read_space(ctx, self.space))


def check_division(ctx: Context, space: Space) -> None:
    """Check a space that divides, or the whole of a part: its parts do not exceed what it offers.

    They are in service only while it is, and together have no more area. Raises `NotInService`,
    `PartInService`, `LargerThanWhole`.
    """
    plan = read_floor_plan(ctx, space.id)
    for whole in plan.spaces.values():
        parts = [one for one in plan.spaces.values() if one.part_of == whole.id]
        for part in parts:
            if not whole.in_service(part.in_service_on):
                raise out_of_service(whole, part.in_service_on)
            _check_gone(whole, part)
        for day in sorted({facts.on for one in (whole, *parts) for facts in one.facts}):
            held = whole.facts_on(day)
            taken = sum(p.facts_on(day).area_m2 or 0.0 for p in parts if p.in_service(day))
            if held.area_m2 is not None and taken > held.area_m2:
                raise LargerThanWhole(
                    whole.id, day=day, taken=taken, area_m2=held.area_m2, position=held.position
                )


def _check_gone(whole: Space, part: Space) -> None:
    """Check that a part leaves service with its whole, or before. Raises `PartInService`."""
    last = whole.decommissioned_on
    if last is not None and (part.decommissioned_on is None or last < part.decommissioned_on):
        raise PartInService(whole.id, part=part.id, position=part.position)


class CloseSpace(Decision, frozen=True, tag="space close"):
    """Close a space for a period. `closure` is its id; None generates one.

    `despite_bookings` closes it even if it is booked; those bookings stand.
    """

    space: str
    when: When
    kind: ClosureKind
    closure: str | None = None
    despite_bookings: bool = False

    def decide(self, ctx: Context) -> None:
        """Record `SpaceClosed`. Raises `NotInService`, `TooFarAhead`, `SpaceIsBooked`."""
        space = read_space(ctx, self.space)
        period = self.when.resolve(space.zone)
        check_days(ctx, space, period)
        if not self.despite_bookings:
            ctx.check_by_the_end(lambda: _refuse_to_close(ctx, space, period))
        ctx.record(
            SpaceClosed(
                closure=self._closure_id(ctx), space=space.id, kind=self.kind, period=period
            )
        )

    def _closure_id(self, ctx: Context) -> str:
        if self.closure is None:
            return ctx.new_id("closure", "c")
        return check_unused(ctx, "closure", self.closure, SpaceClosed)


class ReopenSpace(Decision, frozen=True, tag="space reopen"):
    """End a closure early: `on` is the first day open again; None calls it off entirely."""

    closure: str
    on: date | None = None

    def decide(self, ctx: Context) -> None:
        """Record `SpaceReopened`. Raises `UnknownId`, `ClosureIsOver`."""
        entries = ctx.read(tag("closure", self.closure), SpaceClosed, SpaceReopened)
        if not entries:
            raise UnknownId("closure", self.closure)
        closure = Closure.fold(entries)
        was = closure.left
        if was is None:
            raise ClosureIsOver(self.closure, until=None, position=entries[-1].position)
        start = was.start
        if self.on is not None:
            start = max(start, start_of_day(check_day(self.on), was.zone))
        if start >= was.end:
            ended = was.end.astimezone(zone(was.zone)).date()
            raise ClosureIsOver(self.closure, until=ended, position=entries[-1].position)
        ctx.record(
            SpaceReopened(
                closure=self.closure,
                space=closure.space,
                kind=closure.kind,
                was=was,
                period=Period.between(start, was.end, was.zone),
            )
        )


class ChangeSpace(Decision, frozen=True, tag="space change"):
    """Change a space from the day `on`; give only the facts that differ.

    Null clears an optional fact: the `area_m2`, the `capacity` (the space is then exclusive), the
    `phase`, `answer_within_hours` (its site's policy applies), `turnaround_hours`. A change from a
    later day stands, with all its facts, whenever this one is recorded.
    """

    space: str
    on: date
    name: str | None = None
    kind: str | None = None
    area_m2: float | UnsetType | None = UNSET
    capacity: int | UnsetType | None = UNSET
    answer_within_hours: int | UnsetType | None = UNSET
    phase: str | UnsetType | None = UNSET
    turnaround_hours: int | UnsetType | None = UNSET
    as_written: bool = False

    def decide(self, ctx: Context) -> None:
        """Record `SpaceChanged`. Raises `NotInService`, `NothingChanges`, `SpaceIsBooked`."""
        given = self._given()
        check_day(self.on)
        space = read_space(ctx, self.space)
        if not space.in_service(self.on):
            raise out_of_service(space, self.on)
        held = space.facts_on(self.on)
        facts = facts_of(held)
        if facts == facts | given:
            raise NothingChanges(
                f"space {space.id!r} already has these facts on {self.on}", position=held.position
            )
        event = SpaceChanged(space=space.id, site=space.site, on=self.on, **(facts | given))
        if units_at_once(event.capacity) < units_at_once(held.capacity):
            ctx.check_by_the_end(lambda: self._refuse_overbooked(ctx, space, event.capacity))
        ctx.record(event)
        if event.area_m2 != held.area_m2:
            check_division(ctx, read_space(ctx, space.id))

    def _given(self) -> dict[str, Any]:
        """Return the given facts, checked. Raises `BadInput` where there are none."""
        given = {
            field: value
            for field in FACTS
            if (value := getattr(self, field)) is not UNSET
            and (value is not None or field in _MAY_BE_ABSENT)
        }
        if not given:
            raise BadInput("no change is given", advice="Give the facts that differ: --area-m2")
        for field in ("name", "phase"):
            if given.get(field) is not None:
                given[field] = check_text(field, given[field])
        if "kind" in given:
            given["kind"] = _check_kind(given["kind"], as_written=self.as_written)
        check_facts(given)
        return given

    def _refuse_overbooked(self, ctx: Context, space: Space, capacity: int | None) -> None:
        """Refuse if bookings take more room than is left, until the next facts apply."""
        later = (facts.on for facts in space.facts if facts.on > self.on)
        firm = firm_from(ctx, space, self.on, until=min(later, default=None))
        for start in sorted({one.period.start for one in firm}):
            there = [one for one in firm if one.period.start <= start < one.period.end]
            if sum(one.units for one in there) > units_at_once(capacity):
                room = "one booking" if capacity is None else f"{capacity} units"
                refuse_booked(
                    f"space {space.id!r} cannot have room for {room} only from {self.on}",
                    there,
                    advice="Move or cancel one first, or change the space from a later day",
                )


class RetireSpace(Decision, frozen=True, tag="space retire"):
    """Retire a space; `on` is its first day out of service."""

    space: str
    on: date

    def decide(self, ctx: Context) -> None:
        """Record `SpaceDecommissioned`. Raises `AlreadyRetired`, `NotInService`, `SpaceIsBooked`.

        Holds do not stand in the way: they can no longer be confirmed. The parts of a space do.
        """
        check_day(self.on)
        space = read_space(ctx, self.space)
        if space.decommissioned_on is not None and space.decommissioned is not None:
            raise AlreadyRetired(space.id, space.decommissioned_on, position=space.decommissioned)
        if self.on < space.in_service_on:
            raise out_of_service(space, self.on)
        for part in read_floor_plan(ctx, space.id).parts(space.id):
            _check_gone(replace(space, decommissioned_on=self.on), part)
        ctx.check_by_the_end(lambda: self._refuse_while_booked(ctx, space))
        ctx.record(SpaceDecommissioned(space=space.id, site=space.site, on=self.on))

    def _refuse_while_booked(self, ctx: Context, space: Space) -> None:
        refuse_booked(
            f"space {space.id!r} cannot leave service on {self.on}",
            firm_from(ctx, space, self.on),
            advice="Move or cancel it, or retire the space after its last day",
        )


# --- shared --------------------------------------------------------------------------

_MAY_BE_ABSENT = ("area_m2", "capacity", "answer_within_hours", "phase", "turnaround_hours")
_MOST_M2 = 10_000_000
"""Ten square kilometres: a larger backlot is a slip of the keyboard."""
_MOST_UNITS = 100_000
"""More units than this are a slip, too."""
_MOST_HOURS = 720
"""A turnaround is at most 30 days, so that few months around a booking need to be read."""


def _check_kind(kind: str, *, as_written: bool) -> str:
    return check_usual("kind", check_text("kind", kind), SPACE_KINDS, as_written=as_written)


def check_facts(facts: Mapping[str, Any]) -> None:
    """Check those numbers of a space that are given, by name. Raises `BadAmount`."""
    area_m2, capacity = facts.get("area_m2"), facts.get("capacity")
    if area_m2 is not None and not (isfinite(area_m2) and 0 < area_m2 <= _MOST_M2):
        raise BadAmount("area in m²", area_m2, least="above 0", most=f"{_MOST_M2:,}")
    if capacity is not None and not 1 <= capacity <= _MOST_UNITS:
        raise BadAmount("capacity", capacity, least="1", most=f"{_MOST_UNITS:,}")
    if (hours := facts.get("answer_within_hours")) is not None:
        check_answer_hours(hours)
    if (hours := facts.get("turnaround_hours")) is not None and not 1 <= hours <= _MOST_HOURS:
        raise BadAmount("turnaround in hours", hours, least="1", most=f"{_MOST_HOURS}")


def units_at_once(capacity: int | None) -> int:
    """Return the units that fit at once: an exclusive space takes one booking of one unit."""
    return 1 if capacity is None else capacity


def firm_from(
    ctx: Context, space: Space, first: date, *, until: date | None = None
) -> list[FirmBooking]:
    """Return the firm bookings of a space from a day on, before `until` where it is given.

    `check_horizon` let no booking end more than `HORIZON` after it was recorded, so none
    ends later than `HORIZON` from now: it is enough to read up to there. Raises
    `TooFarAhead` for a first day beyond it.
    """
    end = ctx.now + HORIZON
    start = start_of_day(first, space.zone)
    if start > end:
        raise TooFarAhead(first, horizon=end.astimezone(zone(space.zone)).date())
    if until is not None:
        end = min(end, start_of_day(until, space.zone))
    firm: dict[str, FirmBooking] = {}
    while start < end:
        # A period is at most ten years long, and this day may be longer ago.
        stop = min(start + _READ_AT_ONCE, end)
        found = read_firm_bookings(ctx, space.id, Period.between(start, stop, space.zone))
        firm |= {one.booking: one for one in found}
        start = stop
    return sorted(firm.values(), key=lambda one: (one.period.start, one.position))


def _refuse_to_close(ctx: Context, space: Space, period: Period) -> None:
    plan = read_floor_plan(ctx, space.id)
    refuse_booked(
        f"space {space.id!r} cannot close on {period}",
        read_sharing(ctx, plan, space.id, period),
        advice="Move or cancel it, or close anyway with --despite-bookings",
    )


def refuse_booked(what: str, firm: Sequence[FirmBooking], *, advice: str) -> None:
    """Refuse if there are any bookings, naming the first. Raises `SpaceIsBooked`."""
    if firm:
        raise SpaceIsBooked(
            what,
            booking=firm[0].booking,
            project=firm[0].project,
            period=firm[0].period,
            more=len(firm) - 1,
            position=firm[0].position,
            instead=advice,
        )
