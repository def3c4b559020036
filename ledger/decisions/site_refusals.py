"""Why a command about a site or a space is refused: one class each, with what stands in the way."""

from datetime import date

from ledger.errors import BadInput, Refused
from ledger.times import Period


class BadAmount(BadInput):
    """A number that no such thing can have: an area of nothing, half a place."""

    def __init__(self, what: str, value: float, *, least: str, most: str = "") -> None:
        span = f"from {least} to {most}" if most else least
        super().__init__(f"{value} is no {what}", advice=f"Give a number {span}")
        self.what, self.value = what, value


class TooFarAhead(Refused):
    """A period ends so late that it must be a slip: nobody books that far ahead."""

    rule = "horizon"

    def __init__(self, day: date, *, horizon: date) -> None:
        super().__init__(
            f"{day} is too far ahead: the calendar ends on {horizon}",
            advice="Check the year, or give an earlier day",
        )
        self.day, self.horizon = day, horizon


class SpaceIsBooked(Refused):
    """Firm bookings stand in the way of what is to become of a space."""

    rule = "bookings-first"

    def __init__(
        self,
        what: str,
        *,
        booking: str,
        project: str,
        period: Period,
        more: int,
        position: int,
        advice: str,
    ) -> None:
        others = f" and {more} more" if more else ""
        super().__init__(
            f"{what}: there is booking {booking!r} of project {project!r} on {period}{others}",
            position=position,
            advice=advice,
        )
        self.booking, self.project, self.period, self.more = booking, project, period, more


class ClosureIsOver(Refused):
    """A closure has no day left to reopen: it ends before, or it was called off."""

    rule = "live-closure"

    def __init__(self, closure: str, *, until: date | None, position: int) -> None:
        what = "was called off" if until is None else f"is over before {until}"
        super().__init__(
            f"closure {closure!r} {what}", position=position, advice="Nothing needs reopening"
        )
        self.closure, self.until = closure, until


class AlreadyRetired(Refused):
    """A space leaves service once."""

    rule = "retired-once"

    def __init__(self, space: str, on: date, *, position: int) -> None:
        super().__init__(
            f"space {space!r} is retired on {on} already",
            position=position,
            advice="What comes into service again is a new space: space add",
        )
        self.space, self.on = space, on
