"""Kinds of spaces are a house's own words, and an area is not a must."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.decisions.projects import PlanMilestone, ReachMilestone
from ledger.decisions.spaces import AddSpace, ChangeSpace
from ledger.decisions.usual_names import SPACE_KINDS, NearlyUsual, slip_of
from ledger.events.projects import MilestonePlanned, ProjectOpened
from ledger.events.sites import SiteRegistered, SpaceChanged, SpaceCommissioned
from ledger.testing import Scenario, given
from tests.terminal import Terminal, studio

ON = date(2025, 1, 2)
PAST = date(2024, 12, 30)


def house() -> Scenario:
    """A campus and a project that plans a delivery of its own."""
    return given(
        SiteRegistered(site="main", name="Main", zone="Europe/Berlin"),
        ProjectOpened(project="night", title="Night", kind="feature", on=ON),
        MilestonePlanned(project="night", milestone="pilot-delivery", on=ON),
    )


def space(kind: str, *, as_written: bool = False, area_m2: float | None = None) -> AddSpace:
    return AddSpace(
        space="s", site="main", name="S", kind=kind, in_service_on=ON, area_m2=area_m2,
        as_written=as_written,
    )  # fmt: skip


@pytest.mark.parametrize("kind", [*SPACE_KINDS, "wind tunnel", "stage 12", "吊装间"])
def test_a_space_is_of_any_kind_and_may_have_no_area(kind: str) -> None:
    house().when(space(kind)).then(
        SpaceCommissioned(
            space="s", site="main", zone="Europe/Berlin", name="S", kind=kind, area_m2=None,
            in_service_on=ON,
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "meant"),
    [("stge", "stage"), ("Stage", "stage"), ("edit-suite", "edit suite"), ("ofice", "office"),
     ("dresing room", "dressing room"), ("backlots", "backlot")],
)  # fmt: skip
def test_a_kind_that_is_nearly_a_usual_one_is_asked_about(kind: str, meant: str) -> None:
    story = house()
    story.when(space(kind)).refused(NearlyUsual, saying=f"Did you mean {meant}?")
    assert story.when(space(kind, as_written=True)).events[0].kind == kind  # type: ignore[attr-defined]  # it is a SpaceCommissioned
    story.when(ChangeSpace(space="s", on=ON, kind="worksop")).refused(
        NearlyUsual, saying="add --as-written"
    )


def test_an_area_is_learnt_and_forgotten() -> None:
    story = house().and_given(space("parking"))
    facts = {"space": "s", "site": "main", "name": "S", "kind": "parking"}
    story.when(ChangeSpace(space="s", on=ON, area_m2=400.0)).then(
        SpaceChanged(**facts, on=ON, area_m2=400.0)  # type: ignore[arg-type]  # texts, as it takes
    )
    story.when(ChangeSpace(space="s", on=ON, area_m2=None)).then(
        SpaceChanged(**facts, on=ON, area_m2=None)  # type: ignore[arg-type]  # texts, as it takes
    )


@pytest.mark.parametrize("name", ["award", "wrap-party", "prep-2", "first-night", "pilot-delivery"])
def test_a_milestone_is_any_name(name: str) -> None:
    assert house().when(PlanMilestone(project="night", milestone=name, on=date(2026, 1, 1))).events


def test_a_milestone_that_is_nearly_a_usual_one_is_asked_about() -> None:
    story = house()
    plan = PlanMilestone(project="night", milestone="delivry", on=ON)
    story.when(plan).refused(NearlyUsual, saying="Did you mean delivery?")
    reach = ReachMilestone(project="night", milestone="pilot-delivry", on=PAST)
    story.when(reach).refused(NearlyUsual, saying="Did you mean pilot-delivery?")
    free = PlanMilestone(project="night", milestone="delivry", on=ON, as_written=True)
    story = story.and_given(free)
    # What a project has planned is known, and needs no second word.
    assert story.when(ReachMilestone(project="night", milestone="delivry", on=PAST)).events


def test_a_slip_is_a_slip_however_it_is_written() -> None:
    assert slip_of("Principal_Photografy", ("principal-photography",)) == "principal-photography"
    assert slip_of("unit 2", ("unit 3",)) == ""
    assert slip_of("", ("stage",)) == ""


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """Two stages; and a parking lot without an area."""
    made = studio(sqlite_url)
    made.must("space", "add", "lot", "--site", "main", "--name", "Lot", "--kind", "parking",
              "--in-service-on", "2024-01-01")  # fmt: skip
    return made


def test_a_figure_by_area_says_how_many_spaces_have_none(terminal: Terminal) -> None:
    (main,) = [row for row in terminal.must("view", "sites", "--on", "2025-07-01", "--json").data
               if row["site"] == "main"]  # fmt: skip
    assert (main["spaces"], main["area_m2"], main["without_area"]) == (2, 3200.0, 1)
    total = terminal.must("view", "utilization-total", "--since", "2025-07-01", "--until",
                          "2025-07-31", "--site", "main", "--json").data  # fmt: skip
    by_area = next(row for row in total if row["measure"] == "area-weighted net")
    assert by_area["of"] == "occupied / available m²·days, 1 space without an area"
    assert (by_area["n"], by_area["denominator"]) == (1, 31 * 3200.0)
    assert "new: Lot (parking) at site main" in terminal.must("diff", "1").out


def test_an_empty_answer_asks_about_a_kind_that_is_nearly_a_usual_one(terminal: Terminal) -> None:
    asked = terminal.must("space", "list", "--kind", "parkng")
    assert "nothing is of the kind 'parkng'. Did you mean parking?" in asked.err
    assert "warning" not in terminal.must("space", "list", "--kind", "parking").err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("space", "add", "x", "--site", "main", "--name", "X", "--kind", "stge",
          "--in-service-on", "2024-01-01"), "the kind 'stge' is nearly 'stage'. Did you mean sta"),
        (("space", "add", "x", "--site", "main", "--name", "X", "--kind", "", "--in-service-on",
          "2024-01-01"), "the kind is empty"),
        (("space", "change", "lot", "--area-m2", "big"), "--area-m2: 'big' is not a number"),
        (("space", "change", "lot", "--area-m2", "nan"), "nan is not a number"),
        (("space", "change", "lot", "--area-m2", "-5"), "-5.0 is not a possible area"),
        (("project", "plan", "wild", "relase", "--on", "2026-01-01"), "Did you mean release?"),
        (("init", "--zone", "Berlin"), "Did you mean Europe/Berlin?"),
        (("site", "add", "x", "--name", "X", "--zone", "europe/pariss"), "Did you mean Europe/Par"),
    ],
)  # fmt: skip
def test_a_near_miss_is_told_and_nothing_recorded(
    terminal: Terminal, words: tuple[str, ...], told: str
) -> None:
    before = terminal.lines()
    done = terminal.run(*words)
    assert done.code == 2
    assert told in done.err
    assert terminal.lines() == before
