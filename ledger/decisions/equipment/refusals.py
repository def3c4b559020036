"""The refusals of commands about equipment, with what stands in the way."""

from collections.abc import Collection
from datetime import datetime

from ledger.errors import BadTime, Declared, Refused, RefusedBy
from ledger.time.periods import has_hour


class ItemRefused(RefusedBy):
    """Base of the refusals about one item."""

    equipment: str


class NotYetHappened(Declared, Refused):
    """Equipment events are recorded once they have happened; this one lies in the future."""

    rule = "has-happened"
    at: datetime
    now: datetime
    message = "{at} is in the future; it is now {now}"
    advice = "Record it when it has happened, or correct --at"


class OffsetNeeded(Declared, BadTime):
    """A wall time could have been read on the clocks of several sites."""

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
    """An item is tracked only from its registration on."""

    rule = "registered-first"
    at: datetime
    since: datetime
    message = "{equipment} is on record only from {since}, not at {at}"
    advice = "Give a later time"


class RetiredForGood(ItemRefused):
    """A retired item has no further events."""

    rule = "retired-for-good"
    since: datetime
    message = "{equipment} was retired at {since}"
    advice = "If it came back, register it under another id: equipment add"


class NotThere(ItemRefused):
    """An item was not at the origin that the command names."""

    rule = "moved-from-where-it-was"
    at: datetime
    said: str
    was: str
    message = "at {at} {equipment} was at {was}, not at {said}"
    advice = "Correct the time or the origin; see its moves with: show equipment:{equipment}"


class AlreadyThere(ItemRefused):
    """An item would move to the place where it is."""

    rule = "a-move-moves"
    at: datetime
    place: str
    message = "at {at} {equipment} was already at {place}"
    advice = "Correct the time or the place; see its moves with: show equipment:{equipment}"


class LaterPlaceStands(ItemRefused):
    """A late move contradicts a later fact, which needs the item to have stayed."""

    rule = "a-late-move-fits"
    destination: str
    later: datetime
    was: str
    message = (
        "{equipment} cannot have gone to {destination} and stayed there: at {later} it was at {was}"
    )
    advice = "If it was back at {was} before then, say when, with --return-at"


class LaterEntryStands(ItemRefused):
    """These events are entered in the order in which they happened, and a later one is recorded."""

    rule = "entered-in-order"
    at: datetime
    later: datetime
    message = "{equipment} already has an entry at {later}, after {at}"
    advice = "Give {later} or a later time; see its entries with: show equipment:{equipment}"


class StillPacked(ItemRefused):
    """A packed item moves only with its container."""

    rule = "a-container-moves-as-one"
    container: str
    message = "{equipment} is packed in {container}"
    advice = "Unpack it first: equipment unpack {equipment}; or move {container} with it"


class NotPacked(ItemRefused):
    """An item that is not packed cannot be unpacked."""

    rule = "packed-before-unpacked"
    at: datetime
    message = "at {at} {equipment} was not packed in anything"
    advice = "Correct the item or the time; see its moves with: show equipment:{equipment}"


class NotTogether(ItemRefused):
    """An item can be packed only into a container at the same place."""

    rule = "packed-at-one-place"
    place: str
    container: str
    its_place: str
    message = "{equipment} is at {place} and {container} at {its_place}"
    advice = "Move one to the other first: equipment move"


class InsideItself(ItemRefused):
    """A container would be inside itself."""

    rule = "no-container-in-itself"
    container: str
    message = "{equipment} cannot go into {container}: {why}"
    advice = "Choose another container"

    @property
    def why(self) -> str:
        if self.equipment == self.container:
            return "they are the same"
        return f"{self.container} is inside {self.equipment}"


class NotEmpty(ItemRefused):
    """A container cannot be retired with things inside."""

    rule = "retired-empty"
    contents: int
    message = "{equipment} has {things} inside"
    advice = "Take them out first: equipment unpack"

    @property
    def things(self) -> str:
        return "1 thing" if self.contents == 1 else f"{self.contents} things"


class CheckedOutAlready(ItemRefused):
    """An item can be out for only one booking at a time."""

    rule = "out-once"
    booking: str
    message = "{equipment} is checked out for booking {booking!r}"
    advice = "Check it in first: equipment check-in {equipment}"


class NotCheckedOut(ItemRefused):
    """An item that is not checked out cannot be checked in."""

    rule = "out-before-in"
    message = "{equipment} is not checked out"
    advice = "Correct the item; see where it is with: show equipment:{equipment}"


class BookingNotFirm(RefusedBy):
    """Equipment is checked out only for a confirmed or started booking."""

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
    """An item in repair, calibration or quarantine cannot go out, retire, or start it again."""

    rule = "fit-for-use"
    kind: str
    since: datetime
    message = "{equipment} has been in {kind} since {since}"
    advice = "Once that is done: equipment service {equipment} --kind {kind} --done"


class ServiceNotOpen(ItemRefused):
    """A service cannot end where none of its kind is open."""

    rule = "started-before-done"
    kind: str
    message = "{equipment} is not in {kind}"
    advice = "Start it first: equipment service {equipment} --kind {kind}"
