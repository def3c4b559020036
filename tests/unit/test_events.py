"""The rules for every event: its tags, its time, its name; and the registry that reads them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, ClassVar

import pytest

from ledger.errors import InternalError
from ledger.events import STUDIO_EVENTS, BookingHeld, BookingRescheduled, BookingWrapped
from ledger.events.base import (
    Boundary,
    Event,
    Header,
    Query,
    RecordedEvent,
    Registry,
    Upcaster,
    format_recorded_at,
    parse_recorded_at,
    recorded_tags,
    type_names,
)
from ledger.tags import check_tag
from ledger.time.periods import Period
from tests.golden.examples import EXAMPLES

BY_NAME = {event.type_name: event for event in EXAMPLES}


def test_every_type_has_an_example() -> None:
    assert {type(event) for event in EXAMPLES} == set(STUDIO_EVENTS)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.type_name)
class TestEveryEvent:
    def test_is_tagged_with_each_thing_that_it_names(self, event: Event) -> None:
        tags = event.tags()
        assert [check_tag(text) for text in tags] == list(tags)
        for kind in ("site", "space", "project", "booking", "equipment", "closure"):
            named = getattr(event, kind, None)
            # A closed or retired space still belongs to its site, but no one searches by the site.
            if named is not None:
                assert f"{kind}:{named}" in tags

    def test_is_tagged_once_with_each(self, event: Event) -> None:
        tags = recorded_tags(event, Header(actor="mei"))
        assert len(set(tags)) == len(tags)

    def test_says_when_it_held_in_utc_or_in_days(self, event: Event) -> None:
        effective = event.effective()
        if isinstance(effective, datetime):
            assert effective.utcoffset() == timedelta(0)
        else:
            assert effective is None or isinstance(effective, (date, Period))

    def test_is_in_all_the_months_of_its_space(self, event: Event) -> None:
        period = getattr(event, "period", None)
        space = getattr(event, "space", None)
        if isinstance(period, Period) and space and event.type_name != "ShootDayReported":
            months = {f"space:{space}@{month}" for month in period.months}
            assert months <= set(event.tags())

    def test_cannot_be_changed(self, event: Event) -> None:
        field = event.__struct_fields__[0]
        with pytest.raises(AttributeError):
            setattr(event, field, "other")


class TestMonthsLeft:
    """A reader of a month has to see the events that left it."""

    def test_a_move_is_in_the_months_that_it_left(self) -> None:
        moved = BY_NAME["BookingRescheduled"]
        assert isinstance(moved, BookingRescheduled)
        assert {"space:stage-2", "space:stage-2@2025-07", "space:stage-2@2025-08"} <= set(
            moved.tags()
        )
        assert "space:stage-1@2025-06" not in moved.tags()

    def test_a_wrap_is_in_the_months_that_it_gives_back(self) -> None:
        wrapped = BY_NAME["BookingWrapped"]
        assert isinstance(wrapped, BookingWrapped)
        assert "space:stage-1@2025-08" in wrapped.tags()

    def test_a_reopening_is_in_all_months_of_what_it_cut(self) -> None:
        assert "space:stage-1@2025-07" in BY_NAME["SpaceReopened"].tags()


class TestRecordedTags:
    def test_the_requests_and_the_batchs_come_on_top(self) -> None:
        event = BY_NAME["SiteRegistered"]
        header = Header(actor="mei", request="r-1", batch="x-1")
        own = ("site:yongchuan", "ledger:sites")
        assert recorded_tags(event, header) == (*own, "request:r-1", "batch:x-1")


class TestQuery:
    def test_all_tags_and_one_of_the_types(self) -> None:
        query = Query(("a:1", "b:1"), ("A", "B"))
        assert query.matches("A", ["b:1", "a:1", "c:1"])
        assert not query.matches("C", ["b:1", "a:1"])
        assert not query.matches("A", ["a:1"])
        assert Query(("a:1",)).matches("whatever", ["a:1"])
        assert Query().matches("whatever", [])

    def test_types_are_named_in_order(self) -> None:
        """So that the same question is the same query, however it was put."""
        assert type_names((BookingWrapped, BookingHeld)) == ("BookingHeld", "BookingWrapped")

    def test_a_boundary_is_a_value(self) -> None:
        assert Boundary((Query(("a:1",)),), 3) == Boundary((Query(("a:1",)),), 3)


class TestRecordedAt:
    def test_it_sorts_as_text_and_comes_back(self) -> None:
        early = datetime(2025, 7, 1, 8, tzinfo=timezone(timedelta(hours=8)))
        late = datetime(2025, 7, 1, 0, 0, 0, 1, tzinfo=UTC)
        assert format_recorded_at(early) == "2025-07-01T00:00:00.000000Z"
        assert format_recorded_at(early) < format_recorded_at(late)
        assert parse_recorded_at(format_recorded_at(late)) == late

    def test_a_pending_event_reads_as_a_recorded_one(self) -> None:
        header = Header(
            actor="mei", reason="why", corrects=3, batch="x-1", request="r-1", digest="d"
        )
        event = BY_NAME["SiteRegistered"]
        now = format_recorded_at(datetime(2025, 7, 1, tzinfo=UTC))
        pending = RecordedEvent.pending(7, now, event, header, ("site:yongchuan",))
        stored = Registry(STUDIO_EVENTS).decode(
            7,
            now,
            "SiteRegistered",
            '["site:yongchuan"]',
            Registry(STUDIO_EVENTS).encode(event, header),
        )
        for name in (
            *Header.__struct_fields__,
            "position",
            "recorded_at",
            "type",
            "tags",
            "schema",
        ):
            assert getattr(pending, name) == getattr(stored, name), name
        assert pending.event == stored.event == event
        assert repr(pending) == repr(stored)


class Named(Event, frozen=True):
    """A plugin's event with a name of its own."""

    type_name: ClassVar[str] = "expo.ExhibitorRegistered"


class TestRegistry:
    def test_a_plugin_names_its_own(self) -> None:
        registry = Registry([Named])
        assert "expo.ExhibitorRegistered" in registry
        assert "Named" not in registry
        assert list(registry) == [Named]

    def test_a_type_may_be_added_twice_a_name_may_not(self) -> None:
        class Same(Event, frozen=True):
            type_name: ClassVar[str] = "expo.ExhibitorRegistered"

        registry = Registry([Named, Named])
        with pytest.raises(InternalError, match="two event types are named"):
            registry.add(Same)

    def test_upcasters_have_no_gap(self) -> None:
        class Third(Event, frozen=True):
            schema: ClassVar[int] = 3
            upcasters: ClassVar[Mapping[int, Upcaster]] = {2: lambda old: old}

        with pytest.raises(InternalError, match="Third has no upcaster from schema 1"):
            Registry([Third])

    def test_the_studios_names_are_stable(self) -> None:
        """A name is in every ledger ever written: a class may move, its name may not."""
        assert all(t.type_name == t.__name__ for t in STUDIO_EVENTS)

    def test_an_absent_header_field_is_not_written(self) -> None:
        data: Any = Registry(STUDIO_EVENTS).encode(BY_NAME["SiteRegistered"], Header(actor="mei"))
        assert data.startswith(b'{"actor":"mei","schema":1,"payload":{')
