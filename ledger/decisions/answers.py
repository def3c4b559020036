"""What the log has answered, kept from one decision to the next.

A program that stays takes thousands of decisions, and most of what they ask hardly ever changes: a
space, its site, a project. What is kept is not believed but followed: before each decision all
that was recorded since is read, which is one question in place of those that it answers, and
what answers a kept question joins its answer. So what a decision sees is what the log would tell
it at that position, whoever else records; and the append checks it once more under the lock.

Events never change, so an answer can be wrong in one way only: that this is no longer the same
log (a restored file, a server that went on from a replica). The reading therefore begins with the
newest event that is known, and where the log tells another one in its place, everything is
forgotten.
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
"""A query, and whether its newest event alone is wanted."""

MOST_FOLLOWED = 32
"""Rows that are read to follow, the newest known one among them. Where so many come there may be
more, and then a decision's eight questions cost less."""

MOST_QUESTIONS = 1_024
MOST_EVENTS = 16_384
"""What a thread keeps at most, some 20 MB. What has not been asked for longest goes first."""


class KnownAnswers:
    """The answers of one log up to the row `newest`, the last one that is known.

    None knows nothing. For the thread that has made them.
    """

    def __init__(self, newest: "StoredRow | None" = None) -> None:
        self._newest = newest
        self._found: dict[Question, list[RecordedEvent]] = {}  # longest not asked for first
        self._with_tag: dict[str, set[Question]] = defaultdict(set)
        self._events = 0
        self._thread = get_ident()

    @property
    def head(self) -> int:
        """The position up to which they hold, 0 where nothing is known."""
        return 0 if self._newest is None else self._newest[0]

    def are_of(self, head: int) -> bool:
        """Whether they hold at a position, and the calling thread may use them."""
        return self.head == head and self._thread == get_ident()

    def follow(
        self, rows: "Sequence[StoredRow]", decode: "Callable[[StoredRow], RecordedEvent]"
    ) -> bool:
        """Take in the rows of the log from position `head` on, fewer than `MOST_FOLLOWED`.

        False where they cannot go on (another log, a gap, a damaged row, too many): then make new
        ones, as where it was interrupted.
        """
        if self._newest is None or not rows or len(rows) >= MOST_FOLLOWED:
            return False
        if rows[0] != self._newest or rows[-1][0] - rows[0][0] != len(rows) - 1:
            return False  # another log, or one is missing
        try:
            for row in rows[1:]:
                self._add(row, decode)
                self._newest = row
        except (msgspec.MsgspecError, TypeError, StorageFailure):
            return False  # whoever asks for what is damaged will be told
        self._stay_small()
        return True

    def get(self, question: Question) -> list[RecordedEvent] | None:
        """The answer, oldest first; None where none is kept. It is never changed."""
        found = self._found.pop(question, None)
        if found is not None:
            self._found[question] = found
        return found

    def keep(self, question: Question, found: list[RecordedEvent]) -> None:
        """Keep what the log answered as of `head`. The question has a tag."""
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
