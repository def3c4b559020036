"""Incremental = one fold = as of, for a projection that does everything that a handler may.

Its events say what to do to the tables, and at every event it writes down what it reads: so a
difference between the rows in memory and in a database shows.
"""

import tempfile
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from ledger.log.store.store_urls import Place
from ledger.plugin import Days, Event, Projection, RecordedEvent, Row, key, on, table, view
from ledger.projections import fold
from ledger.projections import tables as sdk_tables
from ledger.projections.engine.store import ViewStore
from ledger.projections.querying.live_views import Views
from tests.unit.projections.sample import SampleLog

Op = Literal["edit", "put", "delete", "delete space", "copy space", "raise"]
Space = Literal["a", "b", "ü", "丙"]


class Mood(Enum):
    GOOD = 1
    BAD = 2


class Done(Event, frozen=True):
    """One operation on the tables."""

    type_name = "lab.Done"
    op: Op
    space: Space
    day: int
    number: int
    text: str | None


class Cell(Row):
    """A column of every kind."""

    space: str = key()
    on: date = key()
    count: int = 0
    share: float = 0.0
    text: str | None = None
    odd: bool = False
    at: datetime | None = None
    mood: Mood = Mood.GOOD
    days: tuple[Days, ...] = ()


class Seen(Row):
    """The rows that a handler read at a position."""

    position: int = key()
    text: str = ""


class Lab(Projection):
    """A projection that carries out its events."""

    cells = table(Cell)
    seen = table(Seen)

    @on(Done)
    def done(self, event: Done, entry: RecordedEvent) -> None:
        """Write, then read."""
        day = date(2025, 1, 1) + timedelta(days=event.day)
        if event.op == "edit":
            row = self.cells.edit(event.space, day)
            row.count += event.number
            row.share += event.number / 7
            row.text, row.odd = event.text, event.number % 2 == 1
            row.at = entry.recorded_at
            row.mood = Mood.BAD if row.odd else Mood.GOOD
            row.days = (*row.days, Days(day, day))
        elif event.op == "put":
            self.cells.put(Cell(event.space, day, event.number, text=event.text))
        elif event.op == "delete":
            self.cells.delete(event.space, day)
        elif event.op == "delete space":
            for row in self.cells.rows(space=event.space):
                self.cells.delete(row.space, row.on)
        elif event.op == "copy space":
            for row in self.cells.rows(space=event.space):
                self.cells.edit("copy", row.on).count += row.count
        else:
            self.cells.edit(event.space, day).count = 10**6
            raise RuntimeError("as the event says")
        self.seen.edit(entry.position).text = repr(
            (
                self.at,
                self.cells.get(event.space, day),
                self.cells.rows(space=event.space, odd=True),
                self.cells.rows(on=day),
                len(self.cells.rows()),
            )
        )

    @view("Cells")
    def cell_list(self) -> list[Cell]:
        """All cells."""
        return self.cells.rows()

    @view("Seen")
    def seen_list(self) -> list[Seen]:
        """All that was read."""
        return self.seen.rows()


def events(*ops: Op) -> st.SearchStrategy[list[Done]]:
    """Short histories over few keys."""
    texts = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs", "Cc"])))
    done = st.builds(
        Done,
        op=st.sampled_from(ops),
        space=st.sampled_from(["a", "b", "ü", "丙"]),
        day=st.integers(0, 3),
        number=st.integers(-3, 3),
        text=texts,
    )
    return st.lists(done, max_size=30)


LEGAL: tuple[Op, ...] = ("edit", "put", "delete", "delete space", "copy space")


def all_rows(projection: Lab) -> Sequence[Struct]:
    """Everything in the tables."""
    return [*projection.cells.rows(), *projection.seen.rows()]


def ask(views: Views, as_of: int | None = None) -> Sequence[Struct]:
    """The same, through the views."""
    return [r for v in ("cell-list", "seen-list") for r in views.answer(v, as_of=as_of).rows]


def catch_up_in_parts(
    log: SampleLog, place: Place, parts: Sequence[tuple[int, int, bool]]
) -> Sequence[Struct]:
    """Catch up a part at a time, in batches of some size, with the same or a new program."""
    head, stored = log.head(), log.stored
    views = Views(log, [Lab], place)
    for length, batch, restart in parts:
        if restart:
            views.close()
            views = Views(log, [Lab], place, batch=batch)
        log.stored = stored[: min(len(log.stored), length) if length else 0]
        views.catch_up()
        log.stored = stored
    assert log.head() == head
    try:
        return ask(views)
    finally:
        views.close()


@st.composite
def stops(draw: st.DrawFn) -> list[tuple[int, int, bool]]:
    """Where to stop (rising positions), the batch size from there, whether to restart."""
    ends = sorted(draw(st.lists(st.integers(0, 30), max_size=4)))
    return [(end, draw(st.integers(1, 7)), draw(st.booleans())) for end in ends]


def emptied(place: Place) -> Place:
    """Return the place, without the tables of the last example."""
    store = ViewStore(place)
    with store.writing(alone=True) as connection:
        for mine in store.generations(connection).values():
            for generation in mine:
                store.drop(connection, generation)
    store.close()
    return place


def check_laws(done: list[Done], parts: list[tuple[int, int, bool]], place: Place) -> None:
    """Incremental, at once, and as of every position."""
    log = SampleLog(done, Done)
    whole = all_rows(fold(Lab, log.stream()).projection)
    assert catch_up_in_parts(log, place, parts) == whole
    views = Views(log, [Lab])
    assert ask(views) == whole
    for end, _, _ in parts:
        position = min(end, log.head())
        assert ask(views, position) == all_rows(fold(Lab, log.stream(0, position)).projection)


@given(events(*LEGAL), stops(), st.sampled_from([1, 2, 16]))
def test_stopping_anywhere_changes_nothing(
    done: list[Done], parts: list[tuple[int, int, bool]], misses: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        # so that short histories also reach tables that are loaded entirely
        patch.setattr(sdk_tables, "MISSES_BEFORE_LOADING", misses)
        check_laws(done, parts, Place.parse(Path(folder) / "studio.views.db"))


@settings(max_examples=20)
@given(done=events(*LEGAL), parts=stops())
def test_stopping_anywhere_changes_nothing_on_postgresql(
    postgres_url: str, done: list[Done], parts: list[tuple[int, int, bool]]
) -> None:
    check_laws(done, parts, emptied(Place.parse(postgres_url)))


@given(events(*LEGAL, "raise"), stops())
def test_a_failure_leaves_the_prefix_before_it(
    done: list[Done], parts: list[tuple[int, int, bool]]
) -> None:
    log = SampleLog(done, Done)
    bad = next((n for n, event in enumerate(done, start=1) if event.op == "raise"), None)
    good = all_rows(fold(Lab, log.stream(0, None if bad is None else bad - 1)).projection)
    with tempfile.TemporaryDirectory() as folder:
        assert catch_up_in_parts(log, Place.parse(Path(folder) / "s.views.db"), parts) == good
        views = Views(log, [Lab], Path(folder) / "s.views.db")
        answer = views.answer("cell-list")
        assert (answer.stale_since, answer.as_of) == (bad, log.head() if bad is None else bad - 1)
        views.close()
    assert ask(Views(log, [Lab])) == good
