"""The request key: one key is one command, however it is written, and after an upgrade."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import cast

import msgspec
import pytest

from ledger.application import Author, Ledger, Outcome
from ledger.decisions.base import Context, Decision
from ledger.errors import RequestReused
from ledger.events import ProjectOpened
from tests.terminal import Terminal
from tests.unit.application.conftest import project


@pytest.mark.parametrize("other", ["\u00e9cole-\u00c5", "e\u0301cole-\u212b"], ids=ascii)
def test_a_key_is_the_same_however_its_letters_are_composed(ledger: Ledger, other: str) -> None:
    """One terminal sends an accent as part of its letter, another as a separate character."""
    assert not ledger.decide(project("resurrection"), Author("ada", request=other)).repeated
    for key in ("e\u0301cole-A\u030a", other):
        author = Author("ada", request=key)
        assert ledger.decide(project("resurrection"), author).repeated
        assert [o.repeated for o in tried(ledger, author)] == [True]
    assert ledger.log.head() == 2


def tried(ledger: Ledger, author: Author) -> list[Outcome]:
    """Say what a repeat of the same command does."""
    outcomes = list(ledger.try_each([(1, project("resurrection"))], lambda _: author))
    assert all(isinstance(outcome, Outcome) for outcome in outcomes)
    return cast("list[Outcome]", outcomes)


class Catering(Decision, frozen=True, tag="catering order"):
    """A plugin's command, as its first version has it."""

    for_: str = msgspec.field(name="for")
    meals: int = 40

    def decide(self, ctx: Context) -> None:
        """Opens something, so that there is an event."""
        ctx.record(project_opened(self.for_))


class CateringLater(Decision, frozen=True, tag="catering order"):
    """The same after an upgrade: two options came, one of them before an old one."""

    for_: str = msgspec.field(name="for")
    diet: str | None = None
    meals: int = 40
    halls: tuple[str, ...] = ()

    def decide(self, ctx: Context) -> None:
        """As before."""
        ctx.record(project_opened(self.for_))


def project_opened(name: str) -> ProjectOpened:
    """The event of a project."""
    return ProjectOpened(project=name, title="T", kind="feature", on=date(2025, 1, 1))


def test_a_repeat_is_known_after_an_upgrade_brought_options(ledger: Ledger) -> None:
    author = Author("ada", request="order-1")
    assert not ledger.decide(Catering(for_="crew", meals=12), author).repeated
    assert ledger.decide(CateringLater(for_="crew", meals=12), author).repeated
    for other in (
        CateringLater(for_="crew"),
        CateringLater(for_="crew", meals=12, diet="vegan"),
        CateringLater(for_="crew", meals=12, halls=("a",)),
    ):
        with pytest.raises(RequestReused):
            ledger.decide(other, author)


def test_the_key_of_init_is_the_same_however_its_letters_are_composed(tmp_path: Path) -> None:
    terminal = Terminal(str(tmp_path / "studio.db"))
    first = terminal.must("init", "--request", "e\u0301cole", "--json").data
    for key in ("e\u0301cole", "\u00e9cole"):
        assert terminal.must("init", "--request", key, "--json").data == first
    assert terminal.run("init", "--request", "ecole").code == 1
