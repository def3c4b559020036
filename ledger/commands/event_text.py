"""An event in one readable line: its fields, name and value, beyond the thing it is about."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from ledger.events import SpaceChanged, SpaceCommissioned
from ledger.events.base import Event, Query, RecordedEvent, UnknownEvent
from ledger.events.bookings import DayPlan
from ledger.events.equipment import KindCount, Lot, Pieces, StockTransferred
from ledger.events.standing import standing
from ledger.terminal.sheets import Style
from ledger.time.periods import Period

if TYPE_CHECKING:
    from ledger.log.eventlog import EventLog

FOR_THE_INDEX = frozenset({"latest", "latest_for", "of_kind", "of_was_kind", "newest_at"})
"""Fields that place an event in the index. They say nothing about the studio."""

_WORDS = {
    ("SpaceReopened", "period"): "open again {}",
    ("SpaceReopened", "was"): "of the closure {}",
    ("EquipmentPacked", "contents"): "{} in it then",
    ("EquipmentUnpacked", "contents"): "{} left in it",
    ("StockTransferred", "transfer"): "{}",
    ("EquipmentReserved", "booking_period"): "of the booking's {}",
    ("ReservationReleased", "booking_period"): "of the booking's {}",
}
"""Words for fields whose name is not clear enough, by type and name."""

_UNITS = {"_m2": "m²", "_within_hours": "h", "turnaround_hours": "h"}
"""Units of numbers, by the end of the field's name."""

_NAMES = {
    "containers": "container",
    "turnaround_hours": "turnaround",
    "equipment_kind": "kind",
}
"""Fields that are called otherwise in words."""

_WAS = {"was": "custodian"}
"""Fields that carry the old value of another, and are not named `was_…` after it."""


def what(entry: RecordedEvent, zone: str, log: "EventLog | None" = None) -> str:
    """Describe the fields that differ from their defaults. Instants are in `zone`.

    A period is in its site's zone. Given the log, a change of a space lists only what changed.
    """
    event, style = entry.event, Style(zone)
    if isinstance(event, UnknownEvent) and "." not in entry.type:
        stored = bytes(event.payload).decode("utf-8", "replace")
        return f"(unknown to this program) {stored}"
    facts = stored_words(event)
    if isinstance(event, StockTransferred):
        facts = {"at": event.at, "transfer": ", ".join(stock_words(event, style))}
    if isinstance(event, SpaceChanged) and log is not None:
        facts = _changed(entry, event, log) or facts
    parts = list(_parts(entry, facts, style))
    if entry.corrects is not None:
        parts.append(correction_words(entry))
    if entry.reason:
        parts.append(f"because: {entry.reason}")
    return ", ".join(parts)


def correction_words(entry: RecordedEvent) -> str:
    """How an event stands to the one in whose place it stands."""
    return f"{'undoes' if entry.undone else 'corrects'} #{entry.corrects}"


def stored_words(event: Event) -> dict[str, Any]:
    """The fields of an event that have a value; a plugin's event needs no plugin for this."""
    if not isinstance(event, UnknownEvent):
        return _facts(event)
    stored = msgspec.json.decode(event.payload)
    if not isinstance(stored, dict):
        return {"payload": _plain(stored)}
    return {name: _plain(value) for name, value in stored.items() if value or value == 0}


def _facts(event: Event) -> dict[str, Any]:
    """The fields that differ from their defaults."""
    facts = {f.name: (getattr(event, f.name), f.default) for f in msgspec.structs.fields(event)}
    return {
        name: value
        for name, (value, default) in facts.items()
        if value is not None and value != () and value != default
    }


class _Change(Struct, frozen=True):
    """A new value and the one before."""

    new: Any
    old: Any


def _changed(entry: RecordedEvent, event: SpaceChanged, log: "EventLog") -> dict[str, Any]:
    """The fields that differ from the facts before that day; empty if none does.

    Of those facts the latest hold: by the day from which they hold, then as recorded.
    """
    types = (SpaceCommissioned.type_name, SpaceChanged.type_name)
    recorded = log.read([Query((f"space:{event.space}",), types)], until=entry.position - 1)
    stands = (entry.event for entry in standing(list(recorded)))
    before = [
        former
        for former in stands
        if isinstance(former, SpaceCommissioned | SpaceChanged)
        and former.space == event.space  # under its tag are also its parts
        and former.effective() <= event.on
    ]
    if not before:
        return {}
    former = max(reversed(before), key=lambda e: e.effective())
    changes = {
        name: _Change(getattr(event, name), getattr(former, name))
        for name in SpaceChanged.__struct_fields__
        if name != "on" and getattr(event, name) != getattr(former, name)
    }
    return {"on": event.on, **changes} if changes else {}


def _parts(entry: RecordedEvent, facts: Mapping[str, Any], style: Style) -> Iterator[str]:
    kind, _, known = (entry.tags[0] if entry.tags else "").partition(":")
    special = {name for type_name, name in _WORDS if type_name == entry.type}
    paired = {_now(name): name for name in facts if _now(name) in facts and name not in special}
    for name, value in facts.items():
        # The thing's own id stands beside it; another field with the same value is a fact.
        if (name == kind and value == known) or name in FOR_THE_INDEX:
            continue
        if isinstance(value, KindCount) or _goes_without_saying(entry.event, name, value):
            continue
        if name in paired.values():
            continue
        old = facts[paired[name]] if name in paired else value
        yield _part(entry.type, name, value if old == value else _Change(value, old), style)


def _goes_without_saying(event: Any, name: str, value: Any) -> bool:
    """Whether a field of an equipment event repeats what another says: the kind of the item that
    is named, the one piece that an item is, the time of its booking where that is all reserved."""
    match name:
        case "equipment_kind":
            return getattr(event, "equipment", None) is not None
        case "quantity":
            return value == 1 and getattr(event, "equipment", None) is not None
        case "pieces":
            return hasattr(event, "was_kind")
        case "booking_period":
            return bool(value == getattr(event, "period", None))
    return False


def stock_words(event: StockTransferred, style: Style) -> Iterator[str]:
    """Tell a transfer in words: how many went from where to where, and on which loan."""
    origin, there = event.origin, event.destination
    yield f"{event.how} {event.quantity:,}"
    if origin is not None and there is not None and place_words(origin) == place_words(there):
        yield place_words(origin)
    else:
        if origin is not None:
            yield f"from {place_words(origin).removeprefix('at ')}"
        if there is not None:
            yield f"to {place_words(there).removeprefix('at ')}"
    out = there if there is not None and there.is_out else origin
    if event.how in ("checked out", "checked in", "prolonged", "handed over") and out is not None:
        yield from loan_words(out, style)
    if event.how == "prolonged" and origin is not None:
        yield f"was due {style.text(origin.due_at)}"
    if event.how == "handed over" and origin is not None:
        yield f"{origin.custodian} had them"


def place_words(lot: Lot) -> str:
    """Where pieces of a stock are: `at stage-1`, `in case-1`."""
    return f"in {lot.container}" if lot.container is not None else f"at {lot.place}"


def loan_words(lot: Lot, style: Style) -> Iterator[str]:
    """The loan that pieces of a stock are on; nothing for those in the house."""
    if lot.custodian is not None:
        yield f"with {lot.custodian}"
    if lot.booking is not None:
        yield f"for {lot.booking}"
    if lot.due_at is not None:
        yield f"due {style.text(lot.due_at)}"


def _now(name: str) -> str:
    """The field that has the new value of `was_…`."""
    return _WAS.get(name) or (name.removeprefix("was_") if name.startswith("was_") else "")


def _part(type_name: str, name: str, value: Any, style: Style) -> str:
    special = _WORDS.get((type_name, name))
    if name == "contents" and isinstance(value, tuple):
        value = len(value)  # their ids are those of the packings before
    if special is not None:
        return special.format(value_text(name, value, style))
    if isinstance(value, bool):
        words = label(name)
        return words if value else f"not {words}"
    told = value_text(name, value, style)
    return told if name == "period" else f"{label(name)} {told}"


def label(name: str) -> str:
    """A field's name in words, without the unit, which follows its value."""
    if name in _NAMES:
        return _NAMES[name]
    words = name.replace("_", " ")
    for end in _UNITS:
        words = words.removesuffix(end.replace("_", " "))
    if name.endswith("_within_hours"):
        words += " within"
    return words.removesuffix(" eighths")


def difference_words(name: str, before: Any, after: Any, style: Style) -> str:
    """A changed field in words, as in `setups shot 11 → 12`."""
    was, now = (
        style.nothing if v in (None, ()) else value_text(name, v, style) for v in (before, after)
    )
    return f"{label(name)} {was} {style.arrow} {now}"


def value_text(name: str, value: Any, style: Style) -> str:
    """A value in words; the end of the field's name gives its unit."""
    if isinstance(value, _Change):
        return f"{value_text(name, value.new, style)} (was {value_text(name, value.old, style)})"
    if isinstance(value, Period):
        return str(value)
    if name.endswith("_eighths") and isinstance(value, int):
        return pages(value)
    if isinstance(value, tuple):
        between = " in " if name == "containers" else "; "
        return between.join(value_text("", item, style) for item in value)
    if isinstance(value, Pieces):
        lot = value.lot
        return ", ".join((f"{value.quantity:,} {place_words(lot)}", *loan_words(lot, style)))
    if isinstance(value, DayPlan):
        last = "" if value.first == value.last else f"..{value.last}"
        return f"{value.first}{last} {value.type}"
    if isinstance(value, Struct):
        return " ".join(style.text(getattr(value, part)) for part in value.__struct_fields__)
    unit = next((unit for end, unit in _UNITS.items() if name.endswith(end)), "")
    return f"{style.text(value)} {unit}" if unit and value is not None else style.text(value)


def pages(eighths: int) -> str:
    """Pages of a script as a schedule counts them: 19 eighths are 2 3/8."""
    whole, rest = divmod(eighths, 8)
    return f"{whole} {rest}/8" if whole and rest else f"{rest}/8" if rest else str(whole)


def _plain(value: Any) -> Any:
    """A stored value, as far as it is readable without the code that wrote it."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if isinstance(value, str | int | float):
        return value
    return msgspec.json.encode(value).decode()
