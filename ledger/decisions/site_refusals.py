"""The refusals of commands about a site or a space, with what stands in the way."""

from datetime import date

from ledger.errors import BadInput, Declared, Refused, RefusedBy
from ledger.time.periods import Period


class BadAmount(Declared, BadInput):
    """An impossible number: an area of nothing, half a place."""

    what: str
    value: float
    least: str
    most: str = ""
    message = "{value} is not a possible {what}"
    advice = "Give a number {span}"

    @property
    def span(self) -> str:
        return f"from {self.least} to {self.most}" if self.most else self.least


class TooFarAhead(Declared, Refused):
    """A period ends so far ahead that it must be a slip."""

    rule = "horizon"
    day: date
    horizon: date
    message = "{day} is too far ahead: the calendar ends on {horizon}"
    advice = "Check the year, or give an earlier day"


class SpaceIsBooked(RefusedBy):
    """Firm bookings stand in the way of a change to a space."""

    rule = "bookings-first"
    what: str
    booking: str
    project: str
    period: Period
    more: int
    instead: str
    message = "{what}: there is booking {booking!r} of project {project!r} on {period}{others}"
    advice = "{instead}"

    @property
    def others(self) -> str:
        return f" and {self.more} more" if self.more else ""


class ClosureIsOver(RefusedBy):
    """A closure has no days left to reopen: it has ended by then, or it was called off."""

    rule = "live-closure"
    closure: str
    until: date | None
    message = "closure {closure!r} {ended}"
    advice = "Nothing needs reopening"

    @property
    def ended(self) -> str:
        return "was called off" if self.until is None else f"is over before {self.until}"


class AlreadyRetired(RefusedBy):
    """A space is retired only once."""

    rule = "retired-once"
    space: str
    on: date
    message = "space {space!r} is already retired, on {on}"
    advice = "To bring it back, add a new space: space add"


class OnAnotherSite(RefusedBy):
    """A part would be on another site than its whole."""

    rule = "shared-floor"
    space: str
    whole: str
    site: str
    message = "space {space!r} cannot be a part of {whole!r}, which is on site {site!r}"
    advice = "Give that site with --site, or another whole"


class LargerThanWhole(RefusedBy):
    """The parts of a space would have more floor than the space."""

    rule = "shared-floor"
    whole: str
    day: date
    taken: float
    area_m2: float
    message = (
        "on {day} the parts of {whole!r} would have {taken:,.10g} m², and it has {area_m2:,.10g} m²"
    )
    advice = "Give another --area-m2, or put that of the whole right first: space change"


class PartInService(RefusedBy):
    """A space cannot leave service before its parts."""

    rule = "shared-floor"
    space: str
    part: str
    message = "space {space!r} cannot leave service: its part {part!r} stays in service"
    advice = "Retire the part first: space retire {part}"
