"""Write docs/reference/events.md: every event with its fields, its tags and a stored line.

Names, types and texts come from the code, the lines from the frozen ones of the tests.
The meanings of the fields are here, since the reader of a payload has no docstring to look at.
"""

import types
from collections.abc import Callable, Iterator
from datetime import date, datetime
from inspect import cleandoc
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from ledger.events import STUDIO_EVENTS, DayPlan, Event
from ledger.events.equipment import KindCount, Lot, Pieces
from ledger.time.periods import Period

FROZEN = Path(__file__).parent.parent / "tests" / "golden" / "format-1.jsonl"

CHAPTERS = {
    "ledgers": "The ledger",
    "sites": "Sites and spaces",
    "projects": "Projects",
    "bookings": "Bookings",
    "equipment": "Equipment",
    "reservations": "Reservations",
}

MEANINGS = {
    "barcode": "the barcode or RFID code on it",
    "answer_by": "until when the holder may answer",
    "answer_within_hours": "hours in which a challenged holder has to answer; null: as the "
    "site says",
    "SiteRegistered.answer_within_hours": "hours in which a challenged holder has to answer",
    "area_m2": "floor area in m²; null: none is known",
    "at": "when it happened",
    "booking": "the booking",
    "EquipmentCheckedOut.booking": "the booking that it is for; null: for the custodian alone",
    "LoanProlonged.booking": "the booking that it is for; null: for the custodian alone",
    "EquipmentCheckedIn.booking": "the booking that it was for; null: for its custodian alone",
    "EquipmentSubHired.booking": "the booking that it is hired for; null: for any",
    "booking_period": "the booking's time then; the same as `period` where all of it is reserved",
    "by": "the later hold that asks",
    "capacity": "units that confirmed bookings may take at once; null: exclusive",
    "cause": "how it ended: released, past its expiry or its days, or a challenge left unanswered",
    "HoldRanked.cause": "`set` by the house, or `displaced` by a hold put ahead of it",
    "closure": "the closure",
    "day_ends": "when the house's day ends; work that begins earlier belongs to the day before",
    "containers": "the container, and the ones around it, innermost first",
    "contact": "whom to ask about the booking",
    "contents": "the things that lie directly in the container afterwards",
    "StockTransferred.contents": "the things directly in the container afterwards, where one was "
    "packed or unpacked",
    "custodian": "who answers for the item",
    "EquipmentCheckedIn.due_at": "when it was due back",
    "dropped": "whether the plan is off",
    "day": "the day shot",
    "demo": "whether everything in it is made up",
    "destination": "where it went: a space, or `outside:` and a name",
    "due_at": "when it is due back",
    "equipment": "the item",
    "EquipmentReserved.equipment": "the item or the stock; null: any of the kind",
    "ReservationReleased.equipment": "the item or the stock; null: any of the kind",
    "EquipmentSubHired.equipment": "the stock; null: any of the kind",
    "equipment_kind": "the kind that the item has",
    "EquipmentReserved.equipment_kind": "the kind",
    "ReservationReleased.equipment_kind": "the kind",
    "EquipmentSubHired.equipment_kind": "the kind",
    "expires_at": "when the hold ends by itself; null: never",
    "format": "the format version of lines and storage",
    "home": "where the item belongs when it is not in use",
    "in_service_on": "the first day in service",
    "into": "the booking that has its days now",
    "job": "the job that it was made for, together with others; null: none",
    "keeps_place": "whether a hold stays as senior as it was",
    "kind": "what it is",
    "SpaceClosed.kind": "why it is closed",
    "SpaceReopened.kind": "why it was closed",
    "ServiceStarted.kind": "what is done to it",
    "ServiceCompleted.kind": "what was done to it",
    "latest": "whether no event of a later time was known for the item",
    "latest_for": "those containers for which no event of a later time was known",
    "former": "the log's name until here",
    "local_name": "its name in the local script",
    "lost_root": "the root of that checkpoint, base64",
    "lost_size": "the largest known checkpoint of the former log that is not continued",
    "maker": "who made it",
    "milestone": "the milestone, such as `picture-lock`",
    "name": "its name",
    "newest_at": "the latest time of all transfers of the stock",
    "note": "a note for others",
    "of_kind": "the pieces of its kind afterwards, and which of them are or will be in service; "
    "null: unchanged, or not counted",
    "of_was_kind": "the same of its former kind; null: its kind is the same",
    "on": "the day",
    "SpaceChanged.on": "the first day of these facts",
    "SpaceDecommissioned.on": "the first day without it",
    "BookingWrapped.on": "the last day of use",
    "operator": "who runs it",
    "origin": "where it was: a space, or `outside:` and a name",
    "LedgerOpened.origin": "whose ledger it is, for ever",
    "LedgerContinued.origin": "the log's name from here on",
    "StockTransferred.origin": "the lot that the pieces left; null: they were found or bought",
    "StockTransferred.destination": "the lot that they came to; null: they were lost or retired",
    "outcome": "how it ended",
    "owner": "whose it is; null: the house's",
    "overran": "the firm bookings whose time it used",
    "pages_planned_eighths": "pages planned, in eighths of a page",
    "pages_shot_eighths": "pages shot, in eighths of a page",
    "period": "the booking's time after the event",
    "SpaceClosed.period": "when it is closed",
    "SpaceReopened.period": "the part of it that is open again",
    "BookingWrapped.period": "what it used",
    "ServicePlanned.period": "when it will be in service",
    "EquipmentReserved.period": "the time reserved",
    "ReservationReleased.period": "the time that was reserved",
    "EquipmentSubHired.period": "the time for which it is hired",
    "pieces": "all lots of the stock afterwards, with their numbers",
    "EquipmentDescribed.pieces": "how many pieces the item has",
    "part_of": "the space that it is a part of, whose floor it shares",
    "phase": "the phase of building that it belongs to",
    "place": "where it was: a space, or `outside:` and a name",
    "SiteRegistered.place": "the town or address",
    "plan": "what its days are for; a day that is not listed is a shoot day",
    "project": "the project",
    "quantity": "how many",
    "EquipmentRegistered.quantity": "the pieces of a stock; null: a single item",
    "EquipmentSubHired.quantity": "how many; 0: none, after all",
    "how": "what became of the pieces",
    "reference": "its id in another system",
    "reservation": "the reservation",
    "serial": "its serial number",
    "subhire": "the sub-hire",
    "supplier": "who lends it",
    "rank": "its place among the live holds that it overlaps, from 1",
    "BookingRescheduled.rank": "its new rank if it is a hold; null: it is confirmed",
    "root": "the root of those lines, base64",
    "setups_planned": "camera setups planned",
    "setups_shot": "camera setups shot",
    "shooting_hours": "hours from the first shot to the last",
    "site": "the site",
    "size": "how many lines are shared: all those before this one",
    "space": "the space",
    "split_from": "the booking that it was a part of; null: none",
    "still_in": "the booking that should have left the space and has not wrapped; null: none",
    "title": "the title, in any script",
    "turnaround_hours": "hours that it needs between two productions; null: none",
    "units": "units taken of a shared space's capacity",
    "until": "when it is expected to be done; null: not known",
    "value": "its worth",
    "within": "the container that took it along; null: it went by itself",
    "EquipmentReserved.within": "the case that it was reserved with; null: by itself",
    "ReservationReleased.within": "the case that it was reserved with; null: by itself",
    "was_due_at": "when it was due back until now",
    "was_kind": "its former kind; null: the same one",
    "was_quantity": "how many there were before; null: it is new",
    "EquipmentReserved.was_period": "the time reserved until now; null: it is new",
    "ServicePlanned.kind": "what will be done to it",
    "valid_until": "until when a calibration is valid",
    "was": "who answered for it before; null: no one in particular",
    "SpaceReopened.was": "the planned closure until now",
    "was_period": "the booking's time before the event",
    "was_project": "the project that had it before; null: the same one",
    "was_rank": "its rank before the event",
    "was_space": "where it was before the event",
    "zone": "the IANA zone of its clock",
    "LedgerOpened.zone": "the IANA zone in which `--as-of` reads a day",
}
"""By field, or by event and field if the meaning differs there."""

_PLAIN = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    date: "day",
    datetime: "instant, UTC",
    Period: "period",
    DayPlan: "day plans",
    KindCount: "count",
    Lot: "lot",
    Pieces: "lots with a number",
}


def write_reference(out: Callable[[str], None]) -> None:
    """Write a chapter for each noun and a section for each of its events."""
    lines = frozen_lines()
    chapter = ""
    for event_type in STUDIO_EVENTS:
        noun = event_type.__module__.rpartition(".")[2]
        if noun != chapter:
            chapter = noun
            out(f"\n## {CHAPTERS[noun]}\n")
        out("\n" + "\n".join(section(event_type, lines[event_type.type_name])) + "\n")
    out("\n")


def frozen_lines() -> dict[str, str]:
    """Return the newest frozen line of each type."""
    lines = FROZEN.read_text(encoding="utf-8").splitlines()
    return {msgspec.json.decode(line)["type"]: line for line in lines}


def section(event_type: type[Event], line: str) -> Iterator[str]:
    """Yield the lines of one event's section."""
    yield f"### {event_type.type_name}\n"
    yield cleandoc(event_type.__doc__ or "")
    parsed = msgspec.json.decode(line)
    held = "" if event_type.effective is Event.effective else f" Effective: {when(event_type)}."
    tags = ", ".join(f"`{tag}`" for tag in parsed["tags"])
    yield f"\nSchema {event_type.schema}.{held} The one below is tagged {tags}.\n"
    yield "| field | type | meaning |"
    yield "| --- | --- | --- |"
    hints = get_type_hints(event_type)
    for field in event_type.__struct_fields__:
        yield f"| `{field}` | {type_text(hints[field])} | {meaning(event_type, field)} |"
    payload = msgspec.json.format(msgspec.json.encode(parsed["data"]["payload"])).decode()
    yield f"\n```json\n{payload}\n```"


def when(event_type: type[Event]) -> str:
    """Return which of its times is the effective one, as the end of a sentence."""
    text = " ".join((event_type.effective.__doc__ or "").split()).rstrip(".")
    return text[:1].lower() + text[1:]


def meaning(event_type: type[Event], field: str) -> str:
    """Return the meaning of the field in that event. Raises `KeyError` for one without a text."""
    own = MEANINGS.get(f"{event_type.type_name}.{field}")
    return MEANINGS[field] if own is None else own


def type_text(hint: Any) -> str:
    """Return a field's type in words."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " · ".join(f"`{value}`" for value in arguments)
    if origin in (Union, types.UnionType):
        rest = [type_text(one) for one in arguments if one is not type(None)]
        return ", ".join(rest) + ", or null"
    if origin is tuple:
        return f"list of {type_text(arguments[0])}"
    return _PLAIN[hint]
