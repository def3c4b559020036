"""Equipment in `show`, `blame` and `diff`: loans, stock, services and reservations in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.terminal import Terminal, studio

ITEMS = (
    ("cam-a", "camera", ()),
    ("case", "case", ()),
    ("cables", "cable", ("--quantity", "40")),
)
OUT = ("--custodian", "Li Na", "--at", "2024-03-01T08:00", "--due-at", "2024-03-20")


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A studio with a case that went out with a camera, and pieces of a stock; then more."""
    told = studio(str(Path(tmp_path_factory.mktemp("equipment")) / "studio.db"))
    for item, kind, more in ITEMS:
        told.must("equipment", "add", item, "--name", item.title(), "--kind", kind,
                  "--at-place", "stage-1", "--at", "2024-01-01", "--barcode", f"bar {item}",
                  *more)  # fmt: skip
    told.must("equipment", "pack", "cam-a", "case", "--at", "2024-01-02")
    told.must("equipment", "lend", "case", *OUT)
    told.must("equipment", "prolong", "case", "--due-at", "2024-03-25", "--at", "2024-03-05")
    told.must("equipment", "check-in", "case", "--at", "2024-03-24")
    told.must("equipment", "lend", "cables=12", *OUT)
    told.must("equipment", "move", "cables=8", "--to", "stage-2", "--at", "2024-03-02T08:00+08:00")
    plan = ("equipment", "plan-service", "cam-a", "--kind", "repair", "--days")
    told.must(*plan, "2035-01-01..2035-01-03")
    told.must(*plan, "2035-02-01..2035-02-03")
    told.must(*plan, "2035-01-01..2035-01-03", "--drop")
    told.must("equipment", "change", "cam-a", "--owner", "Dawa", "--reason", "it is theirs")
    told.must("equipment", "sub-hire", "camera=2", "--from-supplier", "Rental", "--days",
              "2035-01-01..2035-01-03", "--id", "h-1")  # fmt: skip
    told.must("booking", "hold", "stage-1", "wild", "--days", "2035-01-01..2035-01-03",
              "--booking", "b-35")  # fmt: skip
    told.must("equipment", "reserve", "b-35", "cam-a", "cables=5", "--kind", "camera=2")
    told.must("equipment", "release", "b-35", "cables")
    told.must("equipment", "drop-hire", "h-1")
    return told


def what(terminal: Terminal, target: str, type_name: str) -> list[str]:
    rows = terminal.must("show", target, "--json").data
    return [row["what"] for row in rows if row["type"] == type_name]


def test_a_loan_is_told_without_what_is_for_the_index(terminal: Terminal) -> None:
    assert what(terminal, "cam-a", "EquipmentCheckedOut") == [
        "at 2024-03-01 08:00, custodian Li Na, due at 2024-03-20 23:59, within case"
    ]
    assert what(terminal, "cam-a", "LoanProlonged") == [
        "at 2024-03-05 00:00, custodian Li Na, due at 2024-03-25 23:59 (was 2024-03-20 23:59), "
        "within case"
    ]
    assert what(terminal, "case", "EquipmentPacked") == [
        "at 2024-01-02 00:00, place stage-1, container case, 1 in it then"
    ]


def test_a_transfer_of_a_stock_is_told_by_what_moved(terminal: Terminal) -> None:
    assert what(terminal, "cables", "StockTransferred") == [
        "at 2024-03-01 08:00, checked out 12, at stage-1, with Li Na, due 2024-03-20 23:59",
        "at 2024-03-02 08:00, moved 8, from stage-1, to stage-2",
    ]


def test_reservations_and_hires_are_told(terminal: Terminal) -> None:
    days = "2035-01-01..2035-01-03"
    assert what(terminal, "b-35", "EquipmentReserved") == [
        f"booking b-35, equipment cam-a, {days}",
        f"booking b-35, equipment cables, quantity 5, {days}",
        f"booking b-35, kind camera, quantity 2, {days}",
    ]
    assert what(terminal, "reservation:b-35/cables", "ReservationReleased") == [
        f"booking b-35, equipment cables, quantity 5, {days}"
    ]
    assert what(terminal, "h-1", "EquipmentSubHired")[0] == (
        f"kind camera, quantity 2, {days}, supplier Rental"
    )
    assert what(terminal, "cam-a", "ServicePlanned")[2] == f"kind repair, {days}, dropped"


def test_blame_names_the_fields_of_stock_plans_and_reservations(terminal: Terminal) -> None:
    def fields(thing: str) -> dict[str, object]:
        return {row["field"]: row["value"] for row in terminal.must("blame", thing, "--json").data}

    stock = " ".join(terminal.must("blame", "cables").out.split())
    assert "12 at stage-1, with Li Na, due 2024-03-20 23:59" in stock
    assert "20 at stage-1; 8 at stage-2" in stock
    assert "place" not in fields("cables"), "its pieces are in several places"
    camera = fields("cam-a")
    assert camera["owner"] == "Dawa"
    assert camera["service-plan.repair.2035-01-01"] is None
    assert camera["service-plan.repair.2035-02-01"] is not None
    assert (camera["custodian"], camera["due_at"]) == (None, None)
    reserved = fields("reservation:b-35/cables")
    assert (reserved["booking"], reserved["status"]) == ("b-35", "released")


def test_diff_tells_the_deeds(terminal: Terminal) -> None:
    first = terminal.must("show", "case", "--json").data[0]["position"] - 1
    told = " ".join(terminal.must("diff", str(first - 1), "--entities").out.split())
    for deed in (
        "new: Cables (cable), 40 at stage-1",
        "checked out 12, at stage-1, with Li Na, due 2024-03-20 23:59",
        "moved 8, from stage-1, to stage-2",
        "given back in case",
        "plan of repair dropped: 2035-01-01..03",
        "plan of repair: 2035-02-01..03",
        "Reservations b-35/any-camera new: 2 camera for b-35, 2035-01-01..03",
        "b-35/cam-a new: cam-a for b-35, 2035-01-01..03",
        "Sub-hires h-1 new: 2 camera from Rental, 2035-01-01..03",
        "not hired after all",
        "released by",
    ):
        assert deed in told, deed
    assert "Lot(" not in told
    assert "milestone" not in told


def test_a_loan_that_is_prolonged_is_a_deed(terminal: Terminal) -> None:
    entry = next(
        row["position"]
        for row in terminal.must("show", "case", "--json").data
        if row["type"] == "LoanProlonged"
    )
    told = " ".join(terminal.must("diff", str(entry - 1), str(entry), "--entities").out.split())
    assert "prolonged to 2024-03-25 23:59" in told
    assert "it was due 2024-03-20 23:59" in told
    lent = " ".join(terminal.must("diff", str(entry - 3), str(entry - 1), "--entities").out.split())
    assert "lent to Li Na in case, due 2024-03-20 23:59" in lent


def test_an_item_is_asked_for_by_its_barcode_without_a_warning(terminal: Terminal) -> None:
    done = terminal.must("view", "equipment", "--equipment", "bar cam-a", "--json")
    assert [row["equipment"] for row in done.data] == ["cam-a"]
    assert "warning" not in done.err
