"""Readings of the commands that give a booking new terms, split it, or merge two."""

from datetime import timedelta

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ConfirmBookings
from ledger.decisions.bookings.splits import GiveBackDays, MergeBookings, SplitBooking
from ledger.decisions.bookings.terms import ChangeBooking, RankHold
from ledger.testing.drawing.commands import READINGS
from ledger.testing.drawing.studio import Choice, Reading, Studio
from ledger.time.periods import Deadline, Moment, When


def _change_terms(studio: Studio, choice: Choice) -> Decision | None:
    booking = studio.booking(choice.who, "held", "confirmed", "started")
    if booking is None:
        return READINGS["hold"](studio, choice)
    match choice.other:
        case 0:
            later = studio.clock.now() + timedelta(days=1 + choice.length)
            return ChangeBooking(booking=booking, expires_at=Deadline(later.isoformat()))
        case 1:
            return ChangeBooking(booking=booking, units=1 + choice.length % 3)
        case 2:
            return ChangeBooking(
                booking=booking, project=studio.one_of(studio.projects, choice.length)
            )
    return ChangeBooking(booking=booking, note=f"note {choice.length}", contact="小王")


def _give_up(studio: Studio, choice: Choice) -> Decision | None:
    """Give days back, split there, or confirm from there, as the choice says."""
    booking = studio.booking(choice.who, "held", "confirmed", "started")
    if booking is None:
        return READINGS["hold"](studio, choice)
    days = studio.bookings[booking].period.days
    first = studio.one_of(list(days), choice.day)
    if choice.other == 0:
        return SplitBooking(booking=booking, at=Moment(first.isoformat()))
    last = min(days.last, first + timedelta(days=choice.length))
    if choice.other == 1 and studio.bookings[booking].is_held:
        return ConfirmBookings(
            booking=booking, when=When(f"{first}..{last}"), let_go=choice.length == 0
        )
    return GiveBackDays(booking=booking, when=When(f"{first}..{last}"))


def _merge(studio: Studio, choice: Choice) -> Decision | None:
    """Merge a part that was split off with its neighbour; split one if there is none."""
    parts = [
        (booking.split_from, id)
        for id, booking in studio.bookings.items()
        if booking.split_from is not None and not booking.is_off
    ]
    if not parts:
        return _give_up(studio, choice)
    return MergeBookings(bookings=studio.one_of(parts, choice.who))


def _rank(studio: Studio, choice: Choice) -> None:
    """Hold behind another hold, then rank it first, with a reason: a drawn choice may have none."""
    rival = READINGS["rival"](studio, choice)
    if rival is not None:
        studio.command(rival)
    newest = studio.booking(-1, "held")
    if newest is not None:
        studio.command(RankHold(booking=newest, rank=1), reason="the house says so")


TERM_READINGS: dict[str, Reading] = {
    "change terms": _change_terms,
    "rank": _rank,
    "give up": _give_up,
    "merge": _merge,
}
"""The readings by the word of a choice."""
