"""A projection: typed tables, a handler per event type, and the views that ask them.

It is a pure function of a prefix of the log. It has no clock, no state but its tables,
and nothing to register: the class is all that an author writes.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from datetime import date, datetime
from typing import Any, ClassVar, Self, TypeVar

from msgspec import Struct

from ledger.events.base import Event, RecordedEvent
from ledger.projections.faults import DECLARED, BadPlugin, refuse_second
from ledger.projections.tables import Table, TableOf
from ledger.projections.views import View, kebab
from ledger.time.periods import zone

F = TypeVar("F", bound=Callable[..., Any])
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_ON = "__handles__"

ONE_FILE_PACKAGE = "studio_ledger_plugins"
"""The package under which one-file plugins are imported, so that none hides a module."""


class Place(Struct, frozen=True):
    """How far a fold has come: the last event it saw, and when that was recorded (UTC)."""

    position: int
    recorded_at: datetime

    def day(self, zone_name: str) -> date:
        """The day on a site's clock: what "today" means to a view."""
        return self.recorded_at.astimezone(zone(zone_name)).date()


def on(*event_types: type[Event] | str) -> Callable[[F], F]:
    """Mark a method `(self, event, entry)` as the handler of these event types.

    Give an event type of another plugin by its name, `@on("expo.ExhibitorRegistered")`: nothing is
    imported, and while that plugin is not loaded its events are skipped.
    """
    for event_type in event_types:
        if not _is_event(event_type) and not _is_of_a_plugin(event_type):
            raise BadPlugin(
                f"@on takes event types, not {event_type!r}",
                advice="Import the class: from ledger.events import BookingConfirmed",
            )
    if not event_types:
        raise BadPlugin("@on has no event type", advice="Write @on(BookingConfirmed)")

    def mark(method: F) -> F:
        frame = inspect.currentframe()
        refuse_second(method, frame.f_back if frame is not None else None)
        parameters = list(inspect.signature(method).parameters.values())
        plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        if len(parameters) != 3 or any(p.kind not in plain for p in parameters):
            raise BadPlugin(
                f"the handler {method.__name__} takes {len(parameters)} parameters",
                advice=f"Write def {method.__name__}(self, event, entry):",
                subject=method,
            )
        setattr(method, _ON, event_types)
        setattr(method, DECLARED, True)
        return method

    return mark


def _views(cls: type["Projection"], members: Mapping[str, Any]) -> dict[str, View]:
    views: dict[str, View] = {}
    for attribute, declared in members.items():
        if not isinstance(declared, View):
            continue
        # An inherited view can be asked of both classes, so each has its own.
        member = declared if attribute in vars(cls) else copy(declared)
        setattr(cls, attribute, member)
        if views.setdefault(member.name, member) is not member:
            raise BadPlugin(
                f"{cls.__name__} has two views named {member.name}",
                advice="Rename one",
                subject=member.method,
            )
        member.bind(cls)
    return views


def _is_event(declared: Any) -> bool:
    return isinstance(declared, type) and issubclass(declared, Event)


def _is_of_a_plugin(declared: Any) -> bool:
    """Whether it is a name with a prefix, which the studio's own event types never have."""
    return isinstance(declared, str) and "." in declared


class Projection:
    """Base of all projections.

    `name` is its stable name (the class's in kebab case unless given). Raise `version` when rows
    mean something else than before; the tables are then rebuilt. `plugin` names the plugin that it
    comes from: its module, until the host that loads it says otherwise.
    """

    name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    plugin: ClassVar[str] = ""
    tables: ClassVar[Mapping[str, TableOf[Any]]] = {}
    handlers: ClassVar[Mapping[str, str]] = {}
    """The method that handles an event type, by the type's name."""
    event_types: ClassVar[tuple[type[Event], ...]] = ()
    views: ClassVar[Mapping[str, View]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "name" not in cls.__dict__:
            cls.name = kebab(cls.__name__)
        if "plugin" not in cls.__dict__:
            cls.plugin = plugin_name(cls.__module__)
        _check(cls)
        members = _members(cls)
        _check_members(cls, members)
        cls.tables = {n: m for n, m in members.items() if isinstance(m, TableOf)}
        cls.handlers, cls.event_types = _handlers(cls, members)
        cls.views = _views(cls, members)

    @classmethod
    def open(
        cls,
        tables: Iterable[Table[Any]] | None = None,
        *,
        at: Place | None = None,
        sealed: bool = False,
    ) -> Self:
        """Open the projection over these tables, or over empty ones in memory.

        `at` is the place they were folded to, `sealed` makes them ready for views.
        """
        projection = cls()
        given = {t.name: t for t in tables or ()}
        for name, declared in cls.tables.items():
            opened = given.get(name) or Table(name, declared.layout)
            if sealed:
                opened.seal()
            projection.__dict__[name] = opened
        projection.__dict__["_last"] = at
        return projection

    @property
    def at(self) -> Place | None:
        """The place in the log: the event being handled; in a view, the last one folded.

        None before the first event.
        """
        last: RecordedEvent | Place | None = self.__dict__.get("_last")
        if last is None or isinstance(last, Place):
            return last
        return Place(last.position, last.recorded_at)

    @property
    def now(self) -> datetime | None:
        """The instant that a view is asked for (UTC); in a handler, that of the event.

        A deadline passes without an event. A view that compares with the present takes it from
        here, never from a clock: the caller sets it, to the present for a live answer and to the
        time of an as-of. It is never before `at`. Without one it is when that event was recorded:
        None before the first event.
        """
        place, said = self.at, self.__dict__.get("_said_now")
        if place is None:
            return said
        return place.recorded_at if said is None else max(said, place.recorded_at)

    def today(self, zone_name: str) -> date | None:
        """The day of `now` on a site's clock."""
        now = self.now
        return None if now is None else now.astimezone(zone(zone_name)).date()

    def note(self, text: str) -> None:
        """In a view: note what it assumed where the question did not say, such as its days.

        It is shown beside the view's title: "from 2025-03-01 to 2026-02-28".
        """
        self.__dict__.setdefault("_notes", []).append(text)

    def __setattr__(self, name: str, value: Any) -> None:
        raise BadPlugin(
            f"{type(self).__name__} sets self.{name}, which a rebuild would lose",
            advice="Keep it in a row of a table",
            subject=type(self),
        )


def opened_tables(projection: Projection) -> tuple[Table[Any], ...]:
    """The tables of an opened projection, in the order of their declaration."""
    return tuple(projection.__dict__[name] for name in projection.tables)


def ask_at(projection: Projection, now: datetime | None) -> None:
    """Set the instant at which an opened projection's views are asked."""
    projection.__dict__["_said_now"] = now
    projection.__dict__["_notes"] = []


def notes_of(projection: Projection) -> tuple[str, ...]:
    """The notes of the view that was asked last, each once."""
    return tuple(dict.fromkeys(projection.__dict__.get("_notes", ())))


def plugin_name(module: str) -> str:
    """The plugin that a module belongs to: its top-level name, or that of its one file."""
    return module.removeprefix(f"{ONE_FILE_PACKAGE}.").partition(".")[0]


def _check(cls: type[Projection]) -> None:
    if not _NAME.fullmatch(cls.name) or len(cls.name) > 40:
        raise BadPlugin(
            f"{cls.__name__} has the name {cls.name!r}",
            advice="Use up to 40 of a-z, 0-9 and - such as crew-hours",
            subject=cls,
        )
    if type(cls.version) is not int or cls.version < 1:
        raise BadPlugin(
            f"{cls.__name__} has the version {cls.version!r}",
            advice="Count from 1",
            subject=cls,
        )
    if "__init__" in cls.__dict__:
        raise BadPlugin(
            f"{cls.__name__} has an __init__",
            advice="A projection has no state but its tables: remove it",
            subject=cls,
        )


def _members(cls: type[Projection]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for ancestor in reversed(cls.__mro__):
        members.update(ancestor.__dict__)
    return members


MAX_NAMES = 52
"""Most characters of a projection's and a table's name together: with the generation they form the
name of a database table, and PostgreSQL allows 63."""


def _check_members(cls: type[Projection], members: Mapping[str, Any]) -> None:
    for name, member in members.items():
        ours = isinstance(member, TableOf | View) or hasattr(member, _ON)
        if ours and name in Projection.__dict__:
            raise BadPlugin(
                f"{cls.__name__}.{name} hides what every projection has under that name",
                advice="Choose another name",
                subject=cls,
            )
        if isinstance(member, TableOf) and len(cls.name) + len(name) > MAX_NAMES:
            raise BadPlugin(
                f"the names {cls.name} and {name} are too long together",
                advice=f"Use at most {MAX_NAMES} characters for both",
                subject=cls,
            )


def _handlers(
    cls: type[Projection], members: Mapping[str, Any]
) -> tuple[dict[str, str], tuple[type[Event], ...]]:
    handlers: dict[str, str] = {}
    event_types: list[type[Event]] = []
    for name, member in members.items():
        for event_type in getattr(member, _ON, ()):
            named = isinstance(event_type, str)
            type_name = event_type if named else event_type.type_name
            other = handlers.setdefault(type_name, name)
            if other != name:
                raise BadPlugin(
                    f"{cls.__name__} handles {type_name} in {other} and in {name}",
                    advice="Let one handler call the other",
                    subject=cls,
                )
            if not named:
                event_types.append(event_type)
    return handlers, tuple(event_types)
