"""Days as people say them on the command line: read on a clock of the studio, and told.

Which clock says what *today* is depends on the thing that a command is about, so a said day
is kept as it was typed until the ledger is open.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from ledger.errors import LedgerError
from ledger.events import (
    BookingHeld,
    EquipmentDescribed,
    EquipmentRegistered,
    SiteRegistered,
    SpaceClosed,
    SpaceCommissioned,
)
from ledger.events.base import Event, Query
from ledger.events.equipment import LATEST, OUTSIDE
from ledger.tags import tag
from ledger.time.periods import When, zone
from ledger.time.spoken_days import InDigits, Leaning, in_digits, is_said

if TYPE_CHECKING:
    from ledger.application import Ledger
    from ledger.commands.session import Session


class Spoken(Struct, frozen=True):
    """A value with a day in words, as typed for an option; `parse` reads it in digits."""

    option: str
    text: str
    parse: Callable[[str], Any]
    leaning: Leaning


def spoken_in(given: Mapping[str, Any]) -> list[Spoken]:
    """Return the values that hold a day in words."""
    values = (value if isinstance(value, list | tuple) else (value,) for value in given.values())
    return [one for several in values for one in several if isinstance(one, Spoken)]


def settled(session: "Session", ledger: "Ledger", given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with each day in words read, and say which days they are.

    A plan of days is read from the first day of its period on, `until` from `since` on.
    Raises the parser's `BadInput`.
    """
    if not spoken_in(given):
        return dict(given)
    clock = zone_concerned(ledger, given)
    today = today_in(ledger, clock)
    found: dict[str, Any] = {}

    def read(name: str, value: Any) -> Any:
        if not isinstance(value, Spoken):
            return value
        starts = (found.get(before, given.get(before)) for before in _FROM.get(name, ()))
        start = next((day for one in starts if (day := _first_day(one, clock)) is not None), None)
        try:
            told = in_digits(value.text, today, value.leaning, start=start)
            result = value.parse(told.text)
        except LedgerError as error:
            error.where = error.where or value.option
            raise
        say(session, value.option, value.text, told, clock)
        return result

    for name in sorted(given, key=lambda name: name in _FROM):
        value = given[name]
        several = isinstance(value, list | tuple)
        found[name] = (
            type(value)(read(name, one) for one in value) if several else read(name, value)
        )
    return {name: found[name] for name in given}


_FROM = {"plan": ("when",), "until": ("since", "when"), "asked_until": ("asked_since",)}
"""Parameters whose days are looked for from the first day of another parameter on."""


def _first_day(value: Any, clock: str) -> date | None:
    if isinstance(value, When):
        return value.resolve(clock).days.first
    return value if isinstance(value, date) else None


def say(session: "Session", option: str, typed: str, told: InDigits, clock: str) -> None:
    """Say which day a word stood for."""
    session.say(f"{option} {typed} is {told.said} ({clock})".lstrip())


def place_in_log(ledger: "Ledger", text: str, option: str) -> str:
    """Return a position, date or time with its day in digits, and say which day that is.

    The log holds the past: `mon` is the last Monday. Raises `BadTime` for `+14` and `-3`,
    which could be positions.
    """
    return log_time(ledger, text, option, steps=False)


def log_time(
    ledger: "Ledger", text: str, option: str, *, start: date | None = None, steps: bool = True
) -> str:
    """Return a time of the log with its day in digits, and say which day that is."""
    from ledger.commands.session import current

    if not is_said(text):
        return text
    clock = ledger.opened.zone
    told = in_digits(text, today_in(ledger, clock), "past", start=start, steps=steps)
    say(current(click.get_current_context()), option, text, told, clock)
    return told.text


def today_in(ledger: "Ledger", clock: str) -> date:
    """Return the day that it is now in that zone."""
    now = ledger.seen_from()
    assert now is not None  # only an as-of has no present
    return now.astimezone(zone(clock)).date()


# --- whose clock -----------------------------------------------------------------------


def zone_concerned(ledger: "Ledger", given: Mapping[str, Any]) -> str:
    """Return the zone of the space or site that a command is about, else the ledger's own.

    A thing that does not exist has no zone; the command itself refuses it.
    """
    named = {name.removeprefix("asked_"): _one(value) for name, value in given.items()}
    for name in ("space", "booking", "bookings", "closure", "equipment", "to", "at_place", "site"):
        if isinstance(named.get(name), str):
            found = _ZONES[name](ledger, named[name])
            if found is not None:
                return found
    return ledger.opened.zone


def _one(value: Any) -> Any:
    return value[0] if isinstance(value, list | tuple) and value else value


def _newest(ledger: "Ledger", of: str, *types: type[Event]) -> Any:
    query = Query((of,), tuple(one.type_name for one in types))
    entry = next(iter(ledger.log.read([query], newest_first=True, limit=1)), None)
    return None if entry is None else entry.event


def _of_space(ledger: "Ledger", id: str) -> str | None:
    event = _newest(ledger, f"space:{id}", SpaceCommissioned)
    return event.zone if isinstance(event, SpaceCommissioned) else None


def _of_site(ledger: "Ledger", id: str) -> str | None:
    event = _newest(ledger, f"site:{id}", SiteRegistered)
    return event.zone if isinstance(event, SiteRegistered) else None


def _of_booking(ledger: "Ledger", id: str) -> str | None:
    from ledger.entities.bookings import Booking

    entries = ledger.log.read([Query((f"booking:{id}",))], newest_first=True)
    own = (one.event for one in entries if Booking.ids(one.event)[:1] == (id,))
    space = getattr(next(own, None) or _newest(ledger, f"job:{id}", BookingHeld), "space", None)
    return None if space is None else _of_space(ledger, space)


def _of_closure(ledger: "Ledger", id: str) -> str | None:
    event = _newest(ledger, f"closure:{id}", SpaceClosed)
    return _of_space(ledger, event.space) if isinstance(event, SpaceClosed) else None


def _of_item(ledger: "Ledger", named: str) -> str | None:
    from ledger.entities.equipment import PLACE_FACTS, PlaceFact

    id = named.partition("=")[0]
    query = Query((tag("equipment", id, LATEST),), tuple(one.type_name for one in PLACE_FACTS))
    newest = next(iter(ledger.log.read([query], newest_first=True, limit=1)), None)
    place = None if newest is None else PlaceFact.of(newest, id).place
    described = _newest(ledger, f"equipment:{id}", EquipmentRegistered, EquipmentDescribed)
    home = getattr(described, "home", None)
    return next(filter(None, (_of_place(ledger, one) for one in (place, home) if one)), None)


def _of_place(ledger: "Ledger", place: str) -> str | None:
    return None if place.startswith(OUTSIDE) else _of_space(ledger, place)


_ZONES: dict[str, Callable[["Ledger", str], str | None]] = {
    "space": _of_space,
    "booking": _of_booking,
    "bookings": _of_booking,
    "closure": _of_closure,
    "equipment": _of_item,
    "to": _of_place,
    "at_place": _of_place,
    "site": _of_site,
}
