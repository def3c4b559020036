"""The sample equipment, and the calibrations and moves of the LED volume."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from ledger.demo.schedule import PHASE_2, Block, Closing
from ledger.demo.steps import Steps, after, at

KEEPER = "chen"


def record_equipment(steps: Steps, blocks: Iterable[Block], closings: Iterable[Closing]) -> None:
    """Add a crane that moves between stages, a camera cart, loans, the calibrations."""
    shot = [block for block in blocks if block.fate != "cancelled"]
    _crane(steps, [block for block in blocks if block.space == "stage-2"])
    _cart(steps)
    # A booking that lost its days and won them back continues under another id.
    kept = [block for block in shot if block.rival != "lapsed"]
    _camera(steps, [block for block in kept if block.space == "stage-1"])
    _never_given_back(steps, [block for block in kept if block.space == "stage-2"])
    _fog_machine(steps)
    _calibrations(steps, [closing for closing in closings if closing.kind == "calibration"])
    _excursion(steps)


def _crane(steps: Steps, blocks: list[Block]) -> None:
    """Add the crane: kept on stage 1, moved for every third booking of stage 2."""
    item = "sample-crane"
    steps.add(
        at(date(2023, 5, 3), 8),
        KEEPER,
        "equipment add",
        reason="sample",
        equipment=item,
        name="Sample telescopic crane",
        kind="crane",
        at_place="stage-1",
        home="stage-1",
    )
    for block in blocks[::3]:
        if block.fate == "cancelled":
            continue
        there = at(block.first, 6)
        back = at(after(block.last, 1), 9)
        steps.add(there, KEEPER, "equipment move", reason="sample", equipment=item, to="stage-2")
        steps.add(back, KEEPER, "equipment move", reason="sample", equipment=item, to="stage-1")


def _cart(steps: Steps) -> None:
    """Add a container with a camera and lenses; one of its moves is entered late."""
    cart, camera, lenses = "sample-camera-cart", "sample-camera", "sample-lenses"
    for number, (item, name, kind) in enumerate(
        (
            (cart, "Sample camera cart", "container"),
            (camera, "Sample camera A", "camera"),
            (lenses, "Sample set of primes", "lenses"),
        )
    ):
        steps.add(
            at(date(2023, 5, 4), 8, number),
            KEEPER,
            "equipment add",
            reason="sample",
            equipment=item,
            name=name,
            kind=kind,
            at_place="stage-1",
            home="stage-1",
        )
    for number, item in enumerate((camera, lenses)):
        steps.add(
            at(date(2023, 5, 4), 9, number),
            KEEPER,
            "equipment pack",
            reason="sample",
            equipment=item,
            container=cart,
        )
    for day in (date(2023, 11, 20), date(2024, 5, 20), date(2025, 5, 19)):
        steps.add(
            at(day, 8),
            KEEPER,
            "equipment move",
            reason="sample: yearly service",
            equipment=cart,
            to="outside:rental-house",
        )
        steps.add(
            at(after(day, 4), 17),
            KEEPER,
            "equipment move",
            reason="sample: back from service",
            equipment=cart,
            to="stage-1",
        )
    steps.add(
        at(date(2024, 5, 27), 10),
        KEEPER,
        "equipment move",
        reason="sample: a day at stage 2, entered after the service that followed",
        equipment=cart,
        to="stage-2",
        at="2024-05-10T08:00",
        return_at="2024-05-10T20:00",
    )
    steps.add(
        at(date(2025, 1, 10), 9),
        KEEPER,
        "equipment unpack",
        reason="sample: the camera stays",
        equipment=camera,
    )


def _camera(steps: Steps, blocks: list[Block]) -> None:
    """Check the camera out for each booking of stage 1, once it is out of the cart.

    Every second time the second unit takes it over, and every third time it is returned late.
    """
    for number, block in enumerate(blocks):
        if block.first <= date(2025, 1, 12):
            continue
        due = at(block.last, 18)
        _check_out(steps, "sample-camera", block, "first unit", due)
        if number % 2:
            steps.add(
                at(after(block.first, 5), 12),
                KEEPER,
                "equipment hand-over",
                reason="sample",
                equipment="sample-camera",
                custodian="second unit",
            )
        steps.add(
            due + timedelta(hours=14 if number % 3 == 0 else -1),
            KEEPER,
            "equipment check-in",
            reason="sample",
            equipment="sample-camera",
        )


def _never_given_back(steps: Steps, blocks: list[Block]) -> None:
    """Add monitors that were checked out in February 2026 and not returned."""
    item = "sample-monitors"
    _add(steps, item, "Sample set of monitors", "monitors", "stage-2")
    block = [block for block in blocks if block.last < date(2026, 2, 25)][-1]
    _check_out(steps, item, block, "script department", at(block.last, 18))


def _fog_machine(steps: Steps) -> None:
    """Add a fog machine that is never used."""
    _add(steps, "sample-fog-machine", "Sample fog machine", "effects", "workshop")


def _add(steps: Steps, item: str, name: str, kind: str, place: str) -> None:
    steps.add(
        at(date(2025, 6, 2), 8),
        KEEPER,
        "equipment add",
        reason="sample",
        equipment=item,
        name=name,
        kind=kind,
        at_place=place,
        home=place,
    )


def _check_out(steps: Steps, item: str, block: Block, custodian: str, due: datetime) -> None:
    steps.add(
        at(block.first, 8),
        KEEPER,
        "equipment check-out",
        reason="sample",
        equipment=item,
        booking=f"b-{block.number:03}",
        custodian=custodian,
        due_at=due.isoformat(),
    )


def _calibrations(steps: Steps, closings: list[Closing]) -> None:
    """Calibrate the LED volume when it is new, then on the day between two productions."""
    for day in (after(PHASE_2, 1), *(closing.first for closing in closings)):
        for hour, done in ((9, False), (17, True)):
            moment = at(day, hour)
            valid: dict[str, Any] = (
                {"valid_until": (moment + timedelta(days=60)).isoformat()} if done else {}
            )
            steps.add(
                moment,
                KEEPER,
                "equipment service",
                reason="sample: colour and geometry",
                equipment="led-volume",
                kind="calibration",
                done=done,
                **valid,
            )


def _excursion(steps: Steps) -> None:
    """Move the LED volume to a set studio for two weeks."""
    for day, place in ((date(2025, 11, 3), "set-studio-1"), (date(2025, 11, 14), "virtual-stage")):
        steps.add(
            at(day, 7),
            KEEPER,
            "equipment move",
            reason="sample: a set with LED windows",
            equipment="led-volume",
            to=place,
        )
