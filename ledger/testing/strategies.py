"""Hypothesis strategies: legal histories of a studio, and a plugin's own events among them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect as msginspect

from ledger.decisions.base import Rule
from ledger.events.base import Event, RecordedEvent
from ledger.testing.drawing.retelling import ALL_READINGS, Told, told
from ledger.testing.drawing.studio import Choice, Command
from ledger.testing.laws.subjects import Case, Part

_OFTEN = (
    *("hold", "book", "report", "start", "confirm", "move", "wait") * 2,
    *("hold", "book", "rival", "challenge", "wrap", "release", "cancel"),
    *("close project", "challenge", "correct", "undo"),
    *("move item", "pack", "unpack", "check out", "check in", "service", "service done"),
    *("reserve", "release equipment"),
)
_WORDS = (*_OFTEN, *ALL_READINGS, "unknown")

_FEW = 36
_MOST = 64

_choices: st.SearchStrategy[Command] = st.builds(
    Choice,
    st.sampled_from(_WORDS),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 7),
    st.integers(0, 3),
)


def studio_histories(
    *,
    also: st.SearchStrategy[Any] | None = None,
    rules: Sequence[Rule] = (),
    most: int = _MOST,
) -> st.SearchStrategy[Told]:
    """Draw histories of up to about `most` commands that a real ledger could hold.

    Every event except those of `also` went through the real decisions and the given `rules`:
    sites, spaces and their parts, closures, projects, the hold ladder, shoot days and their
    corrections, equipment entered late, containers, check-outs, services. Now and then there is
    an event of a removed plugin.

    `also` draws events or decisions of your own plugin: about every fourth command is one. A
    refused decision is dropped. A failing history shrinks to a few commands.
    """
    return _commands(also, most).map(lambda commands: told(commands, rules=tuple(rules)))


def _commands(also: st.SearchStrategy[Any] | None, most: int) -> st.SearchStrategy[list[Command]]:
    one = _choices if also is None else st.one_of(_choices, _choices, _choices, also)
    # without the longer lists most would be short; without the shorter, none shrinks well
    return st.one_of(
        st.lists(one, max_size=most), st.lists(one, min_size=min(_FEW, most), max_size=most)
    )


@st.composite
def cases(draw: st.DrawFn, histories: st.SearchStrategy[Sequence[RecordedEvent]]) -> Case:
    """Draw a history with places to stop at and events to make unreadable."""
    history = draw(histories)
    parts = draw(st.lists(st.builds(Part, st.integers(0, 90), st.integers(1, 9)), max_size=4))
    return Case(history, parts, draw(st.frozensets(st.integers(0, 90), max_size=6)))


# --- events of a plugin's own -------------------------------------------------------------

_IDS = {
    "space": ("stage-1", "virtual-stage", "hall"),
    "project": ("resurrection", "night-train"),
    "booking": ("b-1", "b-2", "b-3"),
    "equipment": ("truck", "case", "lens"),
    "site": ("yongchuan", "babelsberg"),
}
_BEGINNING = datetime(2025, 3, 1, tzinfo=UTC)


def events_of(*types: type[Event]) -> st.SearchStrategy[Event]:
    """Draw events of these types with any values that their fields allow.

    A field named after a kind of thing (`space`, `project`, `booking`, `equipment`, `site`)
    gets an id from the drawn histories; texts are few, so that events share them. If such
    events could not be recorded, build them yourself, with `st.builds`.
    """
    return st.one_of([_event(one) for one in types])


def _event(event_type: type[Event]) -> st.SearchStrategy[Event]:
    described = msginspect.type_info(event_type)
    assert isinstance(described, msginspect.StructType)
    return st.builds(event_type, **{f.name: _value(f.name, f.type) for f in described.fields})


def _value(name: str, kind: msginspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case msginspect.StrType():
            return st.sampled_from(_IDS.get(name, ("a", "b", "丙", "")))
        case msginspect.BoolType():
            return st.booleans()
        case msginspect.IntType():
            return st.integers(0, 9)
        case msginspect.FloatType():
            return st.integers(0, 40).map(lambda n: n / 4)
        case msginspect.DateType():
            return st.integers(0, 90).map(lambda n: date(2025, 3, 1) + timedelta(days=n))
        case msginspect.DateTimeType():
            return st.integers(0, 900).map(lambda n: _BEGINNING + timedelta(hours=n))
        case msginspect.LiteralType() | msginspect.EnumType():
            values = kind.values if isinstance(kind, msginspect.LiteralType) else tuple(kind.cls)
            return st.sampled_from(sorted(values, key=str))
        case msginspect.NoneType():
            return st.none()
        case msginspect.UnionType():
            return st.one_of([_value(name, one) for one in kind.types])
        case msginspect.VarTupleType() | msginspect.ListType():
            many = st.lists(_value(name.removesuffix("s"), kind.item_type), max_size=3)
            return many.map(tuple) if isinstance(kind, msginspect.VarTupleType) else many
        case msginspect.StructType():
            fields = {f.name: _value(f.name, f.type) for f in kind.fields}
            return st.fixed_dictionaries(fields).map(lambda v: msgspec.convert(v, kind.cls))
        case _:
            raise TypeError(
                f"no values are known for {name}: {kind}. Build the events yourself: "
                "projection_contract(…, also=st.builds(…))"
            )
