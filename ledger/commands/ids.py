"""Ids: those that the ledger knows, and the thing that a bare id names."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ledger.decisions.usual_names import MILESTONES, SPACE_KINDS, slip_of
from ledger.errors import BadInput, UnknownId, asks, near, suggestion
from ledger.events import (
    BookingHeld,
    EquipmentRegistered,
    EquipmentReserved,
    EquipmentSubHired,
    ProjectOpened,
    SiteRegistered,
    SpaceClosed,
    SpaceCommissioned,
)
from ledger.events.base import Event, Query
from ledger.tags import check_tag, mark, tag

if TYPE_CHECKING:
    from ledger.application import Ledger
    from ledger.commands.session import Session

FIRST_EVENTS: dict[str, type[Event]] = {
    "space": SpaceCommissioned,
    "project": ProjectOpened,
    "booking": BookingHeld,
    "job": BookingHeld,
    "equipment": EquipmentRegistered,
    "reservation": EquipmentReserved,
    "subhire": EquipmentSubHired,
    "site": SiteRegistered,
    "closure": SpaceClosed,
}
"""The first event in the history of each kind of thing."""

_NO_THINGS = ("request", "batch", "ledger", "job")
"""Kinds of tags that group events and name no thing of the studio with fields of its own."""

_LOOKED_AT = 100_000
"""Newest positions searched for a similar id: a typing error must not cost seconds."""

_KNOWN = 2_000


def known_ids(ledger: "Ledger", kind: str) -> list[str]:
    """The newest ids of a kind, for suggestions. Reads only the log, so it needs no plugin."""
    first = FIRST_EVENTS.get(kind)
    if first is None:
        return []
    entries = ledger.log.read(
        [Query((), (first.type_name,))],
        after=max(0, ledger.log.head() - _LOOKED_AT),
        limit=_KNOWN,
        newest_first=True,
    )
    kinds = ("booking", "job") if kind == "booking" else (kind,)
    return list(dict.fromkeys(name for e in entries for one in kinds for name in _ids(e.tags, one)))


def _ids(tags: tuple[str, ...], kind: str) -> list[str]:
    start = f"{kind}:"
    return [t.removeprefix(start) for t in tags if t.startswith(start) and "@" not in t]


def warn_of_unknown(session: "Session", ledger: "Ledger", tags: Iterable[str]) -> None:
    """Warn of each tag that no event has, and suggest a similar one.

    Without this, the empty answer for a mistyped stage looks like an idle stage.
    """
    for asked in tags:
        if next(iter(ledger.log.read([Query((asked,))], limit=1)), None) is not None:
            continue
        kind, _, id = asked.partition(":")
        if kind == "equipment" and _is_marked(ledger, id):
            continue
        if kind in FIRST_EVENTS and "@" not in id:
            unknown = UnknownId(kind, id, known=known_ids(ledger, kind))
            hint = f". {unknown.advice}" if asks(unknown.advice) else ""
            session.say(f"warning: {unknown.message}{hint}")
            continue
        hint = _kind_meant(kind, id) if kind not in FIRST_EVENTS else ""
        session.say(f"warning: no event has the tag {asked!r}{hint and f'. {hint}'}")


def _is_marked(ledger: "Ledger", text: str) -> bool:
    """Whether it is what stands on an item: a barcode, a serial number, a reference."""
    marked = Query((tag("mark", mark(text)),))
    return next(iter(ledger.log.read([marked], limit=1)), None) is not None


def warn_of_slips(session: "Session", given: Mapping[str, Any]) -> None:
    """Warn of a kind or milestone that nothing has and that is nearly a usual one."""
    for name, usual in (("kind", SPACE_KINDS), ("milestone", MILESTONES)):
        value = given.get(name, ())
        for asked in value if isinstance(value, list | tuple) else (value,):
            meant = slip_of(str(asked), usual)
            if meant:
                session.say(f"warning: nothing is of the {name} {asked!r}. {suggestion([meant])}")


def _kind_meant(kind: str, id: str) -> str:
    """Suggest the tag with the kind that was meant; empty if none is near."""
    return suggestion(f"{one}:{id}" for one in near(kind, FIRST_EVENTS, most=1))


def tags_asked_for(given: Mapping[str, Any]) -> Iterator[str]:
    """The tags of the things in a view's parameters, which are named after kinds of things."""
    for kind in FIRST_EVENTS:
        value = given.get(kind, ())
        for id in value if isinstance(value, list | tuple) else (value,):
            with suppress(BadInput):  # the view itself refuses an invalid id
                yield check_tag(tag(kind, str(id)))


def find_thing(ledger: "Ledger", text: str) -> tuple[str, str]:
    """Return the kind and id of a thing, given its tag or bare id.

    Raises `UnknownId` if no event names it, `BadInput` for a tag that does not name a thing.
    """
    named = check_tag(text) if ":" in text else find_tag(ledger, text)
    kind, _, id = named.partition(":")
    if "@" in id or kind in _NO_THINGS:
        thing = f"{kind}:{id.partition('@')[0]}"
        advice = f"Name it: {thing}" if kind not in _NO_THINGS else f"See its events: show {named}"
        raise BadInput(f"{named!r} is an event tag, not a thing", advice=advice)
    if next(iter(ledger.log.read([Query((named,))], limit=1)), None) is None:
        known = known_ids(ledger, kind)
        error = UnknownId(kind, id, known=known)
        if kind not in FIRST_EVENTS:
            error.advice = _kind_meant(kind, id) or error.advice
        raise error
    return kind, id


def find_tag(ledger: "Ledger", id: str) -> str:
    """Return the tag of a bare id such as `stage-1` or `b-7f3k2`.

    Raises `BadInput` if several kinds of things have it, `UnknownId` if none has.
    """
    found = [
        tag(kind, id)
        for kind in FIRST_EVENTS
        if next(iter(ledger.log.read([Query((tag(kind, id),))], limit=1)), None) is not None
    ]
    if len(found) > 1:
        raise BadInput(
            f"{id!r} is the id of several things", advice=f"Say which: {' or '.join(found)}"
        )
    if found:
        return found[0]
    known = dict.fromkeys(name for kind in FIRST_EVENTS for name in known_ids(ledger, kind))
    error = UnknownId("thing", id, known=list(known))
    error.advice = error.advice or "List things with a view: view spaces, view bookings, …"
    raise error
