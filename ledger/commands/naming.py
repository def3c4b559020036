"""Ids: which ones the ledger knows, and which thing a bare id is."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ledger.errors import BadInput, UnknownId
from ledger.events import (
    BookingHeld,
    EquipmentRegistered,
    ProjectOpened,
    SiteRegistered,
    SpaceClosed,
    SpaceCommissioned,
)
from ledger.events.base import Event, Query
from ledger.tags import check_tag, tag

if TYPE_CHECKING:
    from ledger.application import Ledger
    from ledger.commands.session import Session

FIRST_EVENTS: dict[str, type[Event]] = {
    "space": SpaceCommissioned,
    "project": ProjectOpened,
    "booking": BookingHeld,
    "equipment": EquipmentRegistered,
    "site": SiteRegistered,
    "closure": SpaceClosed,
}
"""Each kind of thing, by the event that its history begins with."""

_NO_THINGS = ("request", "batch", "ledger")
"""Kinds of tags that join events and name nothing in the studio."""

_LOOKED_AT = 100_000
"""Newest positions in which a guess looks for ids: a typing error must not cost seconds."""

_KNOWN = 2_000


def known_ids(ledger: "Ledger", kind: str) -> list[str]:
    """The newest ids of a kind, for a guess. Asks the log alone, so it needs no plugin."""
    first = FIRST_EVENTS.get(kind)
    if first is None:
        return []
    entries = ledger.log.read(
        [Query((), (first.type_name,))],
        after=max(0, ledger.log.head() - _LOOKED_AT),
        limit=_KNOWN,
        newest_first=True,
    )
    return [name for entry in entries for name in _ids(entry.tags, kind)]


def _ids(tags: tuple[str, ...], kind: str) -> list[str]:
    start = f"{kind}:"
    return [t.removeprefix(start) for t in tags if t.startswith(start) and "@" not in t]


def warn_of_unknown(session: "Session", ledger: "Ledger", tags: Iterable[str]) -> None:
    """Say of each tag that no event has it, with what was perhaps meant.

    An empty answer about a stage that there never was looks like one that stands idle.
    """
    for asked in tags:
        if next(iter(ledger.log.read([Query((asked,))], limit=1)), None) is not None:
            continue
        kind, _, id = asked.partition(":")
        if kind in FIRST_EVENTS and "@" not in id:
            unknown = UnknownId(kind, id, known=known_ids(ledger, kind))
            hint = f". {unknown.advice}" if "Did you mean" in unknown.advice else ""
            session.say(f"warning: {unknown.message}{hint}")
            continue
        near = get_close_matches(kind, FIRST_EVENTS, n=1, cutoff=0.6)
        hint = f". Did you mean {near[0]}:{id}?" if near and near[0] != kind else ""
        session.say(f"warning: no event has the tag {asked!r}{hint}")


def tags_asked_for(given: Mapping[str, Any]) -> Iterator[str]:
    """The tags of the things that a view is asked about: its parameters are named as kinds."""
    for kind in FIRST_EVENTS:
        value = given.get(kind, ())
        for id in value if isinstance(value, list | tuple) else (value,):
            with suppress(BadInput):  # what can be no id is answered by the view
                yield check_tag(tag(kind, str(id)))


def find_thing(ledger: "Ledger", text: str) -> tuple[str, str]:
    """The kind and id of a thing that somebody named by its tag or by its id alone.

    Raises `UnknownId` for one that no event names, `BadInput` for a tag that names no thing.
    """
    named = check_tag(text) if ":" in text else find_tag(ledger, text)
    kind, _, id = named.partition(":")
    if "@" in id or kind in _NO_THINGS:
        thing = f"{kind}:{id.partition('@')[0]}"
        advice = f"Name it: {thing}" if kind not in _NO_THINGS else f"See its events: show {named}"
        raise BadInput(f"{named!r} is a mark of events and no thing", advice=advice)
    if next(iter(ledger.log.read([Query((named,))], limit=1)), None) is None:
        known = known_ids(ledger, kind)
        error = UnknownId(kind, id, known=known)
        if kind not in FIRST_EVENTS:
            near = get_close_matches(kind, FIRST_EVENTS, n=1, cutoff=0.6)
            error.advice = f"Did you mean {near[0]}:{id}?" if near else error.advice
        raise error
    return kind, id


def find_tag(ledger: "Ledger", id: str) -> str:
    """The tag of a bare id such as `stage-1` or `b-7f3k2`.

    Raises `BadInput` where several kinds of things have it, `UnknownId` where none has.
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
    known = (name for kind in FIRST_EVENTS for name in known_ids(ledger, kind))
    error = UnknownId("thing", id, known=list(known))
    error.advice = error.advice or "List things with a view: view spaces, view bookings, …"
    raise error
