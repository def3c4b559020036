"""Expos: announced, filled, and shown by two views."""

from __future__ import annotations

from typing import Any

import pytest
from ledger_expo import (
    AddArea,
    AddSection,
    AnnounceExpo,
    ExhibitorRegistered,
    ExhibitorWithdrawn,
    Expo,
    ExpoAnnounced,
    KnownAlready,
    NotExhibiting,
    PartAdded,
    PresentAtExpo,
    Presented,
    RegisterExhibitor,
    WithdrawExhibitor,
)

from ledger.errors import AlreadyExists, BadId, BadInput, BadText, UnknownId
from ledger.testing import Scenario
from tests.scenarios.view_stories import RESURRECTION, day, seen, story

CINETECH = AnnounceExpo(expo="cinetech", title="CineTech Expo 电影科技展")
LIDAR = RegisterExhibitor(
    expo="cinetech", exhibitor="lidar", name="Lidar Works", technologies=("scanning", "AI")
)


@pytest.fixture
def told() -> Scenario:
    """CineTech is announced."""
    return story(RESURRECTION).and_given(CINETECH)


def test_an_expo_is_announced_once_with_what_is_known_of_it() -> None:
    full: dict[str, Any] = {
        "expo": "cinetech", "title": "CineTech", "venue": "Yongchuan Convention Center",
        "opens_on": day("2025-07-04"), "closes_on": day("2025-07-06"), "project": "resurrection",
    }  # fmt: skip
    story(RESURRECTION).when(AnnounceExpo(**full)).then(ExpoAnnounced(**full)).when(
        CINETECH
    ).refused(AlreadyExists, by=5)
    event = ExpoAnnounced(**full)
    assert event.tags() == ("expo:cinetech", "project:resurrection")
    assert event.effective() == day("2025-07-04")


def test_an_expo_of_a_project_that_nobody_opened_is_refused() -> None:
    story().when(AnnounceExpo(expo="e", title="E", project="p")).refused(UnknownId, saying="'p'")


def test_an_expo_does_not_close_before_it_opens() -> None:
    told = story()
    dates: dict[str, Any] = {"opens_on": day("2025-07-06"), "closes_on": day("2025-07-04")}
    told.when(AnnounceExpo(expo="e", title="E", **dates)).refused(BadInput, saying="before")
    told.when(AnnounceExpo(expo="An Expo", title="E")).refused(BadId)
    told.when(AnnounceExpo(expo="e", title=" ")).refused(BadText)


def test_areas_and_sections_are_of_an_announced_expo_and_have_their_own_ids(
    told: Scenario,
) -> None:
    told = told.when(AddArea(expo="cinetech", area="ai", title="AI 人工智能")).then(
        PartAdded(expo="cinetech", part="ai", kind="area", title="AI 人工智能")
    )
    told.when(AddArea(expo="cinetech", area="ai", title="again")).refused(
        AlreadyExists, by=told.position
    )
    told.when(AddSection(expo="cinetech", section="ai", title="AI films")).then(
        PartAdded(expo="cinetech", part="ai", kind="section", title="AI films")
    )
    told.when(AddSection(expo="other", section="ai", title="AI")).refused(UnknownId)


def test_an_exhibitor_stands_where_the_expo_has_a_place(told: Scenario) -> None:
    told.and_given(AddArea(expo="cinetech", area="ai", title="AI"))
    place: dict[str, Any] = {"expo": "cinetech", "exhibitor": "lidar", "name": "Lidar Works"}
    told.when(RegisterExhibitor(**place, area="al")).refused(UnknownId, saying="Did you mean ai?")
    told.when(RegisterExhibitor(**place, section="ai")).refused(UnknownId, saying="section 'ai'")
    told.when(RegisterExhibitor(**place, area="ai", technologies=("AI", "AI"))).then(
        ExhibitorRegistered(**place, area="ai", technologies=("AI",))
    )


def test_an_exhibitor_registers_once_an_expo_and_may_come_again(told: Scenario) -> None:
    told.when(WithdrawExhibitor(expo="cinetech", exhibitor="lidar")).refused(NotExhibiting)
    told.and_given(LIDAR)
    there = told.position
    told.when(LIDAR).refused(AlreadyExists, by=there)
    told = told.when(WithdrawExhibitor(expo="cinetech", exhibitor="lidar")).then(
        ExhibitorWithdrawn(expo="cinetech", exhibitor="lidar")
    )
    told.when(WithdrawExhibitor(expo="cinetech", exhibitor="lidar")).refused(
        NotExhibiting, by=there + 1
    )
    told.and_given(LIDAR, AnnounceExpo(expo="next", title="Next year"))
    told.and_given(RegisterExhibitor(expo="next", exhibitor="lidar", name="Lidar Works"))
    assert [e.expo for e in seen(Expo, told).exhibitors()] == ["cinetech", "next"]


def test_a_technology_is_presented_once(told: Scenario) -> None:
    told = told.when(PresentAtExpo(expo="cinetech", title="AI")).then(
        Presented(expo="cinetech", kind="technology", title="AI")
    )
    told.when(PresentAtExpo(expo="cinetech", title=" AI ")).refused(KnownAlready, by=told.position)
    told.when(PresentAtExpo(expo="cinetech", title="AI", kind="experience")).then(
        Presented(expo="cinetech", kind="experience", title="AI")
    )
    told.when(PresentAtExpo(expo="other", title="AI")).refused(UnknownId)


def test_the_views_show_what_is_on_record(told: Scenario) -> None:
    told.and_given(
        AddArea(expo="cinetech", area="capture", title="Capture"),
        AddArea(expo="cinetech", area="ai", title="AI"),
        AddSection(expo="cinetech", section="students", title="Students"),
        PresentAtExpo(expo="cinetech", title="AI"),
        PresentAtExpo(expo="cinetech", title="AI beauty camera", kind="experience"),
        LIDAR,
        RegisterExhibitor(
            expo="cinetech", exhibitor="school", name="Film School", area="ai", section="students",
            technologies=("LED walls",),
        ),
        AnnounceExpo(expo="empty", title="Empty"),
    )  # fmt: skip
    expo = seen(Expo, told)
    line, empty = expo.expo()
    assert (line.areas, line.area_titles) == (2, "AI; Capture")
    assert (line.sections, line.section_titles) == (1, "Students")
    assert (line.exhibitors, line.technologies) == (2, "AI; LED walls; scanning")
    assert line.experiences == "AI beauty camera"
    assert (empty.exhibitors, empty.technologies) == (0, "")
    assert expo.expo(expo="empty") == [empty]
    lidar, school = expo.exhibitors()
    assert (lidar.area, lidar.section, lidar.technologies) == (None, None, "scanning; AI")
    assert (school.area, school.section) == ("AI", "Students")
    assert expo.exhibitors(technology="ai") == [lidar]
    assert expo.exhibitors(expo="empty") == []
    told.and_given(WithdrawExhibitor(expo="cinetech", exhibitor="lidar"))
    after = seen(Expo, told)
    assert after.exhibitors() == [school]
    assert after.expo(expo="cinetech")[0].technologies == "AI; LED walls"
