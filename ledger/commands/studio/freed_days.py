"""Days that a command has freed: which holds on them can be confirmed now."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ledger.errors import LedgerError
from ledger.events import BookingCancelled, BookingRescheduled, BookingWrapped, HoldReleased
from ledger.events.base import Query, RecordedEvent, type_names
from ledger.time.periods import Period

if TYPE_CHECKING:
    from ledger.application import Author, Ledger
    from ledger.decisions.bookings.ladder import Hold

_NAMED = 3
"""Most holds that are named."""


def confirmable_now(
    ledger: "Ledger", entries: Iterable[RecordedEvent], author: "Author"
) -> Iterator[str]:
    """Yield a sentence for each hold that waits for days which these events freed, if all rules
    let it be confirmed now.

    The rules are asked by a dry run, so those of plugins are among them.
    """
    freed = list(_freed(entries))
    if not freed:
        return
    from ledger.decisions.bookings.holds import ConfirmBookings

    told = 0
    for hold in _waiting(ledger, freed):
        with suppress(LedgerError):
            ledger.decide(ConfirmBookings(bookings=(hold.booking,)), author, dry_run=True)
            told += 1
            yield (
                f"{hold.booking} (project {hold.project}, {hold.space}, {hold.period}) can be "
                f"confirmed now: booking confirm {hold.booking}"
            )
        if told == _NAMED:
            return


def _freed(entries: Iterable[RecordedEvent]) -> Iterator[tuple[str, Period]]:
    """The spaces and periods that events gave up, all or part of."""
    for entry in entries:
        match entry.event:
            case BookingCancelled() | HoldReleased() as event:
                yield event.space, event.period
            case BookingWrapped() as event:
                yield event.space, event.was_period
            case BookingRescheduled() as event:
                yield event.was_space, event.was_period


def _waiting(ledger: "Ledger", freed: Sequence[tuple[str, Period]]) -> "list[Hold]":
    """The holds that overlap the freed periods, best rank first."""
    from ledger.decisions.bookings.ladder import LADDER, fold_holds

    found: dict[str, Hold] = {}
    for space, period in freed:
        for month in period.months:
            query = Query((f"space:{space}@{month}",), type_names(LADDER))
            holds = fold_holds(ledger.log.read([query]), space, month)
            found.update((h.booking, h) for h in holds.values() if h.period.overlaps(period))
    return sorted(found.values(), key=lambda hold: (hold.rank, hold.period.start, hold.booking))
