"""The values that a table can hold, and how it refuses others."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from ledger.projections import BadRow, NotStorable, Row, key, table
from ledger.projections.rows import Kind, Layout
from ledger.time.periods import Days, Period


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


class Loose(Struct):
    x: int = 0


class Everything(Row):
    name: str = key()
    number: int = key()
    day: date = key()
    share: float = 0.0
    live: bool = False
    at: datetime | None = None
    kind: Literal["stage", "hall"] = "stage"
    mood: Mood = Mood.GOOD
    period: Period | None = None
    days: tuple[Days, ...] = ()


DAY = date(2025, 7, 1)


def test_columns_and_key_follow_from_the_fields() -> None:
    layout = Layout(Everything)
    assert layout.keys == ("name", "number", "day")
    assert [f.kind for f in layout.fields] == [
        Kind.TEXT, Kind.INTEGER, Kind.DATE, Kind.REAL, Kind.BOOLEAN, Kind.INSTANT,
        Kind.TEXT, Kind.TEXT, Kind.JSON, Kind.JSON,
    ]  # fmt: skip
    assert [f.name for f in layout.fields if f.optional] == ["at", "period"]


def test_a_row_needs_its_key() -> None:
    with pytest.raises(TypeError, match="key fields"):
        Everything("a", 1)  # type: ignore[call-arg]  # the mistake
    with pytest.raises(BadRow, match="has the key"):
        Layout(Everything).new(("a",))


@pytest.mark.parametrize(
    ("annotation", "default", "words"),
    [
        (list[str], msgspec.field(default_factory=list), "holds a list"),
        (dict[str, int], msgspec.field(default_factory=dict), "holds a dict"),
        (tuple[set[int], ...], (), "holds a set"),
        (Loose | None, None, "Loose, which is not frozen"),
        (object, None, "holds"),
        (Any, None, "holds a any"),
        (int, "none", "has the default 'none'"),
        (float, float("nan"), "has the default nan"),
    ],
)
def test_a_field_without_a_stored_form_is_refused(
    annotation: Any, default: Any, words: str
) -> None:
    namespace: dict[str, Any] = {"__annotations__": {"name": str, "odd": annotation}}
    namespace |= {"name": key(), "odd": default, "__module__": __name__}
    row_type: Any = msgspec.StructMeta("Odd", (Row,), namespace)
    with pytest.raises(NotStorable, match=words) as refused:
        table(row_type)
    assert "Odd.odd" in str(refused.value)
    assert refused.value.advice


class LateKey(Row):
    name: str = key()
    count: int = 0
    late: str = key()  # type: ignore[misc]  # the mistake


class NoKey(Row):
    count: int = 0


class FloatKey(Row):
    share: float = key()


class OptionalKey(Row):
    name: str | None = key()


@pytest.mark.parametrize(
    ("row_type", "words"),
    [
        (LateKey, "LateKey.late is a key after other fields"),
        (NoKey, "NoKey has no key"),
        (FloatKey, "FloatKey.share is a key of type float"),
        (OptionalKey, "OptionalKey.name is a key of type"),
        (Loose, "Loose is not a Row"),
    ],
)
def test_a_row_type_without_a_proper_key_is_refused(row_type: Any, words: str) -> None:
    with pytest.raises(NotStorable, match=words) as refused:
        table(row_type)
    assert "test_rows.py:" in str(refused.value), "the message says where"


def test_a_field_without_default_is_refused() -> None:
    odd: Any = msgspec.defstruct(
        "Bare", [("name", str, key()), ("count", int)], bases=(Row,), kw_only=True
    )
    with pytest.raises(NotStorable, match=r"Bare\.count has no default"):
        table(odd)


class Keywords(Row, kw_only=True):
    name: str = key()


def test_keyword_fields_are_refused() -> None:
    with pytest.raises(NotStorable, match="Keywords has keyword-only fields"):
        table(Keywords)


def check(**values: Any) -> Everything:
    row = Everything("a", 1, DAY)
    for name, value in values.items():
        setattr(row, name, value)
    Layout(Everything).check([row])
    return row


def test_values_are_brought_to_one_form() -> None:
    shanghai = datetime(2025, 7, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    row = check(share=2, at=shanghai, days=[Days(DAY, DAY)])
    assert type(row.share) is float
    assert row.at is not None
    assert row.at.tzinfo is UTC
    assert row.at == shanghai
    assert row.days == (Days(DAY, DAY),)
    assert str(check(share=-0.0).share) == "0.0", "SQLite would give it back so"


@pytest.mark.parametrize(
    "values",
    [
        {"share": float("inf")},
        {"share": 10**400},
        {"share": "1"},
        {"live": 1},
        {"number": 2**63},
        {"number": True},
        {"name": None},
        {"name": "zero\0"},
        {"name": "\ud800"},
        {"day": datetime(2025, 7, 1, tzinfo=UTC)},
        {"at": datetime(2025, 7, 1)},  # noqa: DTZ001 - a naive time is the point
        {"kind": "office"},
        {"mood": "good"},
        {"period": "July"},
        {"days": ("July",)},
    ],
)
def test_what_a_column_cannot_hold_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(BadRow, match=rf"Everything\.{next(iter(values))} cannot hold"):
        check(**values)


class Text(str):
    """A subclass of text."""


class Number(int):
    """A subclass of numbers."""


class Time(datetime):
    """A subclass of times."""


NOON = datetime(2025, 7, 1, 12, tzinfo=UTC)
anything = st.one_of(
    st.none(),
    st.booleans(),
    st.text(),
    st.text().map(Text),
    st.integers(),
    st.sampled_from([2**63, 2**63 - 1, -(2**63), -(2**63) - 1, 0, 10**400]),
    st.integers().map(Number),
    st.floats(),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))])),
    st.just(Time(2025, 7, 1, tzinfo=UTC)),
    st.sampled_from([*Mood, "stage", "good", "zero\0", "\ud800", (Days(DAY, DAY),)]),
    st.lists(st.integers(), max_size=2),
)


@given(place=st.integers(0, len(Layout(Everything).fields) - 1), value=anything)
def test_a_row_is_checked_as_its_fields_are(place: int, value: Any) -> None:
    layout = Layout(Everything)
    field, row = layout.fields[place], Everything("a", 1, DAY)
    setattr(row, field.name, value)
    kept = said(lambda: layout.keep(field, value))

    def checked() -> Any:
        layout.check([Everything("b", 2, DAY), row, Everything("c", 3, DAY)])
        return getattr(row, field.name)

    assert said(checked) == kept


def said(act: Callable[[], Any]) -> tuple[Any, str]:
    """Return the value that a check gives, or its refusal."""
    try:
        found = act()
    except BadRow as refused:
        return BadRow, str(refused)
    return type(found), repr(found)
