"""Containers move as a unit: packing, unpacking, and nesting."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ledger.decisions.equipment.items import (
    AddEquipment,
    MoveEquipment,
    PackEquipment,
    RetireEquipment,
    UnpackEquipment,
)
from ledger.decisions.equipment.refusals import (
    InsideItself,
    LaterEntryStands,
    LaterPlaceStands,
    NotEmpty,
    NotInIt,
    NotPacked,
    NotTogether,
    NotYetRegistered,
    RetiredForGood,
    StillPacked,
)
from ledger.errors import UnknownId
from ledger.events import (
    EquipmentMoved,
    EquipmentPacked,
    EquipmentRetired,
    EquipmentUnpacked,
    SpaceCommissioned,
)
from ledger.events.equipment import KindCount
from ledger.testing.scenario import Scenario, given
from ledger.time.periods import Moment


def space(name: str) -> SpaceCommissioned:
    return SpaceCommissioned(
        space=name,
        site="yongchuan",
        zone="Asia/Shanghai",
        name=name,
        kind="stage",
        area_m2=2000.0,
        in_service_on=date(2023, 5, 1),
    )


def june(day: int, hour: int = 8) -> Moment:
    return Moment(f"2025-06-{day:02}T{hour:02}:00")


def instant(day: int, hour: int = 8) -> datetime:
    return datetime.fromisoformat(f"2025-06-{day:02}T{hour:02}:00+08:00").astimezone(UTC)


def pack(item: str, container: str, day: int) -> PackEquipment:
    return PackEquipment(equipment=item, container=container, at=june(day))


def unpack(item: str, day: int) -> UnpackEquipment:
    return UnpackEquipment(equipment=item, at=june(day))


def move(item: str, to: str, day: int, back: int | None = None) -> MoveEquipment:
    return_at = None if back is None else june(back)
    return MoveEquipment(equipment=item, to=to, at=june(day), return_at=return_at)


def moved(
    item: str, day: int, origin: str, destination: str, *, latest: bool = True
) -> EquipmentMoved:
    return EquipmentMoved(
        equipment=item, at=instant(day), origin=origin, destination=destination, latest=latest
    )


def packed(
    item: str,
    *containers: str,
    day: int,
    place: str = "stage-1",
    contents: tuple[str, ...] | None = None,
    latest_for: tuple[str, ...] | None = None,
) -> EquipmentPacked:
    return EquipmentPacked(
        equipment=item,
        at=instant(day),
        place=place,
        containers=containers,
        latest_for=containers if latest_for is None else latest_for,
        contents=(item,) if contents is None else contents,
    )


def unpacked(
    item: str, *containers: str, day: int, place: str, contents: tuple[str, ...] = ()
) -> EquipmentUnpacked:
    return EquipmentUnpacked(
        equipment=item,
        at=instant(day),
        place=place,
        containers=containers,
        latest_for=containers,
        contents=contents,
    )


@pytest.fixture
def story() -> Scenario:
    """A truck (#3), a case (#4) and a lens (#5) on stage 1 since 1 June; it is the 30th."""
    studio = given(space("stage-1"), space("stage-2")).at("2025-06-30T20:00+08:00")
    return studio.and_given(
        *(
            AddEquipment(
                equipment=name,
                name=name,
                kind="kit",
                at_place="stage-1",
                home="stage-1",
                at=june(1),
            )
            for name in ("truck", "case", "lens")
        )
    )


# --- packing and unpacking -----------------------------------------------------------


def test_an_item_goes_into_a_container_that_stands_with_it(story: Scenario) -> None:
    story.when(pack("lens", "case", 2)).then(packed("lens", "case", day=2))


def test_what_is_inside_comes_out_where_the_container_is(story: Scenario) -> None:
    story.and_given(pack("lens", "case", 2), move("case", "stage-2", 3)).when(
        unpack("lens", 4)
    ).then(unpacked("lens", "case", day=4, place="stage-2"))


def test_a_case_in_a_truck_bears_witness_for_both(story: Scenario) -> None:
    story.and_given(pack("case", "truck", 2), move("truck", "outside:location", 3)).and_given(
        move("lens", "outside:location", 3)
    ).when(pack("lens", "case", 4)).then(
        packed("lens", "case", "truck", day=4, place="outside:location")
    ).when(unpack("case", 5)).then(unpacked("case", "truck", day=5, place="outside:location")).when(
        move("case", "stage-1", 6)
    ).then(moved("case", 6, "outside:location", "stage-1"))


def test_the_contents_are_listed_one_level_deep(story: Scenario) -> None:
    story.and_given(
        AddEquipment(equipment="filter", name="Filter", kind="kit", at_place="stage-1", at=june(1)),
        pack("lens", "case", 2),
    ).when(pack("filter", "case", 3)).then(
        packed("filter", "case", day=3, contents=("filter", "lens"))
    ).when(pack("case", "truck", 4)).then(packed("case", "truck", day=4)).when(
        unpack("lens", 5)
    ).then(unpacked("lens", "case", "truck", day=5, place="stage-1", contents=("filter",)))


def test_what_is_packed_makes_no_move_of_its_own(story: Scenario) -> None:
    story.and_given(pack("lens", "case", 2)).when(move("lens", "stage-2", 3)).refused(
        StillPacked, by=6, saying="move case"
    )


def test_what_is_packed_is_not_packed_again(story: Scenario) -> None:
    story.and_given(pack("lens", "case", 2)).when(pack("lens", "truck", 3)).refused(
        StillPacked, by=6
    )


def test_only_what_is_packed_comes_out(story: Scenario) -> None:
    story.when(unpack("lens", 2)).refused(NotPacked, by=5).and_given(
        pack("lens", "case", 3), unpack("lens", 4)
    ).when(unpack("lens", 5)).refused(NotPacked, by=7)


def test_item_and_container_must_be_together(story: Scenario) -> None:
    story.and_given(move("case", "stage-2", 2)).when(pack("lens", "case", 3)).refused(
        NotTogether, by=6, saying="lens is at stage-1 and case at stage-2"
    )


def test_no_container_lies_in_itself(story: Scenario) -> None:
    story.when(pack("case", "case", 2)).refused(InsideItself).and_given(
        pack("lens", "case", 2), pack("case", "truck", 3)
    ).when(pack("truck", "lens", 4)).refused(InsideItself, by=7)


def test_both_must_be_known_by_then_and_in_use(story: Scenario) -> None:
    story.when(pack("lens", "box", 2)).refused(UnknownId, saying="box").and_given(
        AddEquipment(equipment="box", name="Box", kind="kit", at_place="stage-1", at=june(9)),
    ).when(pack("lens", "box", 8)).refused(NotYetRegistered, by=6).and_given(
        RetireEquipment(equipment="box", at=june(12))
    ).when(pack("lens", "box", 13)).refused(RetiredForGood, by=7)


# --- entered late --------------------------------------------------------------------


def test_a_late_move_of_a_container_must_fit_what_went_in_or_came_out(story: Scenario) -> None:
    story.and_given(pack("lens", "case", 10)).when(move("case", "stage-2", 5)).refused(
        LaterPlaceStands, by=6, saying="stage-1"
    ).when(move("case", "stage-2", 5, back=11)).refused(LaterPlaceStands, by=6).when(
        move("case", "stage-2", 5, back=9)
    ).then(
        moved("case", 5, "stage-1", "stage-2", latest=False),
        moved("case", 9, "stage-2", "stage-1", latest=False),
    )


def test_a_late_move_of_the_truck_must_fit_what_went_into_the_case_in_it(story: Scenario) -> None:
    story.and_given(pack("case", "truck", 2), pack("lens", "case", 10)).when(
        move("truck", "stage-2", 5)
    ).refused(LaterPlaceStands, by=7)


def test_what_went_in_late_counts_for_the_container_that_moved_since(story: Scenario) -> None:
    story.and_given(move("case", "stage-2", 10)).when(pack("lens", "case", 5)).then(
        packed("lens", "case", day=5, latest_for=())
    ).when(unpack("lens", 12)).then(unpacked("lens", "case", day=12, place="stage-2"))


def test_packing_late_is_refused_where_the_item_was_seen_later(story: Scenario) -> None:
    story.and_given(move("lens", "stage-2", 10)).when(pack("lens", "case", 5)).refused(
        LaterEntryStands, by=6, saying="2025-06-10 08:00+08:00"
    )


def test_unpacking_late_is_refused_where_the_item_was_seen_inside_later(story: Scenario) -> None:
    story.and_given(pack("case", "truck", 2), pack("lens", "case", 10)).when(
        unpack("case", 5)
    ).refused(LaterEntryStands, by=7)


def test_nothing_goes_late_into_what_was_retired_since(story: Scenario) -> None:
    story.and_given(
        move("case", "stage-2", 10), RetireEquipment(equipment="case", at=june(20))
    ).when(pack("lens", "case", 5)).refused(RetiredForGood, by=7)


# --- retiring ------------------------------------------------------------------------


def test_an_empty_container_is_retired_where_it_is(story: Scenario) -> None:
    story.and_given(pack("lens", "case", 2), move("case", "stage-2", 3), unpack("lens", 4)).when(
        RetireEquipment(equipment="case", at=june(5))
    ).then(
        EquipmentRetired(
            equipment="case",
            at=instant(5),
            place="stage-2",
            equipment_kind="kit",
            of_kind=KindCount(2),
        )
    )


def test_a_container_is_not_retired_with_things_inside(story: Scenario) -> None:
    story.and_given(pack("lens", "case", 2)).when(
        RetireEquipment(equipment="case", at=june(5))
    ).refused(NotEmpty, by=6, saying="lens inside")


def test_what_is_packed_is_not_retired(story: Scenario) -> None:
    story.and_given(pack("lens", "case", 2)).when(
        RetireEquipment(equipment="lens", at=june(5))
    ).refused(StillPacked, by=6)


def test_retiring_comes_last(story: Scenario) -> None:
    story.and_given(pack("lens", "case", 2), unpack("lens", 10)).when(
        RetireEquipment(equipment="case", at=june(5))
    ).refused(LaterEntryStands, by=7)


def test_unpacking_may_name_the_container_and_then_means_that_one(story: Scenario) -> None:
    story.and_given(pack("lens", "case", 2))
    named = UnpackEquipment(equipment="lens", container="truck", at=june(5))
    story.when(named).refused(NotInIt, by=6, saying="lens is not in truck")
