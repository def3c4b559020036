"""Why a command about equipment is refused: one class each, with what stands in the way.

`rule` is what a script matches on, the message is what somebody reads at the stage door.
"""

from collections.abc import Iterable
from datetime import datetime

from ledger.errors import BadTime, Refused
from ledger.times import clock_text, has_hour


class NotYetHappened(Refused):
    """What is recorded of equipment has happened; this lies in the future."""

    rule = "has-happened"

    def __init__(self, at: datetime, *, now: datetime) -> None:
        super().__init__(
            f"{clock_text(at)} is still to come; it is {clock_text(now)}",
            advice="Record it when it has happened, or correct --at",
        )
        self.at, self.now = at, now


class OffsetNeeded(BadTime):
    """A wall time, and no telling on which site's clock it was read."""

    def __init__(self, text: str, *, zones: Iterable[str]) -> None:
        hour = text[:16] if has_hour(text) else f"{text}T00:00"
        super().__init__(
            f"{text} could be the time in {' or '.join(sorted(zones))}",
            advice=f"Write the offset from UTC too, such as {hour}+08:00",
        )


class NotYetRegistered(Refused):
    """An item is tracked from its registration on, and not before."""

    rule = "registered-first"

    def __init__(self, equipment: str, at: datetime, *, since: datetime, position: int) -> None:
        super().__init__(
            f"{equipment} is on record only from {clock_text(since)}, not at {clock_text(at)}",
            position=position,
            advice="Give a later time",
        )
        self.equipment, self.at, self.since = equipment, at, since


class RetiredForGood(Refused):
    """Nothing more happens to an item that was retired."""

    rule = "retired-for-good"

    def __init__(self, equipment: str, *, since: datetime, position: int) -> None:
        super().__init__(
            f"{equipment} was retired at {clock_text(since)}",
            position=position,
            advice="Register what came back under another id: equipment add",
        )
        self.equipment, self.since = equipment, since


class NotThere(Refused):
    """An item is said to come from where it was not."""

    rule = "moved-from-where-it-was"

    def __init__(self, equipment: str, at: datetime, *, said: str, was: str, position: int):
        super().__init__(
            f"at {clock_text(at)} {equipment} was at {was}, not at {said}",
            position=position,
            advice=f"Correct the time or the origin; how it got about: show equipment:{equipment}",
        )
        self.equipment, self.at, self.said, self.was = equipment, at, said, was


class AlreadyThere(Refused):
    """A move to where the item is."""

    rule = "a-move-moves"

    def __init__(self, equipment: str, at: datetime, *, place: str, position: int) -> None:
        super().__init__(
            f"at {clock_text(at)} {equipment} was at {place} already",
            position=position,
            advice=f"Correct the time or the place; how it got about: show equipment:{equipment}",
        )
        self.equipment, self.at, self.place = equipment, at, place


class LaterPlaceStands(Refused):
    """A late move does not fit: a later fact supposes that the item had stayed."""

    rule = "a-late-move-fits"

    def __init__(
        self, equipment: str, destination: str, *, later: datetime, was: str, position: int
    ) -> None:
        super().__init__(
            f"{equipment} cannot have gone to {destination} and stayed there: "
            f"at {clock_text(later)} it was at {was}",
            position=position,
            advice=f"If it was back at {was} before then, say when, with --return-at",
        )
        self.equipment, self.destination, self.later, self.was = equipment, destination, later, was


class LaterEntryStands(Refused):
    """It must be entered in the order in which it happened, and something later is in."""

    rule = "entered-in-order"

    def __init__(self, equipment: str, at: datetime, *, later: datetime, position: int) -> None:
        super().__init__(
            f"of {equipment} something at {clock_text(later)} is on record, "
            f"which {clock_text(at)} comes before",
            position=position,
            advice=f"Give a time from {clock_text(later)} on; look at show equipment:{equipment}",
        )
        self.equipment, self.at, self.later = equipment, at, later


class StillPacked(Refused):
    """A packed item goes where its container goes and makes no moves of its own."""

    rule = "a-container-moves-as-one"

    def __init__(self, equipment: str, *, container: str, position: int) -> None:
        super().__init__(
            f"{equipment} is packed in {container}",
            position=position,
            advice=f"Unpack it first: equipment unpack {equipment}; or move {container} with it",
        )
        self.equipment, self.container = equipment, container


class NotPacked(Refused):
    """Nothing to take the item out of."""

    rule = "packed-before-unpacked"

    def __init__(self, equipment: str, at: datetime, *, position: int) -> None:
        super().__init__(
            f"at {clock_text(at)} {equipment} was not packed in anything",
            position=position,
            advice=f"Correct the item or the time; look at show equipment:{equipment}",
        )
        self.equipment, self.at = equipment, at


class NotTogether(Refused):
    """An item goes only into a container that stands where it stands."""

    rule = "packed-at-one-place"

    def __init__(
        self, equipment: str, place: str, *, container: str, its_place: str, position: int
    ) -> None:
        super().__init__(
            f"{equipment} is at {place} and {container} at {its_place}",
            position=position,
            advice="Move one to the other first: equipment move",
        )
        self.equipment, self.place, self.container, self.its_place = (
            equipment,
            place,
            container,
            its_place,
        )


class InsideItself(Refused):
    """A container would lie in itself."""

    rule = "no-container-in-itself"

    def __init__(self, equipment: str, container: str, *, position: int | None) -> None:
        why = f"{container} lies in {equipment}" if equipment != container else "they are the same"
        super().__init__(
            f"{equipment} cannot go into {container}: {why}",
            position=position,
            advice="Choose another container",
        )
        self.equipment, self.container = equipment, container


class NotEmpty(Refused):
    """A container with things inside is not retired."""

    rule = "retired-empty"

    def __init__(self, equipment: str, *, contents: int, position: int) -> None:
        things = "1 thing" if contents == 1 else f"{contents} things"
        super().__init__(
            f"{equipment} has {things} inside",
            position=position,
            advice="Take them out first: equipment unpack",
        )
        self.equipment, self.contents = equipment, contents


class CheckedOutAlready(Refused):
    """An item is out for one booking at a time."""

    rule = "out-once"

    def __init__(self, equipment: str, *, booking: str, position: int) -> None:
        super().__init__(
            f"{equipment} is checked out for booking {booking!r}",
            position=position,
            advice=f"Check it in first: equipment check-in {equipment}",
        )
        self.equipment, self.booking = equipment, booking


class NotCheckedOut(Refused):
    """Nothing to check in."""

    rule = "out-before-in"

    def __init__(self, equipment: str, *, position: int | None) -> None:
        super().__init__(
            f"{equipment} is not checked out",
            position=position,
            advice=f"Correct the item; look at show equipment:{equipment}",
        )
        self.equipment = equipment


class BookingNotFirm(Refused):
    """Equipment goes out for a confirmed or started booking only."""

    rule = "out-for-a-firm-booking"

    def __init__(self, booking: str, state: str, *, position: int) -> None:
        advice = (
            f"Confirm it first: booking confirm {booking}"
            if state == "only a hold"
            else "Choose a confirmed booking: view bookings"
        )
        super().__init__(f"booking {booking!r} is {state}", position=position, advice=advice)
        self.booking, self.state = booking, state


class InService(Refused):
    """An item in repair, calibration or quarantine is not given out, retired, or put in again."""

    rule = "fit-for-use"

    def __init__(self, equipment: str, kind: str, *, since: datetime, position: int) -> None:
        super().__init__(
            f"{equipment} is in {kind} since {clock_text(since)}",
            position=position,
            advice=f"When that is over: equipment service {equipment} --kind {kind} --done",
        )
        self.equipment, self.kind, self.since = equipment, kind, since


class ServiceNotOpen(Refused):
    """A service of that kind is to end, and none is open."""

    rule = "started-before-done"

    def __init__(self, equipment: str, kind: str, *, position: int | None) -> None:
        super().__init__(
            f"{equipment} is not in {kind}",
            position=position,
            advice=f"Start it first: equipment service {equipment} --kind {kind}",
        )
        self.equipment, self.kind = equipment, kind
