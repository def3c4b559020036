"""Sites and spaces: what can be booked, its facts on each day, and its closures.

A space's facts go by date: a change applies from its first day until the next change's
first day, whichever was recorded first. So a late correction of an early day leaves later
days as they are, and a change of 2025 does not touch the bookings of 2024.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from ledger.decisions.base import Context, Decision, check_unused
from ledger.decisions.site_refusals import BadAmount, TooFarAhead
from ledger.entities.closures import Closure, live_closures
from ledger.entities.floor_plans import FloorPlan
from ledger.entities.sites import Site
from ledger.entities.spaces import Space
from ledger.errors import NotInService, UnknownId
from ledger.events.base import RecordedEvent
from ledger.events.sites import (
    SiteRegistered,
    SpaceChanged,
    SpaceClosed,
    SpaceCommissioned,
    SpaceDecommissioned,
    SpaceReopened,
)
from ledger.tags import buckets, check_id, check_text, tag
from ledger.time.periods import MAX_PERIOD_DAYS, Period, check_zone, zone
from ledger.time.working_days import DAY_ENDS, parse_day_ends

HORIZON = timedelta(days=MAX_PERIOD_DAYS)
"""How far ahead of now a booking or a closure may reach: ten years.

So a decision that needs every booking of a space from some day on, to retire it, finds them
all in a bounded number of months.
"""

SPACE_EVENTS = (SpaceCommissioned, SpaceChanged, SpaceDecommissioned)
"""The events of a space. Under its tag are also those that commission its parts."""

MAX_ANSWER_HOURS = 720
"""A challenged holder has at most 30 days to answer."""

# --- reading a site, a space, a closure ----------------------------------------------


def read_site(ctx: Context, site_id: str) -> Site:
    """Return the site. Raises `UnknownId`."""
    entry = ctx.last(tag("site", site_id), SiteRegistered)
    if entry is None:
        raise UnknownId("site", site_id)
    return Site.fold([entry])


def read_space(ctx: Context, space_id: str) -> Space:
    """Return the space with all its facts. Raises `UnknownId`.

    Reads the space's own few events (commissioned, changed, retired) and no bookings.
    """
    return _space_and_parts(ctx, space_id)[0]


def _space_and_parts(ctx: Context, space_id: str) -> tuple[Space, list[str]]:
    entries = ctx.read(tag("space", space_id), *SPACE_EVENTS)
    own = own_events(entries, space_id)
    if not own:
        raise UnknownId("space", space_id)
    space = Space.fold(own)
    read_site(ctx, space.site)  # a fact that the space does not have may be its site's to say
    commissioned = (e.event for e in entries if isinstance(e.event, SpaceCommissioned))
    return space, [event.space for event in commissioned if event.part_of == space_id]


def own_events(entries: Sequence[RecordedEvent], space_id: str) -> list[RecordedEvent]:
    """Return the events of a space, out of those under its tag."""
    return [entry for entry in entries if getattr(entry.event, "space", space_id) == space_id]


def read_floor_plan(ctx: Context, space_id: str) -> FloorPlan:
    """Return a space with all that it may share floor with: its whole, and each part of that.

    A space that neither divides nor is a part needs no further reading. Raises `UnknownId`.
    """
    top, parts = _space_and_parts(ctx, space_id)
    while top.part_of is not None:
        top, parts = _space_and_parts(ctx, top.part_of)
    found = [(top, parts)]
    for _, parts in found:
        found += [_space_and_parts(ctx, part) for part in parts]
    return FloorPlan(space for space, _ in found)


def read_answer_hours(ctx: Context, space: Space, day: date) -> int:
    """How long a challenged holder may think: what the space says for the day, or its site."""
    own = space.facts_on(day).answer_within_hours
    return read_site(ctx, space.site).answer_within_hours if own is None else own


def closures(ctx: Context, spaces: Iterable[str], period: Period) -> list[Closure]:
    """Return the closures of these spaces with days left in the period, earliest first.

    Reads the spaces' months around the period. That is enough: a reopening is tagged with
    every month that it gives back, so it is found from each month where the closure had days
    left.
    """
    entries = ctx.read(
        [b for space in spaces for b in buckets("space", space, period.months_to_read)],
        SpaceClosed,
        SpaceReopened,
    )
    return [c for c in live_closures(entries) if c.period.overlaps(period)]


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

    `answer_within_hours` is the time that a challenged holder has to answer, `day_ends` the hour
    at which the house's day ends, for counting working days.
    """

    site: str
    name: str
    zone: str
    answer_within_hours: int = 24
    local_name: str | None = None
    place: str | None = None
    operator: str | None = None
    day_ends: str = DAY_ENDS

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
            day_ends=f"{parse_day_ends(self.day_ends):%H:%M}",
        )
        check_unused(ctx, "site", self.site, SiteRegistered)
        ctx.record(event)
