"""The answers of the log, kept from one decision to the next.

A long-running program takes thousands of decisions, and most of the events that they ask for hardly
ever change: a space, its site, a project. Kept answers are not trusted but brought up to date:
before each decision one query reads all that was recorded since, and an event that answers a kept
question joins its answer. So a decision sees exactly what the log would answer at that position,
also while other processes record; and the append checks it once more under the lock.

Events never change, so an answer can be wrong in only one way: the log has become another one (a
restored file, a server that continued from a replica). Each reading therefore begins with the
newest known event, and if the log has another one in its place, everything is forgotten.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from threading import get_ident
from typing import TYPE_CHECKING

import msgspec

from ledger.errors import StorageFailure
from ledger.events.base import Query, RecordedEvent, parse_tags

if TYPE_CHECKING:
    from ledger.log.rows import StoredRow

Question = tuple[Query, bool]
"""A query, and whether only its newest event is wanted."""

MOST_FOLLOWED = 32
"""Rows read to catch up, including the newest known one. If that many come, there may be more, and
then a decision's eight questions cost less."""

MOST_QUESTIONS = 1_024
MOST_EVENTS = 16_384
"""The most that a thread keeps, some 20 MB. The least recently asked question goes first."""


class KnownAnswers:
    """The answers of one log up to the row `newest`, the last known one.

    With None, no answers are known. For use by the thread that made them.
    """

    def __init__(self, newest: "StoredRow | None" = None) -> None:
        self._newest = newest
        self._found: dict[Question, list[RecordedEvent]] = {}  # least recently asked first
        self._with_tag: dict[str, set[Question]] = defaultdict(set)
        self._events = 0
        self._thread = get_ident()

    @property
    def head(self) -> int:
        """The position up to which they hold, 0 if nothing is known."""
        return 0 if self._newest is None else self._newest[0]

    def are_of(self, head: int) -> bool:
        """Whether they hold at a position, and the calling thread may use them."""
        return self.head == head and self._thread == get_ident()

    def follow(
        self, rows: "Sequence[StoredRow]", decode: "Callable[[StoredRow], RecordedEvent]"
    ) -> bool:
        """Add the rows of the log from position `head` on, fewer than `MOST_FOLLOWED`.

        Return False if that is not possible (another log, a gap, a damaged row, too many rows):
        then start again with new answers, as after an interruption.
        """
        if self._newest is None or not rows or len(rows) >= MOST_FOLLOWED:
            return False
        if rows[0] != self._newest or rows[-1][0] - rows[0][0] != len(rows) - 1:
            return False  # another log, or a row is missing
        try:
            for row in rows[1:]:
                self._add(row, decode)
                self._newest = row
        except (msgspec.MsgspecError, TypeError, StorageFailure):
            return False  # a question that meets the damage will report it
        self._stay_small()
        return True

    def get(self, question: Question) -> list[RecordedEvent] | None:
        """Return the answer, oldest first; None if none is kept. Callers must not change it."""
        found = self._found.pop(question, None)
        if found is not None:
            self._found[question] = found
        return found

    def keep(self, question: Question, found: list[RecordedEvent]) -> None:
        """Keep the log's answer as of `head`. The question has a tag."""
        self._found[question] = found
        self._with_tag[question[0].tags[0]].add(question)
        self._events += len(found)
        self._stay_small()

    def _stay_small(self) -> None:
        while len(self._found) > MOST_QUESTIONS or self._events > MOST_EVENTS:
            self._forget(next(iter(self._found)))

    def _add(self, row: "StoredRow", decode: "Callable[[StoredRow], RecordedEvent]") -> None:
        _, _, type, text, _ = row
        tags, entry = parse_tags(text), None
        for tag in dict.fromkeys(tags):
            for question in self._with_tag.get(tag, ()):
                query, only_last = question
                if query.matches(type, tags):
                    entry = entry or decode(row)
                    found = self._found[question]
                    joined = [entry] if only_last else [*found, entry]
                    self._events += len(joined) - len(found)
                    self._found[question] = joined

    def _forget(self, question: Question) -> None:
        self._events -= len(self._found.pop(question))
        tag = question[0].tags[0]
        self._with_tag[tag].discard(question)
        if not self._with_tag[tag]:
            del self._with_tag[tag]
