"""Generations: which tables follow the log, which are built anew, and when they swap."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from ledger.projections.folds import Log
from ledger.projections.projection import Projection
from ledger.projections.sources import fingerprint
from ledger.projections.store import Generation, ViewStore, columns_of


class Generations:
    """Decides, under a lock, which generation of each projection goes on."""

    def __init__(self, store: ViewStore, log: Log) -> None:
        self._store = store
        self._log = log

    def prepare(
        self, projections: Sequence[type[Projection]], head: int
    ) -> tuple[list[Generation], list[Generation]]:
        """The live generations to bring up to date, and the ones to build beside others.

        A projection seen for the first time gets its tables, live at once. One whose code,
        version or history changed gets a further generation, or goes on with one that a
        killed rebuild left; what else was left is thrown away.
        """
        with self._store.reading() as connection:
            found = self._store.generations(connection)
        true = self._true_histories(found, head)
        live = [self._live(p, found.get(p.name, []), true) for p in projections]
        if all(live):
            return [g for g in live if g is not None], []
        with self._store.writing(alone=True) as connection:
            found = self._store.generations(connection)
            true = self._true_histories(found, head)
            following, building = [], []
            for projection in projections:
                mine = found.get(projection.name, [])
                current = self._live(projection, mine, true)
                if current is not None:
                    following.append(current)
                elif not mine:
                    following.append(self._new(connection, projection, mine, live=True))
                else:
                    building.append(self._next(connection, projection, mine, true))
        return following, building

    def begin(self, projections: Sequence[type[Projection]], head: int) -> list[Generation]:
        """A further generation of each projection, or the unfinished one that is there."""
        with self._store.writing(alone=True) as connection:
            found = self._store.generations(connection)
            true = self._true_histories(found, head)
            return [
                self._next(connection, p, found.get(p.name, []), true, retry=True)
                for p in projections
            ]

    def swap(
        self, built: Sequence[Generation], projections: Mapping[str, type[Projection]]
    ) -> None:
        """Let the new tables answer and drop the old ones, in one transaction.

        A generation that was quarantined on its way takes over only where it came as far
        as the old one, or where the old one's columns no longer fit the code.
        """
        with self._store.writing(alone=True) as connection:
            found = self._store.generations(connection)
            for generation in built:
                mine = found.get(generation.projection, [])
                new = next((g for g in mine if g.generation == generation.generation), None)
                if new is None or new.live:
                    continue  # somebody else swapped
                old = [g for g in mine if g is not new]
                columns = columns_of(projections[new.projection])
                if new.failure is not None and any(
                    g.live and g.columns == columns and g.position > new.position for g in old
                ):
                    continue
                for generation_before in old:
                    self._store.drop(connection, generation_before)
                self._store.make_live(connection, new)

    # --- inside ------------------------------------------------------------------------

    def _live(
        self, projection: type[Projection], mine: Sequence[Generation], true: set[tuple[str, int]]
    ) -> Generation | None:
        return next(
            (g for g in mine if g.live and _same_code(g, projection) and _id(g) in true), None
        )

    def _next(
        self,
        connection: Connection,
        projection: type[Projection],
        mine: Sequence[Generation],
        true: set[tuple[str, int]],
        *,
        retry: bool = False,
    ) -> Generation:
        kept = None
        for generation in mine:
            if generation.live:
                continue
            usable = _same_code(generation, projection) and _id(generation) in true
            if usable and kept is None and not (retry and generation.failure is not None):
                kept = generation
            else:
                self._store.drop(connection, generation)
        return kept or self._new(connection, projection, mine, live=not mine)

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
            fingerprint=fingerprint(projection),
            columns=columns_of(projection),
            live=live,
        )
        self._store.create(connection, projection, made)
        return made

    def _true_histories(
        self, found: Mapping[str, Sequence[Generation]], head: int
    ) -> set[tuple[str, int]]:
        """The generations that were folded from this log, and not from another in its place.

        A ledger may be restored from a backup, or replaced: then the event at the position
        that a generation came to is another one, or not there at all.
        """
        true = set()
        recorded = {}
        for generation in (g for mine in found.values() for g in mine):
            position = generation.position
            if position not in recorded and 0 < position <= head:
                entry = next(iter(self._log.stream(position - 1, position)))
                recorded[position] = entry.recorded_at
            if position == 0 or recorded.get(position) == generation.recorded_at:
                true.add(_id(generation))
        return true


def _same_code(generation: Generation, projection: type[Projection]) -> bool:
    return (
        generation.version == projection.version
        and generation.columns == columns_of(projection)
        and generation.fingerprint == fingerprint(projection)
    )


def _id(generation: Generation) -> tuple[str, int]:
    return generation.projection, generation.generation
