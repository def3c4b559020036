"""Generations: which tables follow the log, which are rebuilt, and when they swap."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from ledger.events.base import Registry
from ledger.projections.engine.code_fingerprint import fingerprint
from ledger.projections.engine.log_identity import History
from ledger.projections.engine.store import Generation, ViewStore, columns_of
from ledger.projections.projection import Projection


class Generations:
    """Decides, under a lock, which generation of each projection is used.

    Projections are always locked in order of name, so that two transactions never wait for each
    other.
    """

    def __init__(self, store: ViewStore, registry: Registry, history: History) -> None:
        self._store = store
        self._registry = registry
        self._history = history

    def prepare(
        self, projections: Sequence[type[Projection]]
    ) -> tuple[list[Generation], list[Generation]]:
        """Return the live generations to bring up to date, and those to build beside them.

        A projection seen for the first time gets its tables, live at once. One whose code, version
        or history changed gets a further generation. A generation that a killed rebuild left
        unfinished, or that another process is building now, is built on; other leftovers are
        dropped.
        """
        with self._store.reading() as connection:
            found = self._store.generations(connection)
        live = [self._live(p, found.get(p.name, [])) for p in projections]
        begun = any(_unfinished(g) for p in projections for g in found.get(p.name, []))
        if all(live) and not begun:
            return [g for g in live if g is not None], []
        with self._store.writing(alone=True) as connection:
            found = self._store.generations(connection)
            following, building = [], []
            for projection in _in_order(projections):
                mine = found.get(projection.name, [])
                current = self._live(projection, mine)
                if current is not None:
                    following.append(current)
                    if any(map(_unfinished, mine)):
                        left = self._left(connection, projection, mine)
                        building += [] if left is None else [left]
                elif not mine:
                    following.append(self._new(connection, projection, mine, live=True))
                else:
                    building.append(self._next(connection, projection, mine))
        return following, building

    def begin(self, projections: Sequence[type[Projection]]) -> list[Generation]:
        """Return a new generation of each projection, or the unfinished one that there is."""
        with self._store.writing(alone=True) as connection:
            found = self._store.generations(connection)
            return [
                self._next(connection, p, found.get(p.name, []), retry=True)
                for p in _in_order(projections)
            ]

    def swap(
        self, built: Sequence[Generation], projections: Mapping[str, type[Projection]]
    ) -> None:
        """Make the new tables live and drop the old ones, in one transaction.

        A generation that was quarantined on its way takes over only where it got as far as the old
        one, or where the old one can no longer answer: its columns do not fit the code, or its
        events are not those of the log.
        """
        with self._store.writing(alone=True) as connection:
            found = self._store.generations(connection)
            for generation in sorted(built, key=lambda g: g.projection):
                mine = found.get(generation.projection, [])
                new = next((g for g in mine if g.generation == generation.generation), None)
                if new is None or new.live or not self._history.holds(new):
                    continue  # another process swapped, or began one for another log
                old = [g for g in mine if g is not new]
                columns = columns_of(projections[new.projection])
                if new.failure is not None and any(
                    g.live
                    and g.columns == columns
                    and g.position > new.position
                    and self._history.holds(g)
                    for g in old
                ):
                    continue
                for generation_before in old:
                    self._store.drop(connection, generation_before)
                self._store.make_live(connection, new)

    # --- inside ------------------------------------------------------------------------

    def _live(self, projection: type[Projection], mine: Sequence[Generation]) -> Generation | None:
        return next((g for g in mine if g.live and self._usable(g, projection)), None)

    def _usable(self, generation: Generation, projection: type[Projection]) -> bool:
        return usable(generation, projection, self._registry, self._history)

    def _next(
        self,
        connection: Connection,
        projection: type[Projection],
        mine: Sequence[Generation],
        *,
        retry: bool = False,
    ) -> Generation:
        left = self._left(connection, projection, mine, retry=retry)
        return left or self._new(connection, projection, mine, live=not mine)

    def _left(
        self,
        connection: Connection,
        projection: type[Projection],
        mine: Sequence[Generation],
        *,
        retry: bool = False,
    ) -> Generation | None:
        """Return an unfinished generation that can be built on; drop the others."""
        kept = None
        for generation in mine:
            if generation.live:
                continue
            usable = self._usable(generation, projection)
            if usable and kept is None and not (retry and generation.failure is not None):
                kept = generation
            else:
                self._store.drop(connection, generation)
        return kept

    def _new(
        self,
        connection: Connection,
        projection: type[Projection],
        mine: Sequence[Generation],
        *,
        live: bool,
    ) -> Generation:
        made = Generation(
            projection=projection.name,
            generation=max((g.generation for g in mine), default=0) + 1,
            version=projection.version,
            fingerprint=fingerprint(projection, self._registry),
            columns=columns_of(projection),
            ledger=self._history.ledger,
            live=live,
        )
        self._store.create(connection, projection, made)
        return made


def usable(
    generation: Generation, projection: type[Projection], registry: Registry, history: History
) -> bool:
    """Whether today's code can continue these tables: made by the same code, from this history."""
    return (
        generation.version == projection.version
        and generation.columns == columns_of(projection)
        and generation.fingerprint == fingerprint(projection, registry)
        and history.holds(generation)
    )


def _unfinished(generation: Generation) -> bool:
    return not generation.live and generation.failure is None


def _in_order(projections: Sequence[type[Projection]]) -> list[type[Projection]]:
    return sorted(projections, key=lambda projection: projection.name)
