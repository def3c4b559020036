"""What can be done to a space: add, close, reopen, change and retire it.

Whoever takes room away looks for the bookings that have it first: they are to be moved by
somebody who talks to the production, and never silently overruled. A closure may come
`despite_bookings`, since a burst pipe asks nobody.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from math import isfinite
from typing import Any

from msgspec import UNSET, UnsetType

from ledger.decisions.base import Context, Decision
from ledger.decisions.calendar import Firm, read_firm
from ledger.decisions.site_refusals import (
    AlreadyRetired,
    BadAmount,
    ClosureIsOver,
    SpaceIsBooked,
    TooFarAhead,
)
from ledger.decisions.sites import (
    HORIZON,
    check_answer_hours,
    check_days,
    optional_text,
    out_of_service,
    read_site,
    read_space,
)
from ledger.entities.closures import Closure
from ledger.entities.spaces import FACTS, Space
from ledger.errors import AlreadyExists, BadInput, NothingChanges, UnknownId
from ledger.events.sites import (
    ClosureKind,
    SpaceChanged,
    SpaceClosed,
    SpaceCommissioned,
    SpaceDecommissioned,
    SpaceKind,
    SpaceReopened,
)
from ledger.tags import check_id, check_text, tag
from ledger.times import Period, When, check_day, start_of_day, zone

_READ_AT_ONCE = timedelta(days=365)


class AddSpace(Decision, frozen=True, tag="space add"):
    """Commission a space. Without `capacity` it is exclusive: one confirmed booking at a time.

    `answer_within_hours` overrides the site's policy for holds of this space.
    """

    space: str
    site: str
    name: str
    kind: SpaceKind
    area_m2: float
    in_service_on: date
    capacity: int | None = None
    answer_within_hours: int | None = None
    phase: str | None = None

    def decide(self, ctx: Context) -> None:
        """Record `SpaceCommissioned`. Raises `UnknownId` (site), `AlreadyExists`."""
        check_id("space", self.space)
        name = check_text("name", self.name)
        phase = optional_text("phase", self.phase)
        check_day(self.in_service_on)
        _check_facts(self.area_m2, self.capacity, self.answer_within_hours)
        site = read_site(ctx, self.site)
        taken = ctx.last(tag("space", self.space), SpaceCommissioned)
        if taken is not None:
            raise AlreadyExists("space", self.space, position=taken.position)
        ctx.record(
            SpaceCommissioned(
                space=self.space,
                site=site.id,
                zone=site.zone,
                name=name,
                kind=self.kind,
                area_m2=self.area_m2,
                in_service_on=self.in_service_on,
                capacity=self.capacity,
                answer_within_hours=self.answer_within_hours,
                phase=phase,
            )
        )


class CloseSpace(Decision, frozen=True, tag="space close"):
    """Close a space for a period. `closure` is an id of your own for it; one is made else.

    `despite_bookings` closes it though somebody has it; those bookings stay as they are.
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
            _refuse_booked(
                f"space {space.id!r} cannot close on {period}",
                read_firm(ctx, space.id, period),
                advice="Move or cancel it, or close all the same with --despite-bookings",
            )
        ctx.record(
            SpaceClosed(
                closure=self._closure_id(ctx), space=space.id, kind=self.kind, period=period
            )
        )

    def _closure_id(self, ctx: Context) -> str:
        if self.closure is None:
            return ctx.new_id("closure", "c")
        check_id("closure", self.closure)
        taken = ctx.last(tag("closure", self.closure), SpaceClosed)
        if taken is not None:
            raise AlreadyExists("closure", self.closure, position=taken.position)
        return self.closure


class ReopenSpace(Decision, frozen=True, tag="space reopen"):
    """End a closure before its time: `on` is the first day open again; without it, all of it."""

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
                period=Period(start, was.end, was.zone),
            )
        )


class ChangeSpace(Decision, frozen=True, tag="space change"):
    """A space is different from the day `on`; give only what differs.

    What may be absent is cleared with null: the `capacity` (the space is exclusive from
    then on), the `phase`, `answer_within_hours` (its site's policy holds). A change that
    holds from a later day stands, with all its facts, whenever this one is recorded.
    """

    space: str
    on: date
    name: str | None = None
    kind: SpaceKind | None = None
    area_m2: float | None = None
    capacity: int | UnsetType | None = UNSET
    answer_within_hours: int | UnsetType | None = UNSET
    phase: str | UnsetType | None = UNSET

    def decide(self, ctx: Context) -> None:
        """Record `SpaceChanged`. Raises `NotInService`, `NothingChanges`, `SpaceIsBooked`."""
        given = self._given()
        check_day(self.on)
        space = read_space(ctx, self.space)
        if not space.in_service(self.on):
            raise out_of_service(space, self.on)
        held = space.facts_on(self.on)
        facts = {field: getattr(held, field) for field in FACTS}
        if facts == facts | given:
            raise NothingChanges(
                f"space {space.id!r} is so on {self.on} already", position=held.position
            )
        event = SpaceChanged(space=space.id, site=space.site, on=self.on, **(facts | given))
        if _room(event.capacity) < _room(held.capacity):
            self._refuse_overbooked(ctx, space, event.capacity)
        ctx.record(event)

    def _given(self) -> dict[str, Any]:
        """What the command says, checked. Raises `BadInput` where it says nothing."""
        given = {
            field: value
            for field in FACTS
            if (value := getattr(self, field)) is not UNSET
            and (value is not None or field in _MAY_BE_ABSENT)
        }
        if not given:
            raise BadInput("no change is given", advice="Say what differs, such as --area-m2")
        for field in ("name", "phase"):
            if given.get(field) is not None:
                given[field] = check_text(field, given[field])
        _check_facts(
            given.get("area_m2", 1.0), given.get("capacity"), given.get("answer_within_hours")
        )
        return given

    def _refuse_overbooked(self, ctx: Context, space: Space, capacity: int | None) -> None:
        """Refuse where bookings take more room than is left, until other facts hold."""
        later = (facts.on for facts in space.facts if facts.on > self.on)
        firm = _firm_from(ctx, space, self.on, until=min(later, default=None))
        for start in sorted({one.period.start for one in firm}):
            there = [one for one in firm if one.period.start <= start < one.period.end]
            if sum(one.units for one in there) > _room(capacity):
                room = "one booking" if capacity is None else f"{capacity} units"
                _refuse_booked(
                    f"space {space.id!r} cannot have room for {room} only from {self.on}",
                    there,
                    advice="Move or cancel one first, or change the space from a later day",
                )


class RetireSpace(Decision, frozen=True, tag="space retire"):
    """A space leaves service; `on` is the first day without it."""

    space: str
    on: date

    def decide(self, ctx: Context) -> None:
        """Record `SpaceDecommissioned`. Raises `AlreadyRetired`, `NotInService`, `SpaceIsBooked`.

        Holds do not stand in the way: nobody can confirm them any more.
        """
        check_day(self.on)
        space = read_space(ctx, self.space)
        if space.decommissioned_on is not None and space.decommissioned is not None:
            raise AlreadyRetired(space.id, space.decommissioned_on, position=space.decommissioned)
        if self.on < space.in_service_on:
            raise out_of_service(space, self.on)
        _refuse_booked(
            f"space {space.id!r} cannot leave service on {self.on}",
            _firm_from(ctx, space, self.on),
            advice="Move or cancel it, or retire the space after its last day",
        )
        ctx.record(SpaceDecommissioned(space=space.id, site=space.site, on=self.on))


# --- what they share -----------------------------------------------------------------

_MAY_BE_ABSENT = ("capacity", "answer_within_hours", "phase")
_MOST_M2 = 10_000_000
"""Ten square kilometres: a larger backlot is a slip of the keyboard."""
_MOST_UNITS = 100_000
"""A shared space of more units is one, too."""


def _check_facts(area_m2: float, capacity: int | None, answer_within_hours: int | None) -> None:
    if not (isfinite(area_m2) and 0 < area_m2 <= _MOST_M2):
        raise BadAmount("area in m²", area_m2, least="above 0", most=f"{_MOST_M2:,}")
    if capacity is not None and not 1 <= capacity <= _MOST_UNITS:
        raise BadAmount("capacity", capacity, least="1", most=f"{_MOST_UNITS:,}")
    if answer_within_hours is not None:
        check_answer_hours(answer_within_hours)


def _room(capacity: int | None) -> int:
    """Units that may be confirmed at once: an exclusive space takes one booking of one."""
    return 1 if capacity is None else capacity


def _firm_from(ctx: Context, space: Space, first: date, *, until: date | None = None) -> list[Firm]:
    """The firm bookings of a space from a day on, before `until` where it is given.

    `check_horizon` let none reach further than `HORIZON` beyond the time it was recorded,
    so that none ends later than that from now: up to there is all that has to be read.
    Raises `TooFarAhead` for a first day beyond it.
    """
    end = ctx.now + HORIZON
    start = start_of_day(first, space.zone)
    if start > end:
        raise TooFarAhead(first, horizon=end.astimezone(zone(space.zone)).date())
    if until is not None:
        end = min(end, start_of_day(until, space.zone))
    firm: dict[str, Firm] = {}
    while start < end:
        # A period is ten years at most, and this may be a correction of long ago.
        stop = min(start + _READ_AT_ONCE, end)
        found = read_firm(ctx, space.id, Period(start, stop, space.zone))
        firm |= {one.booking: one for one in found}
        start = stop
    return sorted(firm.values(), key=lambda one: (one.period.start, one.position))


def _refuse_booked(what: str, firm: Sequence[Firm], *, advice: str) -> None:
    """Refuse where there are any, naming the first. Raises `SpaceIsBooked`."""
    if firm:
        raise SpaceIsBooked(
            what,
            booking=firm[0].booking,
            project=firm[0].project,
            period=firm[0].period,
            more=len(firm) - 1,
            position=firm[0].position,
            advice=advice,
        )
