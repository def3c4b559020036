"""Equipment: an item's place and container, from its registration to its retirement.

Who has an item and whether it is fit for use are separate facts (`custody`): a move changes
neither, and neither of them moves anything.

A *late entry* happened before an event of the same chain that is already recorded. It is
accepted where the chain stays consistent: each later fact must still find the item where it
says. A move there and back fits between two facts; a single late move never does, since
the next fact has the item at its old place. Packing and unpacking are entered in order, item
by item: every later fact of an item says what it is packed in.
"""

from datetime import datetime

from ledger.decisions.base import Context, Decision, check_unused
from ledger.decisions.equipment.custody import check_fit, read_custody
from ledger.decisions.equipment.places import (
    Standing,
    check_happened,
    check_place,
    on_site,
    resolve,
    resolve_where_it_is,
    standing_in_use,
)
from ledger.decisions.equipment.refusals import (
    AlreadyThere,
    InsideItself,
    LaterEntryStands,
    LaterPlaceStands,
    NotEmpty,
    NotPacked,
    NotThere,
    NotTogether,
    StillPacked,
)
from ledger.errors import BadTime, UnreadableEvent
from ledger.events.base import RecordedEvent
from ledger.events.equipment import (
    CONTENTS,
    OUTSIDE,
    EquipmentMoved,
    EquipmentPacked,
    EquipmentRegistered,
    EquipmentRetired,
    EquipmentUnpacked,
)
from ledger.tags import check_id, check_text, tag
from ledger.time.periods import Moment


class AddEquipment(Decision, frozen=True, tag="equipment add"):
    """Track an item from `at` on, first at `at_place`. A container is an item like any other.

    `home` is the place where it belongs.
    """

    equipment: str
    name: str
    kind: str
    at_place: str
    home: str | None = None
    maker: str | None = None
    at: Moment | None = None

    def decide(self, ctx: Context) -> None:
        """Record `EquipmentRegistered`. Raises `AlreadyExists`, `UnknownId`, `NotYetHappened`."""
        check_id("equipment", self.equipment)
        check_unused(ctx, "equipment", self.equipment, EquipmentRegistered)
        place = check_place(ctx, self.at_place)
        home = None if self.home is None else check_place(ctx, self.home)
        at = ctx.now
        if self.at is not None:
            on_the_clock_of = home if home and place.startswith(OUTSIDE) else place
            at = resolve(ctx, self.at, on_the_clock_of)
        ctx.record(
            EquipmentRegistered(
                equipment=self.equipment,
                at=check_happened(ctx, at, self.equipment),
                name=check_text("name", self.name),
                kind=check_text("kind", self.kind),
                place=place,
                home=home,
                maker=None if self.maker is None else check_text("maker", self.maker),
            )
        )


class MoveEquipment(Decision, frozen=True, tag="equipment move"):
    """Move an item, with everything in it, to a place.

    `origin` asserts where it came from. With `return_at` it went there and came back.
    """

    equipment: str
    to: str
    at: Moment | None = None
    origin: str | None = None
    return_at: Moment | None = None

    def decide(self, ctx: Context) -> None:
        """Raises `StillPacked`, `NotThere`, `AlreadyThere`, `LaterPlaceStands` and others."""
        destination = check_place(ctx, self.to)
        origin = None if self.origin is None else check_place(ctx, self.origin)
        at = check_happened(ctx, self._instant(ctx, self.at, origin), self.equipment)
        now = standing_in_use(ctx, self.equipment, at)
        if now.around is not None:
            raise StillPacked(self.equipment, container=now.around.item, position=now.fact.position)
        if origin is not None and origin != now.place:
            raise NotThere(
                self.equipment,
                on_site(ctx, at, self.equipment),
                said=origin,
                was=now.place,
                position=now.fact.position,
            )
        if destination == now.place:
            raise AlreadyThere(
                self.equipment,
                on_site(ctx, at, self.equipment),
                place=destination,
                position=now.fact.position,
            )
        back = None
        if self.return_at is not None:
            back = self._instant(ctx, self.return_at, origin)
            check_happened(ctx, back, self.equipment)
            if back <= at:
                raise BadTime(
                    f"the return at {self.return_at} is not after the move",
                    advice="Give a later --return-at",
                )
        # A later fact at the instant of the return comes first: it happened while the item
        # was away.
        if now.later is not None and (back is None or now.later.at <= back):
            raise LaterPlaceStands(
                self.equipment,
                destination,
                later=on_site(ctx, now.later.at, self.equipment),
                was=now.later.was,
                position=now.later.position,
            )
        moves = [(at, now.place, destination)]
        if back is not None:
            moves.append((back, destination, now.place))
        for when, left, came in moves:
            ctx.record(
                EquipmentMoved(
                    equipment=self.equipment,
                    at=when,
                    origin=left,
                    destination=came,
                    latest=now.later is None,
                )
            )

    def _instant(self, ctx: Context, moment: Moment | None, origin: str | None) -> datetime:
        if moment is None:
            return ctx.now
        if origin is not None:
            return resolve(ctx, moment, origin, self.to, item=self.equipment)
        return resolve_where_it_is(ctx, moment, self.equipment, self.to)


class PackEquipment(Decision, frozen=True, tag="equipment pack"):
    """Put an item, with everything in it, into a container at the same place."""

    equipment: str
    container: str
    at: Moment | None = None

    def decide(self, ctx: Context) -> None:
        """Raises `StillPacked`, `NotTogether`, `InsideItself`, `LaterEntryStands` and others."""
        at = _instant(ctx, self.at, self.equipment)
        item = standing_in_use(ctx, self.equipment, at)
        if self.container == self.equipment:
            raise InsideItself(self.equipment, self.container, position=None)
        if item.around is not None:
            raise StillPacked(
                self.equipment, container=item.around.item, position=item.fact.position
            )
        _check_newest(ctx, item, at)
        # An item packed late is inside from then on, so not in a container retired since.
        container = standing_in_use(ctx, self.container, at, for_good=True)
        levels = list(container.outwards)
        for level in levels:
            if level.around is not None and level.around.item == self.equipment:
                raise InsideItself(self.equipment, self.container, position=level.fact.position)
        if item.place != container.place:
            raise NotTogether(
                self.equipment,
                item.place,
                container=self.container,
                its_place=container.place,
                position=max(item.fact.position, levels[-1].fact.position),
            )
        contents, _ = read_contents(ctx, self.container)
        ctx.record(
            EquipmentPacked(
                equipment=self.equipment,
                at=at,
                place=item.place,
                containers=tuple(level.item for level in levels),
                latest_for=tuple(level.item for level in levels if level.later is None),
                contents=contents + 1,
            )
        )


class UnpackEquipment(Decision, frozen=True, tag="equipment unpack"):
    """Take an item out of its container, at the container's place."""

    equipment: str
    at: Moment | None = None

    def decide(self, ctx: Context) -> None:
        """Raises `NotPacked`, `LaterEntryStands` and others."""
        at = _instant(ctx, self.at, self.equipment)
        item = standing_in_use(ctx, self.equipment, at)
        if item.around is None:
            raise NotPacked(
                self.equipment, on_site(ctx, at, self.equipment), position=item.fact.position
            )
        _check_newest(ctx, item, at)
        levels = list(item.around.outwards)
        contents, _ = read_contents(ctx, item.around.item)
        ctx.record(
            EquipmentUnpacked(
                equipment=self.equipment,
                at=at,
                place=item.place,
                containers=tuple(level.item for level in levels),
                latest_for=tuple(level.item for level in levels if level.later is None),
                contents=contents - 1,
            )
        )


class RetireEquipment(Decision, frozen=True, tag="equipment retire"):
    """Retire an item: it leaves the studio for good."""

    equipment: str
    at: Moment | None = None

    def decide(self, ctx: Context) -> None:
        """Raises `StillPacked`, `NotEmpty`, `CheckedOutAlready`, `InService` and others."""
        at = _instant(ctx, self.at, self.equipment)
        item = standing_in_use(ctx, self.equipment, at)
        _check_newest(ctx, item, at)
        if item.around is not None:
            raise StillPacked(
                self.equipment, container=item.around.item, position=item.fact.position
            )
        contents, newest = read_contents(ctx, self.equipment)
        if newest is not None and contents:
            raise NotEmpty(self.equipment, contents=contents, position=newest.position)
        custody = read_custody(ctx, self.equipment)
        custody.check_in_house()
        custody.check_not_before(ctx, at)
        check_fit(ctx, self.equipment, at)
        ctx.record(EquipmentRetired(equipment=self.equipment, at=at, place=item.place))


def read_contents(ctx: Context, container: str) -> tuple[int, RecordedEvent | None]:
    """Return how many things are directly in a container, and the newest entry, which says so.

    The newest by position is right: each packing and unpacking, however late it is entered,
    is the last of its item's chain, so it stays true from then on. This takes one question,
    however much has been packed and unpacked.
    """
    newest = ctx.last(tag("equipment", container, CONTENTS), EquipmentPacked, EquipmentUnpacked)
    if newest is None:
        return 0, None
    if not isinstance(newest.event, EquipmentPacked | EquipmentUnpacked):
        raise UnreadableEvent(newest.type, position=newest.position)
    return newest.event.contents, newest


def _instant(ctx: Context, moment: Moment | None, item: str) -> datetime:
    at = ctx.now if moment is None else resolve_where_it_is(ctx, moment, item)
    return check_happened(ctx, at, item)


def _check_newest(ctx: Context, item: Standing, at: datetime) -> None:
    if item.later is not None:
        raise LaterEntryStands(
            item.item,
            on_site(ctx, at, item.item),
            later=on_site(ctx, item.later.at, item.item),
            position=item.later.position,
        )
