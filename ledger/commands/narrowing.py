"""Which events of the log are asked for: the options, and what they come to.

What the tag index knows (tags, batches, requests) and the types become a query, so that a
narrow question reads few rows; the rest is asked of each event that the query finds.
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
from ledger.commands.sheets import Style
from ledger.errors import BadInput, near
from ledger.events.base import Query, RecordedEvent
from ledger.log.eventlog import Following
from ledger.tags import check_tag, tag
from ledger.times import Moment, Period, last_instant, start_of_day

F = TypeVar("F", bound=Callable[..., Any])
Window = tuple[datetime | None, datetime | None]

_LISTED = 1_000
"""So many of the newest are kept in memory; to show more of them the log is read twice."""

_ACTORS_AMONG = 20_000
"""Newest events in which a guess looks for actors: a typing error must not cost seconds."""


class Asked(Struct, frozen=True, kw_only=True):
    """What was typed."""

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
        """Whether it asks when something held: of a plugin's event only the plugin can say."""
        return self.since is not None or self.until is not None or self.on is not None


def narrowing(function: F) -> F:
    """The options that say which events; the function gets `asked`."""

    @wraps(function)
    def command(*args: Any, **given: Any) -> Any:
        mine = {name: given.pop(f"asked_{name}") for name in Asked.__struct_fields__}
        return function(*args, asked=Asked(**mine), **given)

    for names, help, more in (
        (("--recorded-since", "recorded_since"), "Only what was recorded from there on.",
         {"metavar": "POSITION|DATE|TIME"}),
        (("--on", "on"), "Only what held in the studio on that day.", {"type": options.DAY}),
        (("--until", "until"), "Only what held at or before it; a day is included.",
         {"metavar": "TIME"}),
        (("--since", "since"), "Only what held in the studio at or after it.",
         {"metavar": "TIME"}),
        (("--request", "request"), "Only what came of the command with this request key.",
         {"metavar": "KEY"}),
        (("--batch", "batch"), "Only what was recorded in this batch.", {"metavar": "ID"}),
        (("--text", "text"), "Only events that say all these words, in any script and case.",
         {"metavar": "WORDS"}),
        (("--actor", "actor"), "Only what this actor recorded.", {"metavar": "NAME"}),
        (("--type", "types"), "Only events of this type; several: of any.", {"multiple": True}),
        (("--tag", "tags"), "Only events with this tag; several: with all.", {"multiple": True}),
    ):  # fmt: skip
        option, name = names
        command = click.option(option, f"asked_{name}", help=help, **more)(command)
    return command  # type: ignore[return-value]  # the same function, with other parameters


class Narrowed:
    """The events of a ledger that are asked for, up to a position. Raises `BadInput`."""

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

    @property
    def indexed(self) -> bool:
        """Whether the tag index answers it, with few rows out of many."""
        return any(query.tags for query in self.queries)

    def wanted(self, entry: RecordedEvent) -> bool:
        """Whether an event that answers the query is asked for."""
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
        """The events, oldest first; of many the newest `limit`. `also` narrows them further."""
        after = self.after
        if limit is not None:
            newest = self._read(after, also, newest_first=True)
            if limit <= _LISTED:
                yield from list(islice(newest, limit))[::-1]
                return
            # Nothing that was recorded changes: from the first of them on, they are read anew.
            last = deque(enumerate(islice(newest, limit), 1), maxlen=1)
            if last and last[0][0] == limit:
                after = last[0][1].position - 1
        yield from self._read(after, also)

    def follow(self) -> Following:
        """Those that are recorded after `until`, as they are recorded, for ever."""
        return self._log.follow(self.queries, after=max(self.until, self.after))

    def _read(
        self, after: int, also: Callable[[RecordedEvent], bool], *, newest_first: bool = False
    ) -> Iterator[RecordedEvent]:
        read = self._log.read(
            self.queries, after=after, until=self.until, newest_first=newest_first
        )
        return (entry for entry in read if self.wanted(entry) and also(entry))

    def hints(self) -> Iterator[str]:
        """Where nothing was found: what was perhaps meant by a name that nobody knows."""
        for kind, id in (("batch", self._batch), ("request", self._request)):
            if id is not None and not _any(self._log.read([Query((tag(kind, id),))], limit=1)):
                yield f"no event has the {kind} {id!r}"
        if self._actor is not None:
            newest = self._log.read([], newest_first=True, limit=_ACTORS_AMONG)
            known = dict.fromkeys(entry.actor for entry in newest)
            if self._actor not in known:
                meant = near(self._actor, known)
                hint = f". Did you mean {' or '.join(meant)}?" if meant else ""
                yield f"nobody called {self._actor!r} recorded anything of late{hint}"


# --- what was typed --------------------------------------------------------------------


def _batch(typed: str | None) -> str | None:
    if typed is None:
        return None
    id = typed.removeprefix("batch:")
    if not id or any(c.isspace() for c in id):
        raise BadInput(
            f"--batch: {typed!r} is no batch", advice="Take one from: log --json, or show POSITION"
        )
    return id


def _known_types(ledger: Ledger, types: tuple[str, ...]) -> tuple[str, ...]:
    """The types as asked for. A name that no code knows may still be in the log."""
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
    """The spans of the studio's time that an event has to touch, each of them."""
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
    """The words of --text as they are compared. Raises `BadInput` where there is none."""
    if typed is None:
        return ()
    words = tuple(_folded(typed).split())
    if not words:
        raise BadInput("--text: there is no word in it", advice="Write what the event says")
    return words


def says(entry: RecordedEvent, words: Sequence[str], zone: str) -> bool:
    """Whether all the words (folded) stand somewhere in what a person can read of an event.

    It is looked at here and not in the database, of which each has an idea of its own of
    what a small letter is.
    """
    said = _folded("\n".join(_texts(entry, zone)))
    return all(word in said for word in words)


def _texts(entry: RecordedEvent, zone: str) -> Iterator[str]:
    """The type, as it is and in words; tags; who, why; and each value of its payload."""
    yield entry.type
    yield in_words(entry.type)
    yield from entry.tags
    yield from (t for t in (entry.actor, entry.reason, entry.request, entry.batch) if t)
    own = payload(entry)
    yield from _values(msgspec.json.decode(own) if isinstance(own, Raw) else own, zone)


def _values(value: Any, zone: str) -> Iterator[str]:
    """Each value as a table shows it: days and times as they are typed back from there."""
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
"""A period on its site's clock: costly to say, and a booking says it in each of its events."""


def _same_form(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _folded(text: str) -> str:
    """For a comparison in which neither case nor the way of composing letters counts.

    Folding can take a composed letter apart, hence once more (Unicode, section 3.13).
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
