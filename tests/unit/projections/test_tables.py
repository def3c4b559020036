"""Tables in memory: one object a row, copies for readers, a filter by key."""

import pytest

from ledger.projections import BadRow, ReadOnly, Row, Table, key
from ledger.projections.rows import Layout


class Cell(Row):
    space: str = key()
    month: int = key()
    hours: float = 0.0
    note: str | None = None


def cells() -> Table[Cell]:
    return Table("cells", Layout(Cell))


def test_a_row_is_one_object_until_deleted() -> None:
    table = cells()
    table.edit("a", 1).hours += 1
    assert table.edit("a", 1) is table.edit("a", 1)
    table.delete("a", 1)
    assert table.get("a", 1) is None
    assert table.edit("a", 1).hours == 0.0


def test_readers_get_copies() -> None:
    table = cells()
    table.edit("a", 1).hours = 1
    copied = table.get("a", 1)
    assert copied is not None
    copied.hours = 99
    table.rows()[0].hours = 99
    assert table.get("a", 1) == Cell("a", 1, 1.0)


def test_put_replaces_and_keeps_nothing_of_the_callers() -> None:
    table = cells()
    row = Cell("a", 1, 5.0, "x")
    table.put(row)
    row.hours = 99
    assert table.rows() == [Cell("a", 1, 5.0, "x")]
    table.put(Cell("a", 1))
    assert table.rows() == [Cell("a", 1)]


@pytest.mark.parametrize("asked_before", [False, True])
def test_rows_are_sorted_and_filtered(asked_before: bool) -> None:
    table = cells()
    if asked_before:  # the index by leading key is made at the first question, then kept up
        assert table.rows(space="a") == []
    for space, month in [("b", 1), ("a", 2), ("a", 1), ("c", 1)]:
        table.edit(space, month).note = space
    table.delete("c", 1)
    table.put(Cell("a", 3, 1.0, None))
    assert [(r.space, r.month) for r in table.rows()] == [("a", 1), ("a", 2), ("a", 3), ("b", 1)]
    assert [r.month for r in table.rows(space="a")] == [1, 2, 3]
    assert [r.space for r in table.rows(month=1)] == ["a", "b"]
    assert [r.month for r in table.rows(space="a", hours=1)] == [3]
    assert table.rows(space="a", note="b") == []
    assert table.rows(space="c") == []
    assert len(table.rows(space=None)) == 4, "None means any"


def test_a_wrong_filter_is_refused() -> None:
    with pytest.raises(BadRow, match="has no column 'colour'"):
        cells().rows(colour="red")
    with pytest.raises(BadRow, match="month cannot hold 'one'"):
        cells().rows(month="one")


def test_a_changed_key_is_refused_when_settled() -> None:
    table = cells()
    table.edit("a", 1).month = 2
    with pytest.raises(BadRow, match="was changed"):
        table.settle()


def test_settling_gives_each_written_row_once() -> None:
    table = cells()
    table.edit("b", 1).hours = 1
    table.edit("b", 1).hours = 2
    table.edit("a", 1)
    table.edit("c", 1)
    table.delete("c", 1)
    assert table.settle() == ([Cell("a", 1), Cell("b", 1, 2.0)], [("c", 1)])
    assert table.settle() == ([], [])


def test_a_sealed_table_reads_only() -> None:
    table = cells()
    table.edit("a", 1)
    table.seal()
    assert table.rows() == [Cell("a", 1)]
    for write in (
        lambda: table.edit("a", 1),
        lambda: table.edit("z", 1),
        lambda: table.put(Cell("z", 1)),
        lambda: table.delete("a", 1),
    ):
        with pytest.raises(ReadOnly):
            write()
    assert table.rows() == [Cell("a", 1)]
