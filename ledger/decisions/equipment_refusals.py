"""Why a command about equipment is refused: one class each, with what stands in the way.

`rule` is what a script matches on, the message is what somebody reads at the stage door.
"""

from collections.abc import Collection
from datetime import datetime

from ledger.errors import BadTime, Declared, Refused, RefusedBy
from ledger.times import has_hour


class ItemRefused(RefusedBy):
    """Base of the refusals that are about one item."""

    equipment: str


class NotYetHappened(Declared, Refused):
    """What is recorded of equipment has happened; this lies in the future."""

    rule = "has-happened"
    at: datetime
    now: datetime
    message = "{at} is still to come; it is {now}"
    advice = "Record it when it has happened, or correct --at"


class OffsetNeeded(Declared, BadTime):
    """A wall time, and no telling on which site's clock it was read."""

    text: str
    zones: Collection[str]
    message = "{text} could be the time in {one_or_another}"
    advice = "Write the offset from UTC too, such as {hour}+08:00"

    @property
    def one_or_another(self) -> str:
        return " or ".join(sorted(self.zones))

    @property
    def hour(self) -> str:
        return self.text[:16] if has_hour(self.text) else f"{self.text}T00:00"


class NotYetRegistered(ItemRefused):
    """An item is tracked from its registration on, and not before."""

    rule = "registered-first"
    at: datetime
    since: datetime
    message = "{equipment} is on record only from {since}, not at {at}"
    advice = "Give a later time"


class RetiredForGood(ItemRefused):
    """Nothing more happens to an item that was retired."""

    rule = "retired-for-good"
    since: datetime
    message = "{equipment} was retired at {since}"
    advice = "Register what came back under another id: equipment add"


class NotThere(ItemRefused):
    """An item is said to come from where it was not."""

    rule = "moved-from-where-it-was"
    at: datetime
    said: str
    was: str
    message = "at {at} {equipment} was at {was}, not at {said}"
    advice = "Correct the time or the origin; how it got about: show equipment:{equipment}"


class AlreadyThere(ItemRefused):
    """A move to where the item is."""

    rule = "a-move-moves"
    at: datetime
    place: str
    message = "at {at} {equipment} was at {place} already"
    advice = "Correct the time or the place; how it got about: show equipment:{equipment}"


class LaterPlaceStands(ItemRefused):
    """A late move does not fit: a later fact supposes that the item had stayed."""

    rule = "a-late-move-fits"
    destination: str
    later: datetime
    was: str
    message = (
        "{equipment} cannot have gone to {destination} and stayed there: at {later} it was at {was}"
    )
    advice = "If it was back at {was} before then, say when, with --return-at"


class LaterEntryStands(ItemRefused):
    """It must be entered in the order in which it happened, and something later is in."""

    rule = "entered-in-order"
    at: datetime
    later: datetime
    message = "of {equipment} something at {later} is on record, which {at} comes before"
    advice = "Give a time from {later} on; look at show equipment:{equipment}"


class StillPacked(ItemRefused):
    """A packed item goes where its container goes and makes no moves of its own."""

    rule = "a-container-moves-as-one"
    container: str
    message = "{equipment} is packed in {container}"
    advice = "Unpack it first: equipment unpack {equipment}; or move {container} with it"


class NotPacked(ItemRefused):
    """Nothing to take the item out of."""

    rule = "packed-before-unpacked"
    at: datetime
    message = "at {at} {equipment} was not packed in anything"
    advice = "Correct the item or the time; look at show equipment:{equipment}"


class NotTogether(ItemRefused):
    """An item goes only into a container that stands where it stands."""

    rule = "packed-at-one-place"
    place: str
    container: str
    its_place: str
    message = "{equipment} is at {place} and {container} at {its_place}"
    advice = "Move one to the other first: equipment move"


class InsideItself(ItemRefused):
    """A container would lie in itself."""

    rule = "no-container-in-itself"
    container: str
    message = "{equipment} cannot go into {container}: {why}"
    advice = "Choose another container"

    @property
    def why(self) -> str:
        if self.equipment == self.container:
            return "they are the same"
        return f"{self.container} lies in {self.equipment}"


class NotEmpty(ItemRefused):
    """A container with things inside is not retired."""

    rule = "retired-empty"
    contents: int
    message = "{equipment} has {things} inside"
    advice = "Take them out first: equipment unpack"

    @property
    def things(self) -> str:
        return "1 thing" if self.contents == 1 else f"{self.contents} things"


class CheckedOutAlready(ItemRefused):
    """An item is out for one booking at a time."""

    rule = "out-once"
    booking: str
    message = "{equipment} is checked out for booking {booking!r}"
    advice = "Check it in first: equipment check-in {equipment}"


class NotCheckedOut(ItemRefused):
    """Nothing to check in."""

    rule = "out-before-in"
    message = "{equipment} is not checked out"
    advice = "Correct the item; look at show equipment:{equipment}"


class BookingNotFirm(RefusedBy):
    """Equipment goes out for a confirmed or started booking only."""

    rule = "out-for-a-firm-booking"
    booking: str
    state: str
    message = "booking {booking!r} is {state}"
    advice = "{instead}"

    @property
    def instead(self) -> str:
        if self.state == "only a hold":
            return f"Confirm it first: booking confirm {self.booking}"
        return "Choose a confirmed booking: view bookings"


class InService(ItemRefused):
    """An item in repair, calibration or quarantine is not given out, retired, or put in again."""

    rule = "fit-for-use"
    kind: str
    since: datetime
    message = "{equipment} is in {kind} since {since}"
    advice = "When that is over: equipment service {equipment} --kind {kind} --done"


class ServiceNotOpen(ItemRefused):
    """A service of that kind is to end, and none is open."""

    rule = "started-before-done"
    kind: str
    message = "{equipment} is not in {kind}"
    advice = "Start it first: equipment service {equipment} --kind {kind}"
