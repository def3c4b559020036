"""Where equipment is: registering, moving, entering late, and on whose clock."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from ledger.decisions.base import Context, Snapshot
from ledger.decisions.equipment.items import AddEquipment, MoveEquipment, RetireEquipment
from ledger.decisions.equipment.places import place_at
from ledger.decisions.equipment.refusals import (
    AlreadyThere,
    LaterPlaceStands,
    NotThere,
    NotYetHappened,
    NotYetRegistered,
    OffsetNeeded,
    RetiredForGood,
)
from ledger.errors import AlreadyExists, BadId, BadText, BadTime, LedgerError, UnknownId
from ledger.events import (
    EquipmentMoved,
    EquipmentRegistered,
    LedgerOpened,
    SpaceCommissioned,
)
from ledger.events.base import Header
from ledger.events.equipment import KindCount
from ledger.testing.scenario import Scenario, given
from ledger.time.periods import Moment


def space(name: str, zone: str = "Asia/Shanghai") -> SpaceCommissioned:
    return SpaceCommissioned(
        space=name,
        site=zone.lower().replace("/", "-"),
        zone=zone,
        name=name,
        kind="stage",
        area_m2=2000.0,
        in_service_on=date(2023, 5, 1),
    )


CRANE = AddEquipment(
    equipment="crane",
    name="伸缩摇臂 30",
    kind="crane",
    at_place="stage-1",
    home="stage-1",
    maker="MovieTech",
    at=Moment("2025-03-01T08:00"),
)


def local(text: str) -> datetime:
    """A wall time in Chongqing, eight hours before UTC."""
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


def move(
    to: str, at: str | None = None, *, origin: str | None = None, return_at: str | None = None
) -> MoveEquipment:
    return MoveEquipment(
        equipment="crane",
        to=to,
        at=None if at is None else Moment(at),
        origin=origin,
        return_at=None if return_at is None else Moment(return_at),
    )


def moved(
    at: str, origin: str, destination: str, *, latest: bool = True, item: str = "crane"
) -> EquipmentMoved:
    return EquipmentMoved(
        equipment=item, at=local(at), origin=origin, destination=destination, latest=latest
    )


@pytest.fixture
def story() -> Scenario:
    """Two stages; a crane on stage 1 since 1 March (#3). It is the evening of 30 June."""
    studio = given(space("stage-1"), space("stage-2")).at("2025-06-30T20:00+08:00")
    return studio.and_given(CRANE)


# --- registering ---------------------------------------------------------------------


def test_an_item_is_tracked_from_where_it_was_first() -> None:
    given(space("stage-1")).when(CRANE, now="2025-03-02T08:00+08:00").then(
        EquipmentRegistered(
            equipment="crane",
            at=local("2025-03-01T08:00"),
            name="伸缩摇臂 30",
            kind="crane",
            place="stage-1",
            home="stage-1",
            maker="MovieTech",
            of_kind=KindCount(1),
        )
    )


def test_an_id_is_used_once(story: Scenario) -> None:
    story.when(CRANE).refused(AlreadyExists, by=3)


@pytest.mark.parametrize(
    ("field", "value", "refusal"),
    [
        ("equipment", "Crane 1", BadId),
        ("at_place", "stage-9", UnknownId),
        ("at_place", "Stage 1", BadId),
        ("at_place", "outside:", BadId),
        ("home", "stage-9", UnknownId),
        ("name", " ", BadText),
        ("kind", "crane\n", None),
        ("maker", "a\tb", BadText),
    ],
)
def test_what_is_registered_must_make_sense(
    field: str, value: str, refusal: type[LedgerError] | None
) -> None:
    dolly = AddEquipment(equipment="dolly", name="Dolly", kind="dolly", at_place="stage-1")
    outcome = given(space("stage-1")).when(replace(dolly, **{field: value}))
    if refusal is None:
        assert outcome.refusal is None  # a line break at the end is trimmed
    else:
        outcome.refused(refusal)


def test_an_item_is_registered_outside_on_the_clock_of_its_home(story: Scenario) -> None:
    hired = AddEquipment(
        equipment="dolly",
        name="Hired dolly",
        kind="dolly",
        at_place="outside:rental-house",
        home="stage-2",
        at=Moment("2025-06-01T08:00"),
    )
    (event,) = story.when(hired).events
    assert event.effective() == local("2025-06-01T08:00")


# --- moving --------------------------------------------------------------------------


def test_an_item_moves_from_where_it_was(story: Scenario) -> None:
    story.when(move("stage-2", "2025-06-02T07:30")).then(
        moved("2025-06-02T07:30", "stage-1", "stage-2")
    )


def test_without_a_time_it_moves_now(story: Scenario) -> None:
    story.when(move("outside:rental-house")).then(
        moved("2025-06-30T20:00", "stage-1", "outside:rental-house")
    )


def test_an_asserted_origin_must_be_where_it_was(story: Scenario) -> None:
    story.when(move("stage-2", origin="stage-1")).then(
        moved("2025-06-30T20:00", "stage-1", "stage-2")
    ).when(move("stage-1", origin="outside:workshop")).refused(NotThere, by=4, saying="stage-2")


def test_a_move_goes_somewhere_else(story: Scenario) -> None:
    story.when(move("stage-1")).refused(AlreadyThere, by=3)


def test_an_unknown_place_or_item_is_refused(story: Scenario) -> None:
    story.when(move("stage-3")).refused(UnknownId, saying="stage-3").when(
        MoveEquipment(equipment="dolly", to="stage-2")
    ).refused(UnknownId, saying="dolly").when(
        MoveEquipment(equipment="dolly", to="stage-2", at=Moment("2030-01-01"))
    ).refused(UnknownId, saying="dolly")


def test_what_is_still_to_come_is_not_recorded(story: Scenario) -> None:
    story.when(move("stage-2", "2025-06-30T20:01")).refused(
        NotYetHappened, saying="2025-06-30 20:01+08:00"
    )


def test_an_item_has_no_place_before_it_was_registered(story: Scenario) -> None:
    story.when(move("stage-2", "2025-02-28T08:00")).refused(NotYetRegistered, by=3)


def test_a_retired_item_goes_nowhere(story: Scenario) -> None:
    story.and_given(RetireEquipment(equipment="crane", at=Moment("2025-06-20"))).when(
        move("stage-2")
    ).refused(RetiredForGood, by=4)


# --- entered late --------------------------------------------------------------------


@pytest.fixture
def busy(story: Scenario) -> Scenario:
    """The crane went to stage 2 on 10 June (#4) and came back on the 20th (#5)."""
    return story.and_given(move("stage-2", "2025-06-10T08:00"), move("stage-1", "2025-06-20T18:00"))


def test_a_late_move_must_fit_what_happened_next(busy: Scenario) -> None:
    busy.when(move("outside:rental-house", "2025-06-05T08:00")).refused(
        LaterPlaceStands, by=4, saying="at 2025-06-10 08:00+08:00 it was at stage-1"
    )


def test_the_refusal_of_a_late_move_tells_of_the_way_back(busy: Scenario) -> None:
    busy.when(move("outside:rental-house", "2025-06-12T08:00")).refused(
        LaterPlaceStands, by=5, saying="If it was back at stage-2 before then, say when"
    )


def test_late_there_and_back_fits_between_two_moves(busy: Scenario) -> None:
    busy.when(move("outside:rental-house", "2025-06-12T08:00", return_at="2025-06-14T08:00")).then(
        moved("2025-06-12T08:00", "stage-2", "outside:rental-house", latest=False),
        moved("2025-06-14T08:00", "outside:rental-house", "stage-2", latest=False),
    ).when(move("stage-1", "2025-06-13T08:00", return_at="2025-06-13T20:00")).then(
        moved("2025-06-13T08:00", "outside:rental-house", "stage-1", latest=False),
        moved("2025-06-13T20:00", "stage-1", "outside:rental-house", latest=False),
    )


@pytest.mark.parametrize("back", ["2025-06-20T18:00", "2025-06-21T08:00"])
def test_it_must_be_back_before_what_happened_next(busy: Scenario, back: str) -> None:
    busy.when(move("outside:rental-house", "2025-06-12T08:00", return_at=back)).refused(
        LaterPlaceStands, by=5
    )


def test_there_and_back_is_also_for_what_is_not_late(busy: Scenario) -> None:
    busy.when(move("stage-2", "2025-06-22", return_at="2025-06-23")).then(
        moved("2025-06-22T00:00", "stage-1", "stage-2"),
        moved("2025-06-23T00:00", "stage-2", "stage-1"),
    )


def test_the_way_back_is_after_the_way_there_and_not_to_come(story: Scenario) -> None:
    there = "2025-06-12T08:00"
    story.when(move("stage-2", there, return_at=there)).refused(BadTime).when(
        move("stage-2", there, return_at="2025-07-01")
    ).refused(NotYetHappened)


def test_at_one_instant_what_was_recorded_first_happened_first(busy: Scenario) -> None:
    busy.when(move("outside:dock", "2025-06-20T18:00", origin="stage-1")).then(
        moved("2025-06-20T18:00", "stage-1", "outside:dock")
    )


def test_also_among_facts_that_are_late_by_now(story: Scenario) -> None:
    noon = "2025-06-05T12:00"
    story.and_given(
        move("stage-2", noon), move("outside:dock", noon), move("stage-1", "2025-06-09")
    )
    story.when(move("stage-2", noon, return_at="2025-06-06")).then(
        moved(noon, "outside:dock", "stage-2", latest=False),
        moved("2025-06-06T00:00", "stage-2", "outside:dock", latest=False),
    )


def test_a_late_move_that_nothing_followed_is_a_move_like_any_other(busy: Scenario) -> None:
    busy.when(move("stage-2", "2025-06-21T08:00")).then(
        moved("2025-06-21T08:00", "stage-1", "stage-2")
    )


def test_where_an_item_was_is_known_at_every_time(busy: Scenario) -> None:
    busy.and_given(move("outside:rental-house", "2025-04-05", return_at="2025-04-06"))
    history = busy.history
    header = Header(actor="guard")
    now = busy.clock.now()
    ctx = Context(Snapshot(history, history.head()), now=now, new_id=str, header=header)
    seen = {
        when: place_at(ctx, "crane", local(when))
        for when in (
            "2025-03-01T08:00",
            "2025-04-05T00:00",
            "2025-04-06T00:00",
            "2025-06-10T07:59",
            "2025-06-10T08:00",
            "2025-06-20T18:00",
        )
    }
    assert list(seen.values()) == [
        "stage-1",
        "outside:rental-house",
        "stage-1",
        "stage-1",
        "stage-2",
        "stage-1",
    ]


# --- whose clock ---------------------------------------------------------------------


def test_an_offset_needs_no_site(story: Scenario) -> None:
    story.when(move("stage-2", "2025-06-02T07:30+02:00")).then(
        moved("2025-06-02T13:30", "stage-1", "stage-2")
    )


def test_between_outside_places_the_home_tells_the_time(story: Scenario) -> None:
    story.and_given(move("outside:rental-house", "2025-06-02T07:30")).when(
        move("outside:repair-shop", "2025-06-03T07:30")
    ).then(moved("2025-06-03T07:30", "outside:rental-house", "outside:repair-shop"))


def test_without_a_home_outside_it_is_the_ledgers_clock() -> None:
    opened = LedgerOpened(origin="yongchuan", format=1, demo=False, zone="Asia/Tokyo")
    hired = AddEquipment(
        equipment="dolly", name="Dolly", kind="dolly", at_place="outside:rental-house"
    )
    story = given(opened).at("2025-06-20T20:00+08:00").and_given(hired)
    story.at("2025-06-30T20:00+08:00")
    story.when(
        MoveEquipment(equipment="dolly", to="outside:dock", at=Moment("2025-06-01T08:00"))
    ).refused(NotYetRegistered, saying="not at 2025-06-01 08:00+09:00")
    story.when(
        MoveEquipment(equipment="dolly", to="outside:dock", at=Moment("2025-06-30T21:00"))
    ).then(moved("2025-06-30T20:00", "outside:rental-house", "outside:dock", item="dolly"))
    story.when(
        MoveEquipment(equipment="dolly", to="outside:shop", at=Moment("2025-06-30T21:01"))
    ).refused(NotYetHappened, saying="2025-06-30 21:01+09:00")


def test_between_two_clocks_an_offset_is_needed(story: Scenario) -> None:
    story.and_given(space("tokyo-1", "Asia/Tokyo")).when(
        move("tokyo-1", "2025-06-02T07:30")
    ).refused(OffsetNeeded, saying="Asia/Shanghai or Asia/Tokyo").when(
        move("tokyo-1", "2025-06-02T07:30+08:00")
    ).then(moved("2025-06-02T07:30", "stage-1", "tokyo-1"))
