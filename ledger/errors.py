"""The errors: each says what stands in the way, and what to do about it.

Every error that a user can cause or meet is a `LedgerError`. Its class decides the exit
code, takes typed arguments and composes the message, so that a caller can neither forget
the advice nor word it in a second way.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, ClassVar, Self, dataclass_transform

LONGEST = 2_000
"""Characters of a message, or of its advice: enough to quote a title of 1,000 whole."""


def _readable(text: str) -> str:
    """Cut out the middle of a text that is too long: it may quote any input."""
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
        """The place in an input, such as `line 12`, set by the code that reads the input."""
        self.about: tuple[str, ...] = ()
        """The items that this is about, as the command named them."""

    def __str__(self) -> str:
        text = f"{self.message}. {self.advice}" if self.advice else self.message
        return f"{self.where}: {text}" if self.where else text


@dataclass_transform(eq_default=False)
class Declared(LedgerError):
    """Base of the errors that declare their arguments as fields, as a dataclass does.

    Its `message` and `advice` are templates: `{space!r}` stands for a field `space`, or for
    a property of that name where the text has to be computed. The arguments come in the order
    of the fields; those of a class with `kw_only` are given by name.
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
    """A bug in this program: one of its invariants does not hold."""


# --- refused by a rule (exit 1) ------------------------------------------------------


class Pending(int):
    """The position of an event that is not recorded yet: good for ordering, not for citing.

    The number is where the event would stand if nothing else were recorded in between. As
    text it names the event's place instead: the `line` of its batch, 0 where the command
    itself proposes it.
    """

    line: int

    def __new__(cls, position: int, line: int = 0) -> Self:
        """Return the position of an event that a line proposes."""
        made = super().__new__(cls, position)
        made.line = line
        return made

    def __str__(self) -> str:
        return f"in this batch, line {self.line}" if self.line else "in this same command"

    __repr__ = __str__


def cited(position: int) -> str:
    """Return an event's place as messages cite it: `#12`, or its line of the batch."""
    return str(position) if isinstance(position, Pending) else f"#{position}"


class Refused(LedgerError):
    """A rule said no. Nothing was recorded.

    `rule` is the rule's stable short name, `position` the event that stands in the way
    (None without such an event, or if it belongs to the same batch and so is not recorded
    either).
    """

    exit_code = 1
    rule: ClassVar[str] = "rule"

    def __init__(self, message: str, *, advice: str, position: int | None = None) -> None:
        where = f" ({cited(position)})" if position is not None else ""
        super().__init__(f"{message}{where}", advice=advice)
        self.position = None if isinstance(position, Pending) else position


class RefusedBy(Declared, Refused, kw_only=True):
    """Base of the declared refusals that name the event in the way by its `position`."""

    position: int | None


def near(word: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """Return the known names that the word may stand for, the nearest first.

    Short ids with a number all look alike, but b-9 is not a misspelt b-1.
    """
    from difflib import get_close_matches  # loaded only after a misspelling

    names = list(known)
    numbered = any(letter.isdigit() for letter in word)
    cutoff = 0.6 if len(word) > 5 else 0.75 if numbered else 0.5
    alike = get_close_matches(word, names, n=most, cutoff=cutoff)
    return alike or ([name for name in names if word in name][:most] if len(word) >= 4 else [])


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str = "", most: int = 3) -> str:
    """Return a question that suggests the known names near a word, `otherwise` if there are none.

    This is the one place that words the question.
    """
    return suggestion(near(word, known, most=most)) or otherwise


def suggestion(meant: Iterable[str]) -> str:
    """Return the question for names that were found; empty without any."""
    names = " or ".join(meant)
    return f"{_ASKS} {names}?" if names else ""


_ASKS = "Did you mean"


def asks(advice: str) -> bool:
    """Whether an advice suggests a name."""
    return advice.startswith(_ASKS)


class UnknownId(Refused):
    """A command names something that is not in the ledger."""

    rule = "known-id"

    def __init__(self, kind: str, id: str, *, known: Iterable[str] = ()) -> None:
        advice = did_you_mean(id, known, otherwise=ADD_ADVICE.get(kind, ""))
        super().__init__(f"no {kind} {id!r} in this ledger", advice=advice)
        self.kind, self.id = kind, id


ADD_ADVICE = {
    "site": "Register it first: site add",
    "space": "List them with: view spaces; commission one with: space add",
    "project": "List them with: view projects; open one with: project open",
    "booking": "List them with: view bookings",
    "job": "See the jobs of bookings with: view bookings",
    "equipment": "List it with: view equipment; register an item with: equipment add",
    "closure": "List a space's closures with: show space:ID",
}


class AlreadyExists(RefusedBy):
    """An id is taken. Ids are never used twice, so that history stays readable."""

    rule = "unique-id"
    kind: str
    id: str
    message = "{kind} {id!r} already exists"
    advice = "Choose another id; an id is never used twice"


class RequestReused(RefusedBy):
    """A request key was used again for a different command."""

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
    message = "{text!r} is not a valid {kind} id"
    advice = (
        "Use 1 to 64 of a-z 0-9 . _ -, beginning and ending with a letter or digit{for_example}"
    )

    @property
    def for_example(self) -> str:
        return f", for example {self.suggestion!r}" if self.suggestion else ""


class BadTime(BadInput):
    """A date, time or span that cannot be read, does not exist, or is ambiguous."""


class BadText(BadInput):
    """A title, name or reason that is empty, too long, or has control characters."""


# --- conflict (exit 4), stale (exit 5) -----------------------------------------------


class Conflict(Declared):
    """Other processes kept changing what the decision had read; no retry is left."""

    exit_code = 4
    attempts: int
    message = "others kept changing what this command reads ({attempts} attempts)"
    advice = "Nothing was recorded; try again"


class BoundaryBroken(Declared):
    """An append's condition failed: the answers that the decision read have changed.

    The decision is retried; the user does not see this.
    """

    exit_code = 4
    after: int
    message = "what was read as of #{after} has changed since"


class StaleView(LedgerError):
    """A projection is quarantined, so its views answer only up to an earlier position."""

    exit_code = 5


# --- the store (exit 10 and 74) ------------------------------------------------------


UPGRADE = "Upgrade: pip install --upgrade studio-ledger"


class NoLedger(LedgerError):
    """The place has no ledger."""

    exit_code = 10


class NotALedger(NoLedger):
    """The place holds something other than a ledger."""


class NewerFormat(Declared, NoLedger):
    """The ledger was written by a later version of this program."""

    ledger: str
    found: int
    known: int
    message = "{ledger} has ledger format {found}, but this program reads only up to {known}"
    advice = UPGRADE


class LedgerExists(Refused):
    """The place is taken; a ledger never overwrites anything."""

    rule = "never-overwrite"

    def __init__(self, where: str, *, advice: str = "Choose another place with --ledger") -> None:
        super().__init__(f"there is already something at {where}", advice=advice)


class StorageFailure(LedgerError):
    """The store could not be read or written: full, read-only, unreachable, damaged.

    Exit code 74 is EX_IOERR of sysexits.h.
    """

    exit_code = 74


class LineTooLong(Declared, BadInput):
    """An event's line would be larger than the log allows."""

    type: str
    size: int
    limit: int
    message = "a {type} of {size:,} bytes is longer than a line may be ({limit:,} bytes)"
    advice = "Shorten its texts or split the period"


# --- refusals that several nouns share (exit 1) --------------------------------------


class UnreadableEvent(RefusedBy):
    """A rule needs an event that was written by a later version or a removed plugin."""

    rule = "readable-history"
    type: str
    message = "this command needs a {type} that this version cannot read"
    advice = UPGRADE


class NothingChanges(RefusedBy):
    """A command would record what is already so: such an event would carry no news."""

    rule = "no-empty-change"
    what: str
    message = "{what}"
    advice = "Nothing needs to be recorded"


class NotInService(RefusedBy):
    """The day is before the space came into service, or after it left."""

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
    """A closed project takes no further commands."""

    rule = "open-project"
    project: str
    message = "project {project!r} is closed"
    advice = "Open another project: project open"
