"""Tables: cells, not characters; and what gives way in a narrow terminal."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.terminal.sheets import Column, Sheet, write
from ledger.terminal.tables import Head, cells, clip, pad, printable, render, wrapped

ANY = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp"]), max_size=40)


@pytest.mark.parametrize(
    ("text", "taken"), [("stage", 5), ("一号棚", 6), ("🎬", 2), ("👩‍🎬", 2), ("é", 1), ("", 0)]
)
def test_a_character_takes_its_cells(text: str, taken: int) -> None:
    assert cells(text) == taken
    assert cells(pad(text, 10)) == 10
    assert pad(text, 10, right=True).endswith(text)


@given(ANY, st.integers(4, 30))
def test_what_is_clipped_fits_and_says_so(text: str, room: int) -> None:
    shown = clip(text, room)
    assert cells(shown) <= room
    assert (shown == text) == (cells(text) <= room) or shown.endswith("…")


@given(ANY, st.integers(4, 30))
def test_wrapping_loses_nothing(text: str, room: int) -> None:
    lines = wrapped(text, room)
    assert all(cells(line) <= room for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_text_cannot_steer_the_terminal() -> None:
    assert printable("a\x1b[31mred\u202e\n") == "a\\x1b[31mred\\u202e\\n"
    assert printable("狂野 👩‍🎬") == "狂野 👩‍🎬"


HEADS = (Head("Id", fixed=True), Head("Area (m²)", right=True, fixed=True), Head("Title"))
ROWS = (["stage-1", "3,200", "狂野时代"], ["stage-2", "50", "A long title of a film"])


def _table(room: int | None, ascii_only: bool = False) -> list[str]:
    return list(render(HEADS, ROWS, room=room, ascii_only=ascii_only))


def test_wide_enough_it_is_shown_whole() -> None:
    whole = [
        "Id       Area (m²)  Title",
        "───────  ─────────  ──────────────────────",
        "stage-1      3,200  狂野时代",
        "stage-2         50  A long title of a film",
    ]
    assert _table(None) == whole
    assert _table(42) == whole
    assert _table(41)[:2] == ["          Area", "Id        (m²)  Title"]


def test_a_narrow_one_wraps_texts_and_breaks_no_id() -> None:
    lines = _table(28)
    assert lines[-2:] == ["stage-2     50  A long title", "                of a film"]
    assert all(cells(line) <= 28 for line in lines)


def test_what_is_the_same_in_every_row_is_said_once() -> None:
    heads = [Head(title) for title in ("Booking", "Site", "State", "Title")]
    rows = [[f"b-{n}", "yongchuan", "confirmed", "A film of some length"] for n in range(4)]
    rows[2][3] = "Another"
    lines = list(render(heads, rows, room=30))
    assert lines[2:] == [
        "b-0      A film of some length",
        "b-1      A film of some length",
        "b-2      Another",
        "b-3      A film of some length",
        "In every row: Site yongchuan,",
        "State confirmed.",
    ]
    assert len(list(render(heads, rows, room=None))) == 6


def test_the_last_columns_are_left_out_and_named() -> None:
    heads = [Head(title, fixed=True) for title in ("Booking", "State", "First", "Last", "Times")]
    states = ("confirmed", "cancelled", "wrapped", "challenged")
    rows = [[f"b-{n}", s, f"2025-07-0{n}", f"2025-08-0{n}", f"{n}"] for n, s in enumerate(states)]
    lines = list(render(heads, rows, room=36))
    assert lines[-3:] == [
        "b-3      challenged  2025-07-03",
        "Not shown, for lack of room: Last,",
        "Times.",
    ]
    assert all(state in "\n".join(lines) for state in states)
    few = list(render(heads, rows[:2], room=36))
    assert few[4].split() == ["Times", "0"], "of a few rows, cards show all"


def test_a_title_is_broken_with_a_hyphen_before_a_number_is() -> None:
    heads = [Head("Space"), Head("Occupied", right=True, fixed=True)]
    rows = [["stage-1", "3"], ["stage-2", "12"], ["stage-3", "1"], ["stage-4", "0"]]
    assert list(render(heads, rows, room=14))[:3] == [
        "        Occup-",
        "Space      ied",
        "─────── ──────",
    ]


def test_a_very_narrow_one_becomes_cards() -> None:
    lines = _table(18)
    assert lines[0].split() == ["Id", "stage-1"]
    assert all(cells(line) <= 21 for line in lines)


def test_columns_without_a_value_go_first_and_a_folding_one_moves_below() -> None:
    heads = (Head("Id", fixed=True), Head("Why"), Head("What", fold=True))
    rows = [["1", "–", "a rather long story of an event"]]
    lines = list(render(heads, rows, room=26, empty="–"))
    assert lines == ["Id", "──", "1", "    a rather long story of", "    an event"]


def test_nothing_is_nothing() -> None:
    assert list(render(HEADS, [], room=80)) == []


def test_numbers_of_a_column_look_alike() -> None:
    def column(*values: object, ratio: bool = False) -> list[str]:
        sheet = Sheet([Column("n", "N", number=True, ratio=ratio)], [[v] for v in values])
        out = BytesIO()
        write(sheet, "table", out)
        return out.getvalue().decode().split()[2:]

    assert column(0.2, 0.5, 1.0, ratio=True) == ["0.20", "0.50", "1.00"]
    assert column(0.2, 0.37, 1) == ["0.20", "0.37", "1.00"]
    assert column(1, 2026) == ["1", "2026"], "a position or a year has no comma"
    assert column(3_714_000.0, 1137, 3.27) == ["3,714,000", "1,137", "3.27"]
    assert column(3_200.0, 50.0) == ["3,200", "50"]
