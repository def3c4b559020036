"""The given/when/then kit fails where a story does not end as told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import ClassVar

import pytest

from ledger.decisions.base import Context, Decision
from ledger.errors import BoundaryBroken, Refused, UnknownId
from ledger.events.base import Boundary, Event, Header, Query
from ledger.tags import tag
from ledger.testing import BEGINNING, MemoryHistory, correcting, given, recorded
from ledger.time.periods import ManualClock


class LampLit(Event, frozen=True):
    """A plugin's event: a lamp was lit."""

    type_name: ClassVar[str] = "lamps.LampLit"

    lamp: str
    at: datetime

    def tags(self) -> tuple[str, ...]:
        """The lamp."""
        return (tag("lamp", self.lamp),)


class LightLamp(Decision, frozen=True, tag="lamp light"):
    """Light a lamp, once."""

    lamp: str
    again: bool = False

    def decide(self, ctx: Context) -> None:
        """Record `LampLit`."""
        burning = ctx.last(tag("lamp", self.lamp), LampLit)
        if burning is not None and not self.again:
            raise AlreadyBurns("it burns", advice="Let it", position=burning.position)
        ctx.record(
            LampLit(lamp=self.lamp, at=ctx.now),
            corrects=None if burning is None else burning.position,
        )


class NewLamp(Decision, frozen=True, tag="lamp new"):
    """Light a lamp that has no id yet."""

    def decide(self, ctx: Context) -> None:
        """Record `LampLit`."""
        ctx.record(LampLit(lamp=ctx.new_id("lamp", "l"), at=ctx.now))


class AlreadyBurns(Refused):
    """A lamp is lit once."""

    rule = "lit-once"


LIT = LampLit(lamp="l-1", at=BEGINNING)
LIGHT = LightLamp(lamp="l-1")


def no_lamps(ctx: Context, proposed: Sequence[Event]) -> None:
    """A plugin's rule."""
    if ctx.last("house:dark") is None and any(isinstance(event, LampLit) for event in proposed):
        raise UnknownId("house", "dark")


class TestThen:
    def test_what_came_is_what_was_expected(self) -> None:
        given().when(LIGHT).then(LIT)

    def test_another_event_is_shown_beside_the_expected_one(self) -> None:
        with pytest.raises(AssertionError) as failed:
            given().when(LightLamp(lamp="l-2")).then(LIT)
        assert "1. expected LampLit(lamp='l-1'" in str(failed.value)
        assert "   recorded LampLit(lamp='l-2'" in str(failed.value)

    def test_one_more_or_one_less_is_told(self) -> None:
        with pytest.raises(AssertionError, match="0 events were expected, 1 are recorded"):
            given().when(LIGHT).then()
        with pytest.raises(AssertionError, match="recorded nothing"):
            given().when(LIGHT).then(LIT, LIT)

    def test_what_it_corrects_counts(self) -> None:
        story = given(LIT)
        again = LightLamp(lamp="l-1", again=True)
        with pytest.raises(AssertionError, match="correcting #1"):
            story.when(again).then(LIT)
        story.when(again).then(correcting(1, LIT))

    def test_a_refusal_is_not_an_event(self) -> None:
        with pytest.raises(AssertionError, match=r"it is refused: it burns \(#1\)"):
            given(LIT).when(LIGHT).then(LIT)


class TestRefused:
    def test_it_says_why(self) -> None:
        given(LIT).when(LIGHT).refused(AlreadyBurns, by=1, saying="Let it")

    def test_it_fails_where_nothing_is_refused(self) -> None:
        with pytest.raises(AssertionError, match="not refused but records"):
            given().when(LIGHT).refused(AlreadyBurns)

    def test_it_fails_for_another_reason(self) -> None:
        story = given(LIT)
        with pytest.raises(AssertionError, match="refused with AlreadyBurns, not UnknownId"):
            story.when(LIGHT).refused(UnknownId)
        with pytest.raises(AssertionError, match="#2 does not stand in the way"):
            story.when(LIGHT).refused(AlreadyBurns, by=2)
        with pytest.raises(AssertionError, match="it does not say 'fire'"):
            story.when(LIGHT).refused(AlreadyBurns, saying="fire")


class TestStory:
    def test_it_goes_on(self) -> None:
        story = given().when(LIGHT).then(LIT).when(LIGHT).refused(AlreadyBurns, by=1)
        assert story.position == 1, "what is refused records nothing"

    def test_commands_may_be_given(self) -> None:
        given(LIGHT).when(LIGHT).refused(AlreadyBurns, by=1)
        with pytest.raises(AssertionError, match="but it is refused"):
            given(LIGHT, LIGHT)

    def test_a_batch_is_all_or_none(self) -> None:
        story = given()
        story.when(LightLamp(lamp="l-2"), LIGHT, LIGHT).refused(AlreadyBurns)
        assert story.position == 0
        story.when(LightLamp(lamp="l-2"), LIGHT).then(LampLit(lamp="l-2", at=BEGINNING), LIT)

    def test_the_clock_stands_where_it_is_set(self) -> None:
        later = datetime(2025, 6, 1, tzinfo=UTC)
        given().when(LIGHT, now="2025-06-01T08:00+08:00").then(LampLit(lamp="l-1", at=later))
        given().at(later).when(LIGHT).then(LampLit(lamp="l-1", at=later))
        with pytest.raises(ValueError, match="has no offset"):
            given().at("2025-06-01T08:00")

    def test_now_is_never_before_what_was_recorded(self) -> None:
        later = datetime(2025, 6, 1, tzinfo=UTC)
        story = given().at(later).and_given(LampLit(lamp="l-2", at=later)).at(BEGINNING)
        story.when(LIGHT).then(LampLit(lamp="l-1", at=later))

    def test_ids_come_in_order(self) -> None:
        given(LIT).when(NewLamp(), NewLamp()).then(
            LampLit(lamp="l-2", at=BEGINNING), LampLit(lamp="l-3", at=BEGINNING)
        )

    def test_a_plugins_rules_are_in_force(self) -> None:
        outcome = given(rules=[no_lamps]).when(LIGHT)
        outcome.refused(UnknownId, saying="no house 'dark'")
        assert Query(("house:dark",)) in outcome.boundary.queries, "its questions count"


class TestMemoryHistory:
    def test_a_broken_boundary_records_nothing(self) -> None:
        history = MemoryHistory()
        header = Header(actor="mei")
        history.append([(LIT, header)])
        with pytest.raises(BoundaryBroken):
            history.append([(LIT, header)], Boundary((Query(("lamp:l-1",)),), 0))
        history.append([(LIT, header)], Boundary((Query(("lamp:l-1",)),), 1))
        history.append([(LIT, header)], Boundary((), 0))
        assert history.head() == 3

    def test_recorded_time_never_goes_back(self) -> None:
        clock = ManualClock(BEGINNING)
        history = MemoryHistory(clock=clock)
        history.append([(LIT, Header(actor="mei"))])
        clock.set(datetime(2020, 1, 1, tzinfo=UTC))
        [entry] = history.append([(LIT, Header(actor="mei"))])
        assert entry.recorded_at == BEGINNING
        assert history.last() == (2, BEGINNING)

    def test_it_is_read_from_both_ends(self) -> None:
        history = MemoryHistory()
        history.append([(LIT, Header(actor="mei"))] * 5)
        query = [Query(("lamp:l-1",))]
        assert [e.position for e in history.read(query, after=1, until=4)] == [2, 3, 4]
        assert [e.position for e in history.read(query, newest_first=True, limit=2)] == [5, 4]
        assert [e.position for e in history.read([])] == [1, 2, 3, 4, 5]

    def test_events_for_a_projections_tests(self) -> None:
        [entry] = recorded(LIT, actor="wang")
        assert (entry.position, entry.event, entry.actor) == (1, LIT, "wang")
        assert entry.recorded_at.date() == date(2025, 1, 1)
