"""Each event is folded in one place, and none is forgotten: not by a rule, a view, or `blame`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from ledger_bookings import Bookings

from ledger import entities
from ledger.entities.bookings import Booking, FullBooking
from ledger.entities.equipment import CUSTODY_FACTS, PLACE_FACTS, SERVICE_FACTS, Item
from ledger.entities.folding import Noun, Says
from ledger.entities.reading import KINDS
from ledger.errors import UnreadableEvent
from ledger.events import STUDIO_EVENTS, HoldPromoted
from ledger.events.base import Event, Registry
from ledger.events.equipment import (
    EquipmentDescribed,
    PlaceEvent,
    ServiceEvent,
    ServicePlanned,
    StockTransferred,
)
from ledger.events.ledgers import LedgerContinued, LedgerOpened
from ledger.projections.engine.code_fingerprint import fingerprint
from ledger.testing import recorded
from tests.golden.examples import EXAMPLES

OF_THE_LOG = {LedgerOpened, LedgerContinued}
"""Events that are about the log and not about a thing in the studio."""


def nouns(base: type[Noun] = Noun) -> Iterator[type[Noun]]:
    """Every entity, and those that hold a part of what another one holds."""
    for noun in base.__subclasses__():
        yield noun
        yield from nouns(noun)


def subject(event_type: type[Event]) -> str:
    """The noun that an event is about: its first field."""
    return event_type.__struct_fields__[0]


def forgotten(noun: type[Noun], says: Mapping[type[Event], Says]) -> set[type[Event]]:
    """The event types about a noun that a step does not know."""
    return {one for one in STUDIO_EVENTS if subject(one) == noun.noun} - set(says)


@pytest.mark.parametrize("noun", tuple(nouns()), ids=lambda noun: noun.__name__)
def test_a_step_knows_every_event_of_its_noun_and_no_other(noun: type[Noun]) -> None:
    assert forgotten(noun, noun.says) == set()
    assert {subject(one) for one in noun.says} == {noun.noun}
    assert noun.untold <= set(noun.__struct_fields__)


def test_every_event_is_about_a_noun() -> None:
    assert {subject(one) for one in set(STUDIO_EVENTS) - OF_THE_LOG} == set(KINDS)


def test_a_forgotten_event_is_found_and_cannot_be_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    gap = {one: says for one, says in FullBooking.says.items() if one is not HoldPromoted}
    assert forgotten(FullBooking, gap) == {HoldPromoted}
    monkeypatch.setattr(FullBooking, "says", gap)
    (promotion,) = recorded(*(one for one in EXAMPLES if isinstance(one, HoldPromoted)))
    assert Booking.after(None, promotion).is_held
    with pytest.raises(UnreadableEvent):
        FullBooking.after(None, promotion)


def test_facts_of_effective_time_are_told_apart_by_what_they_are_about() -> None:
    types = set(Item.types())
    assert set(PLACE_FACTS) == {one for one in types if issubclass(one, PlaceEvent)}
    assert set(SERVICE_FACTS) == {one for one in types if issubclass(one, ServiceEvent)}
    others = {EquipmentDescribed, ServicePlanned, StockTransferred}
    assert set(CUSTODY_FACTS) == types - set(PLACE_FACTS) - set(SERVICE_FACTS) - others


def test_views_are_built_anew_when_the_entities_in_their_rows_are_folded_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint(Bookings, Registry(STUDIO_EVENTS))
    assert fingerprint(Bookings, Registry(STUDIO_EVENTS)) == before
    (tmp_path / "bookings.py").write_text("# folds otherwise", encoding="utf-8")
    monkeypatch.setattr(entities, "__path__", [str(tmp_path)])
    assert fingerprint(Bookings, Registry(STUDIO_EVENTS)) != before
