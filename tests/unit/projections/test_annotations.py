"""Annotations of parameters, taken apart."""

from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal, Optional

import pytest

from ledger.projections.annotations import Annotation, members, read_annotation


class Size(Enum):
    """Two sizes."""

    SMALL = "small"
    LARGE = "large"


KIND = Literal["feature", "series"]


CASES: list[tuple[Any, Annotation]] = [
    (str, Annotation(str, False, False, (), "", "str")),
    (date | None, Annotation(date, False, True, (), "", "datetime.date | None")),
    (Optional[int], Annotation(int, False, True, (), "", str(Optional[int]))),  # noqa: UP045 - plugins may write it
    (list[str], Annotation(str, True, False, (), "", "list[str]")),
    (Annotated[str, 5, "Only.", "more"], Annotation(str, False, False, (), "Only.", "str")),
    (KIND, Annotation(KIND, False, False, ("feature", "series"), "", str(KIND))),
    (
        Annotated[list[Size] | None, "How large."],
        Annotation(Size, True, True, ("small", "large"), "How large.", str(list[Size] | None)),
    ),
    (int | str, Annotation(int | str, False, False, (), "", "int | str")),
]


@pytest.mark.parametrize(("hint", "parts"), CASES, ids=str)
def test_an_annotation_is_taken_apart(hint: Any, parts: Annotation) -> None:
    assert read_annotation(hint) == parts


def test_a_tuple_is_a_list_where_the_caller_says_so() -> None:
    assert not read_annotation(tuple[str, ...]).many
    read = read_annotation(tuple[str, ...], lists=(list, tuple))
    assert (read.many, read.type) == (True, str)


def test_members_are_in_the_order_of_the_choices() -> None:
    assert members(Size) == (Size.SMALL, Size.LARGE)
    assert members(KIND) == ("feature", "series")
    assert members(str) == ()
