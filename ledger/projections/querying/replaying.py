"""Replaying: fold several projections together from #1 to any place, and look around there.

The log is read once for all of them, in memory; live tables are not touched. Going forward folds
on. Going back folds again from #1, or from the nearest earlier place whose rows were kept: a fold
is a pure function, so its rows are all that has to be kept.

A projection that fails stays where it stopped, and the others go on.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from datetime import datetime
from itertools import islice
from typing import Any

from msgspec import Struct

from ledger.errors import BadInput, StorageFailure
from ledger.events.base import RecordedEvent
from ledger.projections.catalogue import by_name, views_by_name
from ledger.projections.faults import BadRow
from ledger.projections.folds import (
    CHUNK,
    TOLD_EVERY,
    Failure,
    Folded,
    Folding,
    Log,
    fold,
    replay,
)
from ledger.projections.projection import Place, Projection
from ledger.projections.querying.answers import Answer, answer_of, ask
from ledger.projections.querying.explaining import WatchedTable
from ledger.projections.rows import Row
from ledger.projections.tables import Table

Progress = Callable[[int, int], None]
"""Called from time to time with the position reached and the target."""

NEAREST = 8
"""Rows are kept at 8, 64, 512 … events before a place: few copies, since most steps back are
short."""

MOST_KEPT = 200_000
"""Most rows in a copy that is kept. Beyond that, going back folds again from #1."""


class Standing(Struct, frozen=True):
    """How a projection stands in a replay.

    `handled` is how many events its handlers applied, `unread` how many it skipped because today's
    code cannot read them, `position` the last event that it saw.
    """

    projection: str
    plugin: str
    version: int
    handled: int
    rows: int
    unread: int
    position: int
    failure: Failure | None


class _Kept(Struct, frozen=True):
    """A replay as it was at a place: the rows of each projection, and the counts."""

    place: Place | None
    counts: Counter[str]
    rows: dict[str, tuple[int, list[list[Row]]]]
    stopped: dict[str, tuple[Folded[Any], int]]


class Replay:
    """Projections at one place in the log, which can be moved. It begins before #1.

    `keeps`: keep rows on the way, so that going back is quick. Raises `BadPlugin` for two
    projections or two views of one name.
    """

    def __init__(
        self, log: Log, projections: Iterable[type[Projection]], *, keeps: bool = False
    ) -> None:
        self.log = log
        self.projections = by_name(projections)
        self.views = views_by_name(self.projections.values())
        self.foldings: dict[str, Folding[Any]] = {}
        self.place: Place | None = None
        self._keeps = keeps
        self._kept: dict[int, _Kept] = {}
        self._counts: Counter[str] = Counter()
        self._stopped: dict[str, tuple[Folded[Any], int]] = {}
        self._unfit: dict[str, Folded[Any]] = {}
        self._watching = False
        self._begin()

    @property
    def position(self) -> int:
        """The last event folded; 0 before the first."""
        return 0 if self.place is None else self.place.position

    # --- moving ------------------------------------------------------------------------

    def go(self, to: int, progress: Progress | None = None) -> int:
        """Move to a position; return how many events were folded.

        Raises `BadInput` for one that is not recorded, `StorageFailure` where the log cannot be
        read: it then stays at the last event that was read.
        """
        head = self.log.head()
        if not 0 <= to <= head:
            raise BadInput(f"there is no #{to}", advice=f"The log ends at #{head}")
        if to < self.position:
            self._go_back(to)
        first = self.position
        try:
            if to > first:
                self._go_on(to, progress)
        finally:
            self._rest()
        self._forget(to)
        return to - first

    def watch(self) -> None:
        """From here on, track what each event changes, for a caller that moves `foldings` itself.

        A projection with rows that no column can hold stops here for good.
        """
        for name, folded in self._unfit.items():
            self._stopped[name] = folded, self._handled(self.projections[name])
            del self.foldings[name]
        self._unfit = {}
        if not self._watching:
            self._open(self._keep(), WatchedTable)

    def _go_on(self, to: int, progress: Progress | None) -> None:
        stream = self.log.stream(self.position, to)
        marks = self._marks(to)
        for mark in (*marks, to):
            while chunk := list(islice(stream, min(CHUNK, mark - self.position))):
                self._take(chunk)
                if (
                    progress is not None
                    and self.position // TOLD_EVERY != chunk[0].position // TOLD_EVERY
                ):
                    progress(self.position, to)
            if mark != to and self.position == mark:
                self._keep_here()
        if progress is not None:
            progress(to, to)
        if self.position < to:
            raise StorageFailure(
                f"the log ends before #{to}, which it had just now", advice="Run: doctor"
            )

    def _take(self, chunk: Sequence[RecordedEvent]) -> None:
        for name, folding in list(self.foldings.items()):
            failure = folding.apply(chunk)
            if failure is not None:
                self.stop(name, failure, [e.type for e in chunk if e.position < failure.position])
        self.passed(chunk)

    def passed(self, chunk: Sequence[RecordedEvent]) -> None:
        """Count events that were given to every folding."""
        self._counts.update([entry.type for entry in chunk])
        self.place = Place(chunk[-1].position, chunk[-1].recorded_at)

    def stop(self, name: str, failure: Failure, types: Sequence[str] = ()) -> None:
        """Stop a projection before the event that it cannot apply.

        `types` are those of the events before it that are not counted yet. Its tables hold half of
        that event, so they are folded again up to there: the only case in which part of the log is
        read twice.
        """
        del self.foldings[name]
        projection, until = self.projections[name], failure.position - 1
        try:
            folded = fold(projection, self.log.stream(0, until))
            folded.failure = failure
        except BadRow:
            folded = replay(projection, self.log, until)
        self._stopped[name] = folded, self._handled(projection, types)

    def _rest(self) -> None:
        """Check the rows, as a fold that ends here does."""
        self._unfit = {
            name: replay(self.projections[name], self.log, self.position)
            for name, folding in self.foldings.items()
            # a later event may repair a row, so the fold continues when the replay does
            if not _settled(folding)
        }

    # --- back --------------------------------------------------------------------------

    def _begin(self) -> None:
        self._open(_Kept(None, Counter(), {name: (0, []) for name in self.projections}, {}))

    def _go_back(self, to: int) -> None:
        before = [position for position in self._kept if position <= to]
        if before:
            self._open(self._kept[max(before)])
        else:
            self._begin()

    def _open(self, kept: _Kept, table: type[Table[Any]] = Table) -> None:
        self.place, self._counts = kept.place, Counter(kept.counts)
        self._stopped, self._unfit = dict(kept.stopped), {}
        self._watching = table is WatchedTable
        self.foldings = {}
        for name, (unread, rows) in kept.rows.items():
            projection = self.projections[name]
            tables = [table(n, declared.layout) for n, declared in projection.tables.items()]
            for opened, those in zip(tables, rows, strict=bool(rows)):
                opened.fill(map(copy, those))
            self.foldings[name] = Folding(projection.open(tables), self.position, unread)

    def _keep(self) -> _Kept:
        rows = {
            name: (f.unread, [list(map(copy, table.held())) for table in f.tables])
            for name, f in self.foldings.items()
        }
        return _Kept(self.place, Counter(self._counts), rows, dict(self._stopped))

    def _keep_here(self) -> None:
        foldings = self.foldings.values()
        rows = sum(len(table.held()) for folding in foldings for table in folding.tables)
        if rows <= MOST_KEPT and all(map(_settled, foldings)):
            self._kept[self.position] = self._keep()

    def _marks(self, to: int) -> list[int]:
        """Where to keep rows on the way: closer together near the target."""
        marks, distance = [], NEAREST
        while self._keeps and to - distance > self.position:
            marks.append(to - distance)
            distance *= NEAREST
        return marks[::-1]

    def _forget(self, to: int) -> None:
        """Keep the latest copy of each range of distances; drop copies that lie ahead."""
        nearest: dict[int, int] = {}
        for position in sorted(self._kept):
            if position <= to:
                nearest[((to - position).bit_length() - 1) // 3] = position  # by powers of 8
        self._kept = {position: self._kept[position] for position in nearest.values()}

    # --- looking -----------------------------------------------------------------------

    def answer(
        self, view_name: str, given: Mapping[str, Any], now: datetime | None = None
    ) -> Answer:
        """Ask a view here; `now` and the errors are as in `Views.answer`."""
        view = self.views[view_name]
        name = view.projection
        stopped = self._stopped_at(name)
        if stopped is not None:
            rows = ask(view, stopped.projection, given, now)
            return answer_of(view, rows, stopped, stopped.failure)
        folding = self.foldings[name]
        with folding.asked(self.place) as projection:
            rows = ask(view, projection, given, now)
        recorded_at = None if self.place is None else self.place.recorded_at
        here = Folded(folding.projection, self.position, recorded_at, folding.unread, None)
        return answer_of(view, rows, here, None)

    def standings(self) -> list[Standing]:
        """How each projection stands, by name."""
        return [self._standing(projection) for projection in self.projections.values()]

    def failures(self) -> Iterator[Failure]:
        """Why projections stopped, where they did."""
        for name in self.projections:
            stopped = self._stopped_at(name)
            if stopped is not None and stopped.failure is not None:
                yield stopped.failure

    def _standing(self, projection: type[Projection]) -> Standing:
        name, stopped = projection.name, self._stopped_at(projection.name)
        if stopped is not None:
            opened, position, failure = stopped.projection, stopped.position, stopped.failure
            unread = stopped.unread
        else:
            folding = self.foldings[name]
            opened, position, failure = folding.projection, self.position, None
            unread = folding.unread
        tables: Iterable[Table[Any]] = (getattr(opened, table) for table in projection.tables)
        rows = sum(len(table.held()) for table in tables)
        handled = self._stopped[name][1] if name in self._stopped else self._handled(projection)
        return Standing(
            name, projection.plugin, projection.version, handled - unread, rows, unread,
            position, failure,
        )  # fmt: skip

    def _handled(self, projection: type[Projection], more: Sequence[str] = ()) -> int:
        counts = self._counts + Counter(more) if more else self._counts
        return sum(counts[type_name] for type_name in projection.handlers)

    def _stopped_at(self, name: str) -> Folded[Any] | None:
        if name in self._stopped:
            return self._stopped[name][0]
        return self._unfit.get(name)


def _settled(folding: Folding[Any]) -> bool:
    """Settle the rows if columns can hold all of them; return whether they can."""
    try:
        for table in folding.tables:
            table.check_all()
    except BadRow:
        return False
    for table in folding.tables:
        table.drain()
    return True
