"""A stage that divides: who has the whole has its parts, who has a part keeps others from it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger.decisions.bookings.holds import ChallengeHolds, ConfirmBookings, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.refusals import BehindHold, ClosedDays, FloorTaken, HeldByAnother
from ledger.decisions.bookings.shoot_days import CancelBooking, StartBooking, WrapBooking
from ledger.decisions.correct import CorrectEntry, UndoEntry
from ledger.decisions.correction_refusals import StandsOnIt
from ledger.decisions.site_refusals import (
    LargerThanWhole,
    OnAnotherSite,
    PartInService,
    SpaceIsBooked,
)
from ledger.decisions.sites import AddSite
from ledger.decisions.spaces import AddSpace, ChangeSpace, CloseSpace, RetireSpace
from ledger.errors import NotInService, UnknownId
from ledger.events import (
    BookingHeld,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    HoldPromoted,
)
from ledger.testing import Scenario
from ledger.time.periods import When
from tests.scenarios.booking_stories import AUGUST, campus, hold
from tests.terminal import Terminal, studio

JULY = "2025-07-01..2025-07-14"


def part(space: str, of: str = "stage-1", **more: Any) -> AddSpace:
    """A half of a stage, unless told otherwise."""
    given: dict[str, Any] = {"area_m2": 1500.0, "in_service_on": date(2024, 6, 1)}
    given |= {"site": "yongchuan"} | more
    return AddSpace(space=space, name=space.title(), kind="stage", part_of=of, **given)


def divided() -> Scenario:
    """The campus, with stage 1 in two halves and the second half in two corners."""
    return campus().and_given(
        part("left"),
        part("right"),
        part("north", "right", area_m2=700.0),
        part("south", "right", area_m2=700.0),
    )


def firm(booking: str, space: str, when: str = JULY, project: str = "resurrection") -> Any:
    return hold(booking, when, project, space=space, confirm=True)


# --- who has what ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("taken", "wanted"),
    [
        ("stage-1", "left"),
        ("stage-1", "north"),
        ("left", "stage-1"),
        ("north", "stage-1"),
        ("right", "north"),
        ("north", "right"),
    ],
)
def test_a_whole_and_its_part_are_never_both_confirmed(taken: str, wanted: str) -> None:
    story = divided().and_given(firm("b-1", taken))
    story.when(firm("b-2", wanted, "2025-07-14..2025-07-20", "dragon")).refused(
        FloorTaken, by=14, saying=repr(taken)
    )
    story.and_given(hold("b-2", JULY, "dragon", space=wanted)).when(
        ConfirmBookings(booking="b-2")
    ).refused(FloorTaken)
    assert story.when(firm("b-3", wanted, "2025-07-15", "dragon")).events


@pytest.mark.parametrize(
    ("one", "other"), [("left", "right"), ("left", "north"), ("north", "south")]
)
def test_parts_leave_each_other_alone(one: str, other: str) -> None:
    story = divided().and_given(firm("b-1", one))
    assert story.when(firm("b-2", other, project="dragon")).events


def test_a_hold_of_the_whole_is_on_the_ladder_of_each_part() -> None:
    story = divided().and_given(hold("whole", JULY), hold("half", JULY, "dragon", space="left"))
    (held,) = story.when(hold("corner", JULY, "comet", space="north")).events
    assert isinstance(held, BookingHeld)
    assert held.rank == 2
    story.when(ConfirmBookings(booking="half")).refused(BehindHold, saying="rank 1")
    story.and_given(ChallengeHolds(booking="half")).at("2025-06-03T09:00+08:00").when(
        ConfirmBookings(booking="half")
    )


def test_who_waits_for_the_whole_moves_up_when_a_corner_is_let_go() -> None:
    story = divided().and_given(
        hold("corner", JULY, space="north"),  # 1
        hold("whole", JULY, "dragon"),  # 2, behind the corner
        hold("left", JULY, "comet", space="left"),  # 3, behind the whole
        hold("south", JULY, "lantern", space="south"),  # 3
    )
    moved = story.when(ReleaseHold(booking="corner")).events[1:]
    assert [(e.booking, e.was_rank, e.rank) for e in moved if isinstance(e, HoldPromoted)] == [
        ("whole", 2, 1),
        ("left", 3, 2),
        ("south", 3, 2),
    ]


def test_a_hold_that_moves_from_a_part_to_the_whole_waits_for_no_hold_of_its_own() -> None:
    story = divided().and_given(hold("b-1", JULY, space="left"))
    (moved,) = story.when(MoveBooking(booking="b-1", space="stage-1")).events
    assert isinstance(moved, BookingRescheduled)
    assert moved.rank == 1


def test_a_booking_does_not_grow_over_another_projects_hold_of_a_part() -> None:
    story = divided().and_given(
        firm("b-1", "stage-1"), hold("b-2", "2025-07-15", "dragon", space="south")
    )
    story.when(MoveBooking(booking="b-1", when=When.parse("2025-07-01..2025-07-15"))).refused(
        HeldByAnother
    )


def test_a_cancelled_whole_frees_its_parts() -> None:
    story = divided().and_given(firm("b-1", "stage-1"), CancelBooking(booking="b-1"))
    assert story.when(firm("b-2", "left", project="dragon")).events


def test_a_late_wrap_names_the_booking_of_the_part_that_it_overran() -> None:
    story = (
        divided()
        .and_given(
            firm("b-1", "stage-1", "2025-07-01..2025-07-10"),
            firm("b-2", "left", "2025-07-11..2025-07-20", "dragon"),
        )
        .at(AUGUST)
    )
    story = story.and_given(StartBooking(booking="b-1", on=date(2025, 7, 1)))
    (started,) = story.when(StartBooking(booking="b-2", on=date(2025, 7, 11))).events
    assert isinstance(started, BookingStarted)
    assert started.still_in == "b-1"
    (wrapped,) = story.when(WrapBooking(booking="b-1", on=date(2025, 7, 12))).events
    assert isinstance(wrapped, BookingWrapped)
    assert wrapped.overran == ("b-2",)


# --- closed, and out of service ----------------------------------------------------------


@pytest.mark.parametrize(("shut", "wanted"), [("stage-1", "north"), ("north", "stage-1")])
def test_floor_that_is_closed_is_closed_to_the_whole_and_to_the_part(
    shut: str, wanted: str
) -> None:
    closing = CloseSpace(space=shut, when=When.parse("2025-07-02"), kind="maintenance")
    story = divided().and_given(closing)
    story.when(hold("b-1", JULY, space=wanted)).refused(ClosedDays, saying=repr(shut))
    booked = divided().and_given(firm("b-1", wanted))
    booked.when(closing).refused(SpaceIsBooked, saying="'b-1'")


def test_a_whole_leaves_service_after_its_parts() -> None:
    story = divided()
    retire = RetireSpace(space="right", on=date(2026, 1, 1))
    story.when(retire).refused(PartInService, saying="'north'")
    story = story.and_given(
        RetireSpace(space="north", on=date(2026, 1, 1)),
        RetireSpace(space="south", on=date(2025, 12, 1)),
    )
    assert story.when(retire).events


# --- what is no part ---------------------------------------------------------------------


def test_a_part_is_on_the_site_of_its_whole_in_service_with_it_and_no_larger() -> None:
    story = campus().and_given(AddSite(site="berlin", name="Berlin", zone="Europe/Berlin"))
    story.when(part("left", site="berlin")).refused(OnAnotherSite)
    story.when(part("left", "attic")).refused(UnknownId)
    story.when(part("left", in_service_on=date(2023, 1, 1))).refused(NotInService)
    story.when(part("left", area_m2=3001.0)).refused(LargerThanWhole)
    story.and_given(part("left", area_m2=2000.0)).when(part("right", area_m2=1000.5)).refused(
        LargerThanWhole, saying="3,000.5 m²"
    )


def test_a_correction_leaves_no_part_beyond_its_whole() -> None:
    story = divided().and_given(  # 9 to 12 are the parts, north and south those of right
        *(RetireSpace(space=it, on=date(2026, 1, 1)) for it in ("north", "south", "right"))
    )
    story.when(UndoEntry(position=13), reason="it stays").refused(PartInService, saying="'north'")
    late = CorrectEntry(position=13, to={"on": "2026-02-01"})
    story.when(late, reason="it stays").refused(PartInService)
    early = CorrectEntry(position=9, to={"in_service_on": "2023-01-01"})
    divided().when(early, reason="it was there").refused(NotInService)
    divided().when(UndoEntry(position=2), reason="never built").refused(StandsOnIt, by=9)
    larger = CorrectEntry(position=9, to={"area_m2": "1500.5"})
    divided().when(larger, reason="measured").refused(LargerThanWhole, saying="3,000.5 m²")


def test_no_change_of_area_leaves_parts_larger_than_their_whole() -> None:
    on = date(2025, 7, 1)
    divided().when(ChangeSpace(space="left", on=on, area_m2=1600.0)).refused(LargerThanWhole)
    divided().when(ChangeSpace(space="stage-1", on=on, area_m2=2900.0)).refused(
        LargerThanWhole, saying="on 2025-07-01 the parts of 'stage-1' would have 3,000 m²"
    )
    assert divided().when(ChangeSpace(space="stage-1", on=on, area_m2=3100.0)).events


# --- on the command line -----------------------------------------------------------------

HALF = (
    *("space", "add", "stage-1a", "--site", "main", "--name", "1A", "--kind", "stage"),
    *("--area-m2", "1600", "--in-service-on", "2024-01-01"),
)


def test_half_and_whole_of_one_room(sqlite_url: str) -> None:
    terminal = studio(sqlite_url)
    terminal.must(*HALF, "--part-of", "stage-1")
    terminal.must(
        "project", "open", "night", "--title", "N", "--kind", "feature", "--on", "2024-01-01"
    )
    days = ("--days", "2027-03-01", "--confirm")
    terminal.must("booking", "hold", "stage-1a", "night", *days, "--booking", "b-half")
    before = terminal.lines()
    refused = terminal.run("booking", "hold", "stage-1", "wild", *days)
    assert refused.code == 1
    assert "space 'stage-1' has the part 'stage-1a'" in refused.err
    assert "confirmed for booking 'b-half' on 2027-03-01 (#" in refused.err
    assert terminal.lines() == before
    told = terminal.must("booking", "hold", "stage-1", "wild", "--days", "2027-03-01").out
    assert "stage-1" in told
    assert "b-" in terminal.must("booking", "cancel", "b-half").err


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--part-of", "attic"), "no space 'attic' in this"),
        (("--part-of", "stage-1a"), "no space 'stage-1a' in this"),
        (
            ("--part-of", "stage-1", "--area-m2", "99999"),
            "the parts of 'stage-1' would have 99,999",
        ),
        (("--part-of", "stage-1", "--turnaround", "0"), "0 is not a possible turnaround"),
        (("--part-of", "stage-1", "--turnaround", "soon"), "'soon' is not a valid integer"),
    ],
)
def test_a_bad_part_is_told_and_nothing_recorded(
    sqlite_url: str, more: tuple[str, ...], told: str
) -> None:
    terminal = studio(sqlite_url)
    before = terminal.lines()
    done = terminal.run(*HALF, *more)
    assert done.code in (1, 2)
    assert told in done.err
    assert terminal.lines() == before


# --- in the views ------------------------------------------------------------------------


@pytest.fixture
def halves(sqlite_url: str) -> Terminal:
    """Stage 1 (3,200 m²) in two halves: 1A is booked for ten days of a month, 1 for five others."""
    terminal = studio(sqlite_url)
    terminal.must(*HALF, "--part-of", "stage-1")
    terminal.must(*HALF[:2], "stage-1b", *HALF[3:], "--part-of", "stage-1")
    for space, first, last in (("stage-1a", "01", "10"), ("stage-1", "11", "15")):
        terminal.must("booking", "hold", space, "wild", "--booking", f"b-{space}", "--confirm",
                      "--days", f"2027-04-{first}..2027-04-{last}")  # fmt: skip
    return terminal


APRIL = ("--since", "2027-04-01", "--until", "2027-04-30")


def test_the_calendar_of_a_part_shows_who_has_the_whole(halves: Terminal) -> None:
    def on(day: str) -> dict[str, tuple[str, list[str]]]:
        rows = halves.must("view", "calendar", "--since", day, "--until", day, "--json").data
        return {row["space"]: (row["state"], row["bookings"]) for row in rows}

    early, late = on("2027-04-05"), on("2027-04-12")
    assert early["stage-1"] == early["stage-1a"] == ("confirmed", ["b-stage-1a"])
    assert early["stage-1b"] == ("free", [])
    assert late["stage-1b"] == late["stage-1a"] == ("confirmed", ["b-stage-1"])


def test_a_half_is_free_where_neither_it_nor_the_whole_is_booked(halves: Terminal) -> None:
    rows = halves.must("view", "free", *APRIL, "--json").data
    assert {(r["space"], r["first"], r["last"]) for r in rows if r["space"] != "stage-2"} == {
        ("stage-1", "2027-04-16", "2027-04-30"),
        ("stage-1a", "2027-04-16", "2027-04-30"),
        ("stage-1b", "2027-04-01", "2027-04-10"),
        ("stage-1b", "2027-04-16", "2027-04-30"),
    }


def test_area_and_days_of_a_divided_stage_count_once(halves: Terminal) -> None:
    (main,) = (r for r in halves.must("view", "sites", "--json").data if r["site"] == "main")
    assert (main["spaces"], main["area_m2"]) == (3, 3200.0)
    uses = {r["space"]: r for r in halves.must("view", "utilization", *APRIL, "--json").data}
    assert [uses[s]["occupied"] for s in ("stage-1", "stage-1a", "stage-1b")] == [15, 15, 5]
    total = halves.must("view", "utilization-total", *APRIL, "--site", "main", "--json").data
    sums = {row["measure"]: row for row in total}
    assert (sums["net"]["numerator"], sums["net"]["denominator"]) == (15, 30)
    assert sums["net"]["n"] == 1
    by_area = sums["area-weighted net"]
    assert by_area["numerator"] == 10 * 1600 + 5 * 3200
    assert by_area["denominator"] == 30 * 3200


def test_a_part_of_another_kind_is_occupied_with_all_its_area_by_who_has_the_whole(
    halves: Terminal,
) -> None:
    """Asked about that kind alone, the part counts and its whole does not."""
    halves.must("space", "change", "stage-1b", "--on", "2024-06-01", "--kind", "workshop")
    asked = (*APRIL, "--kind", "workshop", "--json")
    sums = {row["measure"]: row for row in halves.must("view", "utilization-total", *asked).data}
    assert (sums["net"]["numerator"], sums["net"]["denominator"]) == (5, 30)
    by_area = sums["area-weighted net"]
    assert (by_area["numerator"], by_area["denominator"]) == (5 * 1600, 30 * 1600)


def test_holds_of_the_whole_say_which_part_is_booked(halves: Terminal) -> None:
    halves.must("booking", "hold", "stage-1", "wild", "--days", "2027-04-09", "--booking", "b-3")
    holds = halves.must("view", "holds", "--space", "stage-1", "--json").data
    (line,) = (row for row in holds if row["booking"] == "b-3")
    assert line["behind"] == ["b-stage-1a (confirmed)"]


def test_a_hold_of_a_half_waits_for_the_hold_of_the_whole(halves: Terminal) -> None:
    for space in ("stage-1", "stage-1b"):
        halves.must("booking", "hold", space, "wild", "--days", "2027-05-01", "--booking",
                    f"h-{space}")  # fmt: skip
    rows = halves.must("view", "holds", "--space", "stage-1b", "--json").data
    assert [(r["booking"], r["rank"], r["before"]) for r in rows] == [
        ("h-stage-1b", 2, ["h-stage-1"])
    ]


def test_a_change_of_the_whole_says_what_it_was_and_not_what_a_half_is(halves: Terminal) -> None:
    change = ("space", "change", "stage-1", "--on", "2027-01-01", "--turnaround")
    told = halves.must(*change, "24").out
    assert "turnaround 24 h (was" in told
    assert "area" not in told
    halves.must("undo", str(len(halves.lines())), "--reason", "a slip")
    assert "turnaround 12 h (was –)" in halves.must(*change, "12").out
