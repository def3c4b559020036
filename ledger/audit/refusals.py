"""The refusals of an audit: a proof that does not hold, a checkpoint that must not be signed.

Whatever was checked and found wrong ends in exit code 3. Whatever could not be checked at all (no
key, no file) is a usage error or a storage failure, never 3.
"""

from ledger.errors import BadInput, LedgerError, Refused

DAMAGED = "It was damaged or tampered with: ask for it again"
"""The advice for a note, checkpoint, proof or request that cannot be read."""


class NotProved(LedgerError):
    """A proof, a note or an export was checked and is wrong."""

    exit_code = 3


class BadNote(NotProved):
    """A signed note, checkpoint or proof that is malformed or wrongly signed."""


class Inconsistent(NotProved):
    """Two heads of one log where neither continues the other, or a log that lost signed events.

    `position` is the first event known to differ, if any.
    """

    def __init__(self, message: str, *, advice: str, position: int | None = None) -> None:
        super().__init__(message, advice=advice)
        self.position = position


class ReplicaBehind(LedgerError):
    """A replica has not reached the newest checkpoint, so it cannot be checked yet."""

    exit_code = 5

    def __init__(self, *, at: int, signed: int) -> None:
        super().__init__(
            f"the replica has reached #{at}, but #{signed} was signed",
            advice="Wait for it, or drop --read-url to verify the ledger itself",
        )
        self.at, self.signed = at, signed


class NoKey(BadInput):
    """A key that is needed is missing or cannot be opened."""


class BadPolicy(BadInput):
    """A policy of witnesses that cannot be read."""


class KeyExists(Refused):
    """A key exists already; it is never overwritten."""

    rule = "never-overwrite"


class NotCovered(Refused):
    """A position that no checkpoint covers yet."""

    rule = "checkpoint-first"
