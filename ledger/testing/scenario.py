"""Given a history, when a command is given, then these events follow, or this refusal.

    given(
        OpenProject(project="resurrection", title="复活", kind="feature", on=date(2025, 3, 1)),
    ).when(
        ReachMilestone(project="resurrection", milestone="delivery", on=date(2025, 9, 30)),
    ).then(
        MilestoneReached(project="resurrection", milestone="delivery", on=date(2025, 9, 30)),
    )

A history is given as events, or as commands where the events would be tedious to spell out.
Every step returns a scenario, so that a story continues: `.then(…).when(…).refused(…)`.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Self

from ledger.decisions.base import Context, Decision, Proposal, Rule, Snapshot
from ledger.decisions.deciding import take
from ledger.errors import LedgerError, Refused
from ledger.events.base import Boundary, Event, Header, RecordedEvent
from ledger.testing.history import BEGINNING, MemoryHistory
from ledger.time.periods import ManualClock

ACTOR = "scheduler"


def given(*happened: Event | Decision, rules: Sequence[Rule] = ()) -> "Scenario":
    """Begin with a history of these events and commands, in order. `rules` are a plugin's."""
    return Scenario(rules=rules).and_given(*happened)


def correcting(position: int, event: Event, *also: str) -> Proposal:
    """Return, for `then`, an event that names the position that it corrects.

    `also` are the tags of the mistaken event that the right one does not have by itself.
    """
    return Proposal(event, position, also=also)


def undoing(position: int, event: Event) -> Proposal:
    """Return, for `then`, an event that takes back the one at that position."""
    return Proposal(event, position, undone=True)


class Scenario:
    """A story so far: a history, its clock, and the rules in force."""

    def __init__(self, *, rules: Sequence[Rule] = ()) -> None:
        self.clock = ManualClock(BEGINNING)
        self.history = MemoryHistory(clock=self.clock)
        self.rules = tuple(rules)
        self._made: Counter[str] = Counter()

    @property
    def position(self) -> int:
        """The position of the newest event."""
        return self.history.head()

    def at(self, instant: datetime | str) -> Self:
        """Set the clock, by a time or in ISO 8601 with an offset: `2025-06-01T08:00+08:00`."""
        value = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
        if value.tzinfo is None:
            raise ValueError(f"{instant} has no offset: whose clock is it?")
        self.clock.set(value)
        return self

    def and_given(self, *happened: Event | Decision) -> Self:
        """Add to the history. A command that is refused here is the scenario's own mistake."""
        for one in happened:
            if isinstance(one, Event):
                self.history.append([(one, Header(actor=ACTOR))])
            else:
                outcome = self.when(one)
                if outcome.refusal is not None:
                    raise AssertionError(f"given {one!r}, but it is refused: {outcome.refusal}")
                self.keep(outcome)
        return self

    def when(
        self,
        *decisions: Decision,
        now: datetime | str | None = None,
        actor: str = ACTOR,
        reason: str | None = None,
    ) -> "Outcome":
        """Give a command, or several as one batch, all or none."""
        if now is not None:
            self.at(now)
        last = self.history.last()
        present = max(self.clock.now(), last[1]) if last else self.clock.now()
        snapshot = Snapshot(self.history, self.history.head())
        header = Header(actor=actor, reason=reason)
        proposals: list[Proposal] = []
        refusal: LedgerError | None = None
        try:
            for number, decision in enumerate(decisions, start=1):
                several = len(decisions) > 1
                ctx = Context(
                    snapshot,
                    now=present,
                    new_id=self._new_id,
                    header=header,
                    line=number if several else 0,
                    in_batch=several,
                )
                take(decision, ctx)
                for rule in self.rules:
                    rule(ctx, [p.event for p in ctx.proposals if not p.undone])
                proposals += ctx.proposals
            for _, check in snapshot.put_off:
                check()
        except LedgerError as error:
            refusal = error
        return Outcome(self, tuple(proposals), refusal, snapshot.boundary, header)

    def keep(self, outcome: "Outcome") -> None:
        """Record a command's events, as `Outcome.then` does."""
        entries = [
            (proposal.event, proposal.header(outcome.header)) for proposal in outcome.proposals
        ]
        self.history.append(entries, outcome.boundary)

    def _new_id(self, prefix: str) -> str:
        """Return the next id: `c-1`, then `c-2`."""
        self._made[prefix] += 1
        return str(self._made[prefix])


class Outcome:
    """The outcome of a command: the events that it would record, or why it was refused.

    `boundary` is what it read. State what you expect with `then` or `refused`.
    """

    def __init__(
        self,
        scenario: Scenario,
        proposals: tuple[Proposal, ...],
        refusal: LedgerError | None,
        boundary: Boundary,
        header: Header,
    ) -> None:
        self.scenario = scenario
        self.proposals = proposals if refusal is None else ()
        self.refusal = refusal
        self.boundary = boundary
        self.header = header

    @property
    def events(self) -> tuple[Event, ...]:
        """The events that it would record."""
        return tuple(proposal.event for proposal in self.proposals)

    def then(self, *expected: Event | Proposal) -> Scenario:
        """Expect exactly these events, in this order; the story continues after them."""
        if self.refusal is not None:
            raise AssertionError(f"it is refused: {self.refusal}") from self.refusal
        wanted = tuple(e if isinstance(e, Proposal) else Proposal(e) for e in expected)
        if self.proposals != wanted:
            raise AssertionError(_difference(wanted, self.proposals))
        self.scenario.keep(self)
        return self.scenario

    def refused(
        self,
        refusal: type[LedgerError] = Refused,
        *,
        by: int | None = None,
        saying: str = "",
    ) -> Scenario:
        """Expect this refusal; the event at position `by` stands in the way.

        `saying` is a part of the message or of its advice. Nothing is recorded, and the
        story continues.
        """
        if self.refusal is None:
            raise AssertionError(f"it is not refused but records {self.events!r}")
        if not isinstance(self.refusal, refusal):
            raise AssertionError(
                f"refused with {type(self.refusal).__name__}, not {refusal.__name__}: "
                f"{self.refusal}"
            ) from self.refusal
        if by is not None and getattr(self.refusal, "position", None) != by:
            raise AssertionError(f"#{by} does not stand in the way: {self.refusal}")
        if saying not in str(self.refusal):
            raise AssertionError(f"it does not say {saying!r}: {self.refusal}")
        return self.scenario


def _difference(wanted: Sequence[Proposal], found: Sequence[Proposal]) -> str:
    lines = [f"{len(wanted)} events were expected, {len(found)} are recorded"]
    for n in range(max(len(wanted), len(found))):
        one, other = (s[n] if n < len(s) else None for s in (wanted, found))
        if one != other:
            lines += [f"{n + 1}. expected {_shown(one)}", f"   recorded {_shown(other)}"]
    return "\n".join(lines)


def _shown(proposal: Proposal | None) -> str:
    if proposal is None:
        return "nothing"
    note = "" if proposal.corrects is None else f" correcting #{proposal.corrects}"
    if proposal.undone:
        note = f" undoing #{proposal.corrects}"
    note += f" also under {' '.join(proposal.also)}" if proposal.also else ""
    return f"{proposal.event!r}{note}"


def recorded(*events: Event, actor: str = ACTOR) -> list[RecordedEvent]:
    """Return events as a log would, from position 1: for a projection's own tests."""
    return MemoryHistory().append([(event, Header(actor=actor)) for event in events])
