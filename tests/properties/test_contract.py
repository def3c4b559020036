"""The testing kit itself: its drawn histories, its declaration, its instruments."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.decisions.bookings.holds import ConfirmBookings, PlaceHold
from ledger.errors import Refused
from ledger.events import (
    STUDIO_EVENTS,
    LedgerContinued,
    LedgerOpened,
    ProjectOpened,
    ShootDayReported,
    SpaceCommissioned,
    UnknownEvent,
)
from ledger.events.base import Event, RecordedEvent, Registry
from ledger.plugin import Context, Projection, Row, key, on, table, view, zone
from ledger.testing import events_of, isolated_host, projection_contract, studio_histories
from ledger.testing.drawing.retelling import Told, told
from ledger.testing.drawing.studio import Choice, stored
from ledger.testing.laws.restarts import Memory
from ledger.testing.laws.watching import Stopped, watching
from ledger.testing.strategies import cases
from ledger.time.periods import When


class Hours(Row):
    """Shooting hours of a space."""

    space: str = key()
    hours: float = 0.0


class CrewHours(Projection):
    """A first version by an author."""

    spaces = table(Hours)

    @on(ShootDayReported)
    def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
        """Add up."""
        if entry.corrects is None:
            self.spaces.edit(event.space).hours += event.shooting_hours

    @view("Crew hours")
    def crew_hours(self, least: float) -> list[Hours]:
        """Spaces with at least that many."""
        return [row for row in self.spaces.rows() if row.hours >= least]


PARAMETERS = {"crew-hours": {"least": 1}}

# --- drawn histories -----------------------------------------------------------------------


def test_every_event_of_the_studio_is_drawn() -> None:
    seen: Counter[str] = Counter()
    of_parts: Counter[str] = Counter()

    @settings(max_examples=250, derandomize=True, database=None)
    @given(studio_histories())
    def draw(history: Told) -> None:
        seen.update({entry.type for entry in history})
        added = [e.event for e in history if isinstance(e.event, SpaceCommissioned)]
        parts = {event.space for event in added if event.part_of is not None}
        of_parts.update({e.type for e in history if getattr(e.event, "space", "") in parts})
        of_parts["turnaround"] += any(event.turnaround_hours for event in added)

    draw()
    # A restored log records it as its own first line; no decision of the studio does.
    drawn = {t.type_name for t in STUDIO_EVENTS} - {LedgerContinued.type_name}
    assert drawn <= set(seen)
    assert min(seen[name] for name in drawn) >= 2
    for name in ("turnaround", "SpaceCommissioned", "BookingHeld", "BookingConfirmed"):
        assert of_parts[name] >= 2, f"hardly any part of a space has {name}"
    assert any(name not in {t.type_name for t in STUDIO_EVENTS} for name in seen)


@given(studio_histories())
def test_a_drawn_history_is_one_that_a_log_could_hold(history: Told) -> None:
    registry = Registry(STUDIO_EVENTS)
    again = [registry.decode(*stored(entry)) for entry in history]
    assert [e.position for e in again] == list(range(1, len(history) + 1))
    assert isinstance(again[0].event, LedgerOpened)
    assert all(a.recorded_at <= b.recorded_at for a, b in pairwise(again))
    for entry, copy in zip(history, again, strict=True):
        assert stored(copy) == stored(entry)
        unread = isinstance(copy.event, UnknownEvent)
        tags = copy.event.tags()
        if copy.corrects:  # is found under the tags of the mistake as well
            assert unread or set(tags) <= set(copy.tags)
        else:
            assert unread or copy.tags == (*tags,)


def test_what_is_refused_is_dropped_and_the_rest_stays_legal() -> None:
    book = Choice("book")
    once, twice = told([book]), told([book, book])
    assert [e.type for e in twice] == [e.type for e in once]  # the stage is taken


def test_several_that_are_confirmed_as_one_are_all_confirmed_or_none() -> None:
    def book(space: str, confirm: bool) -> PlaceHold:
        when = When("2025-04-07..2025-04-09")
        return PlaceHold(space=space, project="night-train", when=when, confirm=confirm)

    both = ConfirmBookings(booking=("b-2", "b-3"))
    holds = [book("stage-1", confirm=True), book("stage-1", confirm=False)]
    one_taken = [*holds, book("hall", confirm=False)]
    assert len(told([*one_taken, both])) == len(told(one_taken))
    both_free = [book("virtual-stage", confirm=True), *one_taken[1:]]
    assert len(told([*both_free, both])) == len(told(both_free)) + 2


def test_a_plugins_rule_holds_in_drawn_histories() -> None:
    def no_mondays(ctx: Context, proposed: object) -> None:
        raise Refused("not on a Monday", advice="Choose another day")

    assert len(told([Choice("book")], rules=(no_mondays,))) < len(told([Choice("book")]))


class CatFound(Event, frozen=True):
    """A plugin's own event."""

    type_name = "cats.Found"
    space: str
    on: date
    at: datetime
    colour: str | None
    lives: int
    friends: tuple[str, ...] = ()

    def tags(self) -> tuple[str, ...]:
        """The space."""
        return (f"space:{self.space}",)


def test_events_of_a_plugin_are_drawn_by_their_fields_and_among_the_others() -> None:
    found: list[Event] = []

    @settings(max_examples=20, derandomize=True, database=None)
    @given(studio_histories(also=events_of(CatFound)))
    def draw(history: Told) -> None:
        found.extend(e.event for e in history if e.type == "cats.Found")

    draw()
    assert len({event.colour for event in found if isinstance(event, CatFound)}) > 2


def test_a_failure_is_told_in_few_events() -> None:
    class Fails(Projection):
        """It has one view fewer than its author declares."""

        spaces = table(Hours)

        @on(ProjectOpened)
        def opened(self, event: ProjectOpened, entry: RecordedEvent) -> None:
            """Return false for a third one."""
            assert event.project in ("resurrection", "night-train")

    contract = projection_contract(Fails, examples=40)
    with pytest.raises(AssertionError, match="fails at #12: AssertionError") as broken:
        contract().test_replay()
    story = str(broken.value).partition("The history that shows it:")[2]
    assert len(story.strip().splitlines()) == 2, story
    assert "#12 ProjectOpened project=film-1" in story


# --- declaration ----------------------------------------------------------------------------


def test_an_exemption_carries_its_reason() -> None:
    reason = "its words come from a set that is read in no order"
    contract = projection_contract(CrewHours, exempt={"order_of_sets": reason})
    with pytest.raises(pytest.skip.Exception, match="is read in no order"):
        contract().test_order_of_sets()
    with pytest.raises(ValueError, match="say in a few words why CrewHours is exempt from purity"):
        projection_contract(CrewHours, exempt={"purity": "slow"})
    with pytest.raises(ValueError, match="unknown law 'tidiness'"):
        projection_contract(CrewHours, exempt={"tidiness": "it is as it is"})


def test_an_oracle_is_of_a_view_that_there_is() -> None:
    with pytest.raises(ValueError, match="no view 'crewhours'; it has crew-hours"):
        projection_contract(CrewHours, oracle={"crewhours": lambda events: []})
    assert "test_oracles" not in vars(projection_contract(CrewHours))
    assert "test_oracles" in vars(
        projection_contract(CrewHours, oracle={"crew-hours": lambda events: []})
    )


def test_a_view_that_needs_a_parameter_is_asked_with_it() -> None:
    with pytest.raises(AssertionError, match="cannot be asked without least"):
        projection_contract(CrewHours, examples=1)().test_replay()
    projection_contract(CrewHours, parameters=PARAMETERS, examples=5)().test_replay()


@st.composite
def one_opening(draw: st.DrawFn) -> tuple[RecordedEvent, ...]:
    """Draw an author's own histories."""
    return told([])[: draw(st.integers(1, 3))]


def test_histories_of_ones_own_are_taken() -> None:
    contract = projection_contract(
        CrewHours, histories=one_opening(), parameters=PARAMETERS, examples=5
    )
    contract().test_replay()
    contract().test_batches()
    with pytest.raises(ValueError, match="not to both"):
        projection_contract(CrewHours, histories=one_opening(), also=events_of(CatFound))


TestCrewHours = projection_contract(CrewHours, parameters=PARAMETERS, examples=5)


@given(cases(studio_histories()))
def test_a_case_says_its_history_in_lines(case: object) -> None:
    assert repr(case).startswith("<a history of ")


# --- instruments ----------------------------------------------------------------------------

_kept: dict[str, int] = {"a": 1}
_queue: deque[int] = deque([1])
_number = 1


def _remember(value: int, seen: list[int] = []) -> list[int]:  # noqa: B006  # the trap that it looks for
    seen.append(value)
    return seen


def test_a_restart_puts_back_what_a_module_keeps() -> None:
    global _number  # as a careless plugin does
    memory = Memory(CrewHours)
    assert memory.changed() == []
    _kept["b"], _number = 2, 2
    _queue.append(2)
    _remember(1)
    assert set(memory.changed()) == {"_kept", "_number", "_queue", "_remember (default of seen)"}
    memory.restore()
    assert (_kept, list(_queue), _number) == ({"a": 1}, [1], 1)
    assert memory.changed() == []
    assert _remember(7) == [7]
    memory.restore()


def _lookup(name: str) -> Callable[[], object]:
    return IMPURE[name]


IMPURE: dict[str, Callable[[], object]] = {
    "time.time": time.time,
    "time.monotonic": time.monotonic,
    "datetime.now": lambda: datetime.now(UTC),
    "date.today": date.today,
    "random.": lambda: random.randint(1, 6),
    "random.Random without a seed": lambda: random.Random().random(),
    "urandom": lambda: os.urandom(4),
    "urandom ": uuid.uuid4,
    "os.environ": lambda: os.environ.get("HOME"),
    "getpid": os.getpid,
}


@pytest.mark.parametrize("name", IMPURE)
def test_what_is_impure_is_noticed(name: str) -> None:
    with watching(__name__) as watch:
        _lookup(name)()
    assert any(name.strip() in asked for asked in watch.noticed), watch.noticed
    assert "test_contract.py:" in next(iter(watch.noticed))


GOING_OUT: tuple[Callable[[], object], ...] = (
    lambda: subprocess.run([sys.executable, "-V"], check=False),
    lambda: Path(__file__).read_text(encoding="utf-8"),
    lambda: os.listdir("."),  # the call to stop
    lambda: socket.socket(),  # noqa: PLW0108  # the same, from this module's own frame
)


@pytest.mark.parametrize("go", GOING_OUT)
def test_who_leaves_the_process_is_stopped(go: Callable[[], object]) -> None:
    with watching(__name__) as watch, pytest.raises(Stopped):
        go()
    assert len(watch.noticed) == 1


def test_what_is_pure_is_not_noticed() -> None:
    ZoneInfo.clear_cache(only_keys=["America/St_Johns"])
    with watching(__name__) as watch:
        zone("America/St_Johns")  # reads the zone's rules
        import colorsys  # noqa: F401  # an import reads a file

        datetime(2025, 3, 1, tzinfo=UTC).isoformat()
        random.Random(7).random()  # the same dice on every replay
        sorted({"b", "a"})
    assert watch.noticed == {}
    assert time.time() > 0
    assert sys.getprofile() is None


# --- a separate host ------------------------------------------------------------------------


def test_an_isolated_host_knows_one_plugin_and_nothing_else() -> None:
    with isolated_host(CrewHours) as host:
        opening = {"do": "project open", "project": "p", "title": "复活", "kind": "feature"}
        host.at("2025-06-01T08:00+08:00").command({**opening, "on": "2025-05-30"})
        assert host.ask("crew-hours", least=0) == []
        assert set(host.ledger.views.views) == {"crew-hours"}
        with pytest.raises(Refused):
            host.command({**opening, "on": "2025-05-30"})
        assert host.answer("crew-hours", least=0).as_of == 2


def test_stories_need_no_hypothesis() -> None:
    program = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "import ledger.testing.scenario\n"
        "from ledger.testing import given, isolated_host\n"
        "try:\n    from ledger.testing import projection_contract\n"
        "except ModuleNotFoundError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=False
    )
    assert "needs hypothesis. Install it: pip install 'studio-ledger[testing]'" in done.stdout, done
