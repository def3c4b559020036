"""One program rebuilds and swaps while another asks or catches up: neither fails."""

import threading
import time
from collections.abc import Callable

import pytest

from ledger.events import RecordedEvent, ShootDayReported
from ledger.plugin import Projection, on, table, view
from ledger.projections.engine.store import Generation, ViewStore
from tests.unit.projections.conftest import OpenViews, Record
from tests.unit.projections.sample import SpaceMonth, Tally, shoot_day

TURN_S = 0.4
"""Time for the other program to get to where it has to wait."""


class Other:
    """Another program, which does something once, on demand."""

    def __init__(self) -> None:
        self.work: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None
        self._errors: list[BaseException] = []

    def go(self) -> None:
        """Start, unless it has started."""
        if self.work is not None and self._thread is None:
            self._thread = threading.Thread(target=self._carry_out)
            self._thread.start()
            time.sleep(TURN_S)

    def check_done(self) -> None:
        """Check that it did its work."""
        assert self._thread is not None, "it was told to begin"
        self._thread.join(30)
        assert not self._thread.is_alive()
        assert not self._errors

    def _carry_out(self) -> None:
        assert self.work is not None
        try:
            self.work()
        except BaseException as error:  # noqa: BLE001  # passed to the test, in its own thread
            self._errors.append(error)


@pytest.fixture
def other() -> Other:
    return Other()


def two_tables(in_handler: Callable[[], None], in_view: Callable[[], None]) -> type[Projection]:
    """A projection of two tables, whose view reads first what is dropped last."""

    class Both(Projection):
        months = table(SpaceMonth)
        tallies = table(Tally)

        @on(ShootDayReported)
        def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
            in_handler()
            self.months.edit(event.space, f"{event.day:%Y-%m}").hours += event.shooting_hours
            self.tallies.edit(event.space).count += 1

        @view("Both")
        def both(self) -> list[Tally]:
            tallies = self.tallies.rows()
            in_view()
            assert len(self.months.rows()) == len(tallies)
            return tallies

    return Both


def nothing() -> None:
    """Do not disturb the other program."""


def test_a_swap_while_a_view_reads(open_views: OpenViews, record: Record, other: Other) -> None:
    record([shoot_day("a", n) for n in range(3)])
    both = two_tables(nothing, other.go)
    views = open_views(both)
    views.catch_up()
    other.work = open_views(both).rebuild
    assert views.answer("both").rows == [Tally("a", 3)]
    other.check_done()
    assert views.answer("both").rows == [Tally("a", 3)]


def test_a_swap_while_events_are_applied(
    open_views: OpenViews, record: Record, other: Other
) -> None:
    record([shoot_day("a", n) for n in range(3)])
    both = two_tables(other.go, nothing)
    open_views(both).catch_up()
    record([shoot_day("b", n) for n in range(3)])
    other.work = open_views(both).rebuild
    views = open_views(both)
    views.catch_up()
    other.check_done()
    assert views.answer("both").rows == [Tally("a", 3), Tally("b", 3)]


def test_a_swap_between_the_look_at_the_progress_and_the_first_row(
    open_views: OpenViews, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    record([shoot_day("a", n) for n in range(3)])
    both = two_tables(nothing, nothing)
    views, swapping = open_views(both), open_views(both)
    views.catch_up()
    look = ViewStore.generations
    swapped: list[bool] = []

    def then_swap(store: ViewStore, connection: object) -> dict[str, list[Generation]]:
        found = look(store, connection)  # type: ignore[arg-type]  # whatever it was given
        if store is views._opened and not swapped:
            swapped.append(True)
            swapping.rebuild()
        return found

    monkeypatch.setattr(ViewStore, "generations", then_swap)
    assert views.answer("both", fresh=False).rows == [Tally("a", 3)]
    assert swapped
