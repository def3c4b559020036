"""Changes of things as a report: a heading for each kind, a sentence for each deed."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import groupby
from typing import Any

from msgspec import structs

from ledger.commands.event_text import correction_words
from ledger.commands.history.change_text import Telling
from ledger.commands.history.field_text import figures_words
from ledger.entities import Change, Entity, EntityChanges, Fact, effective
from ledger.entities.bookings import FIGURES
from ledger.entities.equipment import PLACE
from ledger.events import (
    BookingStarted,
    BookingWrapped,
    EquipmentRegistered,
    MilestoneReached,
    ProjectClosed,
    ShootDayReported,
)
from ledger.events.base import RecordedEvent
from ledger.events.equipment import EquipmentEvent
from ledger.terminal.sheets import Style
from ledger.terminal.tables import cells, pad, printable, wrapped
from ledger.time.periods import zone as zone_of

_HEADINGS = {
    "booking": "Bookings",
    "equipment": "Equipment",
    "reservation": "Reservations",
    "subhire": "Sub-hires",
    "project": "Projects",
    "space": "Spaces",
    "closure": "Closures",
    "site": "Sites",
    "event": "Other events",
}

_WIDEST = 24
"""Widest id, in cells, beside its sentences; a longer one stands above them."""

_MARGIN = "  "


class Report:
    """Sentences about changed things. `style` has the ledger's zone."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._telling = Telling(style)

    def lines(self, found: Iterable[EntityChanges], room: int, *, bold: bool) -> Iterator[str]:
        """The report, each line at most `room` cells."""
        for number, (kind, of_kind) in enumerate(groupby(found, key=lambda c: c.entity.kind)):
            heading = _HEADINGS.get(kind, kind.capitalize())
            if number:
                yield ""
            yield f"\x1b[1m{heading}\x1b[0m" if bold else heading
            things = list(of_kind)
            ids = [printable(_id(thing.entity)) for thing in things]
            width = max((cells(id) for id in ids if cells(id) <= _WIDEST), default=0)
            for id, thing in zip(ids, things, strict=True):
                yield from self._thing(id, thing, width, room)

    def _thing(self, id: str, thing: EntityChanges, width: int, room: int) -> Iterator[str]:
        margin = _MARGIN + " " * width + _MARGIN
        begin = _MARGIN + pad(id, width) + _MARGIN
        if cells(id) > width:
            yield _MARGIN + id
            begin = margin
        for sentence in self.sentences(thing):
            first, *further = wrapped(_whole(printable(sentence)), max(room - len(margin), 20))
            yield begin + first.replace(_NO_BREAK, " ")
            # further lines are indented, so that the start of each sentence shows
            for line in wrapped(" ".join(further), max(room - len(margin) - len(_MARGIN), 20)):
                yield margin + _MARGIN + line.replace(_NO_BREAK, " ")
            begin = margin

    # --- sentences -----------------------------------------------------------------------

    def sentences(self, thing: EntityChanges) -> list[str]:
        """Describe the changes of a thing; a new one is introduced first, in one sentence."""
        changes = list(thing.changes)
        told: list[str] = []
        begun = 0
        if thing.new:
            first = min((c.steps[0].entry for c in changes if c.steps), key=lambda e: e.position)
            summary = _summary(thing.entity, first.position, self._telling)
            if summary:
                begun = first.position
                told.append(self._said([f"new: {summary}"], [first], []))
                changes = [later for c in changes for later in _later(c, begun)]
        changes = [part for change in changes for part in _late_apart(change)]
        changes = [part for change in changes for part in _each_transfer(change)]
        alike: list[str] = []
        for stem, tell in (("planned", self._milestones), ("shoot-day", self._shoot_days)):
            many = [c for c in changes if c.field.startswith(f"{stem}.") and c.before is None]
            if len(many) > 1:
                changes = [change for change in changes if change not in many]
                alike.append(tell(many))
        for _, group in groupby(sorted(changes, key=_cause), key=_cause):
            told += self._deed(list(group), begun)
        return [*told, *alike]

    def _deed(self, changes: list[Change], begun: int) -> Iterator[str]:
        """Describe the event that set these fields, with those on the way after `begun`."""
        entry = changes[0].fact.entry
        parts = self._telling.deeds(entry, {change.field: change for change in changes})
        if not parts:
            return
        # A path over several places names each step; otherwise the last deed stands for all.
        ways = [c for c in changes if c.field == PLACE or c.change == "kept"]
        steps = [s for c in ways for s in c.steps if s.entry.position > begun]
        entries = {entry.position: entry, **{s.entry.position: s.entry for s in steps}}
        facts = [*steps, *(change.fact for change in changes)]
        yield self._said(parts, [entries[n] for n in sorted(entries)], facts)

    def _milestones(self, planned: list[Change]) -> str:
        """Describe several planned milestones in one sentence."""
        days = sorted((c.after, c.field.partition(".")[2]) for c in planned if c.after is not None)
        told = ", ".join(f"{milestone} {day}" for day, milestone in days)
        return f"milestones planned: {told} {_by(planned)}"

    def _shoot_days(self, reports: list[Change]) -> str:
        """Describe several shoot days in one sentence, with their totals."""
        days = sorted(change.field.partition(".")[2] for change in reports)
        total: dict[str, Any] = {
            name: sum(change.after[name] for change in reports) for name in FIGURES
        }
        many = f"{len(days)} shoot days reported, {days[0]} to {days[-1]}"
        return f"{many} {_by(reports)}: {figures_words(total)}"

    def _said(self, deed: list[str], entries: list[RecordedEvent], facts: list[Fact]) -> str:
        """A sentence: the deed, its actor, how late; positions, correction and reason."""
        last = entries[-1]
        late = max((late_days(fact, self._style.zone) for fact in facts), default=0)
        marks = [", ".join(f"#{entry.position}" for entry in entries[-_FEW:])]
        if len(entries) > _FEW:
            marks[0] = f"#{entries[0].position} … #{last.position}"
        if last.corrects is not None:
            marks.append(correction_words(last))
        only = ""
        if late > 0:
            only = f", recorded only on {_day(last.recorded_at, self._style.zone)}"
            marks.append(f"late by {late} day{'s' * (late > 1)}")
        if last.reason:
            marks.append(f'"{last.reason}"')
        by = [f"{deed[0]} by {last.actor}{only}", *deed[1:]]
        return f"{', '.join(by)} ({', '.join(marks)})"


_FEW = 4
"""Most positions that are named one by one."""

_NO_BREAK = "\N{NO-BREAK SPACE}"
_TOGETHER = re.compile(r"(?<=\d) (?=\d/8)|(?<=\d) (?=of \d)|(?<=\d) (?=h\b|m²|days? |setups|pages)")
"""Spaces at which a line never breaks: within a number of pages, before a unit."""


def _whole(sentence: str) -> str:
    return _TOGETHER.sub(_NO_BREAK, sentence)


def _id(entity: Entity) -> str:
    return f"#{entity.id}" if entity.kind == "event" else entity.id


def _by(changes: list[Change]) -> str:
    """The actors of these changes, and their first and last position."""
    entries = sorted((change.fact.entry for change in changes), key=lambda e: e.position)
    actors = ", ".join(dict.fromkeys(entry.actor for entry in entries))
    return f"by {actors} (#{entries[0].position} to #{entries[-1].position})"


def _cause(change: Change) -> int:
    return change.fact.entry.position


def _late_apart(change: Change) -> Iterator[Change]:
    """Split a change of place from the steps that were entered late between two others.

    Those led to a place that the item has left since.
    """
    steps = change.steps
    late = tuple(
        step
        for n, step in enumerate(steps)
        if any(other.known < step.known for other in steps[n + 1 :])
    )
    if change.field != PLACE or change.change == "kept" or not late:
        yield change
        return
    yield structs.replace(change, steps=tuple(step for step in steps if step not in late))
    place = late[-1].value
    yield Change(change.field, place, place, late[-1], late)


def _each_transfer(change: Change) -> Iterator[Change]:
    """Split a change of a stock's pieces: each transfer is a deed of its own."""
    if change.field != "pieces":
        yield change
        return
    before = change.before
    for step in change.steps:
        yield Change(change.field, before, step.value, step, (step,))
        before = step.value


def _later(change: Change, begun: int) -> Iterator[Change]:
    """The change of a new thing after its first event; nothing if there is none."""
    first = [step for step in change.steps if step.known == begun]
    steps = tuple(step for step in change.steps if step.known > begun)
    if steps and (first or any(step.value is not None for step in steps)):
        before = first[-1].value if first else None
        yield structs.replace(change, before=before, steps=steps)


def _summary(entity: Entity, first: int, telling: Telling) -> str:
    """Describe a thing in a few words; empty if only events are known of it.

    It is described as of its first event: the deeds that follow tell the rest.
    """

    def of(field: str) -> str:
        facts = entity.fields.get(field, ())
        fact = next((f for f in facts if f.entry.position == first), None)
        return "" if fact is None or fact.value is None else telling.value(field, fact.value)

    match entity.kind:
        case "booking" if of("space"):
            units = "" if of("units") == "1" else f", {of('units')} units"
            return f"{of('space')} for {of('project')}, {of('period')}{units}, {of('status')}"
        case "equipment" if of("pieces"):
            return f"{of('name')} ({of('kind')}), {of('pieces')}"
        case "equipment" if of("place"):
            return f"{of('name')} ({of('kind')}), at {of('place')}"
        case "reservation" if of("booking"):
            what = of("equipment") or of("kind")
            if not (of("equipment") and of("quantity") == "1"):
                what = f"{of('quantity')} {what}"
            return f"{what} for {of('booking')}, {of('period')}"
        case "subhire" if of("supplier"):
            what = of("equipment") or of("kind")
            return f"{of('quantity')} {what} from {of('supplier')}, {of('period')}"
        case "project" if of("title"):
            return f"{of('title')} ({of('kind')})"
        case "space" if of("name"):
            facts = ", ".join(filter(None, (of("kind"), of("area_m2"))))
            return f"{of('name')} ({facts}) at site {of('site')}"
        case "closure" if of("space"):
            return f"{of('space')}, {of('period')}, {of('kind')}"
        case "site" if of("name"):
            return f"{of('name')}, {of('zone')}"
    return ""


# --- late entries ------------------------------------------------------------------------

_HAPPENED = (
    EquipmentEvent,
    ShootDayReported,
    BookingStarted,
    BookingWrapped,
    MilestoneReached,
    ProjectClosed,
)
"""Recorded after they happen. Plans and periods lie ahead, and are never late."""


def late_days(fact: Fact, zone: str) -> int:
    """Return how many days after it happened it was recorded; 0 on the same day.

    An item or a project older than its first entry is not late, and a correction was not due
    before the mistake was seen.
    """
    event, when = fact.entry.event, effective(fact)
    if not isinstance(event, _HAPPENED) or isinstance(event, EquipmentRegistered):
        return 0
    if fact.entry.corrects is not None:
        return 0
    if not isinstance(when, date):
        return 0
    day = _day(when, zone) if isinstance(when, datetime) else when
    return max((_day(fact.entry.recorded_at, zone) - day).days, 0)


def _day(instant: datetime, zone: str) -> date:
    return instant.astimezone(zone_of(zone)).date()
