"""Every error says what stands in the way and what to do, and has the exit code of its kind."""

from __future__ import annotations

import importlib
import pickle
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

import ledger.decisions
from ledger.errors import (
    LONGEST,
    AlreadyExists,
    BadInput,
    BadTime,
    Conflict,
    Declared,
    InternalError,
    LedgerError,
    NoLedger,
    Refused,
    StaleView,
    StorageFailure,
    UnknownId,
    near,
)

for module in pkgutil.iter_modules(ledger.decisions.__path__, "ledger.decisions."):
    importlib.import_module(module.name)


def below(base: type[LedgerError]) -> Iterator[type[LedgerError]]:
    for kind in base.__subclasses__():
        yield kind
        yield from below(kind)


OURS = sorted(
    {kind for kind in below(LedgerError) if kind.__module__.startswith("ledger.")},
    key=lambda kind: kind.__name__,
)
REFUSALS = [kind for kind in OURS if issubclass(kind, Refused) and not kind.__subclasses__()]


def test_there_are_refusals_to_look_at() -> None:
    assert len(REFUSALS) > 30


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_its_exit_code_is_one_of_the_programs(kind: type[LedgerError]) -> None:
    bases = {
        Refused: 1,
        BadInput: 2,
        Conflict: 4,
        StaleView: 5,
        NoLedger: 10,
        InternalError: 70,
        StorageFailure: 74,
    }
    for base, code in bases.items():
        if issubclass(kind, base):
            assert kind.exit_code == code
            return
    assert kind.exit_code in (3, 4, 5, 70)


@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.__name__)
def test_a_refusal_names_its_rule(kind: type[Refused]) -> None:
    assert kind.rule != Refused.rule
    assert kind.rule == kind.rule.lower().replace(" ", "-")
    assert kind.__doc__


def test_no_two_errors_have_one_name() -> None:
    names = [kind.__name__ for kind in OURS]
    assert sorted(set(names)) == names


class TestMessages:
    def test_the_position_stands_in_the_message_the_advice_after_it(self) -> None:
        error = AlreadyExists("space", "stage-1", position=12)
        assert str(error) == (
            "space 'stage-1' already exists (#12). Choose another id; an id is never used twice"
        )
        assert (error.position, error.kind, error.id) == (12, "space", "stage-1")

    def test_what_was_typed_is_quoted_without_its_middle_where_it_is_endless(self) -> None:
        told = str(BadInput(f"{'x' * 1_000_000!r} is not a tag", advice="y" * 1_000_000))
        assert len(told) < 2 * LONGEST + 20
        assert told.startswith("'xxx")
        assert "x' is not a tag. yyy" in told
        title = "永" * 1_000
        assert title in str(BadInput(f"the title {title} is taken"))

    def test_a_declared_error_takes_its_fields_and_shows_them(self) -> None:
        class Late(Declared):
            at: datetime
            hours: int = 2
            message = "{at} is {hours} hours late{so}"

            @property
            def so(self) -> str:
                return "!" * self.hours

        at = datetime(2025, 7, 1, 8, tzinfo=UTC)
        assert str(Late(at)) == "2025-07-01 08:00+00:00 is 2 hours late!!"
        assert str(Late(at, hours=1)) == "2025-07-01 08:00+00:00 is 1 hours late!"
        assert repr(Late(at, 1)) == f"Late({at!r}, 1)"

    @pytest.mark.parametrize(
        ("values", "named"),
        [
            (("space",), {"id": "x"}),
            (("space",), {"position": 1}),
            (("space", "x", 1, 2), {}),
            (("space", "x"), {"position": 1, "other": 2}),
        ],
    )
    def test_a_declared_error_takes_nothing_else(
        self, values: tuple[Any, ...], named: dict[str, Any]
    ) -> None:
        with pytest.raises(TypeError, match="AlreadyExists takes kind, id, position"):
            AlreadyExists(*values, **named)

    def test_a_declared_error_can_be_pickled(self) -> None:
        error = AlreadyExists("space", "stage-1", position=12)
        error.where = "line 3"
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.id) == (AlreadyExists, str(error), "stage-1")

    def test_no_advice_leaves_no_stop(self) -> None:
        assert str(BadTime("no time zone 'x'")) == "no time zone 'x'"

    def test_an_unknown_id_may_know_what_was_meant(self) -> None:
        meant = UnknownId("space", "stage1", known=["stage-1", "stage-2", "workshop"])
        assert meant.advice == "Did you mean stage-1 or stage-2?"
        assert "view spaces" in UnknownId("space", "qqq", known=["stage-1"]).advice
        assert UnknownId("thing", "x").advice == ""

    @pytest.mark.parametrize(
        ("word", "known", "meant"),
        [
            ("b1", ["b-1", "b-2"], ["b-1"]),
            ("b-9", ["b-1", "b-2"], []),
            ("al", ["ai", "film"], ["ai"]),
            ("cam", ["cam-2", "dolly"], ["cam-2"]),
            ("wrap", ["picture-wrap", "award"], ["picture-wrap"]),
            ("resurection", ["resurrection", "night"], ["resurrection"]),
            ("night", ["day", "resurrection"], []),
        ],
    )
    def test_a_guess_is_of_what_looks_alike(
        self, word: str, known: list[str], meant: list[str]
    ) -> None:
        assert near(word, known) == meant
