"""The context of a decision: what it reads is its consistency boundary.

A decision asks its `Context` for the events that it needs, checks its rules, and records
new events. The context notes every question. The append then succeeds only if nothing
that would answer one of those questions has been recorded since; so no code declares a
boundary, and none can forget one. A rule that a plugin adds asks through the same
context and widens the boundary by asking.

Questions name a tag, and event types where only some matter. A narrow question conflicts
less: a question for the *confirmed* bookings of July on stage 1 is not disturbed by a hold
in July, nor by anything in August.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec import Struct

from ledger.errors import AlreadyExists, InternalError, Pending, Refused
from ledger.events.base import (
    Boundary,
    Event,
    Header,
    Query,
    RecordedEvent,
    format_recorded_at,
    recorded_tags,
    type_names,
)
from ledger.events.standing import belongs, is_correction, place_of, standing
from ledger.tags import check_id

if TYPE_CHECKING:
    from ledger.known_answers import KnownAnswers

_ANY = ""
"""Stands for any event type; no type has this name."""
_position = attrgetter("position")


class History(Protocol):
    """The part of a log that a decision needs."""

    def read(
        self,
        queries: Sequence[Query],
        *,
        after: int = 0,
        until: int | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[RecordedEvent]:
        """Return the events with `after` < position <= `until` that answer any of the queries."""


class Proposal(Struct, frozen=True):
    """An event that a decision proposes; `corrects` is the place of the one that it corrects.

    `undone` and `also`: see `Header`.
    """

    event: Event
    corrects: int | None = None
    undone: bool = False
    also: tuple[str, ...] = ()

    def header(self, command: Header) -> Header:
        """Return the header of the event, from that of the command."""
        if self.corrects is None:
            return command
        return msgspec.structs.replace(
            command, corrects=self.corrects, undone=self.undone, also=self.also
        )


class Snapshot:
    """The log as one decision, or one batch of them, sees it.

    Everything up to position `head` and nothing after, since the log is append-only; then
    the `pending` events of the decisions before this one in the batch. Its questions are the
    boundary of the whole batch. Answers are kept: within a snapshot the same question has
    the same answer. `known_answers` are those given to earlier decisions. `put_off` are the checks
    to make after the last decision of the batch, each with its line.
    """

    def __init__(
        self, history: History, head: int, known_answers: "KnownAnswers | None" = None
    ) -> None:
        self.head = head
        self.pending: list[RecordedEvent] = []
        self.put_off: list[tuple[int, Check]] = []
        self._history = history
        self._known_answers = known_answers
        self._answers: dict[tuple[Query, bool], list[RecordedEvent]] = {}
        # By tag, and by tag and type: a batch of thousands of commands asks as many questions,
        # and would search all its proposals for each of them.
        self._pending_with: dict[tuple[str, str], list[RecordedEvent]] = defaultdict(list)

    @property
    def boundary(self) -> Boundary:
        """All questions asked, as the condition of the append.

        A correction of an event of the same batch names a position that the event gets only
        if nothing is recorded in between: then the condition is that nothing is.
        """
        asked = dict.fromkeys(query for query, _ in self._answers)
        if any(entry.corrects is not None and entry.corrects > self.head for entry in self.pending):
            return Boundary((*asked, Query()), self.head)
        return Boundary(tuple(asked), self.head)

    def ask(self, query: Query, *, last: bool = False) -> list[RecordedEvent]:
        """Return the events that answer, oldest first; with `last` only the newest."""
        if not query.tags:
            raise InternalError("a decision asked a question without a tag: its cost would grow")
        key = (query, last)
        stored = self._answers.get(key)
        if stored is None:
            stored = self._answers[key] = self._look_up(key)
        if not self.pending:
            return stored
        pending = self._proposed(query)
        return (pending[-1:] or stored) if last else stored + pending

    def entry(self, position: int) -> RecordedEvent | None:
        """Return the event at a position, as it was recorded. It never changes."""
        if position > self.head:
            return next((e for e in self.pending if e.position == position), None)
        return next(self._history.read([], after=position - 1, until=position), None)

    def look_up_together(self, queries: Sequence[Query]) -> None:
        """Look up, in one reading of the log, questions that are all asked next."""
        known = self._known_answers
        usable = known if known is not None and known.are_of(self.head) else None
        new = [query for query in queries if (query, False) not in self._answers]
        if usable is not None:
            new = [query for query in new if usable.get((query, False)) is None]
        if len(new) < 2:
            return
        with_tag: dict[str, list[RecordedEvent]] = defaultdict(list)
        for entry in self._history.read(new, until=self.head):
            for tag in entry.tags:
                with_tag[tag].append(entry)
        for query in new:
            found = with_tag.get(query.tags[0], ())
            answer = [entry for entry in found if query.matches(entry.type, entry.tags)]
            self._answers[query, False] = answer
            if usable is not None:
                usable.keep((query, False), answer)

    def _look_up(self, question: tuple[Query, bool]) -> list[RecordedEvent]:
        # Known answers may move on while this snapshot reads: in a decision nested inside
        # this one, or in another thread.
        known = self._known_answers
        found = known.get(question) if known is not None and known.are_of(self.head) else None
        if found is None:
            query, last = question
            found = list(
                self._history.read(
                    [query], until=self.head, limit=1 if last else None, newest_first=last
                )
            )
            if known is not None and known.are_of(self.head):
                known.keep(question, found)
        return found

    def _proposed(self, query: Query) -> list[RecordedEvent]:
        """Return the pending events that answer, in the order of their proposal."""
        tag = query.tags[0]
        if (tag, _ANY) not in self._pending_with:
            return []
        answers = [
            self._pending_with[tag, type]
            for type in query.types or (_ANY,)
            if (tag, type) in self._pending_with
        ]
        if len(answers) < 2:
            found = answers[0] if answers else []
        else:
            found = sorted(chain.from_iterable(answers), key=_position)
        if len(query.tags) > 1:
            return [entry for entry in found if query.matches(entry.type, entry.tags)]
        return found

    def add(self, entry: RecordedEvent, tags: Iterable[str]) -> None:
        """Let later questions see an event that is about to be recorded, with these tags."""
        self.pending.append(entry)
        for tag in tags:
            self._pending_with[tag, _ANY].append(entry)
            self._pending_with[tag, entry.type].append(entry)

    def take_back(self, count: int) -> None:
        """Remove the last `count` pending events: those of a refused decision."""
        for _ in range(count):
            entry = self.pending.pop()
            for tag in entry.tags:
                self._pending_with[tag, _ANY].pop()
                self._pending_with[tag, entry.type].pop()


Check = Callable[[], None]
"""Raises `Refused` where a rule says no."""


class Context:
    """A decision's access to the log: it reads and records through its context.

    `now` is the present instant (UTC) for rules about deadlines: never before the newest
    recorded time. `new_id(prefix)` makes an id that the ledger has not seen. `line` is the
    command's place in its batch, 0 for a single one. With `in_batch` the command is one of
    several that are judged by how they end.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        now: datetime,
        new_id: Callable[[str], str],
        header: Header,
        line: int = 0,
        in_batch: bool = False,
    ) -> None:
        self.now = now
        self._recorded_at = format_recorded_at(now)
        self.in_batch = in_batch
        self.proposals: list[Proposal] = []
        self._snapshot = snapshot
        self._new_id = new_id
        self._header = header
        self._line = line

    def read(self, tag: str | Sequence[str], *types: type[Event]) -> list[RecordedEvent]:
        """Return the events with the tag, or with any of several, oldest first, each once.

        With `types` only those of these types. They include the events recorded by this
        decision and by those before it in the batch. They are what stands: corrected events
        read as corrected, and undone ones are left out.
        """
        asked = (tag,) if isinstance(tag, str) else tag
        recorded = self.recorded(asked, *types)
        found = standing(recorded)
        if found is recorded:  # nothing was corrected
            return recorded
        # A correction is found wherever the mistake was, but counts only where it belongs itself.
        return [e for e in found if e.said_at == e.position or belongs(e, asked)]

    def recorded(self, tag: str | Sequence[str], *types: type[Event]) -> list[RecordedEvent]:
        """Return the events as they were recorded, mistakes and corrections alike."""
        names = type_names(types)
        if isinstance(tag, str):
            tag = (tag,)
        if len(tag) == 1:
            return list(self._snapshot.ask(Query((tag[0],), names)))
        asked = (self._snapshot.ask(Query((one,), names)) for one in dict.fromkeys(tag))
        answers = [answer for answer in asked if answer]
        if len(answers) < 2:
            return list(*answers)
        found = sorted(chain.from_iterable(answers), key=_position)
        return list({entry.position: entry for entry in found}.values())

    def last(self, tag: str, *types: type[Event]) -> RecordedEvent | None:
        """Return the newest event with the tag (and of the types) that stands, or None."""
        found = self._snapshot.ask(Query((tag,), type_names(types)), last=True)
        if found and is_correction(found[-1]):
            found = self.read(tag, *types)
        return found[-1] if found else None

    def newest(self, tag: str, *types: type[Event]) -> RecordedEvent | None:
        """Return the event that was recorded last, a correction too, or None.

        For events that count something as of everything before them.
        """
        found = self._snapshot.ask(Query((tag,), type_names(types)), last=True)
        return found[-1] if found else None

    def read_together(self, tags: Sequence[str], *types: type[Event]) -> list[RecordedEvent]:
        """Return what `read` does, looked up in one reading of the log however many tags."""
        names = type_names(types)
        self._snapshot.look_up_together([Query((tag,), names) for tag in tags])
        return self.read(tags, *types)

    def last_of(self, tags: Sequence[str]) -> RecordedEvent | None:
        """Return the newest event with any of the tags that stands, or None."""
        self._snapshot.look_up_together([Query((tag,)) for tag in tags])
        found = self.read(tags)
        return found[-1] if found else None

    def entry(self, position: int) -> RecordedEvent | None:
        """Return the event at a position, as it was recorded; None if there is none."""
        return self._snapshot.entry(position) if position > 0 else None

    @property
    def reason(self) -> str | None:
        """The reason that the command was given with."""
        return self._header.reason

    def record(self, event: Event, *, corrects: int | None = None, undone: bool = False) -> None:
        """Propose an event. `corrects` is the position of the event that it corrects.

        `undone`: it takes that event back.
        """
        proposal = Proposal(event)
        if corrects is not None:
            proposal = self._correction(event, corrects, undone=undone)
        self.proposals.append(proposal)
        header = proposal.header(self._header)
        position = Pending(self._snapshot.head + len(self._snapshot.pending) + 1, self._line)
        tags = recorded_tags(event, header)
        self._snapshot.add(
            RecordedEvent.pending(position, self._recorded_at, event, header, tags), tags
        )

    def _correction(self, event: Event, corrects: int, *, undone: bool) -> Proposal:
        """Return a correction under the tags of everything that was said in its place."""
        mistaken = self.entry(corrects)
        if mistaken is None:
            return Proposal(event, int(corrects), undone)
        own = set(event.tags())
        own.update(t for t in mistaken.tags if t.startswith(("request:", "batch:")))
        also = tuple(t for t in mistaken.tags if t not in own)
        return Proposal(
            event, int(place_of(mistaken)), undone, also
        )  # the log stores plain numbers

    def check_by_the_end(self, check: Check, later: Check | None = None) -> None:
        """Make a check; if it fails in a batch, make it again after the last command.

        The obstacle may be gone by then: two productions that swap their stages are
        each in the other's way until both have moved. `later` is the check to make then, if it
        is not the same. Either must read anew, so that what it depends on is in the boundary.
        """
        try:
            check()
        except Refused:
            if not self.in_batch:
                raise
            self._snapshot.put_off.append((self._line, later or check))

    def new_id(self, kind: str, prefix: str, *others: str) -> str:
        """Return a new id of that kind, one that no event carries as a tag: `b-7f3k2`.

        Nor does any carry it as a tag of the kinds `others`, which share their ids with it.
        """
        while True:
            id = f"{prefix}-{self._new_id(prefix)}"
            if others and self.last_of([f"{one}:{id}" for one in (kind, *others)]) is None:
                return id
            if not others and not self._snapshot.ask(Query((f"{kind}:{id}",)), last=True):
                return id


class Decision(Struct, frozen=True, kw_only=True, tag_field="do", forbid_unknown_fields=True):
    """Base of all decisions: a command as typed data, and the rules behind it.

    Its fields are the command's parameters. In JSON, `do` holds the command's words
    (`"do": "booking hold"`); a batch file has one decision per line.
    """

    @classmethod
    def words(cls) -> str:
        """Return the command's words, such as `booking hold`."""
        return str(cls.__struct_config__.tag)

    @property
    def is_batch(self) -> bool:
        """Whether the command itself asks for several things, all or none."""
        return False

    def decide(self, ctx: Context) -> None:
        """Read, check, record. Raises `Refused` where a rule says no."""
        raise NotImplementedError


Rule = Callable[[Context, Sequence[Event]], None]
"""A further rule: sees the proposed events, asks through the context, raises to refuse."""


def check_unused(ctx: Context, kind: str, id: str, *first: type[Event]) -> str:
    """Return an id that no event carries, or none of the types `first`, as a tag.

    Raises `BadId`, `AlreadyExists`.
    """
    taken = ctx.last(f"{kind}:{check_id(kind, id)}", *first)
    if taken is not None:
        raise AlreadyExists(kind, id, position=taken.position)
    return id
