"""Fields of entities in words: their names, values and times, as a person reads them."""

from datetime import date, datetime
from typing import Any

from ledger.commands.event_text import label, pages, stored_words, value_text
from ledger.entities import Fact
from ledger.entities.bookings import FIGURES
from ledger.events.base import Event, UnknownEvent
from ledger.terminal.sheets import Style
from ledger.time.periods import Period

LATE = "late"
"""Marks a fact recorded after one that holds later."""

TO_COME = "to come"
"""Marks a fact known to hold from a later day."""

_WITHDRAWN = ("planned", "reached")
_WITHOUT = {"capacity": "exclusive", "answer_within_hours": "as its site"}
"""The meaning of a field without a value: a space without a capacity is exclusive."""


def plain_value(value: Any) -> Any:
    """A value for programs; of an event that no field could take, its payload."""
    return value.payload if isinstance(value, UnknownEvent) else value


def field_words(field: str, fact: Fact, style: Style) -> str:
    """The value of a fact, as a table shows it."""
    value = words(field, fact.value, style)
    if fact.via is None:
        return value
    # Its container had moved before the packing was recorded.
    since = f", known since #{fact.known}" if fact.known > fact.entry.position else ""
    return f"{value} (in {fact.via}{since})"


def words(field: str, value: Any, style: Style) -> str:
    """A value of a field in words."""
    stem = field.partition(".")[0]
    if value is None:
        return "withdrawn" if stem in _WITHDRAWN else _WITHOUT.get(stem, style.nothing)
    if stem == "shoot-day" and isinstance(value, dict):
        return figures_words(value)
    if isinstance(value, Event):
        return event_words(value, style)
    return value_text(stem, value, style)


def event_words(event: Event, style: Style) -> str:
    """An event that no field could take: its stored fields, name and value."""
    facts = stored_words(event)
    return ", ".join(f"{n.replace('_', ' ')} {value_text(n, v, style)}" for n, v in facts.items())


def figures_words(figures: dict[str, Any]) -> str:
    """The figures of a shoot day, shot of planned: `12 of 14 setups, 2 3/8 of 3 pages, 9.5 h`."""
    planned, shot, pages_planned, pages_shot, hours = (figures[name] for name in FIGURES)
    return (
        f"{_of(str(shot), str(planned))} setups, "
        f"{_of(pages(pages_shot), pages(pages_planned))} pages, {hours:g} h"
    )


def _of(done: str, planned: str) -> str:
    return f"{done} of {planned}" if planned != "0" else done


def name_words(field: str) -> str:
    """The name of a field in a sentence: `area`, `answer within`, `planned picture-wrap`."""
    stem, _, part = field.partition(".")
    told = label(stem).replace("-", " ")
    return f"{told} {part}" if part else told


def told_time(when: Any, style: Style) -> Any:
    """An effective time in words; None for a period, which is a field of its own."""
    if isinstance(when, Period) or when is None:
        return None
    return when_words(when, style)


def when_words(when: date | datetime, style: Style) -> str:
    """A day, or an instant in the ledger's zone; midnight shows as the day alone."""
    if isinstance(when, datetime):
        return style.text(when).removesuffix(" 00:00")
    return str(when)


def short_period(period: Period) -> str:
    """A period in a report: `2025-07-01..14` if its days are whole."""
    days = period.days
    if days.period(period.zone) != period:
        return str(period)
    first, last = str(days.first), str(days.last)
    if first == last:
        return first
    same = 8 if first[:8] == last[:8] else 5 if first[:5] == last[:5] else 0
    return f"{first}..{last[same:]}"
