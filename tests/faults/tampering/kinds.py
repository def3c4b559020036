"""Kinds of change: what is changed, which check must find it, and what it must report."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.faults.tampering.signed import Copy


class Kind(NamedTuple):
    """A kind of change; `change` makes one and returns a pattern of the expected report.

    `check` is the check that must find it. `outside`: only a checkpoint kept elsewhere shows it.
    """

    name: str
    check: str
    change: Callable[[Copy], str]
    outside: bool = False
    views: bool = False


KINDS: list[Kind] = []


def kind(
    name: str, check: str, *, outside: bool = False, views: bool = False
) -> Callable[[Callable[[Copy], str]], Callable[[Copy], str]]:
    """Add a kind of change to the table."""

    def add(change: Callable[[Copy], str]) -> Callable[[Copy], str]:
        KINDS.append(Kind(name, check, change, outside, views))
        return change

    return add
