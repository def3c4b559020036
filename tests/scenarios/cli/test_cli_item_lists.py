"""Equipment commands take several items, and lists of them from a scanner or in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.terminal import Done, Terminal, studio


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A case with a camera and three of forty cables in it, and a lamp beside it."""
    terminal = studio(sqlite_url)
    for item, *more in (
        ("case-1",),
        ("cam-1", "--barcode", "4006381333931", "--serial", "SN 12"),
        ("lamp-1", "--barcode", "LAMP-1"),
        ("cables", "--barcode", "CAB", "--quantity", "40"),
    ):
        terminal.must(
            "equipment", "add", item, "--name", item.title(), "--kind", item.partition("-")[0],
            "--at-place", "stage-1", "--at", "2025-01-10", *more,
        )  # fmt: skip
    terminal.must("equipment", "pack", "cam-1", "cables=3", "case-1", "--at", "2025-01-11")
    return terminal


def lend(terminal: Terminal, *items: str, stdin: bytes | None = None) -> Done:
    return terminal.run(
        "equipment", "lend", *items, "--custodian", "ann", "--due-at", "2031-01-01", "--json",
        stdin=stdin,
    )  # fmt: skip


def went(done: Done) -> dict[str, int]:
    """How many of each item went out."""
    assert done.code == 0, done.err
    found: dict[str, int] = {}
    for row in done.data:
        item = row["about"].removeprefix("equipment:")
        found[item] = found.get(item, 0) + row["payload"].get("quantity", 1)
    return found


@pytest.mark.parametrize(
    "text",
    [
        b"LAMP-1\nCAB\nCAB\nCAB\n",
        b"\xef\xbb\xbf# on the truck\r\nCAB,2\r\n\r\n LAMP-1 # the old one\r\nCAB\r\n",
        b"cab 3\rlamp-1\r",
        b"CAB=3\nlamp-1=1",
        b"cables;3\nLAMP-1",
    ],
)
def test_a_list_counts_what_was_scanned(terminal: Terminal, text: bytes) -> None:
    assert went(lend(terminal, "-", stdin=text)) == {"lamp-1": 1, "cables": 3}


def test_a_list_in_a_file_goes_beside_other_items(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "kit").write_text("CAB\n")
    assert went(lend(terminal, "lamp-1", f"@{tmp_path}/kit")) == {"lamp-1": 1, "cables": 1}


def test_a_name_that_ends_in_a_number_is_a_name(terminal: Terminal) -> None:
    terminal.must("equipment", "unpack", "cam-1")
    assert went(lend(terminal, "-", stdin=b"SN 12\n")) == {"cam-1": 1}


def test_a_case_that_is_scanned_with_its_contents_goes_once(terminal: Terminal) -> None:
    assert went(lend(terminal, "-", stdin=b"case-1\n4006381333931\n")) == {
        "case-1": 1,
        "cam-1": 1,
        "cables": 3,
    }
    back = terminal.run("equipment", "check-in", "-", "--json", stdin=b"case-1\ncam-1\n")
    assert went(back) == {"case-1": 1, "cam-1": 1, "cables": 3}
    moved = terminal.run(
        "equipment", "move", "-", "--to", "stage-2", "--json", stdin=b"case-1\ncam-1\n"
    )
    assert went(moved) == {"case-1": 1}


def test_all_unknown_codes_are_named_with_their_lines(terminal: Terminal) -> None:
    before = terminal.lines()
    done = lend(terminal, "-", stdin=b"LAMP-1\nCAP\n\n4711,3\nCAP\n")
    assert (done.code, terminal.lines()) == (1, before)
    assert "lines 2, 5, 4: no equipment 'CAP', '4711' in this ledger" in done.err
    one = lend(terminal, "-", stdin=b"LAMP-1\nlamp-2\n")
    assert "line 2: no equipment 'lamp-2' in this ledger. Did you mean lamp-1?" in one.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"CAB\ncase-1\nLAMP-1\ncase-1\n", "lines 2, 4: case-1 is named twice"),
        (b"CAB\nLAMP-1,2\n", "line 2: lamp-1 is a single item"),
        (b"LAMP-1\nCAB 41\n", "line 2: at "),
        (b"LAMP-1\nCAB=0\n", "line 2: 'CAB=0' is not a number of pieces"),
        (b"# nothing\n\n", "the list on standard input has no items"),
        (b"", "the list on standard input has no items"),
        (b"LAMP-1\n\xff\xfe\n", "the list on standard input is not UTF-8 text"),
        (b"\x7fELF\0\0", "the list on standard input is not UTF-8 text"),
        (b"1" * 4_000_001, "'-' is longer than the limit"),
    ],
)
def test_a_bad_list_records_nothing(terminal: Terminal, text: bytes, said: str) -> None:
    before = terminal.lines()
    done = lend(terminal, "-", stdin=text)
    assert done.code in (1, 2)
    assert said in done.err
    assert terminal.lines() == before


def test_standard_input_is_read_once_and_a_file_has_to_be_there(terminal: Terminal) -> None:
    assert "standard input can be read only once" in lend(terminal, "-", "-", stdin=b"CAB").err
    assert "'@no-file' cannot be read: no such file" in lend(terminal, "@no-file").err


def test_a_quantity_is_that_of_the_one_stock(terminal: Terminal) -> None:
    assert went(lend(terminal, "cables", "--quantity", "4")) == {"cables": 4}
    for items in (("cables=2",), ("cables", "lamp-1"), ("-",)):
        done = lend(terminal, *items, "--quantity", "4", stdin=b"CAB")
        assert "--quantity is for one item that is named without a number" in done.err


def test_the_forms_for_one_item_work_as_ever(terminal: Terminal) -> None:
    terminal.must("equipment", "move", "lamp-1", "--to", "stage-2", "--at", "2025-02-01T08:00Z")
    terminal.must(
        "booking", "hold", "stage-2", "wild", "--days", "2031-02-01..2031-02-05",
        "--booking", "b1", "--confirm",
    )  # fmt: skip
    done = terminal.must(
        "equipment", "check-out", "lamp-1", "b1", "--custodian", "ann",
        "--due-at", "2031-02-05", "--at", "2025-02-21",
    )  # fmt: skip
    assert "equipment checked out (lamp-1)" in done.err
    terminal.must("equipment", "check-in", "lamp-1")
    without = terminal.must(
        "equipment", "check-out", "lamp-1", "b1", "--custodian", "ann", "--json"
    )
    assert without.data[0]["payload"]["due_at"].startswith("2031-02-05T22:59")


def test_pieces_of_a_loan_come_back_those_first_that_are_due_first(terminal: Terminal) -> None:
    lend(terminal, "cables=10")
    terminal.must("equipment", "prolong", "cables=4", "--due-at", "2031-02-01")
    assert went(terminal.run("equipment", "check-in", "cables=7", "--json")) == {"cables": 7}
    refused = terminal.run("equipment", "check-in", "cables=4")
    assert "there are 3 of cables" in refused.err
    assert went(terminal.run("equipment", "check-in", "cables", "--json")) == {"cables": 3}


def test_a_list_is_reserved_for_a_booking(terminal: Terminal) -> None:
    terminal.must(
        "booking", "hold", "stage-2", "wild", "--days", "2031-02-01..2031-02-05",
        "--booking", "b1", "--confirm",
    )  # fmt: skip
    refused = terminal.run("equipment", "reserve", "b1", "-", stdin="LAMP-1\nCAP\nCAB,2\n")
    assert "line 2: no equipment 'CAP'" in refused.err
    reserved = terminal.run("equipment", "reserve", "b1", "-", "--json", stdin="LAMP-1\nCAB,2\n")
    assert [(one["payload"]["equipment"], one["payload"]["quantity"]) for one in reserved.data] == [
        ("lamp-1", 1),
        ("cables", 2),
    ]
    released = terminal.must("equipment", "release", "b1", "-", "--json", stdin="CAB\n")
    assert [one["payload"]["equipment"] for one in released.data] == ["cables"]
