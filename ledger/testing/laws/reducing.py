"""Shorten a history that breaks a law to the shortest one that still does.

Hypothesis could shrink it number by number. Here more is known: any command can be left
out, since the studio drops those that are then refused; so whole stretches are tried first,
which leaves a story of a few commands.
"""

from collections.abc import Callable, Sequence
from time import monotonic

from ledger.testing.drawing.retelling import Told
from ledger.testing.drawing.studio import Choice, Command
from ledger.testing.laws.contents import LawBroken
from ledger.testing.laws.subjects import Case

WITHIN = 8.0
"""Seconds to search for something shorter: an author is waiting for the result."""


class _Reducing:
    def __init__(self, breaks: Callable[[Case], LawBroken | None], case: Case) -> None:
        self._breaks = breaks
        self._until = monotonic() + WITHIN
        self.case = case

    @property
    def history(self) -> Told:
        assert isinstance(self.case.entries, Told)
        return self.case.entries

    def attempt(self, case: Case) -> bool:
        """Return whether this case breaks the law, too; if so, shorten it further."""
        if monotonic() > self._until or self._breaks(case) is None:
            return False
        self.case = case
        return True

    def commands(self) -> None:
        """Leave out all commands that can be left out: halves first, single ones last."""
        size = max(len(self.history.commands) // 2, 1)
        while True:
            start = 0
            while start < len(self.history.commands):
                kept = (*self.history.commands[:start], *self.history.commands[start + size :])
                if not self._with(kept):
                    start += size
            if size == 1:
                return
            size //= 2

    def numbers(self) -> None:
        """Simplify the remaining commands: the first space, the first day."""
        for n in range(len(self.history.commands)):
            for field in ("who", "other", "day", "length"):
                commands = self.history.commands
                command = commands[n] if n < len(commands) else None
                if isinstance(command, Choice):
                    zero = {field: 0}
                    plain = Choice(**{**command._asdict(), **zero})
                    self._with((*commands[:n], plain, *commands[n + 1 :]))

    def rest(self) -> None:
        """Leave out stops and unreadable events."""
        for n in reversed(range(len(self.case.parts))):
            parts = (*self.case.parts[:n], *self.case.parts[n + 1 :])
            self.attempt(Case(self.history, parts, self.case.unreadable))
        for one in sorted(self.case.unreadable):
            unreadable = self.case.unreadable - {one}
            self.attempt(Case(self.history, self.case.parts, unreadable))

    def _with(self, commands: Sequence[Command]) -> bool:
        if tuple(commands) == self.history.commands:
            return False
        history = self.history.retold(tuple(commands))
        return self.attempt(Case(history, self.case.parts, self.case.unreadable))


def reduced(breaks: Callable[[Case], LawBroken | None], case: Case) -> Case:
    """Return the shortest case found that breaks the law."""
    reducing = _Reducing(breaks, case)
    reducing.rest()
    before = None
    while before is not reducing.case:
        before = reducing.case
        reducing.commands()
        reducing.rest()
    reducing.numbers()
    reducing.commands()
    return reducing.case
