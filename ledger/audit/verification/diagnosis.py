"""Tell how lines were changed after they were signed.

The hash of a signed line is known, the line itself is not, but guesses can be tried. If the line
at #41 gets the signed hash of #40 when it is numbered 40, it was moved. If a line gets its signed
hash with the tags that follow from its event, those were the true tags. A guess that fits is
proved; if none fits, the data was changed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from ledger.audit.formats.merkle import leaf_hash
from ledger.audit.verification.batches import line_of
from ledger.events import STUDIO_EVENTS
from ledger.events.base import Header, Registry, recorded_tags
from ledger.log.rows import StoredRow

_TRIED = 128
"""Up to this many differing lines, each is tried at the place of every other."""

_NEAR = 8
"""If more differ, a line is tried this many places down and up."""


class Differing(msgspec.Struct, frozen=True):
    """A position where another line was signed, and the row that is there now."""

    position: int
    row: StoredRow | None


def diagnose(
    differing: Sequence[Differing],
    *,
    gone: range,
    signed: Callable[[int], bytes],
    neighbours: Callable[[int], Iterable[StoredRow]],
) -> Iterator[tuple[int, str]]:
    """Yield what happened, place by place, as a position and a text.

    `gone` are signed positions beyond the end of the log, `signed` returns the signed leaf hash of
    a position, and `neighbours` the rows around one.
    """
    rows = {one.position: one.row for one in differing if one.row is not None}
    moved = _moved(rows, [*rows, *gone], signed)
    told: set[int] = set()
    for start, end, by in _runs(moved):
        told.update(range(start, end + 1))
        if by < 0:
            first = start + by
            told.update(range(first, start))
            what = _lines("a line was", f"{-by} lines were", -by)
            yield first, f"{what} inserted at #{first}: #{start} to #{end} were {-by} earlier"
        else:
            what = _lines(f"the line at #{start} was", f"{by} lines from #{start} on were", by)
            yield start, f"{what} removed, and #{start + by} to #{end + by} were moved up by {by}"
    for position, row in rows.items():
        if position in told:
            continue
        other = moved.get(position)
        if other is not None and moved.get(other) == position:
            told.update((position, other))
            yield position, f"the events #{position} and #{other} were exchanged"
        elif other is not None:
            yield position, f"#{position} holds what was signed as #{other}"
        else:
            yield position, f"#{position}: {_changed(position, row, signed, neighbours)}"
    for one in differing:
        if one.row is None and one.position not in told:
            yield one.position, f"#{one.position} was signed, and is missing"


def _moved(
    rows: dict[int, StoredRow], places: Sequence[int], signed: Callable[[int], bytes]
) -> dict[int, int]:
    """Map the position of each moved row to the one at which it was signed."""
    hashes = {place: signed(place) for place in places}
    found = {}
    for position, row in rows.items():
        candidates: Iterable[int] = places
        if len(places) > _TRIED:
            candidates = (position + by for by in range(-_NEAR, _NEAR + 1))
        for place in candidates:
            if place != position and hashes.get(place) == leaf_hash(line_of((place, *row[1:]))):
                found[position] = place
                break
    return found


def _runs(moved: dict[int, int]) -> Iterator[tuple[int, int, int]]:
    """Yield runs of neighbours that were moved by the same distance, as start, end, distance.

    Two rows that were exchanged are not a run.
    """
    run: list[int] = []
    by = 0
    for position in [*sorted(moved), 0]:
        here = moved.get(position, position) - position
        if run and (position != run[-1] + 1 or here != by):
            exchanged = moved.get(moved[run[0]]) == run[0]
            if not exchanged and (len(run) > 1 or moved[run[0]] not in moved):
                yield run[0], run[-1], by
            run = []
        run.append(position)
        by = here


def _changed(
    position: int,
    row: StoredRow,
    signed: Callable[[int], bytes],
    neighbours: Callable[[int], Iterable[StoredRow]],
) -> str:
    """Tell which column of a row is not as it was signed."""
    wanted = signed(position)
    for what, guess in _guesses(row, neighbours(position)):
        if leaf_hash(line_of(guess)) == wanted:
            return what
    return "its data (or its recorded time) is not what was signed"


def _guesses(row: StoredRow, around: Iterable[StoredRow]) -> Iterator[tuple[str, StoredRow]]:
    """Yield rows that may have been signed in its place, each with the change that it implies."""
    position, recorded_at, type, tags, data = row
    types = {event_type.type_name: event_type for event_type in STUDIO_EVENTS}
    registry = Registry(STUDIO_EVENTS)
    for name in types:
        if name != type:
            yield (
                f"its type was changed: {name} was signed, and it is {type} now",
                (position, recorded_at, name, tags, data),
            )
    for name in (type, *types):
        derived = _derived_tags(registry, name, row)
        if derived is not None and derived != tags:
            what = "its tags were changed" if name == type else "its type and tags were changed"
            yield f"{what}: {derived} was signed", (position, recorded_at, name, derived, data)
    for other in around:
        if other[0] != position and other[1] != recorded_at:
            yield (
                f"its recorded time was changed: {other[1]} was signed",
                (position, other[1], type, tags, data),
            )


def _derived_tags(registry: Registry, name: str, row: StoredRow) -> str | None:
    """The tags that the event would have if it were of that type; None if it cannot be."""
    try:
        entry = registry.decode(row[0], row[1], name, "[]", row[4])
        header = Header(actor=entry.actor, request=entry.request, batch=entry.batch)
        return msgspec.json.encode(recorded_tags(entry.event, header)).decode()
    except (msgspec.MsgspecError, TypeError, ValueError, AttributeError, RecursionError):
        return None


def _lines(one: str, many: str, count: int) -> str:
    return one if count == 1 else many
