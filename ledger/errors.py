"""What can go wrong, one class each: what stands in the way, and what to do.

Every error that a user can cause or meet is a `LedgerError`. Its class decides the exit
code, its arguments are typed, and the message is composed inside, so that a caller can
neither forget the advice nor word it a second way.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, ClassVar, Self, dataclass_transform

LONGEST = 2_000
"""Letters of a message, or of its advice: a title, which may have 1,000, can be quoted whole."""


def _readable(text: str) -> str:
    """A text without its middle where it is too long: whatever was typed may be quoted in it."""
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
        """The place in an input, such as `line 12`, set by whoever reads it."""

    def __str__(self) -> str:
        text = f"{self.message}. {self.advice}" if self.advice else self.message
        return f"{self.where}: {text}" if self.where else text


@dataclass_transform(eq_default=False)
class Declared(LedgerError):
    """Base of the errors that declare their arguments as fields, as a dataclass does.

    Their `message` and `advice` are templates: `{space!r}` stands for the field `space`, or
    for a property of that name where its value alone does not say enough. The arguments are
    in the order of the fields; those of a class with `kw_only` come last.
    """

    message = ""
    advice = ""
    _fields: ClassVar[tuple[str, ...]] = ()
    _keywords: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, kw_only: bool = False) -> None:
        if kw_only:
            cls._keywords = (*cls._keywords, *cls.__annotations__)
        else:
            cls._fields = (*cls._fields, *cls.__annotations__)

    def __init__(self, *values: Any, **named: Any) -> None:
        fields = (*self._fields, *self._keywords)
        given = dict(zip(fields, values, strict=False)) | named
        missing = [name for name in fields if name not in given and not hasattr(type(self), name)]
        if missing or len(values) > len(fields) or not given.keys() <= set(fields):
            raise TypeError(f"{type(self).__name__} takes {', '.join(fields)}")
        self.__dict__.update(given)
        shown = _Shown(self)
        placed = {"position": given["position"]} if "position" in given else {}
        super().__init__(
            self.message.format_map(shown), advice=self.advice.format_map(shown), **placed
        )
        self.args = tuple(getattr(self, name) for name in fields)  # for pickle and repr


class _Shown:
    """The values of an error as its templates show them."""

    def __init__(self, error: Declared) -> None:
        self._error = error

    def __getitem__(self, name: str) -> Any:
        value = getattr(self._error, name)
        return instant_text(value) if isinstance(value, datetime) else value


def instant_text(instant: datetime) -> str:
    """An instant as every message shows it, on its own clock: `2025-07-01 08:00+08:00`."""
    precision = "seconds" if instant.second or instant.microsecond else "minutes"
    return instant.isoformat(sep=" ", timespec=precision)


class InternalError(LedgerError):
    """The project's own mistake: an invariant of ours does not hold."""


# --- refused by a rule (exit 1) ------------------------------------------------------


class Pending(int):
    """The position of an event that is not recorded yet: it orders, and nobody may cite it.

    The number is where the event would stand if nobody else recorded in between. As text
    it says where the event is to be found instead: at which `line` of its batch, 0 where
    the command itself proposes it.
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


class RefusedBy(Declared, Refused, kw_only=True):
    """Base of the refusals for which an event may stand in the way, with its position."""

    position: int | None


def near(word: str, known: Iterable[str]) -> list[str]:
    """Up to three of the known names that somebody may have meant, the nearest first.

    Short ids with a number are all alike: nobody who types b-9 means b-1.
    """
    from difflib import get_close_matches  # loaded where something was misspelt

    names = list(known)
    numbered = any(letter.isdigit() for letter in word)
    cutoff = 0.6 if len(word) > 5 else 0.75 if numbered else 0.5
    alike = get_close_matches(word, names, n=3, cutoff=cutoff)
    return alike or ([name for name in names if word in name][:3] if len(word) >= 4 else [])


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The question that advises the known names near to a word; empty where none is."""
    meant = near(word, known)
    return f"Did you mean {' or '.join(meant)}?" if meant else ""


class UnknownId(Refused):
    """A command names something that the ledger does not know."""

    rule = "known-id"

    def __init__(self, kind: str, id: str, *, known: Iterable[str] = ()) -> None:
        advice = did_you_mean(id, known) or ADD_ADVICE.get(kind, "")
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


class AlreadyExists(RefusedBy):
    """An id is taken; ids are never used twice, so that history stays readable."""

    rule = "unique-id"
    kind: str
    id: str
    message = "{kind} {id!r} exists already"
    advice = "Choose another id; an id is never used twice"


class RequestReused(RefusedBy):
    """A request key came a second time, with a different command."""

    rule = "request-key"
    key: str
    message = "request {key!r} was used for another command"
    advice = "Use a new key for a new command"


# --- usage (exit 2) ------------------------------------------------------------------


class BadInput(LedgerError):
    """Input that cannot be understood, whatever the ledger holds."""

    exit_code = 2


class BadId(Declared, BadInput):
    """An id outside the grammar of `ledger.tags`."""

    kind: str
    text: str
    suggestion: str
    message = "{text!r} is no {kind} id"
    advice = (
        "Use 1 to 64 of a-z 0-9 . _ -, beginning and ending with a letter or digit{for_example}"
    )

    @property
    def for_example(self) -> str:
        return f", for example {self.suggestion!r}" if self.suggestion else ""


class BadTime(BadInput):
    """A date, time or span that cannot be read, does not exist, or is ambiguous."""


class BadText(BadInput):
    """A title, name or reason that cannot be kept: empty, too long, or control characters."""


# --- conflict (exit 4), stale (exit 5) -----------------------------------------------


class Conflict(Declared):
    """Others kept recording what the decision had read; the retries are used up."""

    exit_code = 4
    attempts: int
    message = "others kept changing what this command reads ({attempts} attempts)"
    advice = "Nothing was recorded; try again"


class BoundaryBroken(Declared):
    """An append's condition failed: what the decision read has changed. Retried, not shown."""

    exit_code = 4
    after: int
    message = "what was read as of #{after} has changed since"


class StaleView(LedgerError):
    """A projection is quarantined, so a view answers only up to an earlier position."""

    exit_code = 5


# --- the store (exit 10 and 74) ------------------------------------------------------


UPGRADE = "Upgrade: pip install --upgrade studio-ledger"


class NoLedger(LedgerError):
    """There is no ledger at that place."""

    exit_code = 10


class NotALedger(NoLedger):
    """Something else lives at that place."""


class NewerFormat(Declared, NoLedger):
    """The ledger was written by a later version of this program."""

    ledger: str
    found: int
    known: int
    message = "{ledger} has ledger format {found}, this program knows up to {known}"
    advice = UPGRADE


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


class LineTooLong(Declared, BadInput):
    """An event whose line would be larger than the log takes."""

    type: str
    size: int
    limit: int
    message = "a {type} of {size:,} bytes is larger than the {limit:,} bytes of a line"
    advice = "Shorten its texts or split the period"


# --- refusals that several nouns share (exit 1) --------------------------------------


class UnreadableEvent(RefusedBy):
    """A rule needs an event that a later version, or a plugin now removed, has written."""

    rule = "readable-history"
    type: str
    message = "this command needs a {type} that this version cannot read"
    advice = UPGRADE


class NothingChanges(RefusedBy):
    """A command would record what holds already: an event without news tells nobody anything."""

    rule = "no-empty-change"
    what: str
    message = "{what}"
    advice = "Nothing needs to be recorded"


class NotInService(RefusedBy):
    """A day lies before a space came into service, or after it left."""

    rule = "in-service"
    space: str
    day: date
    since: date
    until: date | None
    message = "space {space!r} is not in service on {day}, only from {since}{end}"
    advice = "Choose days in service: view spaces"

    @property
    def end(self) -> str:
        return "" if self.until is None else f" to before {self.until}"


class ProjectIsClosed(RefusedBy):
    """Nothing more can be done for a project that was closed."""

    rule = "open-project"
    project: str
    message = "project {project!r} is closed"
    advice = "Open a further project: project open"
