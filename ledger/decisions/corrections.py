"""Corrections: an entry is corrected, or taken back; the mistake stays in the log.

There is one way for all of them, whatever the entry is about. The right entry is recorded in the
place of the mistake (`Context.record`), what later entries of the same thing repeat of it is
carried on to these, and then the noun's own rules judge what stands, as of now: they read it as
any decision does. Those rules are one function a noun (`Judge`); a plugin's events are judged by
the plugins' rules.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from ledger.decisions.base import Context
from ledger.decisions.correction_refusals import (
    AlreadyCorrected,
    NoReason,
    NotCorrectable,
    StandsOnIt,
    TakenBack,
)
from ledger.entities.folding import Noun
from ledger.entities.reading import KINDS
from ledger.errors import BadInput, LedgerError, NothingChanges, UnreadableEvent, did_you_mean
from ledger.events import STUDIO_EVENTS, LedgerOpened
from ledger.events.base import Event, RecordedEvent, UnknownEvent
from ledger.events.standing import place_of
from ledger.tags import check_text
from ledger.time.periods import Moment, Period, When


class Mistake(Struct, frozen=True):
    """A mistaken entry: the last that was said in its place.

    `thing` is the tag of what it is about, `types` are the event types of that, and `said` is all
    that was said in its place, oldest first. `judge` has the rules of its noun.
    """

    thing: str
    types: tuple[type[Event], ...]
    said: tuple[RecordedEvent, ...]
    judge: "Judge | None" = None

    @property
    def entry(self) -> RecordedEvent:
        """The last that was said."""
        return self.said[-1]

    @property
    def event(self) -> Any:
        """Its event."""
        return self.entry.event

    @property
    def place(self) -> int:
        """The position at which it counts."""
        return place_of(self.entry)

    @property
    def id(self) -> str:
        """The id of the thing."""
        return self.thing.partition(":")[2]


Judge = Callable[[Context, Mistake], Callable[[], None]]
"""Looks at the thing as it is before a correction. Returns what judges it afterwards: it raises
`Refused` where what stands then may not stand."""


def find_mistake(ctx: Context, position: int, judges: Mapping[str, Judge]) -> Mistake:
    """Return the entry at a position, which must be the last said in its place.

    `judges` are the rules of the studio's nouns, by kind.

    Raises `BadInput` for a position without an entry, `UnreadableEvent`, `NotCorrectable`,
    `AlreadyCorrected`.
    """
    entry = ctx.entry(position)
    if entry is None:
        raise BadInput(f"there is no #{position}", advice="See the positions with: log")
    if isinstance(entry.event, UnknownEvent):
        raise UnreadableEvent(entry.type, position=position)
    thing = entry.tags[0] if entry.tags else ""
    kind = thing.partition(":")[0]
    of_the_studio = type(entry.event) in STUDIO_EVENTS
    if not thing or (of_the_studio and kind not in judges):
        raise NotCorrectable(entry.type, position=position)
    noun = KINDS.get(kind)
    rules = judges[kind] if of_the_studio else None
    types = noun.types() if noun is not None and of_the_studio else (type(entry.event),)
    said = [one for one in ctx.recorded(thing, *types) if place_of(one) == place_of(entry)]
    if said[-1].position != position:
        raise AlreadyCorrected(entry.position, by=said[-1].actor, position=said[-1].position)
    return Mistake(thing, types, tuple(said), rules)


def find_standing(
    ctx: Context, thing: str, event_type: type[Event], rules: Judge
) -> Mistake | None:
    """Return the newest entry of a type that stands of a thing, as a mistake."""
    entry = ctx.last(thing, event_type)
    kind = thing.partition(":")[0]
    return None if entry is None else find_mistake(ctx, entry.said_at, {kind: rules})


# --- putting right -------------------------------------------------------------------


def put_right(ctx: Context, mistake: Mistake, changes: Mapping[str, Any]) -> None:
    """Record an entry with other values in the place of a mistake.

    Raises `TakenBack`, `BadInput`, `NothingChanges`, and what the noun's rules raise.
    """
    if mistake.entry.undone:
        raise TakenBack(mistake.place, position=mistake.entry.position)
    right = mistake.event.corrected(changes)
    if right == mistake.event:
        raise NothingChanges(
            f"#{mistake.entry.position} says so already", position=mistake.entry.position
        )
    _replace(ctx, mistake, right)


def take_back(ctx: Context, mistake: Mistake) -> None:
    """Record that a mistake stands no longer; of a correction, that what it corrected stands.

    Raises `StandsOnIt`, and what the noun's rules raise.
    """
    before = mistake.said[-2] if len(mistake.said) > 1 else None
    if before is None or before.undone:
        _judged(ctx, mistake, lambda: _record(ctx, mistake, mistake.event, undone=True))
    else:
        _replace(ctx, mistake, before.event)


def _replace(ctx: Context, mistake: Mistake, right: Event) -> None:
    if right.tags()[0] != mistake.thing:
        raise BadInput(
            f"#{mistake.entry.position} would be about {right.tags()[0]}, not {mistake.thing}",
            advice="Undo it, and record it for the other",
        )

    def record() -> None:
        later = [e for e in ctx.read(mistake.thing, *mistake.types) if e.position > mistake.place]
        _record(ctx, mistake, right, undone=False)
        _carry_on(ctx, mistake.event, right, later)

    _judged(ctx, mistake, record)


def _record(ctx: Context, mistake: Mistake, event: Event, *, undone: bool) -> None:
    ctx.record(event, corrects=mistake.entry.position, undone=undone)


def _carry_on(ctx: Context, wrong: Event, right: Event, later: Sequence[RecordedEvent]) -> None:
    """Correct the later entries of the thing as far as they repeat what was wrong.

    A value that a later entry set anew is not carried further.
    """
    changed = {
        name: (getattr(wrong, name), getattr(right, name))
        for name in wrong.carried.intersection(wrong.__struct_fields__)
        if getattr(wrong, name) != getattr(right, name)
    }
    for entry in later:
        event, again = entry.event, dict[str, Any]()
        for name, (was, now) in list(changed.items()):
            old = f"was_{name}"
            if old in event.__struct_fields__ and getattr(event, old) == was:
                again[old] = now
            if name in event.carried and name in event.__struct_fields__:
                if getattr(event, name) == was:
                    again[name] = now
                else:
                    del changed[name]
        if again:
            ctx.record(event.corrected(again), corrects=entry.said_at)


def _judged(ctx: Context, mistake: Mistake, record: Callable[[], None]) -> None:
    """Record, then let the noun's rules judge what stands."""
    if mistake.judge is None:
        record()
        return
    after = mistake.judge(ctx, mistake)
    record()
    _check_begun(ctx, mistake, KINDS[mistake.thing.partition(":")[0]])
    after()


def _check_begun(ctx: Context, mistake: Mistake, noun: type[Noun]) -> None:
    """Check that the first entry of a thing stands, if any does. Raises `StandsOnIt`."""
    stands = ctx.read(mistake.thing, *mistake.types)
    first = stands[0] if stands else ctx.last(mistake.thing)
    begun = bool(stands) and type(stands[0].event) in noun.begins
    if first is not None and not begun:
        raise StandsOnIt(first.type, position=first.said_at)


# --- the values, as they are written ---------------------------------------------------


def check_reason(ctx: Context) -> None:
    """Check that the command was given with a reason. Raises `NoReason`."""
    if ctx.reason is None:
        raise NoReason()


def read_values(ctx: Context, event: Event, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of fields as their types declare, from texts. Raises `BadInput`."""
    if not given:
        raise BadInput("no field is given", advice="Write FIELD=VALUE, such as title=Night")
    hints = {field.name: field for field in msgspec.structs.fields(type(event))}
    open_to = [name for name in hints if name not in event.settled]
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name not in open_to:
            named = did_you_mean(name, open_to) or f"It has {', '.join(open_to) or 'none'}"
            raise BadInput(
                f"{event.type_name} has no field {name!r} that can be corrected", advice=named
            )
        found[name] = _read_value(ctx, event, name, value, hints[name].type)
    return found


def _read_value(ctx: Context, event: Event, name: str, value: Any, declared: Any) -> Any:
    try:
        if value in (None, "") and type(None) in getattr(declared, "__args__", ()):
            return None
        if isinstance(value, str) and _holds(declared, Period):
            return When.parse(value).resolve(_zone(ctx, event))
        if isinstance(value, str) and _holds(declared, datetime):
            return Moment.parse(value).resolve(_zone(ctx, event))
        if isinstance(value, str) and value[:1] in "[{" and not _holds(declared, str):
            value = msgspec.json.decode(value)
        made = msgspec.convert(value, declared, strict=not isinstance(value, str))
    except LedgerError:
        raise
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        why = str(error).partition(" - at ")[0]
        raise BadInput(f"{name}={value}: {why}", advice="Write it as the entry has it") from None
    return check_text(name.replace("_", " "), made) if isinstance(made, str) else made


def _holds(declared: Any, kind: type) -> bool:
    return declared is kind or kind in getattr(declared, "__args__", ())


def _zone(ctx: Context, event: Any) -> str:
    """Return the zone whose clock times are read on: that of the entry, or the ledger's."""
    period = getattr(event, "period", None)
    if isinstance(period, Period):
        return period.zone
    opened = ctx.last("ledger:opened", LedgerOpened)
    return opened.event.zone if opened and isinstance(opened.event, LedgerOpened) else "UTC"
