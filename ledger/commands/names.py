"""Names and titles of things: beside their ids in a table, and as a way to find the id."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ledger.commands.ids import FIRST_EVENTS
from ledger.entities import KINDS
from ledger.entities.folding import Noun
from ledger.entities.spaces import Space
from ledger.errors import BadInput, UnreadableEvent
from ledger.events.base import Event, Query, RecordedEvent, type_names
from ledger.tags import tag
from ledger.time.periods import zone

if TYPE_CHECKING:
    from ledger.application import Ledger
    from ledger.projections.querying.live_views import Answer

_NAME_FIELDS = ("name", "title")
_AT_ONCE = 50
"""Ids in one question to the log."""


def _naming(kind: str) -> tuple[type[Event], ...]:
    """The event types that name a thing of that kind; none for a kind without names."""
    noun: type[Noun] | None = KINDS.get(kind)
    types = () if noun is None else noun.types()
    return tuple(t for t in types if set(_NAME_FIELDS) & {*t.__struct_fields__})


NAMED = tuple(kind for kind in FIRST_EVENTS if _naming(kind))
"""The kinds of things that have a name or a title."""


def names_beside(answer: "Answer", ledger: "Ledger") -> dict[str, dict[str, str]]:
    """Return the names of the things in an answer, by column and id.

    A column of ids is named after their kind, `project` or `projects`. Where the answer has a
    column with the names, or a name repeats its id, there is nothing to add; nor to a column that a
    narrow table can spare.
    """
    columns = {column.name for column in answer.columns}
    if columns & {*_NAME_FIELDS} or answer.recorded_at is None:
        return {}
    found = {}
    for column in sorted(column.name for column in answer.columns if not column.spare):
        kind = column if column in NAMED else column.removesuffix("s")
        if kind in NAMED:
            ids = {id for row in answer.rows for id in _ids(getattr(row, column))}
            names = _names(ledger, kind, sorted(ids), answer.as_of, answer.recorded_at)
            found[column] = {id: name for id, name in names.items() if _plain(id) != _plain(name)}
    return found


def _ids(value: Any) -> list[str]:
    values = value if isinstance(value, tuple | list) else (value,)
    return [id for id in values if isinstance(id, str) and id]


def _plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _names(
    ledger: "Ledger", kind: str, ids: Sequence[str], until: int, at: datetime
) -> dict[str, str]:
    names: dict[str, str] = {}
    for first in range(0, len(ids), _AT_ONCE):
        some = ids[first : first + _AT_ONCE]
        queries = [Query((tag(kind, id),), type_names(_naming(kind))) for id in some]
        by_id: dict[str, list[RecordedEvent]] = {}
        for entry in ledger.log.read(queries, until=until):
            by_id.setdefault(getattr(entry.event, kind, ""), []).append(entry)
        names.update((id, _name(kind, entries, at)) for id, entries in by_id.items() if id)
    return {id: name for id, name in names.items() if name}


def _name(kind: str, entries: Sequence[RecordedEvent], at: datetime) -> str:
    """The name that a thing has by then; a space may get another on a later day."""
    if kind == Space.noun:
        try:
            space = Space.fold(entries)
        except UnreadableEvent:
            return ""
        return space.facts_on(at.astimezone(zone(space.zone)).date()).name
    said = [getattr(entry.event, field, None) for entry in entries for field in _NAME_FIELDS]
    return next((name for name in reversed(said) if isinstance(name, str)), "")


# --- finding by name ----------------------------------------------------------------------


def ids_named(ledger: "Ledger", kind: str, name: str) -> list[str]:
    """Return the ids of the things that have, or had, that name, in any case."""
    wanted = name.strip().casefold()
    return sorted(
        {
            getattr(entry.event, kind)
            for entry in ledger.log.read([Query((), type_names(_naming(kind)))])
            for field in _NAME_FIELDS
            if str(getattr(entry.event, field, "")).casefold() == wanted
        }
    )


def with_ids(ledger: "Ledger", given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a view's parameters with ids in place of the names of things.

    An id that the ledger knows stays as it is, and so does a text that nothing is called.
    Raises `BadInput` for a name that several things have.
    """
    return {
        kind: _id_of(ledger, kind, value) if kind in NAMED and isinstance(value, str) else value
        for kind, value in given.items()
    }


def _id_of(ledger: "Ledger", kind: str, text: str) -> str:
    if not text.strip() or _is_known(ledger, kind, text):
        return text
    found = ids_named(ledger, kind, text)
    if len(found) > 1:
        raise BadInput(
            f"several things of the kind {kind} are called {text!r}",
            advice=f"Give an id: {' or '.join(found)}",
        )
    return found[0] if found else text


def _is_known(ledger: "Ledger", kind: str, text: str) -> bool:
    try:
        asked = tag(kind, text)
    except BadInput:
        return False
    return next(iter(ledger.log.read([Query((asked,))], limit=1)), None) is not None
