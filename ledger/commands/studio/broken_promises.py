"""Breakages: which promises can no longer be kept once something is out of use or lost."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ledger.events import ServiceStarted, StockTransferred
from ledger.events.base import Event, RecordedEvent

if TYPE_CHECKING:
    from ledger.application import Author, Ledger

_NAMED = 3
"""Most promises that are named."""


def promises_broken(
    ledger: "Ledger", entries: Iterable[RecordedEvent], author: "Author"
) -> Iterator[str]:
    """Yield a sentence for each promise that these events break."""
    kinds = dict.fromkeys(kind for entry in entries if (kind := _missing(entry.event)) is not None)
    if not kinds:
        return
    from ledger.decisions.equipment.promises import check_taken
    from ledger.decisions.equipment.taking import promised_ahead
    from ledger.errors import Refused

    ctx = ledger.looking(author)
    told: dict[str, None] = {}
    for kind in kinds:
        for taken in promised_ahead(ctx, kind):
            try:
                check_taken(ctx, taken)
            except Refused as short:
                told.setdefault(f"cannot be kept any more: {short.message}")
            if len(told) == _NAMED:
                break
    yield from told
    if told:
        yield "see all shortages with: view shortages"


def _missing(event: Event) -> str | None:
    """The kind that something is missing of from now on."""
    if isinstance(event, ServiceStarted):
        return event.equipment_kind
    if isinstance(event, StockTransferred) and event.how == "lost":
        return event.equipment_kind
    return None
