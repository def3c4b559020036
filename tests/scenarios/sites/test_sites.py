"""Sites are registered and spaces commissioned, each once, with possible facts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger.decisions.site_refusals import BadAmount
from ledger.decisions.sites import AddSite
from ledger.decisions.spaces import AddSpace
from ledger.errors import AlreadyExists, BadId, BadText, BadTime, UnknownId
from ledger.events import SiteRegistered, SpaceCommissioned
from ledger.testing import given
from tests.scenarios.campus import STAGE_1, YONGCHUAN, ZONE, day


def site(**differs: Any) -> AddSite:
    return AddSite(**{"site": "yongchuan", "name": "Yongchuan", "zone": ZONE} | differs)


def space(**differs: Any) -> AddSpace:
    usual: dict[str, Any] = {
        "space": "stage-1",
        "site": "yongchuan",
        "name": "Stage 1",
        "kind": "stage",
        "area_m2": 3000.0,
        "in_service_on": day("2023-05-01"),
    }
    return AddSpace(**usual | differs)


class TestAddSite:
    def test_a_campus_is_registered_with_its_clock(self) -> None:
        given().when(site(local_name="永川科技片场", place="Chongqing", operator="Dawa")).then(
            SiteRegistered(
                site="yongchuan",
                name="Yongchuan",
                zone=ZONE,
                answer_within_hours=24,
                local_name="永川科技片场",
                place="Chongqing",
                operator="Dawa",
            )
        )

    def test_an_id_is_used_once(self) -> None:
        given(YONGCHUAN).when(site(name="Another")).refused(
            AlreadyExists, by=1, saying="another id"
        )

    def test_a_name_is_kept_as_written_but_for_its_margins(self) -> None:
        given().when(site(name="  Studio 🎬 永川 ")).then(
            SiteRegistered(site="yongchuan", name="Studio 🎬 永川", zone=ZONE)
        )

    @pytest.mark.parametrize(
        ("differs", "refusal", "saying"),
        [
            ({"site": "Yong Chuan"}, BadId, "for example 'yong-chuan'"),
            ({"site": "永川"}, BadId, "a-z 0-9"),
            ({"name": " "}, BadText, "the name is empty"),
            ({"name": "a\nb"}, BadText, "control character"),
            ({"operator": ""}, BadText, "the operator is empty"),
            ({"zone": "Asia/Chongqin"}, BadTime, "Did you mean Asia/Chongqing"),
            ({"zone": "localtime"}, BadTime, "no time zone 'localtime'"),
            ({"answer_within_hours": 0}, BadAmount, "from 1 to 720"),
            ({"answer_within_hours": 721}, BadAmount, "721 is not a possible time to answer"),
        ],
    )
    def test_what_cannot_be(self, differs: Any, refusal: Any, saying: str) -> None:
        given().when(site(**differs)).refused(refusal, saying=saying)


class TestAddSpace:
    def test_a_stage_is_commissioned_on_its_sites_clock(self) -> None:
        given(YONGCHUAN).when(space()).then(STAGE_1)

    def test_a_shared_space_has_a_capacity_and_may_have_its_own_time_to_answer(self) -> None:
        given(YONGCHUAN).when(
            space(kind="workshop", capacity=4, answer_within_hours=48, phase="phase-2")
        ).then(
            SpaceCommissioned(
                space="stage-1",
                site="yongchuan",
                zone=ZONE,
                name="Stage 1",
                kind="workshop",
                area_m2=3000.0,
                in_service_on=day("2023-05-01"),
                capacity=4,
                answer_within_hours=48,
                phase="phase-2",
            )
        )

    def test_its_site_must_be_there(self) -> None:
        given().when(space()).refused(UnknownId, saying="no site 'yongchuan'")

    def test_an_id_is_used_once(self) -> None:
        given(YONGCHUAN, STAGE_1).when(space()).refused(AlreadyExists, by=2)

    @pytest.mark.parametrize(
        ("differs", "refusal", "saying"),
        [
            ({"space": "stage 1"}, BadId, "'stage-1'"),
            ({"name": ""}, BadText, "the name is empty"),
            ({"phase": ""}, BadText, "the phase is empty"),
            ({"area_m2": 0.0}, BadAmount, "0.0 is not a possible area"),
            ({"area_m2": -3000.0}, BadAmount, "above 0"),
            ({"area_m2": float("nan")}, BadAmount, "nan is not a possible area"),
            ({"area_m2": float("inf")}, BadAmount, "inf is not a possible area"),
            ({"capacity": 0}, BadAmount, "0 is not a possible capacity"),
            ({"answer_within_hours": 1000}, BadAmount, "from 1 to 720"),
            ({"in_service_on": date(1, 1, 1)}, BadTime, "out of range"),
            ({"in_service_on": date(9999, 12, 31)}, BadTime, "out of range"),
        ],
    )
    def test_what_cannot_be(self, differs: Any, refusal: Any, saying: str) -> None:
        given(YONGCHUAN).when(space(**differs)).refused(refusal, saying=saying)
