"""Views of a ledger: asked live or as of a position, kept caught up, rebuilt, watched.

Live answers come from tables that follow the log; answers as of a position, and those of a reader
without write access, from a fold in memory. Both run the same handlers and the same view method, so
they differ only in speed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from threading import RLock
from typing import Any

import msgspec

from ledger.errors import BadInput, LedgerError, StaleView, StorageFailure
from ledger.log.store.store_urls import Place as StorePlace
from ledger.projections.catalogue import by_name, views_by_name
from ledger.projections.engine.catching_up import Follower, Progress, follow
from ledger.projections.engine.generations import Generations
from ledger.projections.engine.log_identity import History
from ledger.projections.engine.sql_tables import SqlShelf
from ledger.projections.engine.status import State, Status, status_of
from ledger.projections.engine.store import Generation, ViewStore, columns_of, kept_at
from ledger.projections.folds import BATCH, Log, replay
from ledger.projections.projection import Place, Projection
from ledger.projections.querying.answers import (
    Answer,
    Comparison,
    Explanation,
    ViewFailed,
    answer_of,
    ask,
    rows_there_are,
)
from ledger.projections.querying.comparing import beginning_with
from ledger.projections.querying.explaining import Cause, causes
from ledger.projections.querying.log_diff import compare_between
from ledger.projections.querying.replica_overlay import answer_ahead
from ledger.projections.tables import Table
from ledger.projections.views import View

__all__ = ["Answer", "Comparison", "Explanation", "State", "Status", "ViewFailed", "Views"]


class Views:
    """The views of one ledger. Safe to share between threads; `close` it.

    `place` is where live tables are kept (`views_place` of the log's place); None keeps none, and
    every answer is folded in memory. Nothing is opened before it is needed. `kept_by_others`: the
    place is a replica's, where tables can be read but not written.

    `batch` is how many events go into one transaction. Raises `BadPlugin` for two
    projections or two views of one name.
    """

    def __init__(
        self,
        log: Log,
        projections: Iterable[type[Projection]],
        place: StorePlace | str | Path | None = None,
        *,
        batch: int = BATCH,
        kept_by_others: bool = False,
    ) -> None:
        self._log = log
        self._kept_by_others = kept_by_others
        self.projections = by_name(projections)
        self.views = views_by_name(self.projections.values())
        self._place = place
        self._batch = batch
        self._opened: ViewStore | None = None
        self._followers: dict[str, Follower] = {}
        self._turn = RLock()

    def close(self) -> None:
        """Close the store."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    # --- asking ------------------------------------------------------------------------

    def view(self, name: str) -> View:
        """The view of that name. Raises `BadInput`."""
        if name in self.views:
            return self.views[name]
        near = get_close_matches(name, self.views, n=3, cutoff=0.5)
        advice = f"Did you mean {' or '.join(near)}?" if near else "List them with: views list"
        raise BadInput(f"no view {name!r}", advice=advice)

    def answer(
        self,
        view_name: str,
        params: Mapping[str, Any] | None = None,
        *,
        as_of: int | None = None,
        now: datetime | None = None,
        fresh: bool = True,
        progress: Progress | None = None,
    ) -> Answer:
        """Ask a view: live, caught up first; or as of a position.

        `now` sets `Projection.now`; without it, that is when the last event was recorded.
        `fresh=False` answers from the tables as they are, without waiting for events or a rebuild.
        Raises `BadInput` for an unknown view or parameter, `StaleView` where there are no tables to
        answer from yet, `ViewFailed` where the view itself raises.
        """
        view, projection, given = self._asked_for(view_name, params)
        if as_of is not None:
            self._check_position(as_of)
        if as_of is not None or self._place is None:
            return self._replayed(view, projection, given, as_of, progress, now)
        if self._kept_by_others:
            return self._ahead(view, projection, given, progress, now)
        if fresh:
            self.catch_up([projection.name], progress=progress)
        return self._live(view, projection, given, now)

    def _asked_for(
        self, view_name: str, params: Mapping[str, Any] | None
    ) -> tuple[View, type[Projection], dict[str, Any]]:
        view, given = self.view(view_name), dict(params or {})
        view.read(given)  # refuse before folding a million events
        return view, self.projections[view.projection], given

    def _replayed(
        self,
        view: View,
        projection: type[Projection],
        given: Mapping[str, Any],
        as_of: int | None,
        progress: Progress | None,
        now: datetime | None = None,
    ) -> Answer:
        until = self._log.head() if as_of is None else as_of
        told: Callable[[int], None] | None = None
        if progress is not None:
            report = progress

            def told(position: int) -> None:
                report(position, until)

        folded = replay(projection, self._log, until, told)
        rows = ask(view, folded.projection, given, now)
        return answer_of(view, rows, folded, folded.failure)

    def _ahead(
        self,
        view: View,
        projection: type[Projection],
        given: Mapping[str, Any],
        progress: Progress | None,
        now: datetime | None,
    ) -> Answer:
        place = self._kept_at()
        assert place is not None
        told: dict[str, Any] = {"now": now, "progress": progress}
        found = answer_ahead(place, self._log, view, projection, given, **told)
        if found is not None:
            return found
        folded = self._replayed(view, projection, given, None, progress, now)
        why = "folded from the first event since no kept tables can be used here"
        return msgspec.structs.replace(folded, notes=(*folded.notes, why))

    def _live(
        self,
        view: View,
        projection: type[Projection],
        given: Mapping[str, Any],
        now: datetime | None,
    ) -> Answer:
        store, history = self._store(), History(self._log)
        seen: Generation | None = None
        while True:
            live: Generation | None = None
            try:
                with store.reading() as connection:
                    found = store.generations(connection).get(projection.name, [])
                    found = [g for g in found if history.holds(g)]
                    live = next((g for g in found if g.live), None)
                    if live is None or live.columns != columns_of(projection):
                        raise StaleView(
                            f"the view {view.name} is being built and cannot answer yet",
                            advice="Ask again in a moment",
                        )
                    store.hold(connection, live)
                    opened = _open_live(store, projection, live, connection)
                    rows = ask(view, opened, given, now)
                return answer_of(
                    view, rows, live, next((g.failure for g in found if g.failure), None)
                )
            except StorageFailure:
                # On PostgreSQL the tables may be swapped away between reading the progress and the
                # first row: try again, unless nothing has changed.
                if live is None or live == seen:
                    raise
                seen = live

    def _check_position(self, position: int) -> None:
        head = self._log.head()
        if not 0 <= position <= head:
            raise BadInput(f"#{position} is not recorded", advice=f"The last position is #{head}")

    # --- looking back ------------------------------------------------------------------

    def explain(
        self,
        view_name: str,
        key: str,
        params: Mapping[str, Any] | None = None,
        *,
        as_of: int | None = None,
        texts: Sequence[Callable[[Any], str]] = (str,),
        progress: Progress | None = None,
    ) -> Explanation:
        """The events behind the rows that begin with `key`: see `explaining.causes`.

        `key` and `texts` are as in `beginning_with`. Asks the view once for each event that changed
        the tables. Raises what `answer` raises, and `BadInput` where no row ever began with the
        key.
        """
        view, projection, given = self._asked_for(view_name, params)
        answer = self._replayed(view, projection, given, as_of, None)
        begins = beginning_with(key, texts)
        found: tuple[Cause, ...] = ()
        if answer.recorded_at is not None:
            at = Place(answer.as_of, answer.recorded_at)
            found = causes(projection, view, given, begins, self._log, at, progress)
        if not found:
            raise BadInput(
                f"no row of the view {view.name} begins with {key!r}",
                advice=rows_there_are(answer, texts[-1]),
            )
        rows = [row for row in answer.rows if begins(row)]
        return Explanation(msgspec.structs.replace(answer, rows=rows), found)

    def compare(
        self,
        view_name: str,
        before: int,
        after: int,
        params: Mapping[str, Any] | None = None,
        *,
        progress: Progress | None = None,
    ) -> Comparison:
        """Compare a view at two positions. Raises what `answer` raises."""
        found = self.compare_all({view_name: params or {}}, before, after, progress=progress)
        compared = found[view_name]
        if isinstance(compared, LedgerError):
            raise compared
        return compared

    def compare_all(
        self,
        asked: Mapping[str, Mapping[str, Any]],
        before: int,
        after: int,
        *,
        progress: Progress | None = None,
    ) -> dict[str, Comparison | LedgerError]:
        """Compare several views, by name, each with its parameters: see `compare_between`.

        Raises `BadInput`; the error of a view that fails stands in its place.
        """
        wanted: dict[type[Projection], dict[View, Mapping[str, Any]]] = {}
        for name, params in asked.items():
            view, projection, given = self._asked_for(name, params)
            wanted.setdefault(projection, {})[view] = given
        self._check_position(before)
        self._check_position(after)
        return compare_between(wanted, self._log, before, after, progress)

    # --- following ---------------------------------------------------------------------

    def catch_up(
        self, names: Sequence[str] | None = None, *, progress: Progress | None = None
    ) -> None:
        """Bring projections (all, or those named) to the log's head, rebuilding what changed.

        A projection whose handler raises is quarantined and the others go on; `status`
        and its answers say so. Raises `StorageFailure` where the views cannot be written.
        """
        with self._turn:
            wanted = self._wanted(names)
            head = self._log.head()
            history = History(self._log)
            generations = Generations(self._store(), self._log.registry, history)
            live, building = generations.prepare(wanted)
            self._follow(live, history, head, progress)
            if building:
                self._follow(building, history, head, progress)
                generations.swap(building, self.projections)

    def rebuild(
        self, names: Sequence[str] | None = None, *, progress: Progress | None = None
    ) -> None:
        """Rebuild projections beside their tables, then swap; the old tables answer meanwhile."""
        with self._turn:
            wanted = self._wanted(names)
            head = self._log.head()
            history = History(self._log)
            generations = Generations(self._store(), self._log.registry, history)
            building = generations.begin(wanted)
            self._follow(building, history, head, progress)
            generations.swap(building, self.projections)

    def status(self, place: StorePlace | None = None) -> list[Status]:
        """Return the status of each projection, by name, also of those whose plugin is absent.

        `place` is where another program keeps the tables, where this one keeps none. Nothing is
        created or changed.
        """
        head = self._log.head()
        place, holds = place or self._kept_at(), History(self._log).holds
        found = {} if place is None else kept_at(place)
        true = {name: list(filter(holds, mine)) for name, mine in found.items()}
        known = self.projections
        return [status_of(n, known.get(n), true.get(n, []), head) for n in sorted({*true, *known})]

    def _follow(
        self,
        generations: Sequence[Generation],
        history: History,
        head: int,
        progress: Progress | None,
    ) -> None:
        store = self._store()
        followers = []
        for generation in generations:
            name = generation.projection
            known = self._followers.get(name)
            if known is None or known.generation != generation:
                known = Follower(store, self.projections[name], generation, history)
                self._followers[name] = known
            known.history = history
            followers.append(known)
        follow(store, self._log, followers, head, batch=self._batch, progress=progress)

    def _wanted(self, names: Sequence[str] | None) -> list[type[Projection]]:
        if names is None:
            return list(self.projections.values())
        for name in names:
            if name not in self.projections:
                raise BadInput(
                    f"no projection {name!r}", advice=f"There are {', '.join(self.projections)}"
                )
        return [self.projections[name] for name in dict.fromkeys(names)]

    def _store(self) -> ViewStore:
        with self._turn:
            if self._opened is None:
                place = self._kept_at()
                if place is None or self._kept_by_others:
                    raise StorageFailure(
                        "this ledger is open for reading and keeps no live views",
                        advice="Open it for writing",
                    )
                self._opened = ViewStore(place)
            return self._opened

    def _kept_at(self) -> StorePlace | None:
        place = self._place
        return place if place is None or isinstance(place, StorePlace) else StorePlace.parse(place)


def _open_live(
    store: ViewStore, projection: type[Projection], generation: Generation, connection: Any
) -> Projection:
    made = store.tables(projection, generation)
    tables: list[Table[Any]] = []
    for name, declared in projection.tables.items():
        shelf = SqlShelf(made[name], declared.layout)
        shelf.connection = connection
        tables.append(Table(name, declared.layout, shelf))
    place = None
    if generation.recorded_at is not None:
        place = Place(generation.position, generation.recorded_at)
    return projection.open(tables, at=place, sealed=True)
