"""Days that a command has freed: which holds on them can be confirmed now."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import LedgerError
from ledger.events import BookingCancelled, BookingRescheduled, BookingWrapped, HoldPromoted
from ledger.events.base import Event, RecordedEvent
from ledger.time.periods import Period

if TYPE_CHECKING:
    from ledger.application import Author, Ledger
    from ledger.decisions.base import Context
    from ledger.decisions.bookings.ladder import Hold

_NAMED = 3
"""Most holds that are named."""


def confirmable_now(
    ledger: "Ledger", entries: Iterable[RecordedEvent], author: "Author"
) -> Iterator[str]:
    """Yield a sentence for each hold that waited for days which these events freed, or moved up
    by them, if all rules let it be confirmed now.

    The rules are asked by a dry run, so those of plugins are among them.
    """
    freed = [found for entry in entries if (found := _freed(entry.event)) is not None]
    if not freed:
        return
    from ledger.decisions.bookings.holds import ConfirmBookings

    told = 0
    for hold in _waiting(ledger.looking(author), freed):
        with suppress(LedgerError):
            ledger.decide(ConfirmBookings(booking=hold.booking), author, dry_run=True)
            told += 1
            yield (
                f"{hold.booking} (project {hold.project}, {hold.space}, {hold.period}) can be "
                f"confirmed now: booking confirm {hold.booking}"
            )
        if told == _NAMED:
            return


class _Freed(NamedTuple):
    """Time that was given up: by a firm booking, or for one hold that moved up."""

    space: str
    period: Period
    only: str | None = None


def _freed(event: Event) -> _Freed | None:
    match event:
        case BookingCancelled():
            return _Freed(event.space, event.period)
        case BookingWrapped():
            return _Freed(event.space, event.was_period)
        case BookingRescheduled() if event.rank is None:
            return _Freed(event.was_space, event.was_period)
        case HoldPromoted():
            return _Freed(event.space, event.period, event.booking)
    return None


def _waiting(ctx: "Context", freed: Sequence[_Freed]) -> "list[Hold]":
    """The holds that want any of what was freed, best rank first."""
    from ledger.decisions.bookings.ladder import Ladder

    found = {
        hold.booking: hold
        for space, period, only in freed
        for hold in Ladder(ctx, space).overlapping(period)
        if only in (None, hold.booking)
    }
    return sorted(found.values(), key=lambda hold: (hold.rank, hold.period.start, hold.booking))
