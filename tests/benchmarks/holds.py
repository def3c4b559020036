"""The decision that the rows about deciding take: a hold of one of many spaces, some day soon.

A hold reads its booking's id, its project, its space and the month of its space, checks the rules
of the ladder, and records one event with four tags. Who competes gets the questions and the event
ready-made, and asks and records in its own way.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from msgspec import Struct

from ledger.application import Author, Ledger
from ledger.decisions.base import Context, Snapshot
from ledger.decisions.bookings.holds import PlaceHold
from ledger.decisions.deciding import take
from ledger.events.base import Header, Query, RecordedEvent, recorded_tags
from ledger.log.eventlog import EventLog
from ledger.time.periods import SystemClock, When
from tests.benchmarks.histories import LAST, Campus, day_of, label

AUTHOR = Author(actor="scheduler")


class Question(Struct, frozen=True):
    """What a decision asks of the log: events with a tag, of these types; `last` the newest."""

    tag: str
    types: tuple[str, ...]
    last: bool


class Hold(Struct, frozen=True):
    """A hold to be placed, what it asks, and what is recorded of it."""

    booking: str
    space: str
    project: str
    day: str
    questions: tuple[Question, ...] = ()
    type: str = ""
    tags: tuple[str, ...] = ()
    data: str = ""

    @property
    def decision(self) -> PlaceHold:
        """As a command."""
        return PlaceHold(
            booking=self.booking, space=self.space, project=self.project, when=When.parse(self.day)
        )


def draw(campus: Campus, count: int, *, months: int = 3, seed: int = 1) -> list[Hold]:
    """So many holds on any stage, on any day of the next months. The first one is booked half."""
    chance, drawn = random.Random(seed), []
    for n in range(count):
        stage = chance.randrange(campus.stages)
        on = day_of(LAST + chance.randint(1, months), chance.randint(1, 28))
        drawn.append(
            Hold(
                booking=f"b-{seed}-{n}",
                space=f"stage-{stage}",
                project=f"p-{label(LAST)}-{stage % campus.projects}",
                day=f"{on}..{on + timedelta(days=chance.randint(0, 2))}",
            )
        )
    return drawn


class _Noting:
    """A history that notes what is asked of it."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.asked: list[Question] = []

    def read(self, queries: Sequence[Query], **how: Any) -> Iterator[RecordedEvent]:
        for query in queries:
            (tag,) = query.tags
            self.asked.append(Question(tag, query.types, bool(how.get("limit"))))
        return self._log.read(queries, **how)


def prepared(ledger: Ledger, holds: Sequence[Hold]) -> list[Hold]:
    """The holds with what the decision really asks, and the event that it really proposes."""
    header, now, head = Header(actor=AUTHOR.actor), SystemClock().now(), ledger.log.head()
    made = []
    for hold in holds:
        noting = _Noting(ledger.log)
        ctx = Context(Snapshot(noting, head), now=now, new_id=lambda _: "x", header=header)
        take(hold.decision, ctx)
        (proposal,) = ctx.proposals
        event = proposal.event
        made.append(
            msgspec.structs.replace(
                hold,
                questions=tuple(noting.asked),
                type=event.type_name,
                tags=recorded_tags(event, header),
                data=ledger.log.registry.encode(event, header).decode(),
            )
        )
    return made
