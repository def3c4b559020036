"""The refusals of commands about equipment, with what stands in the way."""

from collections.abc import Collection
from datetime import datetime

from ledger.errors import ADD_ADVICE, BadTime, Declared, Refused, RefusedBy
from ledger.events.equipment import Lot
from ledger.time.periods import Period, has_hour


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
    contents: Collection[str]
    message = "{equipment} has {things} inside"
    advice = "Take them out first: equipment unpack"

    @property
    def things(self) -> str:
        named = ", ".join(sorted(self.contents)[:3])
        more = len(self.contents) - 3
        return f"{named} and {more} more" if more > 0 else named


class CheckedOutAlready(ItemRefused):
    """An item can be out for only one loan at a time."""

    rule = "out-once"
    loan: str
    message = "{equipment} is out {loan}"
    advice = (
        "Check it in first: equipment check-in {equipment}; or keep it longer: equipment prolong"
    )


class OutInItsCase(ItemRefused):
    """The contents of a container that is out are out with it."""

    rule = "out-once"
    container: str
    loan: str
    message = "{equipment} is in {container}, which is out {loan}"
    advice = "Unpack it first: equipment unpack {equipment}"


class OutAlready(ItemRefused):
    """A container goes out with everything in it, and some of that is out on another loan."""

    rule = "a-container-goes-as-one"
    container: str
    loan: str
    message = "{equipment}, which is in {container}, is out {loan}"
    advice = "Check it in, or unpack it first: equipment unpack {equipment}"


class OutOtherwise(ItemRefused):
    """An item comes back from the loan that it is out on, and from no other."""

    rule = "out-before-in"
    loan: str
    message = "{equipment} is out {loan}"
    advice = "Correct --booking and --custodian, or leave them out"


class CalibrationRunOut(ItemRefused):
    """An item whose calibration has run out cannot go out."""

    rule = "calibrated-when-out"
    until: datetime
    message = "the calibration of {equipment} was valid until {until}"
    advice = (
        "Calibrate it: equipment service {equipment} --kind calibration, then the same with "
        "--done --valid-until"
    )


class NotSoMany(ItemRefused):
    """A lot of a stock has fewer pieces than are asked for."""

    rule = "counts-add-up"
    at: datetime
    asked: int
    there: int
    lot: Lot
    message = "at {at} there are {there} of {equipment} {in_lot}{not_so_many}"
    advice = "See where they are with: view stock --equipment {equipment}"

    @property
    def not_so_many(self) -> str:
        return f", not {self.asked}" if self.there > 0 else ""

    @property
    def in_lot(self) -> str:
        return lot_text(self.lot)


class WhichLot(ItemRefused):
    """Pieces of a stock are in several lots, and it is not said which."""

    rule = "counts-add-up"
    lots: Collection[Lot]
    message = "pieces of {equipment} are {everywhere}"
    advice = "Say which are meant, with {options}"

    @property
    def everywhere(self) -> str:
        return ", and ".join(sorted(lot_text(lot) for lot in self.lots))

    @property
    def options(self) -> str:
        """Those that tell the lots apart."""
        differ = [
            option
            for name, option in _TELLS_APART.items()
            if len({getattr(lot, name) for lot in self.lots}) > 1
        ]
        return " or ".join(differ)


_TELLS_APART = {
    "place": "--from PLACE",
    "container": "--container ITEM",
    "booking": "--booking BOOKING",
    "custodian": "--custodian NAME",
}


def lot_text(lot: Lot) -> str:
    """Say in words where the pieces of a lot are."""
    said = []
    if lot.place is not None:
        said.append(f"at {lot.place}")
    if lot.container is not None:
        said.append(f"in {lot.container}")
    if lot.is_out:
        said.append(f"out {loan_text(lot.booking, lot.custodian)}")
    elif lot.place is not None:
        said.append("in the house")
    return " ".join(said) or "in the house"


def loan_text(booking: str | None, custodian: str | None) -> str:
    """Say in words what something is out for."""
    if booking is not None:
        return f"for booking {booking!r}"
    return "on a loan" if custodian is None else f"with {custodian}"


class NotFoundThere(Declared, Refused):
    """Single items were counted at a place where the ledger does not have them."""

    rule = "counted-where-it-is"
    place: str
    items: Collection[object]
    message = "counted at {place}, but the ledger has {elsewhere}"
    advice = (
        "Record how they came there: equipment unpack those in a case, equipment move the others"
    )

    @property
    def elsewhere(self) -> str:
        return ", ".join(map(str, self.items))


class UnknownItems(Declared, Refused):
    """Several items that a command names are not in the ledger."""

    rule = "known-id"
    codes: Collection[str]
    message = "no equipment {all_of_them} in this ledger"
    advice = ADD_ADVICE["equipment"]

    @property
    def all_of_them(self) -> str:
        return ", ".join(map(repr, self.codes))


class AmbiguousMark(Declared, Refused):
    """A barcode, serial number or reference stands on several items."""

    rule = "found-by-one-name"
    text: str
    items: Collection[str]
    message = "{text!r} stands on {several}"
    advice = "Give the id of the one that is meant"

    @property
    def several(self) -> str:
        return " and ".join(sorted(self.items))


class MarkedAlready(ItemRefused):
    """A barcode stands on one item only."""

    rule = "found-by-one-name"
    text: str
    other: str
    message = "the barcode {text!r} stands on {other}"
    advice = "Give {equipment} another one, or change that of {other} first"


class NotCheckedOut(ItemRefused):
    """An item that is not checked out cannot be checked in."""

    rule = "out-before-in"
    message = "{equipment} is not checked out"
    advice = "Correct the item; see where it is with: show equipment:{equipment}"


class NotInIt(ItemRefused):
    """A container cannot come back without a thing that was not in it."""

    rule = "packed-before-unpacked"
    container: str
    message = "{equipment} is not in {container}"
    advice = "See what is, with: view equipment"


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


class PlannedAlready(ItemRefused):
    """A service is planned for that period."""

    rule = "planned-once"
    kind: str
    period: Period
    message = "{kind} of {equipment} is planned for {period} already"
    advice = "Give other days, or leave it as it is"


class ServiceNotPlanned(ItemRefused):
    """A plan that is not there cannot be dropped."""

    rule = "planned-before-dropped"
    kind: str
    period: Period
    message = "no {kind} of {equipment} is planned for {period}"
    advice = "See what is: view service-due"
