"""Filters of the log: the options, and the events that they select.

Tags, batches and requests (which the tag index has) and types become a query, so that a
narrow question reads few rows. The other filters are checked on each event that it finds.
"""

import unicodedata
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache, wraps
from itertools import islice
from typing import Any, TypeVar

import click
import msgspec
from msgspec import Raw, Struct

from ledger.application import Author, Ledger
from ledger.commands import options
from ledger.commands.entries import in_words, interval, payload
from ledger.errors import BadInput, near
from ledger.events.base import Query, RecordedEvent
from ledger.log.eventlog import Following
from ledger.tags import check_tag, tag
from ledger.terminal.sheets import Style
from ledger.time.periods import Moment, Period, last_instant, start_of_day

F = TypeVar("F", bound=Callable[..., Any])
Window = tuple[datetime | None, datetime | None]

_LISTED = 1_000
"""Most events kept in memory for --limit; for more, the log is read twice."""

_ACTORS_AMONG = 20_000
"""Newest events searched for a similar actor: a typing error must not cost seconds."""


class Asked(Struct, frozen=True, kw_only=True):
    """The filters as they were typed."""

    tags: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    actor: str | None = None
    text: str | None = None
    batch: str | None = None
    request: str | None = None
    since: str | None = None
    until: str | None = None
    on: date | None = None
    recorded_since: str | None = None

    @property
    def of_the_studio(self) -> bool:
        """Whether it asks for effective time; of a plugin's event, only the plugin knows it."""
        return self.since is not None or self.until is not None or self.on is not None


def narrowing(function: F) -> F:
    """Add the filter options; the function gets `asked`."""

    @wraps(function)
    def command(*args: Any, **given: Any) -> Any:
        mine = {name: given.pop(f"asked_{name}") for name in Asked.__struct_fields__}
        return function(*args, asked=Asked(**mine), **given)

    for names, help, more in (
        (("--recorded-since", "recorded_since"), "Only events recorded from there on.",
         {"metavar": "POSITION|DATE|TIME"}),
        (("--on", "on"), "Only events that held in the studio on that day.", {"type": options.DAY}),
        (("--until", "until"), "Only events that held at or before it; a day is included.",
         {"metavar": "TIME"}),
        (("--since", "since"), "Only events that held in the studio at or after it.",
         {"metavar": "TIME"}),
        (("--request", "request"), "Only events recorded under this request key.",
         {"metavar": "KEY"}),
        (("--batch", "batch"), "Only events of this batch.", {"metavar": "ID"}),
        (("--text", "text"), "Only events with all these words, in any script and case.",
         {"metavar": "WORDS"}),
        (("--actor", "actor"), "Only events recorded by this actor.", {"metavar": "NAME"}),
        (("--type", "types"), "Only events of this type; repeat to add types.", {"multiple": True}),
        (("--tag", "tags"), "Only events with this tag; repeat to require all.",
         {"multiple": True}),
    ):  # fmt: skip
        option, name = names
        command = click.option(option, f"asked_{name}", help=help, **more)(command)
    return command  # type: ignore[return-value]  # the same function, with other parameters


class Narrowed:
    """The events of a ledger that match, up to a position. Raises `BadInput`."""

    def __init__(self, ledger: Ledger, asked: Asked, *, until: int) -> None:
        self.asked = asked
        self.until = until
        self._log = ledger.log
        self._zone = ledger.opened.zone
        with options.named("--tag"):
            self.tags = tuple(check_tag(tag) for tag in asked.tags)
        self._batch = _batch(asked.batch)
        with options.named("--request"):
            self._request = Author("", request=asked.request).key
        self.queries = self._as_queries(_known_types(ledger, asked.types))
        self.after = options.resolve_recorded_since(ledger, asked.recorded_since)
        self._actor = None if asked.actor is None else _same_form(asked.actor)
        self._windows = tuple(_windows(asked, self._zone))
        self._words = _words(asked.text)

    def _as_queries(self, types: tuple[str, ...]) -> list[Query]:
        named = (("batch", self._batch), ("request", self._request))
        indexed = tuple(tag(kind, id) for kind, id in named if id is not None)
        query = Query((*self.tags, *indexed), types)
        return [query] if query.tags or query.types else []

    def wanted(self, entry: RecordedEvent) -> bool:
        """Whether an event that the query found also matches the other filters."""
        return (
            (self._actor is None or _same_form(entry.actor) == self._actor)
            and (self._batch is None or entry.batch == self._batch)
            and (self._request is None or entry.request == self._request)
            and all(_within(entry, window, self._zone) for window in self._windows)
            and (not self._words or says(entry, self._words, self._zone))
        )

    def entries(
        self,
        limit: int | None = None,
        also: Callable[[RecordedEvent], bool] = lambda _: True,
    ) -> Iterator[RecordedEvent]:
        """Yield the newest `limit` events, oldest first. `also` filters them further."""
        after = self.after
        if limit is not None:
            newest = self._read(after, also, newest_first=True)
            if limit <= _LISTED:
                yield from list(islice(newest, limit))[::-1]
                return
            # Recorded events never change: read them again, from the first of them on.
            last = deque(enumerate(islice(newest, limit), 1), maxlen=1)
            if last and last[0][0] == limit:
                after = last[0][1].position - 1
        yield from self._read(after, also)

    def follow(self) -> Following:
        """Return the events recorded after `until`, as they arrive, without end."""
        return self._log.follow(self.queries, after=max(self.until, self.after))

    def _read(
        self, after: int, also: Callable[[RecordedEvent], bool], *, newest_first: bool = False
    ) -> Iterator[RecordedEvent]:
        read = self._log.read(
            self.queries, after=after, until=self.until, newest_first=newest_first
        )
        return (entry for entry in read if self.wanted(entry) and also(entry))

    def hints(self) -> Iterator[str]:
        """Yield hints where nothing was found: unknown names, with similar ones."""
        for kind, id in (("batch", self._batch), ("request", self._request)):
            if id is not None and not _any(self._log.read([Query((tag(kind, id),))], limit=1)):
                yield f"no event has the {kind} {id!r}"
        if self._actor is not None:
            newest = self._log.read([], newest_first=True, limit=_ACTORS_AMONG)
            known = dict.fromkeys(entry.actor for entry in newest)
            if self._actor not in known:
                meant = near(self._actor, known)
                hint = f". Did you mean {' or '.join(meant)}?" if meant else ""
                yield f"no recent event is by {self._actor!r}{hint}"


# --- what was typed --------------------------------------------------------------------


def _batch(typed: str | None) -> str | None:
    if typed is None:
        return None
    id = typed.removeprefix("batch:")
    if not id or any(c.isspace() for c in id):
        raise BadInput(
            f"--batch: {typed!r} is not a batch id",
            advice="Find one with: log --json, or show POSITION",
        )
    return id


def _known_types(ledger: Ledger, types: tuple[str, ...]) -> tuple[str, ...]:
    """Check the types that were asked for. One that no code knows may still be in the log."""
    from ledger.events import STUDIO_EVENTS

    known = {t.type_name for t in (*STUDIO_EVENTS, *ledger.extensions.event_types)}
    for name in types:
        if name in known or _any(ledger.log.read([Query((), (name,))], limit=1)):
            continue
        by_case = {one.lower(): one for one in known}
        meant = [by_case[one] for one in near(name.lower(), by_case)]
        hint = f"Did you mean {' or '.join(meant)}?" if meant else "See the types in: log"
        raise BadInput(f"no event type {name!r}", advice=hint)
    return types


def _any(entries: Iterator[RecordedEvent]) -> bool:
    return next(entries, None) is not None


def _windows(asked: Asked, zone: str) -> Iterator[Window]:
    """Yield the spans of effective time; an event must touch each of them."""
    first = last = None
    if asked.since is not None:
        with options.named("--since"):
            first = Moment.parse(asked.since).resolve(zone)
    if asked.until is not None:
        with options.named("--until"):
            last = last_instant(asked.until, zone)
    if first is not None and last is not None and last < first:
        raise BadInput(
            f"{asked.until} is before {asked.since}", advice="Give the earlier time as --since"
        )
    if first is not None or last is not None:
        yield first, last
    if asked.on is not None:
        end = start_of_day(asked.on + timedelta(days=1), zone)
        yield start_of_day(asked.on, zone), end - timedelta(microseconds=1)


def _within(entry: RecordedEvent, window: Window, zone: str) -> bool:
    first, last = window
    held = interval(entry.event, zone)
    if held is None:
        return False
    return (first is None or held[1] >= first) and (last is None or held[0] <= last)


# --- texts -----------------------------------------------------------------------------


def _words(typed: str | None) -> tuple[str, ...]:
    """The words of --text as they are compared. Raises `BadInput` if there are none."""
    if typed is None:
        return ()
    words = tuple(_folded(typed).split())
    if not words:
        raise BadInput("--text holds no words", advice="Give a word of the event")
    return words


def says(entry: RecordedEvent, words: Sequence[str], zone: str) -> bool:
    """Whether all the (folded) words occur in the readable text of an event.

    They are compared here because databases disagree on what a lower-case letter is.
    """
    said = _folded("\n".join(_texts(entry, zone)))
    return all(word in said for word in words)


def _texts(entry: RecordedEvent, zone: str) -> Iterator[str]:
    """Yield the type, as it is and in words; tags; actor and reason; and each payload value."""
    yield entry.type
    yield in_words(entry.type)
    yield from entry.tags
    yield from (t for t in (entry.actor, entry.reason, entry.request, entry.batch) if t)
    own = payload(entry)
    yield from _values(msgspec.json.decode(own) if isinstance(own, Raw) else own, zone)


def _values(value: Any, zone: str) -> Iterator[str]:
    """Yield each value as a table shows it, so that dates copied from there match."""
    match value:
        case str():
            yield value
        case None | bool():
            return
        case Period():
            yield _period(value)
        case Struct():
            for name in value.__struct_fields__:
                yield from _values(getattr(value, name), zone)
        case dict():
            for one in value.values():
                yield from _values(one, zone)
        case list() | tuple():
            for one in value:
                yield from _values(one, zone)
        case datetime():
            yield Style(zone).text(value)
        case _:
            yield str(value)


_period = lru_cache(maxsize=1_024)(str)
"""A period in its site's zone. Slow to format, and every event of a booking repeats it."""


def _same_form(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _folded(text: str) -> str:
    """Return text for comparison, where neither case nor letter composition counts.

    Folding can decompose a letter, so it is composed once more (Unicode, section 3.13).
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
