"""The refusals about reservations: what is promised already, and to whom."""

from collections.abc import Collection
from datetime import datetime

from ledger.decisions.equipment.refusals import ItemRefused
from ledger.errors import RefusedBy
from ledger.time.periods import Period


class PromisedAway(ItemRefused):
    """An item is promised to one at a time."""

    rule = "promised-once"
    claim: str
    start: datetime
    until: datetime
    message = "{equipment} is {claim} from {start} to {until}"
    advice = (
        "Reserve another one, or other days; see when it is free: "
        "view availability --equipment {equipment}"
    )


class NotEnough(RefusedBy):
    """Never is more of a stock or a kind promised than there is."""

    rule = "no-more-than-there-is"
    what: str
    at: datetime
    there: int
    claimed: Collection[str]
    message = "{there} of {what} can be promised at {at}, and {wanted} would be claimed: {by_whom}"
    advice = "Reserve fewer, or cover the shortage from outside: equipment sub-hire {what}=N"

    @property
    def wanted(self) -> int:
        return sum(int(one.rpartition(" ")[2]) for one in self.claimed)

    @property
    def by_whom(self) -> str:
        return ", ".join(self.claimed)


class NotReserved(RefusedBy):
    """Only a reservation that stands can be released."""

    rule = "reserved-before-released"
    what: str
    booking: str
    message = "{what} is not reserved for booking {booking!r}"
    advice = "See what is: view reservations --booking {booking}"


class OutsideItsBooking(RefusedBy):
    """Equipment is reserved for days of its booking."""

    rule = "within-its-booking"
    booking: str
    asked: Period
    period: Period
    message = "booking {booking!r} has {period}, not {asked}"
    advice = "Give days of the booking, or move it first: booking move {booking}"
