"""Events: frozen Structs with a name, a schema version, tags and a time.

An event's *type name* is short and stable (`BookingConfirmed`, a plugin's
`expo.ExhibitorRegistered`) and never a class path, so that code can move and history stays
readable. Its tags follow from its fields alone, so the index can be derived again from the payloads
and compared.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, ClassVar, Generic, Self, TypeVar

import msgspec
from msgspec import Raw, Struct

from ledger.errors import InternalError, LedgerError
from ledger.time.periods import Period

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns a payload of one schema version into one of the next. Runs only on reading."""


class Event(Struct, frozen=True, kw_only=True, gc=False):
    """Base of all events: a past-tense fact. Subclass it, frozen, with keyword fields.

    No value of an event refers back to it, so the garbage collector need not track the millions
    that a replay makes. If it does, row `replay` of the benchmarks has 0.84 of its rate.

    `type_name` defaults to the class's name; a plugin prefixes its own (`expo.…`).
    `schema` counts from 1; `upcasters[n]` turns a payload of version n into n + 1.

    `carried` are the fields that later events of the same thing repeat: a correction of one is
    carried on to those. `settled` are those that follow from something else: none can be
    corrected by itself.
    """

    type_name: ClassVar[str] = ""
    schema: ClassVar[int] = 1
    upcasters: ClassVar[Mapping[int, Upcaster]] = {}
    carried: ClassVar[frozenset[str]] = frozenset()
    settled: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **config: Any) -> None:
        super().__init_subclass__(**config)
        if "type_name" not in cls.__dict__:
            cls.type_name = cls.__name__

    def tags(self) -> tuple[str, ...]:
        """The tags of what the event is about, derived from its fields alone."""
        return ()

    def effective(self) -> Period | datetime | date | None:
        """When it held in the studio, where the event says so."""
        return None

    def corrected(self, changes: Mapping[str, Any]) -> Self:
        """Return the event with other values, and what follows from these."""
        return msgspec.structs.replace(self, **changes)


class UnknownEvent(Event, frozen=True):
    """An event that no installed code can read: carried, shown and hashed like any other.

    A plugin was removed, or a later version wrote it. `payload` is its JSON, untouched.
    """

    payload: Raw


class Header(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who recorded an event, and why.

    `request` is the key that makes a command safe to repeat and `digest` identifies that command;
    `corrects` is the position of the event in whose place this one stands; with `undone` nothing
    stands there any more, and the event repeats what was taken back. `also` are the tags under
    which that place was found so far, beyond the event's own. `batch` joins events that were
    recorded as one, all or none.
    """

    actor: str
    reason: str | None = None
    request: str | None = None
    digest: str | None = None
    corrects: int | None = None
    undone: bool = False
    also: tuple[str, ...] = ()
    batch: str | None = None


E = TypeVar("E", bound=Event)


class _Data(Struct, Generic[E], frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The `data` column: the header's fields, then the schema version and the payload."""

    actor: str
    reason: str | None = None
    request: str | None = None
    digest: str | None = None
    corrects: int | None = None
    undone: bool = False
    also: tuple[str, ...] = ()
    batch: str | None = None
    schema: int
    payload: E


class _RawData(_Data[Any], frozen=True, kw_only=True, omit_defaults=True):
    payload: Raw


def _data_of(event: E, header: Header) -> _Data[E]:
    return _Data(
        actor=header.actor,
        reason=header.reason,
        request=header.request,
        digest=header.digest,
        corrects=header.corrects,
        undone=header.undone,
        also=header.also,
        batch=header.batch,
        schema=event.schema,
        payload=event,
    )


class RecordedEvent(Struct, eq=False, gc=False):
    """An event in the log: its position, recorded time, tags, who recorded it and why.

    Cheap to make, since a replay makes millions: the recorded time and the tags are
    parsed when they are asked for.
    """

    position: int
    _recorded_at: str
    type: str
    _tags: str
    data: _Data[Any]

    @classmethod
    def pending(
        cls, position: int, recorded_at: str, event: Event, header: Header, tags: Sequence[str]
    ) -> "RecordedEvent":
        """An event that is about to be recorded, for the decisions that come after it."""
        data = _data_of(event, header)
        return cls(position, recorded_at, event.type_name, _encode(tags).decode(), data)

    @property
    def event(self) -> Event:
        """The event itself; an `UnknownEvent` where no installed code can read it."""
        event: Event = self.data.payload
        return event

    @property
    def recorded_at(self) -> datetime:
        """When the log recorded it, in UTC."""
        return parse_recorded_at(self._recorded_at)

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags it was recorded with."""
        return parse_tags(self._tags)

    @property
    def actor(self) -> str:
        """Who recorded it."""
        return self.data.actor

    @property
    def reason(self) -> str | None:
        """Why, in the actor's words."""
        return self.data.reason

    @property
    def request(self) -> str | None:
        """The key of the request that recorded it."""
        return self.data.request

    @property
    def digest(self) -> str | None:
        """The digest that identifies that request's command."""
        return self.data.digest

    @property
    def corrects(self) -> int | None:
        """The position of the event that it corrects."""
        return self.data.corrects

    @property
    def undone(self) -> bool:
        """Whether it takes that event back, and repeats only what that said."""
        return self.data.undone

    @property
    def also(self) -> tuple[str, ...]:
        """Further tags: those of what it corrects."""
        return self.data.also

    @property
    def said_at(self) -> int:
        """The position of the event that says this: its own, or that of its last correction."""
        return self.position

    @property
    def batch(self) -> str | None:
        """The batch that it was recorded in."""
        return self.data.batch

    @property
    def schema(self) -> int:
        """The schema version that it was written with."""
        return self.data.schema

    def __repr__(self) -> str:
        return f"#{self.position} {self.type} {self.data.payload!r}"


_TO_SECONDS = len("YYYY-MM-DDTHH:MM:SS.ffffff")


def format_recorded_at(instant: datetime) -> str:
    """The fixed-width form of the log, `YYYY-MM-DDTHH:MM:SS.ffffffZ`: it sorts as text."""
    # Not strftime, which writes the year 900 with three digits.
    in_utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return in_utc.isoformat(timespec="microseconds")[:_TO_SECONDS] + "Z"


def parse_recorded_at(text: str) -> datetime:
    """The instant of a `recorded_at` column."""
    return datetime.fromisoformat(text)


_tags = msgspec.json.Decoder(tuple[str, ...])
_encode = msgspec.json.Encoder().encode


def parse_tags(text: str) -> tuple[str, ...]:
    """The tags of a `tags` column."""
    return _tags.decode(text)


class Query(Struct, frozen=True):
    """Events that carry all of `tags` and, where `types` is not empty, one of those types."""

    tags: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def matches(self, type: str, tags: Iterable[str]) -> bool:
        """Whether such an event matches the query."""
        return (not self.types or type in self.types) and set(self.tags) <= set(tags)


class Boundary(Struct, frozen=True):
    """The reads of a decision: they stand while no matching event comes after `after`."""

    queries: tuple[Query, ...]
    after: int


class Registry:
    """The event types that can be read, by name: the studio's own and the plugins'.

    Raises `InternalError` for two types of one name or a chain of upcasters with a gap.
    """

    def __init__(self, types: Iterable[type[Event]] = ()) -> None:
        self._types: dict[str, type[Event]] = {}
        self._decoders: dict[str, msgspec.json.Decoder[Any]] = {}
        self._raw = msgspec.json.Decoder(_RawData)
        self._encoder = msgspec.json.Encoder()
        for event_type in types:
            self.add(event_type)

    def add(self, event_type: type[Event]) -> None:
        """Make a type readable."""
        name = event_type.type_name
        if self._types.get(name, event_type) is not event_type:
            raise InternalError(
                f"two event types are named {name}: {self._types[name]!r}, {event_type!r}"
            )
        missing = set(range(1, event_type.schema)) - set(event_type.upcasters)
        if missing:
            raise InternalError(f"{name} has no upcaster from schema {min(missing)}")
        self._types[name] = event_type
        self._decoders[name] = msgspec.json.Decoder(_Data[event_type])  # type: ignore[valid-type]  # a type made at run time, one decoder each

    def __contains__(self, type_name: str) -> bool:
        return type_name in self._types

    def __iter__(self) -> Iterator[type[Event]]:
        return iter(self._types.values())

    def encode(self, event: Event, header: Header) -> bytes:
        """The `data` column of an event, JSON in a fixed key order."""
        return self._encoder.encode(_data_of(event, header))

    def decode(
        self, position: int, recorded_at: str, type: str, tags: str, data: bytes
    ) -> RecordedEvent:
        """The recorded event of a stored row, brought up to today's schema.

        An event that cannot be read as its type (unknown, newer, or not fitting its schema) becomes
        an `UnknownEvent`, so that one odd event never breaks a replay.
        """
        decoder = self._decoders.get(type)
        if decoder is not None:
            try:
                typed: _Data[Any] = decoder.decode(data)
                if typed.schema == self._types[type].schema:
                    return RecordedEvent(position, recorded_at, type, tags, typed)
            except (msgspec.ValidationError, ValueError, LedgerError):
                pass  # an older schema may not fit today's fields: upcast below
        return RecordedEvent(position, recorded_at, type, tags, self._upcast(type, data))

    def tags_column(self, type: str, data: bytes) -> bytes | None:
        """Return the `tags` column for the event in a `data` column; None if unknown.

        It is unknown where no installed code can read the event, or where the event has an older
        schema: today's code then cannot tell its tags.
        """
        decoder = self._decoders.get(type)
        if decoder is None:
            return None
        try:
            typed: _Data[Any] = decoder.decode(data)
        except (msgspec.MsgspecError, ValueError, LedgerError, RecursionError):
            return None
        event: Event = typed.payload
        if typed.schema != event.schema:
            return None
        return self._encoder.encode(recorded_tags(event, typed))

    def _upcast(self, type: str, data: bytes) -> "_Data[Any]":
        raw = self._raw.decode(data)
        event: Event = UnknownEvent(payload=Raw(bytes(raw.payload)))
        event_type = self._types.get(type)
        if event_type is not None and raw.schema < event_type.schema:
            try:
                payload = msgspec.json.decode(raw.payload)
                for version in range(raw.schema, event_type.schema):
                    payload = event_type.upcasters[version](payload)
                event = msgspec.convert(payload, event_type)
            except Exception:  # noqa: BLE001,S110  # an upcaster is a plugin's: it may fail in any way
                pass  # carried unread; `doctor` and `log` show it as unknown
        fields = {name: getattr(raw, name) for name in Header.__struct_fields__}
        return _Data(**fields, schema=raw.schema, payload=event)


def recorded_tags(event: Event, header: "Header | _Data[Any]") -> tuple[str, ...]:
    """The tags that an event is recorded with: its own, those of what it corrects, its request's,
    its batch's."""
    tags = event.tags()
    if header.also:
        tags = (*tags, *header.also)
    if header.request is not None:
        tags = (*tags, f"request:{header.request}")
    if header.batch is not None:
        tags = (*tags, f"batch:{header.batch}")
    return tuple(dict.fromkeys(tags))


@lru_cache
def type_names(types: tuple[type[Event], ...]) -> tuple[str, ...]:
    """The names of event types, sorted: the form that a `Query` holds."""
    return tuple(sorted(t.type_name for t in types))
