"""Sites and spaces: what can be booked, its facts on each day, and its closures.

A space's facts go by date: a change applies from its first day until the next change's
first day, whichever was recorded first. So a late correction of an early day leaves later
days as they are, and a change of 2025 does not touch the bookings of 2024.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from msgspec import Struct

from ledger.decisions.base import Context, Decision, check_unused
from ledger.decisions.site_refusals import BadAmount, TooFarAhead
from ledger.errors import NotInService, UnknownId, UnreadableEvent
from ledger.events.base import RecordedEvent
from ledger.events.sites import (
    ClosureKind,
    SiteRegistered,
    SpaceChanged,
    SpaceClosed,
    SpaceCommissioned,
    SpaceDecommissioned,
    SpaceKind,
    SpaceReopened,
)
from ledger.tags import buckets, check_id, check_text, tag
from ledger.times import MAX_PERIOD_DAYS, Days, Period, check_zone, zone

HORIZON = timedelta(days=MAX_PERIOD_DAYS)
"""How far ahead of now a booking or a closure may reach: ten years.

So a decision that needs every booking of a space from some day on, to retire it, finds them
all in a bounded number of months.
"""

MAX_ANSWER_HOURS = 720
"""A challenged holder has at most 30 days to answer."""

# --- reading a site, a space, a closure ----------------------------------------------


class Site(Struct, frozen=True):
    """A campus; `position` is the event that registered it."""

    id: str
    name: str
    zone: str
    answer_within_hours: int
    position: int


class SpaceFacts(Struct, frozen=True):
    """The facts of a space from the day `on` until the day of the next facts.

    `capacity` None is exclusive. `answer_within_hours` is the policy in force, the space's
    own or its site's; `own_answer_within_hours` is None where the space has none.
    """

    on: date
    position: int
    name: str
    kind: SpaceKind
    area_m2: float
    capacity: int | None
    answer_within_hours: int
    own_answer_within_hours: int | None
    phase: str | None


class Space(Struct, frozen=True):
    """A space with all its facts, in the order of their days.

    `position` is the event that commissioned it, `decommissioned` the one that retired it.
    It is in service from `in_service_on`; `decommissioned_on` is the first day without it.
    """

    id: str
    site: str
    zone: str
    in_service_on: date
    position: int
    facts: tuple[SpaceFacts, ...]
    decommissioned_on: date | None = None
    decommissioned: int | None = None

    def in_service(self, day: date) -> bool:
        """Whether it is in service on that day, closures aside."""
        return self.in_service_on <= day and (
            self.decommissioned_on is None or day < self.decommissioned_on
        )

    def facts_on(self, day: date) -> SpaceFacts:
        """Return its facts on that day; before its first day, its first facts."""
        held = [facts for facts in self.facts if facts.on <= day]
        return held[-1] if held else self.facts[0]

    def facts_during(self, days: Days) -> tuple[SpaceFacts, ...]:
        """Return all facts that apply on any of the days, in order: one if nothing changes.

        A capacity for a whole booking has to fit each of them.
        """
        later = (facts for facts in self.facts if days.first < facts.on <= days.last)
        return (self.facts_on(days.first), *later)


class Closure(Struct, frozen=True):
    """A closure after its reopenings; `position` is the event that closed the space."""

    id: str
    space: str
    kind: ClosureKind
    period: Period
    position: int


def read_site(ctx: Context, site_id: str) -> Site:
    """Return the site. Raises `UnknownId`."""
    entry = ctx.last(tag("site", site_id), SiteRegistered)
    if entry is None:
        raise UnknownId("site", site_id)
    event = entry.event
    if not isinstance(event, SiteRegistered):
        raise UnreadableEvent(entry.type, position=entry.position)
    return Site(event.site, event.name, event.zone, event.answer_within_hours, entry.position)


def read_space(ctx: Context, space_id: str) -> Space:
    """Return the space with all its facts. Raises `UnknownId`.

    Reads the space's own few events (commissioned, changed, retired) and no bookings.
    """
    entries = ctx.read(tag("space", space_id), SpaceCommissioned, SpaceChanged, SpaceDecommissioned)
    if not entries:
        raise UnknownId("space", space_id)
    first = entries[0].event
    if not isinstance(first, SpaceCommissioned):
        raise UnreadableEvent(entries[0].type, position=entries[0].position)
    site = read_site(ctx, first.site)
    held: dict[date, SpaceFacts] = {}
    gone: tuple[date | None, int | None] = (None, None)
    for entry in entries:
        match entry.event:
            case SpaceCommissioned() as event:
                held[event.in_service_on] = _facts(event, event.in_service_on, entry.position, site)
            case SpaceChanged() as event:
                # Of two changes from the same day the one recorded later counts.
                held[event.on] = _facts(event, event.on, entry.position, site)
            case SpaceDecommissioned() as event:
                gone = (event.on, entry.position)
            case _:
                raise UnreadableEvent(entry.type, position=entry.position)
    return Space(
        id=space_id,
        site=first.site,
        zone=first.zone,
        in_service_on=first.in_service_on,
        position=entries[0].position,
        facts=tuple(held[day] for day in sorted(held)),
        decommissioned_on=gone[0],
        decommissioned=gone[1],
    )


def _facts(
    event: SpaceCommissioned | SpaceChanged, on: date, position: int, site: Site
) -> SpaceFacts:
    own = event.answer_within_hours
    return SpaceFacts(
        on=on,
        position=position,
        name=event.name,
        kind=event.kind,
        area_m2=event.area_m2,
        capacity=event.capacity,
        answer_within_hours=site.answer_within_hours if own is None else own,
        own_answer_within_hours=own,
        phase=event.phase,
    )


def closures(ctx: Context, space_id: str, period: Period) -> list[Closure]:
    """Return the closures with days left in the period, earliest first.

    Reads the space's months that the period touches. That is enough: a reopening is tagged
    with every month that it gives back, so it is found from each month where the closure
    had days left.
    """
    entries = ctx.read(buckets("space", space_id, period.months), SpaceClosed, SpaceReopened)
    return [c for c in live_closures(entries) if c.period.overlaps(period)]


def live_closures(entries: Iterable[RecordedEvent]) -> list[Closure]:
    """Fold closure events into the closures with days left, earliest first."""
    live: dict[str, Closure] = {}
    for entry in entries:
        match entry.event:
            case SpaceClosed() as event:
                live[event.closure] = Closure(
                    event.closure, event.space, event.kind, event.period, entry.position
                )
            case SpaceReopened() as event:
                before = live.pop(event.closure, None)
                if before is not None and event.was.start < event.period.start:
                    left = Period(event.was.start, event.period.start, event.was.zone)
                    live[event.closure] = Closure(
                        before.id, before.space, before.kind, left, before.position
                    )
            case _:
                pass
    return sorted(live.values(), key=lambda closure: (closure.period.start, closure.position))


# --- rules ---------------------------------------------------------------------------


def check_days(ctx: Context, space: Space, period: Period) -> None:
    """Check that the space is in service on all days of the period, and none is too far ahead.

    Raises `NotInService` with the first day out of service, `TooFarAhead`.
    """
    days = period.days
    if days.first < space.in_service_on:
        raise out_of_service(space, days.first)
    if space.decommissioned_on is not None and days.last >= space.decommissioned_on:
        raise out_of_service(space, max(days.first, space.decommissioned_on))
    check_horizon(ctx, period)


def check_horizon(ctx: Context, period: Period) -> None:
    """Check that the period ends at most `HORIZON` from now. Raises `TooFarAhead`."""
    horizon = ctx.now + HORIZON
    if period.end > horizon:
        raise TooFarAhead(period.days.last, horizon=horizon.astimezone(zone(period.zone)).date())


def out_of_service(space: Space, day: date) -> NotInService:
    """Return the refusal for that day, with the event that puts the space out of service."""
    gone = space.decommissioned if day >= space.in_service_on else None
    return NotInService(
        space.id,
        day,
        since=space.in_service_on,
        until=space.decommissioned_on,
        position=space.position if gone is None else gone,
    )


def check_answer_hours(hours: int) -> int:
    """Return a time to answer a challenge, 1 to 720 hours. Raises `BadAmount`."""
    if not 1 <= hours <= MAX_ANSWER_HOURS:
        raise BadAmount("time to answer in hours", hours, least="1", most=f"{MAX_ANSWER_HOURS}")
    return hours


def optional_text(what: str, text: str | None) -> str | None:
    """Return the checked text, or None. Raises `BadText`."""
    return None if text is None else check_text(what, text)


# --- commands ------------------------------------------------------------------------


class AddSite(Decision, frozen=True, tag="site add"):
    """Register a campus, with the zone of its clock.

    `answer_within_hours` is the time that a challenged holder has to answer.
    """

    site: str
    name: str
    zone: str
    answer_within_hours: int = 24
    local_name: str | None = None
    place: str | None = None
    operator: str | None = None

    def decide(self, ctx: Context) -> None:
        """Record `SiteRegistered`. Raises `AlreadyExists`, `BadInput`."""
        check_id("site", self.site)
        event = SiteRegistered(
            site=self.site,
            name=check_text("name", self.name),
            zone=check_zone(self.zone),
            answer_within_hours=check_answer_hours(self.answer_within_hours),
            local_name=optional_text("local name", self.local_name),
            place=optional_text("place", self.place),
            operator=optional_text("operator", self.operator),
        )
        check_unused(ctx, "site", self.site, SiteRegistered)
        ctx.record(event)
