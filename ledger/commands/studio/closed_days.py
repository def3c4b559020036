"""Days that a command has closed: the bookings that have some of them, and so must move."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ledger.events import SpaceClosed
from ledger.events.base import RecordedEvent

if TYPE_CHECKING:
    from ledger.application import Author, Ledger

_NAMED = 3
"""Most bookings that are named."""


def still_booked(
    ledger: "Ledger", entries: Iterable[RecordedEvent], author: "Author"
) -> Iterator[str]:
    """Yield a sentence for each firm booking whose days these events closed."""
    closed = [entry.event for entry in entries if isinstance(entry.event, SpaceClosed)]
    if not closed:
        return
    from ledger.decisions.bookings.calendar import read_sharing
    from ledger.decisions.sites import read_floor_plan

    ctx = ledger.looking(author)
    found = {}
    for event in closed:
        plan = read_floor_plan(ctx, event.space)
        for one in read_sharing(ctx, plan, event.space, event.period):
            found[one.booking] = one
    for one in list(found.values())[:_NAMED]:
        yield (
            f"{one.booking} (project {one.project}, {one.space}, {one.period}) has days that are "
            f"closed now: booking move {one.booking}"
        )
    if len(found) > _NAMED:
        yield f"and {len(found) - _NAMED} more: view conflicts"
