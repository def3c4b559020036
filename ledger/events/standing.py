"""Standing events: a history in which each mistake reads as corrected.

Nothing is edited in the log. A correction is a further event of the same type, and an undo
repeats the event that it takes back; the header of each names the place of the mistake
(`Header.corrects`). This module works out the events that stand, for decisions, projections and
blame alike: in each place the last that was said of it, or nothing.
"""

from collections.abc import Iterable, Sequence

from ledger.events.base import RecordedEvent


class StandingEvent(RecordedEvent, eq=False, gc=False):
    """An event as its last correction put it: at its old place, with its old recorded time.

    `said_by` is that correction. Its event, actor and reason are the correction's.
    """

    said_by: RecordedEvent

    @property
    def said_at(self) -> int:
        """The position of the correction."""
        return self.said_by.position


def is_correction(entry: RecordedEvent) -> bool:
    """Whether an event stands in the place of an earlier one, or takes it back."""
    corrects = entry.data.corrects
    return corrects is not None and 0 < corrects < entry.position


def place_of(entry: RecordedEvent) -> int:
    """Return the position at which an event counts: its own, or that of what it corrects."""
    corrects = entry.data.corrects
    return corrects if corrects is not None and 0 < corrects < entry.position else entry.position


def standing(entries: Sequence[RecordedEvent]) -> Sequence[RecordedEvent]:
    """Return what stands of some events, in the order of their places.

    The events are those with a tag, oldest first. A correction carries each tag of what it
    corrects, so it is among them wherever that is; where only the correction has the tag, it
    stands alone.
    """
    if not _has_corrections(entries):
        return entries
    found: dict[int, RecordedEvent] = {}
    recorded = {entry.position: entry for entry in entries}
    for entry in entries:
        place = place_of(entry)
        if place == entry.position:
            found[place] = entry
        elif entry.undone:
            found.pop(place, None)
        else:
            found[place] = _in_place(entry, recorded.get(place, entry), place)
    return [found[place] for place in sorted(found)]


def _has_corrections(entries: Sequence[RecordedEvent]) -> bool:
    # a loop, since every read of every decision comes through here
    for entry in entries:  # noqa: SIM110  # any() costs twice as much
        if entry.data.corrects is not None:
            return True
    return False


def _in_place(entry: RecordedEvent, first: RecordedEvent, place: int) -> StandingEvent:
    return StandingEvent(place, first._recorded_at, entry.type, entry._tags, entry.data, entry)  # noqa: SLF001  # its own kind


def belongs(entry: RecordedEvent, tags: Iterable[str]) -> bool:
    """Whether what an event says now has one of the tags: it may have had it only before."""
    own = entry.event.tags()
    return any(tag in own for tag in tags)


def things(entry: RecordedEvent) -> tuple[str, ...]:
    """Return the tags of the things that an event is about: those of the kind of its first tag.

    A booking's event also names the project and the space, but it changes only the booking.
    """
    tags = entry.tags
    if not tags:
        return ()
    kind = tags[0].partition(":")[0] + ":"
    return tuple(tag for tag in tags if tag.startswith(kind) and "@" not in tag)


def about(entries: Iterable[RecordedEvent], thing: str) -> list[RecordedEvent]:
    """Return the events that are about a thing, out of those that carry its tag."""
    kind = thing.partition(":")[0] + ":"
    return [entry for entry in entries if entry.tags and entry.tags[0].startswith(kind)]
