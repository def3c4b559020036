"""Where an item is, and what it is in, at any effective time.

From a place fact on, the item stays where the fact says; or, if the fact says that it is in a
container, where the container is.

Reading is bounded. The newest event of `equipment:X@latest` is the end of the chain, and
the usual decision reads nothing else of the item. Only where that is later than the time
in question are the months around that time read, one by one, until a fact is found on
either side. Those months are then in the boundary, as they must be: an entry that is
made late between the two facts changes the answer.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from msgspec import Struct

from ledger.decisions.base import Context
from ledger.decisions.equipment.refusals import (
    NotYetHappened,
    NotYetRegistered,
    OffsetNeeded,
    RetiredForGood,
)
from ledger.entities.equipment import PLACE_FACTS, Item, PlaceFact
from ledger.errors import InternalError, UnknownId, UnreadableEvent
from ledger.events.equipment import (
    LATEST,
    OUTSIDE,
    EquipmentDescribed,
    EquipmentRegistered,
    month_tag,
)
from ledger.events.ledgers import LedgerOpened
from ledger.events.sites import SpaceCommissioned
from ledger.tags import check_id, tag
from ledger.time.periods import Moment, zone

# --- the chain -----------------------------------------------------------------------


class Standing(Struct, frozen=True):
    """Where an item is at a time, and why.

    `fact` is the last of its chain up to then, `later` the first one after, None where
    there is none. `around` is the container's own standing.
    """

    item: str
    place: str
    fact: PlaceFact
    later: PlaceFact | None = None
    around: "Standing | None" = None

    @property
    def outwards(self) -> "Iterator[Standing]":
        """The item's standing, its container's, that of the container around that, …"""
        level: Standing | None = self
        while level is not None:
            yield level
            level = level.around


def standing(ctx: Context, item: str, at: datetime) -> Standing:
    """Where the item is at that time, after everything that happened at that instant.

    Raises `UnknownId` and `NotYetRegistered`. It asks one question for the item and one
    for each container around it; for a time with something later on record also the months
    up to the facts on both sides.
    """
    fact, later = _neighbours(ctx, item, at)
    if fact.container is None:
        return Standing(item, fact.place, fact, later)
    around = standing(ctx, fact.container, at)
    return Standing(item, around.place, fact, later, around)


def place_at(ctx: Context, item: str, at: datetime) -> str:
    """The item's place at that time. Raises `UnknownId` and `NotYetRegistered`."""
    return standing(ctx, item, at).place


def standing_in_use(ctx: Context, item: str, at: datetime, *, for_good: bool = False) -> Standing:
    """As `standing`, of an item that was not retired by then. Raises `RetiredForGood`.

    With `for_good` it may not have been retired later either; this reads nothing more.
    """
    found = standing(ctx, item, at)
    newest = ctx.last(tag("equipment", item, LATEST), *PLACE_FACTS) if for_good else None
    end = PlaceFact.of(newest, item) if newest is not None else found.fact
    if end.retired:
        since = on_site(ctx, end.at, item)
        raise RetiredForGood(item, since=since, position=end.position)
    return found


def _neighbours(ctx: Context, item: str, at: datetime) -> tuple[PlaceFact, PlaceFact | None]:
    newest = ctx.last(tag("equipment", item, LATEST), *PLACE_FACTS)
    if newest is None:
        raise UnknownId("equipment", item)
    end = PlaceFact.of(newest, item)
    if end.at <= at:
        return end, None
    registered = ctx.last(tag("equipment", item), EquipmentRegistered)
    if registered is None:
        raise InternalError(f"{item} has place facts, but was never registered")
    start = PlaceFact.of(registered, item)
    if at < start.at:
        raise NotYetRegistered(
            item,
            on_site(ctx, at, item),
            since=on_site(ctx, start.at, item),
            position=start.position,
        )
    before = _first(_months(ctx, item, at, back_to=start.at), lambda fact: fact.at <= at)
    after = _first(_months(ctx, item, at, on_to=end.at), lambda fact: fact.at > at)
    return before, after


def _first(months: Iterable[list[PlaceFact]], wanted: Callable[[PlaceFact], bool]) -> PlaceFact:
    for facts in months:
        for fact in facts:
            if wanted(fact):
                return fact
    raise InternalError("a chain of place facts has an end that its months do not have")


def _months(
    ctx: Context,
    item: str,
    start: datetime,
    *,
    back_to: datetime | None = None,
    on_to: datetime | None = None,
) -> Iterator[list[PlaceFact]]:
    """The item's facts, a month at a time from that of `start`, in the direction of the walk."""
    first, back = _month_number(start), back_to is not None
    last = _month_number(back_to or on_to or start)
    for index in range(first, last - 1, -1) if back else range(first, last + 1):
        day = datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)
        entries = ctx.read(month_tag(item, day), *PLACE_FACTS)
        facts = [PlaceFact.of(entry, item) for entry in entries]
        yield sorted(facts, key=lambda fact: fact.moment, reverse=back)


def _month_number(instant: datetime) -> int:
    day = instant.astimezone(UTC)
    return day.year * 12 + day.month - 1


# --- places and their clocks ---------------------------------------------------------


def check_place(ctx: Context, place: str) -> str:
    """Check a place as it was typed. Raises `BadId`, and `UnknownId` for an unknown space."""
    if place.startswith(OUTSIDE):
        check_id("outside place", place.removeprefix(OUTSIDE))
    else:
        space_zone(ctx, check_id("space", place))
    return place


def space_zone(ctx: Context, space: str) -> str:
    """The zone of a space. Raises `UnknownId`.

    A place needs to know no more of a space than that it was commissioned, so that a move
    is not disturbed by whatever becomes of the space later.
    """
    entry = ctx.last(tag("space", space), SpaceCommissioned)
    if entry is None:
        raise UnknownId("space", space)
    if not isinstance(entry.event, SpaceCommissioned):
        raise UnreadableEvent(entry.type, position=entry.position)
    return entry.event.zone


def resolve(ctx: Context, moment: Moment, *places: str, item: str | None = None) -> datetime:
    """The instant of a moment, in UTC.

    Without an offset it was read on the clock of the spaces among `places`, else on that of
    the item's home, else on the ledger's own. Raises `BadTime`; `OffsetNeeded` where those
    spaces have different clocks.
    """
    if moment.has_offset:
        return moment.resolve("UTC")
    zones = {space_zone(ctx, place) for place in places if not place.startswith(OUTSIDE)}
    if not zones and item is not None:
        zones = _home_zones(ctx, item)
    if len(zones) > 1:
        raise OffsetNeeded(str(moment), zones=zones)
    return moment.resolve(zones.pop() if zones else own_zone(ctx))


def resolve_where_it_is(ctx: Context, moment: Moment, item: str, *places: str) -> datetime:
    """As `resolve`, with the place where the item is now as a further one."""
    if moment.has_offset:
        return moment.resolve("UTC")
    return resolve(ctx, moment, place_at(ctx, item, ctx.now), *places, item=item)


def registered_by(ctx: Context, item: Item, at: datetime) -> None:
    """Check that an item, as `find_item` returns it, is in use at a time, and stays so.

    Raises `NotYetRegistered`, `RetiredForGood`.
    """
    place = item.place
    if place.retired:
        since = on_site(ctx, place.at, item.id)
        raise RetiredForGood(item.id, since=since, position=place.position)
    if at < place.at:
        raise NotYetRegistered(
            item.id,
            on_site(ctx, at, item.id),
            since=on_site(ctx, place.at, item.id),
            position=place.position,
        )


def check_happened(ctx: Context, at: datetime, item: str) -> datetime:
    """An effective time that is not still to come. Raises `NotYetHappened`."""
    if at > ctx.now:
        raise NotYetHappened(on_site(ctx, at, item), now=on_site(ctx, ctx.now, item))
    return at


def on_site(ctx: Context, instant: datetime, item: str) -> datetime:
    """The instant as a refusal shows it: on the clock where the item is, else at its home,
    else on the ledger's own.

    Only on the way to a refusal: it asks more than a decision should.
    """
    if ctx.last(tag("equipment", item, LATEST), *PLACE_FACTS) is None:
        return instant
    return instant.astimezone(zone(zone_of(ctx, item)))


def zone_of(ctx: Context, item: str) -> str:
    """The zone on whose clock an item's days are read: where it is, else its home's, else the
    ledger's own."""
    place = place_at(ctx, item, ctx.now)
    zones = {space_zone(ctx, place)} if not place.startswith(OUTSIDE) else _home_zones(ctx, item)
    return zones.pop() if zones else own_zone(ctx)


def own_zone(ctx: Context) -> str:
    """The zone in which a day is read where no site says otherwise."""
    entry = ctx.last("ledger:opened", LedgerOpened)
    if entry is None:
        return "UTC"  # only a history that was made by hand has no beginning
    if not isinstance(entry.event, LedgerOpened):
        raise UnreadableEvent(entry.type, position=entry.position)
    return entry.event.zone


def _home_zones(ctx: Context, item: str) -> set[str]:
    entry = ctx.last(tag("equipment", item), EquipmentRegistered, EquipmentDescribed)
    if entry is None or not isinstance(entry.event, EquipmentRegistered | EquipmentDescribed):
        return set()
    home = entry.event.home
    return {space_zone(ctx, home)} if home and not home.startswith(OUTSIDE) else set()
