"""Projects open, plan and reach milestones, and close when nothing is booked for them."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.decisions.past_tense import DayToCome
from ledger.decisions.project_refusals import (
    AlreadyReached,
    BeforeItOpened,
    NotPlanned,
    ProjectHasBookings,
    ReachedElsewhere,
)
from ledger.decisions.projects import (
    CloseProject,
    OpenProject,
    PlanMilestone,
    ReachMilestone,
    WithdrawMilestone,
)
from ledger.errors import (
    AlreadyExists,
    BadId,
    BadText,
    BadTime,
    NothingChanges,
    ProjectIsClosed,
    UnknownId,
)
from ledger.events import (
    BookingCancelled,
    BookingStarted,
    BookingWrapped,
    HoldReleased,
    MilestonePlanned,
    MilestoneReached,
    MilestoneWithdrawn,
    ProjectClosed,
    ProjectOpened,
)
from ledger.testing import correcting, given
from tests.scenarios.campus import RESURRECTION, confirmed, day, days, held, instant

ABOUT: dict[str, Any] = {"project": "resurrection", "milestone": "delivery"}


def open_project(**differs: Any) -> OpenProject:
    usual: dict[str, Any] = {
        "project": "resurrection",
        "title": "Resurrection 复活",
        "kind": "feature",
        "on": day("2024-11-01"),
    }
    return OpenProject(**usual | differs)


def plan(on: str) -> PlanMilestone:
    return PlanMilestone(on=day(on), **ABOUT)


def reach(on: str, **more: Any) -> ReachMilestone:
    return ReachMilestone(on=day(on), **ABOUT, **more)


def planned(on: str) -> MilestonePlanned:
    return MilestonePlanned(on=day(on), **ABOUT)


def reached(on: str) -> MilestoneReached:
    return MilestoneReached(on=day(on), **ABOUT)


WITHDRAWN = MilestoneWithdrawn(**ABOUT)
CLOSED = ProjectClosed(project="resurrection", on=day("2024-12-24"), outcome="completed")


class TestOpen:
    def test_a_project_opens(self) -> None:
        given().when(open_project()).then(RESURRECTION)

    @pytest.mark.parametrize("title", ["🎬🎞️👩‍🚀", "永" * 300, "Ὀδύσσεια — ארץ ישראל"])
    def test_under_a_title_in_any_script(self, title: str) -> None:
        given().when(open_project(title=title)).then(
            ProjectOpened(project="resurrection", title=title, kind="feature", on=day("2024-11-01"))
        )

    def test_once(self) -> None:
        given(RESURRECTION).when(open_project(title="Another")).refused(AlreadyExists, by=1)

    @pytest.mark.parametrize(
        ("differs", "refusal", "saying"),
        [
            ({"project": "Resur rection"}, BadId, "'resur-rection'"),
            ({"title": ""}, BadText, "the title is empty"),
            ({"title": "永" * 1001}, BadText, "1,001 characters"),
            ({"title": "a\x00b"}, BadText, "control character"),
            ({"on": day("0001-01-01")}, BadTime, "out of range"),
        ],
    )
    def test_what_cannot_be(self, differs: Any, refusal: Any, saying: str) -> None:
        given().when(open_project(**differs)).refused(refusal, saying=saying)

    def test_the_past_tense_is_meant(self) -> None:
        """On Kiritimati it is already the 2nd; nowhere is it the 3rd."""
        story = given().at("2025-01-01T12:00Z")
        story.when(open_project(on=day("2025-01-03"))).refused(
            DayToCome, saying="on 2025-01-03: today is still 2025-01-02"
        )
        story.when(open_project(on=day("2025-01-02"))).then(
            ProjectOpened(
                project="resurrection",
                title="Resurrection 复活",
                kind="feature",
                on=day("2025-01-02"),
            )
        )


class TestPlan:
    def test_a_milestone_is_planned_and_moved(self) -> None:
        given(RESURRECTION).when(plan("2025-09-30")).then(planned("2025-09-30")).when(
            plan("2025-10-31")
        ).then(planned("2025-10-31"))

    def test_for_another_day_than_before(self) -> None:
        given(RESURRECTION, planned("2025-09-30")).when(plan("2025-09-30")).refused(
            NothingChanges, by=2
        )

    def test_not_once_it_is_reached(self) -> None:
        given(RESURRECTION, reached("2024-12-01")).when(plan("2025-09-30")).refused(
            AlreadyReached, by=2
        )

    def test_a_closed_project_may_still_win_an_award(self) -> None:
        given(RESURRECTION, CLOSED).when(plan("2025-05-24")).then(planned("2025-05-24"))

    def test_what_cannot_be(self) -> None:
        given(RESURRECTION).when(
            PlanMilestone(project="resurrection", milestone="Picture Lock", on=day("2025-09-30"))
        ).refused(BadId, saying="'picture-lock'")
        given().when(plan("2025-09-30")).refused(UnknownId, saying="project open")


class TestReach:
    def test_a_milestone_is_reached_planned_or_not(self) -> None:
        given(RESURRECTION).when(reach("2024-12-01")).then(reached("2024-12-01"))
        given(RESURRECTION, planned("2024-11-30")).when(reach("2024-12-01")).then(
            reached("2024-12-01")
        )

    def test_once(self) -> None:
        given(RESURRECTION, reached("2024-12-01")).when(reach("2024-12-02")).refused(
            AlreadyReached, by=2, saying="--corrects 2"
        )

    def test_another_day_corrects_the_first_and_then_that_one(self) -> None:
        given(RESURRECTION, reached("2024-12-01")).when(reach("2024-12-02", corrects=2)).then(
            correcting(2, reached("2024-12-02"))
        ).when(reach("2024-12-03", corrects=2)).refused(
            ReachedElsewhere, by=3, saying="Use --corrects 3"
        ).when(reach("2024-12-03", corrects=3)).then(correcting(3, reached("2024-12-03")))

    def test_the_same_day_again_corrects_nothing(self) -> None:
        story = given(RESURRECTION, reached("2024-12-01"))
        story.when(reach("2024-12-01")).refused(NothingChanges, by=2)
        story.when(reach("2024-12-01", corrects=2)).refused(NothingChanges, by=2)

    def test_nothing_is_corrected_where_nothing_was_reached(self) -> None:
        given(RESURRECTION, planned("2024-12-01")).when(reach("2024-12-01", corrects=2)).refused(
            ReachedElsewhere, saying="Leave out --corrects"
        )

    def test_a_day_to_come_is_planned_not_reached(self) -> None:
        given(RESURRECTION).at("2025-01-01T00:00Z").when(reach("2025-06-01")).refused(DayToCome)

    def test_an_award_comes_after_the_end(self) -> None:
        given(RESURRECTION, CLOSED).when(reach("2024-12-30")).then(reached("2024-12-30"))

    def test_the_project_must_be_there(self) -> None:
        given().when(reach("2024-12-01")).refused(UnknownId)


class TestWithdraw:
    def test_what_was_planned_is_off(self) -> None:
        given(RESURRECTION, planned("2025-09-30")).when(WithdrawMilestone(**ABOUT)).then(WITHDRAWN)

    def test_what_was_said_to_be_reached_was_not(self) -> None:
        given(RESURRECTION, planned("2024-11-30"), reached("2024-12-01")).when(
            WithdrawMilestone(**ABOUT)
        ).then(correcting(3, WITHDRAWN)).when(reach("2024-12-05")).then(reached("2024-12-05"))

    def test_only_what_is_there(self) -> None:
        given(RESURRECTION, planned("2025-09-30")).when(
            WithdrawMilestone(project="resurrection", milestone="delivry")
        ).refused(NotPlanned, saying="Did you mean delivery?")
        given(RESURRECTION, planned("2025-09-30"), WITHDRAWN).when(
            WithdrawMilestone(**ABOUT)
        ).refused(NotPlanned)
        given().when(WithdrawMilestone(**ABOUT)).refused(UnknownId)


class TestClose:
    CLOSE = CloseProject(project="resurrection", on=day("2024-12-24"), outcome="completed")
    PERIOD = days("2024-12-01..2024-12-10")

    def about(self, booking: str) -> dict[str, Any]:
        return {
            "booking": booking,
            "space": "stage-1",
            "project": "resurrection",
            "period": self.PERIOD,
        }

    def test_a_project_closes(self) -> None:
        given(RESURRECTION).when(self.CLOSE).then(CLOSED)

    def test_once(self) -> None:
        given(RESURRECTION, CLOSED).when(self.CLOSE).refused(ProjectIsClosed, by=2)

    def test_not_before_it_opened_nor_before_it_is_so(self) -> None:
        close: dict[str, Any] = {"project": "resurrection", "outcome": "cancelled"}
        given(RESURRECTION).when(CloseProject(on=day("2024-10-31"), **close)).refused(
            BeforeItOpened, by=1, saying="opened on 2024-11-01"
        )
        given(RESURRECTION).when(CloseProject(on=day("2025-03-01"), **close)).refused(DayToCome)

    def test_the_project_must_be_there(self) -> None:
        given().when(self.CLOSE).refused(UnknownId)

    def test_not_while_a_hold_lives(self) -> None:
        given(RESURRECTION, held("b-1", "2025-06-01..2025-06-02")).when(self.CLOSE).refused(
            ProjectHasBookings, by=2, saying="booking 'b-1', which is held"
        )

    def test_a_hold_that_expired_lives_no_longer(self) -> None:
        hold = held(
            "b-1", "2025-06-01..2025-06-02", expires_at=instant("2025-02-01T00:00:00+00:00")
        )
        story = given(RESURRECTION, hold)
        story.when(self.CLOSE, now="2025-01-31T23:59Z").refused(ProjectHasBookings, by=2)
        story.when(self.CLOSE, now="2025-02-01T00:00Z").then(CLOSED)

    def test_not_while_something_is_confirmed_or_runs(self) -> None:
        when = "2024-12-01..2024-12-10"
        story = given(
            RESURRECTION,
            held("b-1", when),
            held("b-2", when),
            confirmed("b-1", when),
            confirmed("b-2", when),
            BookingStarted(on=day("2024-12-01"), **self.about("b-1")),
        )
        story.when(self.CLOSE).refused(
            ProjectHasBookings, by=6, saying="'b-1', which is started, and 1 more"
        )
        story.and_given(
            BookingWrapped(on=day("2024-12-10"), was_period=self.PERIOD, **self.about("b-1"))
        ).when(self.CLOSE).refused(ProjectHasBookings, by=5, saying="which is confirmed")

    def test_what_is_over_does_not_stand_in_the_way(self) -> None:
        when = "2024-12-01..2024-12-10"
        given(
            RESURRECTION,
            held("b-1", when),
            held("b-2", when),
            held("b-3", when),
            confirmed("b-1", when),
            confirmed("b-2", when),
            BookingWrapped(on=day("2024-12-10"), was_period=self.PERIOD, **self.about("b-1")),
            BookingCancelled(**self.about("b-2")),
            HoldReleased(cause="released", **self.about("b-3")),
        ).when(self.CLOSE).then(CLOSED)
