"""The list of bookings, the queue of holds, the shoot days."""

from __future__ import annotations

from typing import Any, get_args

from ledger_bookings import Bookings, HoldLine

from ledger.events import (
    BookingCancelled,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    HoldChallenged,
    HoldPromoted,
    HoldReleased,
    ShootDayReported,
)
from ledger.events.bookings import ReleaseCause
from ledger.projections.projection import ask_at
from ledger.testing import Scenario
from tests.scenarios.view_stories import (
    at,
    because,
    confirmed,
    day,
    days,
    held,
    seen,
    story,
)


def about(booking: str, when: str, **more: Any) -> dict[str, Any]:
    usual = {"booking": booking, "space": "stage-1", "project": "resurrection"}
    return usual | {"period": days(when)} | more


def challenge(booking: str, by: str, answer_by: str, when: str = "2025-09-01..2025-09-10") -> Any:
    return HoldChallenged(**about(booking, when), by=by, answer_by=at(answer_by))


def moved(booking: str, was: str, to: str, rank: int | None, **more: Any) -> BookingRescheduled:
    left: dict[str, Any] = {"was_space": "stage-1", "was_period": days(was)}
    return BookingRescheduled(**about(booking, to), rank=rank, **left | more)


def ladder() -> Scenario:
    """Three holds of September: b-1 and b-2 overlap, b-2 and b-3 overlap."""
    return story(
        held("b-1", "2025-09-01..2025-09-10"),
        held("b-2", "2025-09-08..2025-09-20", rank=2, project="dragon"),
        held("b-3", "2025-09-15..2025-09-30", rank=3, expires_at=at("2025-08-20T18:00")),
    )


def queue(told: Scenario, **asked: Any) -> dict[str, HoldLine]:
    return {line.booking: line for line in seen(Bookings, told).holds(**asked)}


def states(told: Scenario, **asked: Any) -> dict[str, str]:
    return {line.booking: line.state for line in seen(Bookings, told).bookings(**asked)}


# --- the list ----------------------------------------------------------------------------


def test_a_booking_through_its_life() -> None:
    when = "2025-08-04..2025-08-08"
    told = story(held("b-1", when, rank=2))
    seen_states = [states(told)["b-1"]]
    for event in (
        confirmed("b-1", when),
        BookingStarted(**about("b-1", when), on=day("2025-08-04")),
        BookingWrapped(
            **about("b-1", "2025-08-04..2025-08-06"), on=day("2025-08-06"), was_period=days(when)
        ),
    ):
        told.and_given(event)
        seen_states.append(states(told)["b-1"])
    assert seen_states == ["held", "confirmed", "started", "wrapped"]
    (line,) = seen(Bookings, told).bookings()
    assert (line.first, line.last, line.days) == (day("2025-08-04"), day("2025-08-06"), 3)
    assert (line.rank, line.times, line.units) == (None, None, 1)


def test_what_came_to_nothing_is_listed_with_why() -> None:
    told = story(
        *(held(f"b-{n}", "2025-09-01..2025-09-10", rank=n) for n in (1, 2, 3)),
        *(
            HoldReleased(**about(f"b-{n}", "2025-09-01..2025-09-10"), cause=cause)
            for n, cause in enumerate(get_args(ReleaseCause), 1)
        ),
        confirmed("b-4", "2025-10-01..2025-10-02"),
        BookingCancelled(**about("b-4", "2025-10-01..2025-10-02")),
    )
    assert states(told) == {
        "b-1": "released", "b-2": "expired", "b-3": "lapsed", "b-4": "cancelled",
    }  # fmt: skip
    assert queue(told) == {}


def test_a_hold_expires_by_itself() -> None:
    told = ladder()
    assert states(told)["b-3"] == "held"
    told.at("2025-08-20T18:00+08:00").and_given(held("b-9", "2026-01-01..2026-01-02"))
    assert states(told)["b-3"] == "expired"
    assert set(queue(told)) == {"b-1", "b-2", "b-9"}


def test_what_has_run_out_by_now_is_over_though_nothing_was_recorded_since() -> None:
    told = ladder().and_given(challenge("b-1", "b-2", "2025-08-05T12:00"))

    def at_noon(now: str | None, **asked: Any) -> tuple[set[str], str, str | None]:
        bookings = seen(Bookings, told)
        ask_at(bookings, None if now is None else at(now))
        holds = {line.booking: line for line in bookings.holds(**asked)}
        expiring = next(b for b in bookings.bookings(**asked) if b.booking == "b-3")
        return set(holds), expiring.state, holds["b-1"].challenge

    everything, some = {"b-1", "b-2", "b-3"}, {"b-1", "b-2"}
    assert at_noon(None) == (everything, "held", "open")
    assert at_noon("2025-08-01T00:00") == (everything, "held", "open"), "before its events"
    assert at_noon("2025-08-05T12:00") == (everything, "held", "lapsed")
    assert at_noon("2025-08-20T18:00") == (some, "expired", "lapsed")
    assert at_noon(None, at="2025-08-20T17:59") == (everything, "held", "lapsed")
    assert at_noon(None, at="2025-08-20T18:00") == (some, "expired", "lapsed")
    assert at_noon("2025-09-01", at="2025-08-04") == (everything, "held", "open")
    assert at_noon(None, at="2025-08-20T10:00+00:00") == (some, "expired", "lapsed")


def test_bookings_of_a_time_a_space_a_project_a_state() -> None:
    told = ladder().and_given(confirmed("b-4", "2025-09-05", space="workshop", project="dragon"))
    bookings = seen(Bookings, told)

    def ids(**asked: Any) -> list[str]:
        return [line.booking for line in bookings.bookings(**asked)]

    assert ids() == ["b-1", "b-4", "b-2", "b-3"]
    assert ids(on=day("2025-09-09")) == ["b-1", "b-2"]
    assert ids(since=day("2025-09-11"), until=day("2025-09-14")) == ["b-2"]
    assert ids(project="dragon") == ["b-4", "b-2"]
    assert ids(space="stage-1", state=["held"]) == ["b-1", "b-2", "b-3"]
    assert ids(state=["confirmed", "started"]) == ["b-4"]
    assert ids(state=["wrapped"]) == []


def test_exact_times_are_shown_where_the_days_are_not_whole() -> None:
    bookings = seen(Bookings, story(confirmed("b-1", "2025-09-01T08:00..2025-09-02T02:00")))
    (line,) = bookings.bookings()
    assert (line.first, line.last) == (day("2025-09-01"), day("2025-09-02"))
    assert line.times == "2025-09-01 08:00+08:00..2025-09-02 02:00+08:00"


def test_a_moved_booking_is_where_it_is_now() -> None:
    told = story(
        confirmed("b-1", "2025-09-01..2025-09-10"),
        BookingRescheduled(
            **about("b-1", "2025-10-01..2025-10-05", space="stage-2"), units=2,
            was_space="stage-1", was_period=days("2025-09-01..2025-09-10"),
        ),
    )  # fmt: skip
    (line,) = seen(Bookings, told).bookings()
    assert (line.space, line.first, line.days, line.units, line.state) == (
        "stage-2", day("2025-10-01"), 5, 2, "confirmed",
    )  # fmt: skip


# --- the queue ---------------------------------------------------------------------------


def test_the_queue_of_a_space() -> None:
    lines = queue(ladder())
    shown = {b: (line.rank, line.before, line.expires_at) for b, line in lines.items()}
    assert shown == {
        "b-1": (1, (), None),
        "b-2": (2, ("b-1",), None),
        "b-3": (3, ("b-2",), at("2025-08-20T18:00")),
    }
    assert list(queue(ladder(), project="dragon")) == ["b-2"]
    assert queue(ladder(), space="workshop") == {}


def test_a_hold_moves_up_when_one_before_it_goes() -> None:
    told = ladder().and_given(
        HoldReleased(**about("b-1", "2025-09-01..2025-09-10"), cause="released"),
        HoldPromoted(**about("b-2", "2025-09-08..2025-09-20"), was_rank=2, rank=1),
        HoldPromoted(**about("b-3", "2025-09-15..2025-09-30"), was_rank=3, rank=2),
    )
    assert {b: (x.rank, x.before) for b, x in queue(told).items()} == {
        "b-2": (1, ()),
        "b-3": (2, ("b-2",)),
    }


def test_a_challenge_is_open_until_its_deadline() -> None:
    told = ladder().and_given(challenge("b-1", "b-2", "2025-08-05T12:00"))
    line = queue(told)["b-1"]
    assert (line.challenged_by, line.challenge, line.answer_by) == (
        ("b-2",), "open", at("2025-08-05T12:00"),
    )  # fmt: skip
    told.at("2025-08-05T12:00+08:00").and_given(confirmed("b-9", "2026-01-01"))
    assert queue(told)["b-1"].challenge == "lapsed"


def test_of_two_challenges_the_nearer_deadline_shows() -> None:
    told = story(
        held("b-1", "2025-09-01..2025-09-10"),
        held("b-2", "2025-09-01..2025-09-10", rank=2),
        held("b-3", "2025-09-01..2025-09-10", rank=3),
        challenge("b-1", "b-2", "2025-08-06T12:00"),
        challenge("b-1", "b-3", "2025-08-05T12:00"),
    )
    line = queue(told)["b-1"]
    assert (line.challenged_by, line.answer_by) == (("b-3", "b-2"), at("2025-08-05T12:00"))


def test_a_challenge_falls_with_its_challenger_or_a_move_to_other_days() -> None:
    pressed = challenge("b-1", "b-2", "2025-08-05T12:00")
    gone = HoldReleased(**about("b-2", "2025-09-08..2025-09-20"), cause="released")
    assert queue(ladder().and_given(pressed, gone))["b-1"].challenge is None
    later = moved("b-2", "2025-09-08..2025-09-20", "2025-09-09..2025-09-21", rank=2)
    assert queue(ladder().and_given(pressed, later))["b-1"].challenge is None
    fewer = moved("b-2", "2025-09-08..2025-09-20", "2025-09-08..2025-09-12", rank=2)
    assert queue(ladder().and_given(pressed, fewer))["b-1"].challenge == "open"


# --- shoot days --------------------------------------------------------------------------


def reported(on: str, setups_shot: int = 18) -> ShootDayReported:
    return ShootDayReported(
        **about("b-1", "2025-08-04..2025-08-08"), day=day(on), setups_planned=20,
        setups_shot=setups_shot, pages_planned_eighths=24, pages_shot_eighths=21,
        shooting_hours=10.5,
    )  # fmt: skip


def test_a_corrected_report_takes_the_place_of_the_first() -> None:
    told = story(confirmed("b-1", "2025-08-04..2025-08-08"), reported("2025-08-05"))
    first = told.position
    told.and_given(reported("2025-08-04"))
    because(told, reported("2025-08-05", setups_shot=12), corrects=first)
    lines = seen(Bookings, told).shoot_days()
    assert [(x.day, x.setups_shot, x.corrected) for x in lines] == [
        (day("2025-08-04"), 18, False),
        (day("2025-08-05"), 12, True),
    ]
    assert lines[1].pages_shot_eighths == 21
    assert lines[1].shooting_hours == 10.5


def test_shoot_days_of_a_time() -> None:
    told = story(reported("2025-08-04"), reported("2025-08-05"), reported("2025-08-06"))
    bookings = seen(Bookings, told)
    found = bookings.shoot_days(since=day("2025-08-05"), until=day("2025-08-05"), booking="b-1")
    assert [x.day for x in found] == [day("2025-08-05")]
    assert bookings.shoot_days(space="stage-2") == []
