"""Histories told by commands, each kept with the commands that told it."""

from collections.abc import Hashable, Sequence

from ledger.decisions.base import Rule
from ledger.events.base import RecordedEvent
from ledger.testing.drawing.commands import CAMPUS, READINGS
from ledger.testing.drawing.equipment_commands import ITEM_READINGS
from ledger.testing.drawing.loan_commands import LOAN_READINGS
from ledger.testing.drawing.studio import Command, Studio
from ledger.testing.drawing.term_commands import TERM_READINGS

ALL_READINGS = READINGS | TERM_READINGS | ITEM_READINGS | LOAN_READINGS
"""Every word of a choice except `wait` and `unknown`, with its reading."""


class Told(tuple[RecordedEvent, ...]):
    """A history, and the commands that made it: they can be left out to shorten it."""

    commands: tuple[Command, ...]
    rules: tuple[Rule, ...]

    def retold(self, commands: tuple[Command, ...]) -> "Told":
        """Return the history of other commands, under the same rules."""
        return told(commands, rules=self.rules)


_TOLD: dict[Hashable, Told] = {}
_MOST_TOLD = 2_000
"""Histories kept: a contract uses the same ones for each of its laws."""


def told(commands: Sequence[Command], *, rules: tuple[Rule, ...] = ()) -> Told:
    """Return the history that these commands make, the same one for the same commands."""
    key = (tuple(commands), rules)
    try:
        known = _TOLD.get(key)
    except TypeError:  # a plugin's event that holds a list
        return _tell(commands, rules)
    if known is None:
        if len(_TOLD) >= _MOST_TOLD:
            _TOLD.clear()
        known = _TOLD[key] = _tell(commands, rules)
    return known


def _tell(commands: Sequence[Command], rules: tuple[Rule, ...]) -> Told:
    studio = Studio(CAMPUS, ALL_READINGS, rules=rules)
    for command in commands:
        studio.take(command)
    history = Told(studio.history.events)
    history.commands, history.rules = tuple(commands), rules
    return history
