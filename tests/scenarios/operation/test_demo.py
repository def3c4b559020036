"""The demo: real facts kept as they are, everything else a sample, the same on every run."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.application import Author, Ledger
from ledger.demo.build import ORIGIN, build, left_out
from ledger.demo.facts import facts
from ledger.errors import LedgerExists, Refused
from ledger.events import (
    BookingWrapped,
    EquipmentRegistered,
    ProjectOpened,
    ShootDayReported,
    SpaceCommissioned,
)
from ledger.events.bookings import BookingEvent
from ledger.plugin_host.host import PluginHost
from ledger.time.periods import ManualClock, Period
from tests.sources import ROOT

EXTENSIONS = PluginHost().load().extensions()
"""The shipped plugins: the demo uses all of them."""


@pytest.fixture
def demo(demo_path: Path) -> Iterator[Ledger]:
    """The demo's ledger, on the day of its last event: what is overdue depends on when one asks."""
    with Ledger.open(str(demo_path)) as whole:
        last = whole.log.last()
    assert last is not None
    clock = ManualClock(last[1])
    with Ledger.open(str(demo_path), extensions=EXTENSIONS, clock=clock) as ledger:
        yield ledger


def test_an_interrupted_demo_goes_on_and_ends_as_any_other(
    demo_path: Path, quick_folder: Path
) -> None:
    class PulledPlug(Exception):
        pass

    def pull_the_plug(done: int, total: int) -> None:
        if done == total // 3:
            raise PulledPlug

    again = quick_folder / "again.db"
    with pytest.raises(PulledPlug):
        build(str(again), extensions=EXTENSIONS, told=pull_the_plug)
    with build(str(again), extensions=EXTENSIONS) as resumed, Ledger.open(str(demo_path)) as whole:
        assert list(resumed.log.lines()) == list(whole.log.lines())


def test_it_says_in_its_first_event_that_it_is_a_demo(demo: Ledger) -> None:
    assert demo.opened.demo
    assert demo.opened.origin == ORIGIN


def test_the_campus_is_the_published_one(demo: Ledger) -> None:
    published = {space["id"]: space for space in facts()["space"]}
    spaces = [e.event for e in demo.log.stream() if isinstance(e.event, SpaceCommissioned)]
    assert {space.space for space in spaces if space.part_of is None} == set(published)
    for space in spaces:
        if space.part_of is not None:
            assert space.name.startswith("Sample")
            continue
        known = published[space.space]
        assert (space.area_m2, space.kind, space.phase) == (
            known["area_m2"],
            known["kind"],
            known["phase"],
        )


def test_whatever_is_made_up_says_that_it_is_a_sample(demo: Ledger) -> None:
    real = {row["id"] for kind in ("project", "equipment") for row in facts()[kind]}
    for entry in demo.log.stream():
        match entry.event:
            case ProjectOpened(project=id, title=title):
                assert id in real or title.startswith("Sample")
            case EquipmentRegistered(equipment=id, name=name):
                assert id in real or name.startswith("Sample")
            case event if entry.type == "expo.ExpoAnnounced":
                expo = msgspec.structs.asdict(event)
                assert expo["expo"] in real or expo["title"].startswith("Sample")
            case event if entry.type == "expo.ExhibitorRegistered":
                expo = msgspec.structs.asdict(event)
                assert expo["expo"] not in real, "nobody is made up for the real expo"
            case BookingEvent(project=project):
                assert project not in real, "no booking is made up for a real project"
                assert (entry.reason or "").startswith("sample")


def test_it_reaches_from_may_2023_to_march_2026(demo: Ledger) -> None:
    periods = [
        entry.event.period.days
        for entry in demo.log.stream()
        if isinstance(entry.event, BookingEvent) and isinstance(entry.event.effective(), Period)
    ]
    assert min(days.first for days in periods).replace(day=1) == date(2023, 5, 1)
    assert any(date(2026, 3, 31) in days for days in periods)
    reports = [e.event.day for e in demo.log.stream() if isinstance(e.event, ShootDayReported)]
    assert (min(reports).year, max(reports)) == (2023, date(2026, 3, 9))


def test_every_plugin_command_is_used_where_the_plugins_are(demo: Ledger) -> None:
    assert left_out(EXTENSIONS) == ()
    recorded = {entry.type for entry in demo.log.stream()}
    used = {event_type.type_name for event_type in EXTENSIONS.event_types}
    assert used - recorded == {"claims.ClaimWithdrawn"}, "nothing published was taken back"


def test_without_plugins_their_steps_are_left_out(quick_folder: Path) -> None:
    assert "claim record" in left_out(None)
    where = str(quick_folder / "bare.db")
    with build(where) as bare:
        assert not any("." in entry.type for entry in bare.log.stream())
        head = bare.log.head()
    with build(where, extensions=EXTENSIONS) as again:
        assert again.log.head() == head, "it was whole already"


def claims(demo: Ledger, **asked: Any) -> dict[str, Any]:
    rows: list[Any] = demo.view("claims", asked).rows
    return {row.claim: row for row in rows}


def test_the_published_areas_do_not_add_up(demo: Ledger) -> None:
    site = claims(demo)["site-area"]
    assert (site.claimed, site.derived, site.verdict) == (84_000, 21_000, "conflicts")
    assert "phases as claimed: phase-1 17,000 + phase-2 32,800 = 49,800 m²" in site.parts
    phases = claims(demo, metric="phase area")
    assert {c.claim: c.derived for c in phases.values()} == {
        "phase-1-area": 6_000, "phase-2-area": 15_000,
    }  # fmt: skip


def test_the_claims_are_checked_as_of_their_day(demo: Ledger) -> None:
    found = claims(demo)
    (then,) = demo.view("project-total", as_of="2025-07-15").rows
    serviced = found["projects-serviced"]
    assert serviced.derived == then.serviced  # type: ignore[attr-defined]  # a view's own row type
    assert serviced.verdict == ("holds" if serviced.derived > 50 else "conflicts")
    spaces: list[Any] = demo.view("booked-through", as_of="2025-07-15").rows
    assert found["booked-through"].derived == max(s.booked_through or date.min for s in spaces)
    assert found["expo-exhibitors"].verdict == "cannot be derived"
    assert set(claims(demo, conflicts=True)) == {
        id for id, claim in found.items() if claim.verdict == "conflicts"
    }


def test_every_claim_of_the_source_is_on_record(demo: Ledger) -> None:
    known = facts()
    ids = {row["id"] for row in known["claim"]} | {f"{p['id']}-area" for p in known["phase"]}
    assert set(claims(demo)) == ids | {"expo-areas", "expo-sections"}


def test_the_real_expo_has_what_the_source_says_and_no_more(demo: Ledger) -> None:
    known = next(row for row in facts()["project"] if row["kind"] == "expo")
    (row,) = demo.view("expo", {"expo": known["id"]}).rows
    expo: Any = row
    assert set(expo.technologies.split("; ")) == set(known["technologies"])
    assert set(expo.experiences.split("; ")) == set(known["experiences"])
    assert (expo.exhibitors, expo.areas, expo.sections) == (0, 0, 0)


def test_the_rules_of_the_led_volume_hold_in_it(demo: Ledger) -> None:
    firm: list[Any] = demo.view("bookings", {"space": "virtual-stage", "state": ["confirmed"]}).rows
    before = firm[0].first - timedelta(days=1)
    hold = {
        "do": "booking hold", "booking": "b-close", "space": "virtual-stage",
        "project": "sample-april-1", "when": str(before), "confirm": True,
    }  # fmt: skip
    with pytest.raises(Refused) as refusal:
        demo.decide(demo.wire.decode(msgspec.json.encode(hold)), Author("ana"), dry_run=True)
    assert refusal.value.rule == "led-free-day"


def test_something_is_overdue_and_something_idle(demo: Ledger) -> None:
    due: list[Any] = demo.view("due-back").rows
    assert [line.overdue for line in due] == [True, False]
    idle: list[Any] = demo.view("idle-equipment").rows
    assert "sample-fog-machine" in {line.equipment for line in idle}


def test_more_than_50_projects_were_serviced(demo: Ledger) -> None:
    (total,) = demo.view("project-total").rows
    assert total.serviced > 50  # type: ignore[attr-defined]  # a view's own row type


def test_as_of_2024_the_campus_has_its_first_phase_only(demo: Ledger) -> None:
    then = demo.view("spaces", as_of="2024-01-01")
    assert [row.space for row in then.rows] == ["stage-1", "stage-2"]  # type: ignore[attr-defined]  # as above
    now: list[Any] = demo.view("spaces").rows
    assert len([row for row in now if row.part_of is None]) == len(facts()["space"])


def test_it_has_a_series_an_overrun_a_divided_studio_and_a_mistake_put_right(demo: Ledger) -> None:
    series: list[Any] = demo.view("bookings", {"job": "b-talk"}).rows
    assert {row.state for row in series} == {"confirmed"}
    assert len({row.first.weekday() for row in series}) == 1
    halves: list[Any] = demo.view("spaces", {"on": "2026-04-01"}).rows
    assert {row.part_of for row in halves} == {None, "set-studio-2"}
    wraps = [e.event for e in demo.log.stream() if isinstance(e.event, BookingWrapped)]
    assert [wrap.overran for wrap in wraps if wrap.overran] == [("b-next",)]
    title = demo.view("projects", {"project": "sample-late"}).rows[0].title  # type: ignore[attr-defined]  # as above
    assert title == "Sample Late: the long goodbye"


def test_its_equipment_is_promised_with_a_case_a_stock_and_a_sub_hire(demo: Ledger) -> None:
    at = demo.resolve_as_of("2026-02-21")
    reserved: list[Any] = demo.view("reservations", as_of=str(at)).rows
    assert {row.booking for row in reserved} == {"b-late", "b-next", "b-talk-1", "b-talk-2"}
    assert {row.within for row in reserved if row.within} == {"sample-lens-case"}
    short: list[Any] = demo.view("shortages", as_of=str(at)).rows
    assert short == []
    stock: list[Any] = demo.view("stock").rows
    assert sum(row.quantity for row in stock) == 40


def test_as_of_2024_the_bookings_are_those_known_then(demo: Ledger) -> None:
    at = demo.resolve_as_of("2024-01-01")
    known = {
        entry.event.booking
        for entry in demo.log.stream(until=at)
        if isinstance(entry.event, BookingEvent)
    }
    then = demo.view("bookings", as_of="2024-01-01")
    assert {row.booking for row in then.rows} == known  # type: ignore[attr-defined]  # as above
    assert len(known) < len(demo.view("bookings").rows)


def test_another_ledger_is_never_made_into_a_demo(tmp_path: Path) -> None:
    path = str(tmp_path / "studio.db")
    Ledger.create(path, origin="a/real/studio", author=Author("ana")).close()
    with pytest.raises(LedgerExists):
        build(path)


def test_the_command_shows_the_studio_to_a_person(demo_path: Path) -> None:
    shown = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "--ledger", str(demo_path), "demo"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert shown.stderr == ""
    lines = shown.stdout.splitlines()
    assert "Yongchuan Technology Studio" in lines[0]
    for title in (
        "The campus",
        "How many projects?",
        "Where are the LED volume and other equipment?",
    ):
        assert title in lines
    heat = next(line for line in lines if line.startswith("stage-1") and "█" in line)
    assert heat.endswith(" d")
    assert max(map(len, lines[: lines.index("Try next")])) <= 80
    tries = [line for line in lines[lines.index("Try next") :] if line.startswith("  python")]
    assert len(tries) == 3
    for line in tries:
        python, *words = shlex.split(line)
        assert python == "python"
        subprocess.run([sys.executable, *words], check=True)
