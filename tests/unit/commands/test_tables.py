"""Tables: cells, not characters; and what gives way in a narrow terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.commands.tables import Head, cells, clip, pad, printable, render, wrapped

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
    assert _table(None) == [
        "          Area",
        "Id        (m²)  Title",
        "───────  ─────  ──────────────────────",
        "stage-1  3,200  狂野时代",
        "stage-2     50  A long title of a film",
    ]


def test_a_narrow_one_cuts_texts_and_never_ids() -> None:
    lines = _table(28)
    assert lines[-1] == "stage-2     50  A long titl…"
    assert all(cells(line) <= 28 for line in lines)
    assert _table(28, ascii_only=True)[-1].endswith("...")


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
