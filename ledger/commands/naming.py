"""Ids: which ones the ledger knows, and which thing a bare id is."""

from typing import TYPE_CHECKING

from ledger.errors import BadInput, UnknownId
from ledger.events import (
    BookingHeld,
    EquipmentRegistered,
    ProjectOpened,
    SiteRegistered,
    SpaceCommissioned,
)
from ledger.events.base import Event, Query
from ledger.tags import tag

if TYPE_CHECKING:
    from ledger.application import Ledger

FIRST_EVENTS: dict[str, type[Event]] = {
    "space": SpaceCommissioned,
    "project": ProjectOpened,
    "booking": BookingHeld,
    "equipment": EquipmentRegistered,
    "site": SiteRegistered,
}
"""Each kind of thing, by the event that its history begins with."""

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
