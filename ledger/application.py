"""The ledger as a program uses it: open, decide, look.

`Ledger` ties the log, the decisions and the views together. It holds what the pure parts
must not: the clock, the source of new ids, the retries.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec
from msgspec import Struct

from ledger.decisions import STUDIO_DECISIONS
from ledger.decisions.base import Context, Decision, Proposal, Rule, Snapshot
from ledger.decisions.command_codec import NamingLine, Wire
from ledger.decisions.deciding import take
from ledger.errors import (
    BadInput,
    BoundaryBroken,
    Conflict,
    NotALedger,
    Refused,
    RequestReused,
)
from ledger.events import STUDIO_EVENTS, LedgerContinued, LedgerOpened
from ledger.events.base import Event, Header, Query, RecordedEvent, Registry
from ledger.events.ledgers import CONTINUED, FORMAT
from ledger.log.eventlog import EventLog, create_log, open_log
from ledger.log.store.store_urls import Place
from ledger.snapshots import Snapshots
from ledger.tags import check_text, random_id, tag
from ledger.time.periods import Clock, SystemClock, last_instant, zone
from ledger.time.spoken_days import in_digits, is_said

if TYPE_CHECKING:
    from ledger.projections.projection import Projection
    from ledger.projections.querying.live_views import Answer, Views

Numbered = tuple[int, Decision]
"""A decision with its line in a batch, 0 for a single one."""

ATTEMPTS = 12
"""How often a decision is taken before `Conflict`: each loss means that another writer won."""


class Extensions(Struct, frozen=True):
    """Everything that plugins add to a ledger."""

    projections: tuple[type["Projection"], ...] = ()
    event_types: tuple[type[Event], ...] = ()
    rules: tuple[Rule, ...] = ()
    decisions: tuple[type[Decision], ...] = ()


class Author(Struct, frozen=True):
    """Who gives a command, why, and the key that makes it safe to repeat."""

    actor: str
    reason: str | None = None
    request: str | None = None

    @property
    def key(self) -> str | None:
        """The request key in the one form that is stored and searched for (NFC).

        Raises `BadInput`. White space of any script is refused, not trimmed: a caller that sends
        `k-1` and `k-1` with a no-break space should learn that they differ.
        """
        if self.request is None:
            return None
        if not 1 <= len(self.request) <= 200 or any(c.isspace() for c in self.request):
            raise BadInput(
                f"{self.request!r} is not a request key",
                advice="Use 1 to 200 characters, no spaces",
            )
        return check_text("request key", self.request)

    def header(self, *, digest: str, batch: str | None) -> Header:
        """The header of the events. Raises `BadText` or `BadInput`."""
        key = self.key
        return Header(
            actor=check_text("actor", self.actor),
            reason=None if self.reason is None else check_text("reason", self.reason),
            request=key,
            digest=None if key is None else digest,
            batch=batch,
        )


class Outcome(Struct, frozen=True):
    """The outcome of a command.

    `events` are the recorded ones (with `dry_run`: those that would be). `repeated` says that the
    request key was used for this before, and they are the events of then.
    """

    events: tuple[RecordedEvent, ...]
    repeated: bool = False
    dry_run: bool = False
    attempts: int = 1


class Ledger:
    """One ledger, open. A context manager; `close` it otherwise.

    `views_beside` is the place of the log beside which live views are kept; without one they are
    folded in memory, which needs no right to write.
    """

    def __init__(
        self,
        log: EventLog,
        *,
        views_beside: str | None = None,
        extensions: Extensions | None = None,
        clock: Clock | None = None,
        new_id: Callable[[str], str] = random_id,
    ) -> None:
        self.log = log
        self.extensions = extensions or Extensions()
        self._views_beside = views_beside
        self.wire = Wire((*STUDIO_DECISIONS, *self.extensions.decisions))
        self._clock = clock or SystemClock()
        self._new_id = new_id
        self._views: Views | None = None
        self._snapshots = Snapshots(log)
        self.replica = False

    @classmethod
    def create(
        cls,
        where: str,
        *,
        origin: str,
        zone_name: str = "UTC",
        demo: bool = False,
        author: Author,
        extensions: Extensions | None = None,
        clock: Clock | None = None,
        new_id: Callable[[str], str] = random_id,
        roles: bool = False,
    ) -> Self:
        """Create a ledger at a path or URL; with `roles` on PostgreSQL (`ledger.log.store.roles`).

        Raises `LedgerExists` where something is there, `BadInput` for roles in a file.
        """
        clock = clock or SystemClock()
        zone(zone_name)
        opened = LedgerOpened(
            origin=check_text("origin", origin), format=FORMAT, demo=demo, zone=zone_name
        )
        first = (opened, author.header(digest="", batch=None))
        log = create_log(where, _registry(extensions), first, clock=clock, roles=roles)
        return cls(log, views_beside=where, extensions=extensions, clock=clock, new_id=new_id)

    @classmethod
    def open(
        cls,
        where: str,
        *,
        extensions: Extensions | None = None,
        clock: Clock | None = None,
        new_id: Callable[[str], str] = random_id,
        read_only: bool = False,
        replica: bool = False,
    ) -> Self:
        """Open the ledger at a path or URL. Raises `NoLedger` or a subclass.

        `replica`: it is only read; views use the tables that programs at the primary keep.
        """
        clock = clock or SystemClock()
        log = open_log(where, _registry(extensions), clock=clock, read_only=read_only or replica)
        beside = where if replica or not read_only else None
        made = cls(log, views_beside=beside, extensions=extensions, clock=clock, new_id=new_id)
        made.replica = replica
        return made

    def close(self) -> None:
        """Close the store."""
        if self._views is not None:
            self._views.close()
        self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def opened(self) -> LedgerOpened:
        """The ledger's identity: position 1, with the origin that the log has now."""
        event = next(self.log.stream(after=0, until=1)).event
        if not isinstance(event, LedgerOpened):
            raise NotALedger("the log does not begin with LedgerOpened", advice="Run: doctor")
        for entry in self.log.read([CONTINUED], newest_first=True):
            if isinstance(entry.event, LedgerContinued):
                return msgspec.structs.replace(event, origin=entry.event.origin)
        return event

    # --- deciding ---------------------------------------------------------------------

    def decide(self, decision: Decision, author: Author, *, dry_run: bool = False) -> Outcome:
        """Take one decision and record what it proposes.

        Raises `BadInput` for values of the wrong types, `Refused` where a rule says no and
        `Conflict` when the retries are used up; then nothing was recorded.
        """
        checked = self.wire.check(decision)
        return self._record([(0, checked)], author, dry_run=dry_run, batch=checked.is_batch)

    def apply(
        self, numbered: Iterable[Numbered], author: Author, *, dry_run: bool = False
    ) -> Outcome:
        """Take a batch of decisions as one, all or none; each sees those before it.

        `numbered` gives each with its line number (`Wire.read`), which an error names.
        """
        checked = [(number, self._checked(number, decision)) for number, decision in numbered]
        return self._record(checked, author, dry_run=dry_run, batch=True)

    def _checked(self, number: int, decision: Decision) -> Decision:
        # Decisions from `Wire.read` were already checked. A second check costs a few microseconds,
        # and telling the two apart would be a burden on every caller.
        with NamingLine(number):
            return self.wire.check(decision)

    def _record(
        self, numbered: Sequence[Numbered], author: Author, *, dry_run: bool, batch: bool
    ) -> Outcome:
        header = self._header(author, [decision for _, decision in numbered], batch=batch)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.log.held():
                    return self._attempt(numbered, header, attempt, dry_run=dry_run)
            except BoundaryBroken:
                # Wait longer after each loss, and each for another time: writers that lost together
                # would otherwise meet again.
                time.sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 7)))  # noqa: S311  # spreads writers out, hides nothing
        raise Conflict(attempts=ATTEMPTS)

    def _attempt(
        self, numbered: Sequence[Numbered], header: Header, attempt: int, *, dry_run: bool
    ) -> Outcome:
        """Read, decide and append once. Raises `BoundaryBroken` where others were faster."""
        snapshot, now = self._snapshot()
        first = _repeated(snapshot, header)
        if first is not None:
            return first
        proposals: list[Proposal] = []
        several = len(numbered) > 1
        for number, decision in numbered:
            with NamingLine(number):
                proposals += self._take(
                    decision, snapshot, now, header, line=number, in_batch=several
                )
        _check_the_end(snapshot)
        if dry_run or not proposals:
            return Outcome(tuple(snapshot.pending), dry_run=dry_run, attempts=attempt)
        recorded = self.log.append(
            [(p.event, p.header(header)) for p in proposals],
            snapshot.boundary,
        )
        return Outcome(tuple(recorded), attempts=attempt)

    def try_each(
        self, numbered: Iterable[Numbered], author: Callable[[int], Author]
    ) -> Iterator[Outcome | Refused | BadInput]:
        """Try decisions one by one, and yield their outcomes; nothing is recorded.

        Each sees what those before it would have recorded; a refused one leaves nothing. `author`
        returns for a line who gives the command, with which request key.
        """
        snapshot, now = self._snapshot()
        for number, decision in numbered:
            before = len(snapshot.pending)
            try:
                checked = self.wire.check(decision)
                header = self._header(author(number), [checked], batch=checked.is_batch)
                outcome = _repeated(snapshot, header)
                if outcome is None:
                    self._take(checked, snapshot, now, header, line=number)
                    _check_the_end(snapshot)
                    outcome = Outcome(tuple(snapshot.pending[before:]), dry_run=True)
                yield outcome
            except (Refused, BadInput) as error:
                snapshot.take_back(len(snapshot.pending) - before)
                snapshot.put_off.clear()
                yield error

    def looking(self, author: Author) -> Context:
        """Return a context to ask the log as a decision of now would; nothing is recorded."""
        snapshot, now = self._snapshot()
        return Context(
            snapshot, now=now, new_id=self._new_id, header=author.header(digest="", batch=None)
        )

    def _header(self, author: Author, decisions: Sequence[Decision], *, batch: bool) -> Header:
        digest = self.wire.digest(decisions) if author.request else ""
        batch_id = f"x-{random_id('x')}{random_id('x')}" if batch else None
        return author.header(digest=digest, batch=batch_id)

    def _take(
        self,
        decision: Decision,
        snapshot: Snapshot,
        now: datetime,
        header: Header,
        *,
        line: int,
        in_batch: bool = False,
    ) -> list[Proposal]:
        ctx = Context(
            snapshot, now=now, new_id=self._new_id, header=header, line=line, in_batch=in_batch
        )
        take(decision, ctx)
        self._review(ctx)
        return ctx.proposals

    def _snapshot(self) -> tuple[Snapshot, datetime]:
        snapshot, recorded_at = self._snapshots.take()
        return snapshot, max(self._clock.now(), recorded_at)

    def _review(self, ctx: Context) -> None:
        """Let every plugin rule check the proposed events; a rule refuses by raising.

        An undo is left out: its event did not happen after all.
        """
        proposed = [proposal.event for proposal in ctx.proposals if not proposal.undone]
        for rule in self.extensions.rules:
            rule(ctx, proposed)

    # --- looking ----------------------------------------------------------------------

    @property
    def views(self) -> "Views":
        """The views over this log; opened on first use."""
        if self._views is None:
            # Views bring in the database library: a command that only writes needs none of it.
            from ledger.projections.engine.store import views_place
            from ledger.projections.querying.live_views import Views

            beside = self._views_beside
            place = None if beside is None else views_place(Place.parse(beside))
            projections = self.extensions.projections
            self._views = Views(self.log, projections, place, kept_by_others=self.replica)
        return self._views

    def view(
        self, name: str, params: Mapping[str, Any] | None = None, *, as_of: str | None = None
    ) -> "Answer":
        """Answer a view, live or as of a recorded position or instant."""
        position = None if as_of is None else self.resolve_as_of(as_of)
        return self.views.answer(name, params, as_of=position, now=self.seen_from(as_of))

    def seen_from(self, as_of: str | None = None) -> datetime | None:
        """The instant that an answer takes as the present: now, or that of an as-of.

        None for a position: the present is then when that event was recorded. It is never in the
        future, so an as-of of today is now.
        """
        now = self._clock.now()
        if as_of is None:
            return now
        if as_of.strip().isdecimal():
            return None
        return min(last_instant(self._in_digits(as_of.strip()), self.opened.zone), now)

    def resolve_as_of(self, text: str) -> int:
        """Return the position of an as-of: a position itself, or the last one recorded by a time.

        A date means the end of that day in the ledger's zone, and a time without seconds
        the end of that minute. The day can be said: `yesterday`, or `mon` for the last one.
        Raises `BadInput` for a position that the log has not reached.
        """
        text = text.strip()
        if text.isdecimal():
            head = self.log.head()
            # No log is that long, and Python refuses to read thousands of digits.
            position = int(text) if len(text) < 20 else 0
            if not 1 <= position <= head:
                here = " at the replica" if self.replica else ""
                raise BadInput(f"there is no #{text:.20}", advice=f"The log ends at #{head}{here}")
            return position
        return self.log.position_at(last_instant(self._in_digits(text), self.opened.zone))

    def _in_digits(self, text: str) -> str:
        """Return a time of the log with a day said in words as its date."""
        if not is_said(text):
            return text
        today = self._clock.now().astimezone(zone(self.opened.zone)).date()
        return in_digits(text, today, "past", steps=False).text


def _registry(extensions: Extensions | None) -> Registry:
    added = extensions.event_types if extensions else ()
    return Registry((*STUDIO_EVENTS, *added))


def _check_the_end(snapshot: Snapshot) -> None:
    """Make the checks that were put off to the end of the batch; an error names its line."""
    for number, check in snapshot.put_off:
        with NamingLine(number):
            check()
    snapshot.put_off.clear()


def _repeated(snapshot: Snapshot, header: Header) -> Outcome | None:
    """Return what the request did the first time; None where it is new. Raises `RequestReused`."""
    if header.request is None:
        return None
    first = snapshot.ask(Query((tag("request", header.request),)))
    if not first:
        return None
    if first[0].digest != header.digest:
        raise RequestReused(header.request, position=first[0].position)
    return Outcome(tuple(first), repeated=True)
