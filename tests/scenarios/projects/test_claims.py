"""Published figures beside the ledger's own, as of the day of their publication."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from ledger_claims import (
    AlreadyWithdrawn,
    ClaimLine,
    ClaimRecorded,
    Claims,
    ClaimWithdrawn,
    RecordClaim,
    WithdrawClaim,
)
from ledger_expo import AddArea, AnnounceExpo, RegisterExhibitor, WithdrawExhibitor

from ledger.errors import AlreadyExists, BadInput, Refused, UnknownId
from ledger.events import (
    BookingCancelled,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    ShootDayReported,
    SpaceChanged,
    SpaceCommissioned,
    SpaceDecommissioned,
)
from ledger.events.base import Event
from ledger.testing import Scenario
from tests.scenarios.view_stories import ZONE, confirmed, day, days, seen, story

BEFORE, THAT_DAY, AFTER = (
    "2025-07-01T12:00+08:00",
    "2025-07-15T23:59+08:00",
    "2025-07-16T00:00+08:00",
)
ABOUT: dict[str, Any] = {"booking": "b-1", "space": "stage-1", "project": "resurrection"}


def claim(metric: str, value: str, **more: Any) -> RecordClaim:
    usual: dict[str, Any] = {
        "claim": "c", "publisher": "China Daily", "published_on": day("2025-07-15"),
        "source": "page 4",
    }  # fmt: skip
    return RecordClaim(metric=metric, value=value, **usual | more)


def line(told: Scenario, metric: str, value: str, **more: Any) -> ClaimLine:
    """The claim of 15 July, entered two weeks later."""
    told.at("2025-08-02T12:00+08:00").and_given(claim(metric, value, **more))
    (found,) = seen(Claims, told).claims()
    return found  # type: ignore[no-any-return]  # a view's method has no type of its own


def judged(told: Scenario, metric: str, value: str, **more: Any) -> tuple[Any, str]:
    found = line(told, metric, value, **more)
    return found.derived, found.verdict


def stage_2(on: str) -> SpaceCommissioned:
    return SpaceCommissioned(
        space="stage-2", site="yongchuan", zone=ZONE, name="Stage 2", kind="virtual stage",
        area_m2=1000.0, in_service_on=day(on), phase="phase-2",
    )  # fmt: skip


def started(booking: str, when: str, on: str, project: str = "resurrection") -> Event:
    return BookingStarted(
        booking=booking, space="stage-1", project=project, period=days(when), on=day(on)
    )


# --- the commands ------------------------------------------------------------------------


def test_a_claim_is_recorded_with_its_source() -> None:
    story(on=AFTER).when(
        claim("site area", "84000", subject="yongchuan", unit="m2", note="about")
    ).then(
        ClaimRecorded(
            claim="c", metric="site area", comparison="equals", value=84000.0, unit="m²",
            publisher="China Daily", published_on=day("2025-07-15"), source="page 4",
            subject="yongchuan", note="about",
        )
    )  # fmt: skip


def test_a_claim_without_an_id_is_given_one() -> None:
    outcome = story(on=AFTER).when(claim("site area", "1", claim=None))
    assert [e.claim for e in outcome.events if isinstance(e, ClaimRecorded)] == ["cl-1"]


def test_a_day_is_the_value_of_a_metric_in_days_and_of_no_other() -> None:
    told = story(on=AFTER)
    (event,) = told.when(claim("booked through", "2026-03-31")).events
    assert isinstance(event, ClaimRecorded)
    assert event.value == date(2026, 3, 31)
    told.when(claim("booked through", "84000")).refused(BadInput, saying="YYYY-MM-DD")
    told.when(claim("site area", "2026-03-31")).refused(BadInput, saying="Give a number")
    told.when(claim("site area", "nan")).refused(BadInput)
    told.when(claim("crew", "many", unit="people")).refused(BadInput, saying="a number or a day")


def test_units_and_subjects_are_asked_for_where_they_are_needed() -> None:
    told = story(on=AFTER)
    told.when(claim("site area", "1", unit="ft²")).refused(BadInput, saying="Convert")
    told.when(claim("crew", "300")).refused(BadInput, saying="--unit")
    told.when(claim("phase area", "1")).refused(BadInput, saying="--subject")
    told.when(claim("site area", "1", published_on=day("2025-07-18"))).refused(
        Refused, saying="2025-07-18"
    )


def test_a_claim_is_withdrawn_once_and_its_id_never_used_again() -> None:
    told = story(on=AFTER).and_given(claim("site area", "1"))
    recorded = told.position
    told.when(claim("site area", "2")).refused(AlreadyExists, by=recorded)
    told.when(WithdrawClaim(claim="c")).then(ClaimWithdrawn(claim="c"))
    told.when(WithdrawClaim(claim="c")).refused(AlreadyWithdrawn, by=recorded + 1)
    told.when(claim("site area", "1")).refused(AlreadyExists)
    told.when(WithdrawClaim(claim="other")).refused(UnknownId)
    assert seen(Claims, told).claims() == []
    assert len(seen(Claims, told, until=recorded).claims()) == 1


# --- as of its day -----------------------------------------------------------------------


def test_what_was_recorded_by_the_end_of_the_day_counts_and_nothing_later() -> None:
    told = story(on=BEFORE)
    told.at(THAT_DAY).and_given(stage_2("2025-04-01"))
    assert judged(told, "site area", "4000") == (4000.0, "holds")
    late = story(on=BEFORE)
    late.at(AFTER).and_given(stage_2("2025-04-01"))
    assert judged(late, "site area", "4000") == (3000.0, "conflicts")


def test_what_was_on_record_and_not_yet_true_does_not_count() -> None:
    told = story(stage_2("2025-07-16"), on=BEFORE)
    assert judged(told, "site area", "3000") == (3000.0, "holds")
    told = story(stage_2("2025-07-15"), on=BEFORE)
    assert judged(told, "site area", "3000") == (4000.0, "conflicts")


def test_when_the_claim_itself_is_entered_changes_nothing() -> None:
    told = story(on=BEFORE)
    told.at(THAT_DAY).and_given(claim("site area", "3000", claim="at-once"))
    told.at(AFTER).and_given(stage_2("2025-04-01"), claim("site area", "3000", claim="later"))
    lines = seen(Claims, told).claims()
    assert [(one.claim, one.derived) for one in lines] == [("at-once", 3000.0), ("later", 3000.0)]


# --- the metrics -------------------------------------------------------------------------


def test_the_site_s_area_is_that_of_its_spaces_and_the_phases_stand_beside_it() -> None:
    told = story(
        stage_2("2025-04-01"),
        SpaceChanged(
            space="stage-1", site="yongchuan", on=day("2025-06-01"), name="Stage 1", kind="stage",
            area_m2=3500.0, phase="phase-1",
        ),
        on=BEFORE,
    )  # fmt: skip
    phase = {"metric": "phase area", "subject": "phase-1", "claim": "p"}
    told.at(AFTER).and_given(claim(value="17000", **phase))
    told.and_given(claim("site area", "84000", subject="yongchuan"))
    told.and_given(claim("site area", "84000", subject="elsewhere", claim="other"))
    lines = {one.claim: one for one in seen(Claims, told).claims()}
    assert lines["c"].derived == 4500.0
    assert lines["c"].parts == (
        "spaces in service: phase-1 3,500 + phase-2 1,000 = 4,500 m²; "
        "phases as claimed: phase-1 17,000 = 17,000 m²"
    )
    assert (lines["p"].derived, lines["p"].verdict) == (3500.0, "conflicts")
    assert lines["other"].verdict == "cannot be derived"


def test_a_space_that_has_left_service_has_no_area() -> None:
    gone = SpaceDecommissioned(space="stage-1", site="yongchuan", on=day("2025-07-15"))
    assert judged(story(gone, on=BEFORE), "site area", "0") == (None, "cannot be derived")


def test_projects_are_serviced_once_a_booking_moved_in() -> None:
    told = story(
        confirmed("b-1", "2025-06-01..2025-06-10"),
        confirmed("b-2", "2025-06-20..2025-06-30", project="second"),
        confirmed("b-3", "2025-08-01..2025-08-10", project="third"),
        started("b-1", "2025-06-01..2025-06-10", "2025-06-01"),
        started("b-2", "2025-06-20..2025-06-30", "2025-06-20", project="second"),
        on=BEFORE,
    )
    assert judged(told, "projects serviced", "2", comparison="at-least") == (2.0, "holds")
    told = story(
        confirmed("b-1", "2025-06-01..2025-06-10"),
        started("b-1", "2025-06-01..2025-06-10", "2025-06-01"),
        BookingCancelled(**ABOUT, period=days("2025-06-01..2025-06-10")),
        confirmed("b-2", "2025-06-20..2025-06-30"),
        on=BEFORE,
    )
    found = judged(told, "projects serviced", "1", comparison="at-least")
    assert found == (0.0, "conflicts")


def test_a_wrapped_booking_was_serviced_though_nobody_recorded_its_start() -> None:
    period = days("2025-06-01..2025-06-10")
    wrapped = BookingWrapped(**ABOUT, period=period, on=day("2025-06-10"), was_period=period)
    told = story(confirmed("b-1", "2025-06-01..2025-06-10"), wrapped, on=BEFORE)
    assert judged(told, "projects serviced", "1") == (1.0, "holds")


def test_booked_through_is_the_last_firm_day_as_it_was_known() -> None:
    told = story(confirmed("b-1", "2025-08-01..2026-03-20"), on=BEFORE)
    told.at(AFTER).and_given(
        BookingRescheduled(
            **ABOUT, period=days("2025-08-01..2026-03-31"), was_space="stage-1",
            was_period=days("2025-08-01..2026-03-20"),
        )
    )  # fmt: skip
    found = line(told, "booked through", "2026-03-31")
    assert (found.derived, found.verdict) == (day("2026-03-20"), "conflicts")
    assert found.parts == "stage-1 2026-03-20"
    free = story(on=BEFORE)
    assert judged(free, "booked through", "2026-03-31") == (None, "cannot be derived")


def report(space: str, on: str, setups: int, hours: float) -> Event:
    return ShootDayReported(
        booking=f"b-{space}", space=space, project="p", period=days("2025-07-01..2025-07-10"),
        day=day(on), setups_planned=0, setups_shot=setups, pages_planned_eighths=0,
        pages_shot_eighths=0, shooting_hours=hours,
    )  # fmt: skip


def test_the_gain_has_both_sums_and_is_undefined_without_either() -> None:
    told = story(stage_2("2025-04-01"), report("stage-1", "2025-07-02", 10, 10.0), on=BEFORE)
    assert judged(told, "shooting efficiency gain", "0.4")[1] == "cannot be derived"
    told = story(
        stage_2("2025-04-01"),
        report("stage-1", "2025-07-02", 20, 10.0),
        report("stage-2", "2025-07-02", 9, 10.0),
        report("stage-2", "2025-07-02", 14, 5.0),  # put right: it takes the place of the first
        on=BEFORE,
    )
    found = line(told, "shooting efficiency gain", "0.4", comparison="at-least")
    assert found.derived == pytest.approx(0.4)
    assert found.parts == (
        "virtual stage: 14 setups / 5.0 h (1 days, 1 bookings); "
        "stage + set studio: 20 setups / 10.0 h (1 days, 1 bookings)"
    )


def test_what_an_expo_has_on_record_is_counted() -> None:
    told = story(on=BEFORE).and_given(
        AnnounceExpo(expo="cinetech", title="CineTech Expo"),
        AddArea(expo="cinetech", area="ai", title="AI"),
        RegisterExhibitor(expo="cinetech", exhibitor="a", name="A"),
        RegisterExhibitor(expo="cinetech", exhibitor="b", name="B"),
        WithdrawExhibitor(expo="cinetech", exhibitor="a"),
    )
    told.at(AFTER).and_given(
        RegisterExhibitor(expo="cinetech", exhibitor="late", name="Late"),
        claim("expo areas", "1", subject="cinetech", claim="areas"),
        claim("expo sections", "3", subject="cinetech", claim="sections"),
        claim("expo exhibitors", "41", subject="cinetech", comparison="at-least"),
    )
    verdicts = {one.claim: (one.derived, one.verdict) for one in seen(Claims, told).claims()}
    assert verdicts == {
        "areas": (1.0, "holds"),
        "sections": (None, "cannot be derived"),
        "c": (1.0, "conflicts"),
    }


def test_a_metric_that_nobody_derives_is_kept_all_the_same() -> None:
    found = line(story(on=BEFORE), "local crew", "300", unit="people")
    assert (found.claimed, found.unit, found.verdict) == (300.0, "people", "cannot be derived")


def test_the_view_can_be_asked_for_conflicts() -> None:
    told = story(on=AFTER).and_given(
        claim("site area", "84000", claim="wrong"), claim("crew", "3", unit="people", claim="crew")
    )
    told.at(AFTER)
    claims = seen(Claims, told)
    assert [one.claim for one in claims.claims(conflicts=True)] == []
    told = story(on=BEFORE)
    told.at(AFTER).and_given(
        claim("site area", "84000", claim="wrong"), claim("site area", "3000", claim="right"),
        claim("crew", "3", unit="people", claim="crew", publisher="a flyer"),
    )  # fmt: skip
    claims = seen(Claims, told)
    assert [one.claim for one in claims.claims(conflicts=True)] == ["wrong"]
    assert [one.claim for one in claims.claims(conflicts=False)] == ["crew", "right"]
    assert [one.claim for one in claims.claims(publisher="a flyer")] == ["crew"]
    assert [one.claim for one in claims.claims(metric="site area")] == ["right", "wrong"]
