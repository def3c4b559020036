"""The errors, one class each: what stands in the way, and what to do.

Every error that a user can cause or meet is a `LedgerError`. Its class decides the exit
code, its arguments are typed, and the message is composed inside, so that a caller can
neither forget the advice nor word it a second way.
"""

from collections.abc import Iterable
from datetime import date
from typing import ClassVar, Self

LONGEST = 2_000
"""Most characters of a message or its advice: a title, of 1,000 at most, can be quoted whole."""


def _readable(text: str) -> str:
    """Cut the middle out of a text that is too long: it may quote anything that was typed."""
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST - LONGEST // 4]} … {text[-LONGEST // 4 :]}"


class LedgerError(Exception):
    """Base of all errors with a message for a person.

    `message` says what stands in the way, `advice` what to do next (may be empty).
    """

    exit_code: ClassVar[int] = 70

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = _readable(message)
        self.advice = _readable(advice)
        self.where = ""
        """The place in an input, such as `line 12`, set by the reader of the input."""

    def __str__(self) -> str:
        text = f"{self.message}. {self.advice}" if self.advice else self.message
        return f"{self.where}: {text}" if self.where else text


class InternalError(LedgerError):
    """A bug in this program: one of its invariants does not hold."""


# --- refused by a rule (exit 1) ------------------------------------------------------


class Pending(int):
    """The position of an event that is not recorded yet: for ordering, not for citing.

    The number is where the event would stand if nothing else is recorded in between. As text it
    says where the event comes from instead: from which `line` of its batch, 0 where the command
    itself proposes it.
    """

    line: int

    def __new__(cls, position: int, line: int = 0) -> Self:
        """That position, of an event proposed by that line."""
        made = super().__new__(cls, position)
        made.line = line
        return made

    def __str__(self) -> str:
        return f"earlier in this batch, line {self.line}" if self.line else "in this same command"

    __repr__ = __str__


def cited(position: int) -> str:
    """An event's place as a message cites it: `#12`, or where in the batch it stands."""
    return str(position) if isinstance(position, Pending) else f"#{position}"


class Refused(LedgerError):
    """A rule said no. Nothing was recorded.

    `rule` is the rule's stable short name, `position` the event that stands in the way
    (None where it is an absence that stands in the way, or an event of the same batch,
    which is not recorded either).
    """

    exit_code = 1
    rule: ClassVar[str] = "rule"

    def __init__(self, message: str, *, advice: str, position: int | None = None) -> None:
        where = f" ({cited(position)})" if position is not None else ""
        super().__init__(f"{message}{where}", advice=advice)
        self.position = None if isinstance(position, Pending) else position


def near(word: str, known: Iterable[str]) -> list[str]:
    """Return up to three of the known names that may be meant, the nearest first.

    Short ids with a number are all alike: b-9 is not a misspelt b-1.
    """
    from difflib import get_close_matches  # only where something was misspelt

    names = list(known)
    numbered = any(letter.isdigit() for letter in word)
    cutoff = 0.6 if len(word) > 5 else 0.75 if numbered else 0.5
    alike = get_close_matches(word, names, n=3, cutoff=cutoff)
    return alike or ([name for name in names if word in name][:3] if len(word) >= 4 else [])


class UnknownId(Refused):
    """A command names something that the ledger does not know."""

    rule = "known-id"

    def __init__(self, kind: str, id: str, *, known: Iterable[str] = ()) -> None:
        meant = near(id, known)
        advice = f"Did you mean {' or '.join(meant)}?" if meant else ADD_ADVICE.get(kind, "")
        super().__init__(f"no {kind} {id!r} in this ledger", advice=advice)
        self.kind, self.id = kind, id


ADD_ADVICE = {
    "site": "Register it first: site add",
    "space": "List them with: view spaces; commission one with: space add",
    "project": "List them with: view projects; open one with: project open",
    "booking": "List them with: view bookings",
    "equipment": "List it with: view equipment; register an item with: equipment add",
    "closure": "See a space's closures with: show space:ID",
}


class AlreadyExists(Refused):
    """An id is taken; ids are never used twice, so that history stays readable."""

    rule = "unique-id"

    def __init__(self, kind: str, id: str, *, position: int) -> None:
        super().__init__(
            f"{kind} {id!r} exists already",
            position=position,
            advice="Choose another id; an id is never used twice",
        )
        self.kind, self.id = kind, id


class RequestReused(Refused):
    """A request key came a second time, with a different command."""

    rule = "request-key"

    def __init__(self, key: str, *, position: int) -> None:
        super().__init__(
            f"request {key!r} was used for another command",
            position=position,
            advice="Use a new key for a new command",
        )
        self.key = key


# --- usage (exit 2) ------------------------------------------------------------------


class BadInput(LedgerError):
    """Input that cannot be understood, whatever the ledger holds."""

    exit_code = 2


class BadId(BadInput):
    """An id outside the grammar of `ledger.tags`."""

    def __init__(self, kind: str, text: str, *, suggestion: str) -> None:
        advice = "Use 1 to 64 of a-z 0-9 . _ -, beginning and ending with a letter or digit"
        if suggestion:
            advice += f", for example {suggestion!r}"
        super().__init__(f"{text!r} is no {kind} id", advice=advice)
        self.kind, self.text, self.suggestion = kind, text, suggestion


class BadTime(BadInput):
    """A date, time or span that cannot be read, does not exist, or is ambiguous."""


class BadText(BadInput):
    """A title, name or reason that cannot be kept: empty, too long, or control characters."""


# --- conflict (exit 4), stale (exit 5) -----------------------------------------------


class Conflict(LedgerError):
    """Others kept recording what the decision had read; the retries are used up."""

    exit_code = 4

    def __init__(self, *, attempts: int) -> None:
        super().__init__(
            f"others kept changing what this command reads ({attempts} attempts)",
            advice="Nothing was recorded; try again",
        )
        self.attempts = attempts


class BoundaryBroken(LedgerError):
    """An append's condition failed: what the decision read has changed. Retried, not shown."""

    exit_code = 4

    def __init__(self, *, after: int) -> None:
        super().__init__(f"what was read as of #{after} has changed since")
        self.after = after


class StaleView(LedgerError):
    """A projection is quarantined, so a view answers only up to an earlier position."""

    exit_code = 5


# --- the store (exit 10 and 74) ------------------------------------------------------


class NoLedger(LedgerError):
    """No ledger was found at that place."""

    exit_code = 10


class NotALedger(NoLedger):
    """Something else is at that place."""


class NewerFormat(NoLedger):
    """The ledger was written by a later version of this program."""

    def __init__(self, where: str, *, found: int, known: int) -> None:
        super().__init__(
            f"{where} has ledger format {found}, this program knows up to {known}",
            advice="Upgrade: pip install --upgrade studio-ledger",
        )
        self.found, self.known = found, known


class LedgerExists(Refused):
    """Something is there already; a ledger is never written over."""

    rule = "never-overwrite"

    def __init__(self, where: str, *, advice: str = "Choose another place with --ledger") -> None:
        super().__init__(f"there is something at {where} already", advice=advice)


class StorageFailure(LedgerError):
    """The store could not be read or written: full, read-only, unreachable, damaged.

    Exit code 74 is EX_IOERR of sysexits.h.
    """

    exit_code = 74


class LineTooLong(BadInput):
    """An event whose line would be larger than the log takes."""

    def __init__(self, type: str, *, size: int, limit: int) -> None:
        super().__init__(
            f"a {type} of {size:,} bytes is larger than the {limit:,} bytes of a line",
            advice="Shorten its texts or split the period",
        )
        self.size, self.limit = size, limit


# --- refusals that several nouns share (exit 1) --------------------------------------


class UnreadableEvent(Refused):
    """A rule needs an event that a later version, or a plugin now removed, has written."""

    rule = "readable-history"

    def __init__(self, type: str, *, position: int) -> None:
        super().__init__(
            f"this command needs a {type} that this version cannot read",
            position=position,
            advice="Upgrade: pip install --upgrade studio-ledger",
        )
        self.type = type


class NothingChanges(Refused):
    """A command would record what holds already: an event without news has no use."""

    rule = "no-empty-change"

    def __init__(self, what: str, *, position: int) -> None:
        super().__init__(what, position=position, advice="Nothing needs to be recorded")


class NotInService(Refused):
    """A day lies before a space came into service, or after it left."""

    rule = "in-service"

    def __init__(
        self, space: str, day: date, *, since: date, until: date | None, position: int
    ) -> None:
        span = f"from {since}" if until is None else f"from {since} to before {until}"
        super().__init__(
            f"space {space!r} is not in service on {day}, only {span}",
            position=position,
            advice="Choose days in service: view spaces",
        )
        self.space, self.day, self.since, self.until = space, day, since, until


class ProjectIsClosed(Refused):
    """Nothing more can be done for a project that was closed."""

    rule = "open-project"

    def __init__(self, project: str, *, position: int) -> None:
        super().__init__(
            f"project {project!r} is closed",
            position=position,
            advice="Open a further project: project open",
        )
        self.project = project
