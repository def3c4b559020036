"""What an audit says no to: a proof that proves nothing, a checkpoint that must not be signed.

Whatever was checked and found wrong ends in exit code 3. What could not be checked at all (no
key, no file) is usage or a failed store, never 3.
"""

from ledger.errors import BadInput, LedgerError, Refused


class NotProved(LedgerError):
    """Something that claims to be a proof, a note or an export was checked, and is not true."""

    exit_code = 3


class BadNote(NotProved):
    """A signed note, checkpoint or proof that is malformed or wrongly signed."""


class Inconsistent(NotProved):
    """Two heads of one log of which neither continues the other, or a log that lost its own.

    `position` is the first event known to differ, where that is known.
    """

    def __init__(self, message: str, *, advice: str, position: int | None = None) -> None:
        super().__init__(message, advice=advice)
        self.position = position


class ReplicaBehind(LedgerError):
    """A replica has not come to what was signed, so that nothing can be said of it yet."""

    exit_code = 5

    def __init__(self, *, at: int, signed: int) -> None:
        super().__init__(
            f"the replica has come to #{at}, and #{signed} was signed",
            advice="Wait for it, or verify the ledger itself: leave --read-url away",
        )
        self.at, self.signed = at, signed


class NoKey(BadInput):
    """There is no key where one is needed, or it cannot be opened."""


class BadPolicy(BadInput):
    """A policy of witnesses that cannot be read."""


class KeyExists(Refused):
    """A key is there already; it is never written over."""

    rule = "never-overwrite"


class NotCovered(Refused):
    """A position that no checkpoint covers yet."""

    rule = "checkpoint-first"
