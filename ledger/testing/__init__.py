"""For whoever tests decisions, rules and projections: stories, and a log in memory.

Nothing here needs more than the package itself; the strategies for drawn histories, which
need hypothesis, are modules that you import by name.
"""

from ledger.testing.history import BEGINNING, MemoryHistory
from ledger.testing.scenario import ACTOR, Outcome, Scenario, correcting, given, recorded

__all__ = [
    "ACTOR",
    "BEGINNING",
    "MemoryHistory",
    "Outcome",
    "Scenario",
    "correcting",
    "given",
    "recorded",
]
