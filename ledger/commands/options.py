"""Options that many commands share, and their types."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ledger.commands.spoken import Spoken, log_time, place_in_log
from ledger.commands.tree import LOOKING_BACK, OUTPUT, RECORDING, Shared
from ledger.errors import BadInput, BadTime, LedgerError, did_you_mean
from ledger.events.bookings import DayPlan
from ledger.terminal.output import FORMATS, Output
from ledger.time.periods import Days, Deadline, Moment, When, parse_date
from ledger.time.spoken_days import FORMS, WORDS, Leaning, is_said

if TYPE_CHECKING:
    from ledger.application import Ledger

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]


# --- types ---------------------------------------------------------------------------


class Written(click.ParamType[Any]):
    """A text that a parser of this project reads; its errors are the parser's.

    With a `leaning` a day in it can be said in words. Such a value becomes a `Spoken`, since
    what *today* is depends on a clock of the studio.
    """

    def __init__(
        self, metavar: str, parse: Callable[[str], Any], leaning: Leaning | None = None
    ) -> None:
        self.name = metavar
        self._metavar = metavar
        self._parse = parse
        self._leaning = leaning

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the placeholder for a help text."""
        return self._metavar

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the text. Raises the parser's `BadInput`, with the option's name before it."""
        if not isinstance(value, str):
            return value
        option = param.opts[0] if param is not None else ""
        if self._leaning is not None and is_said(value):
            return Spoken(option, value, self._parse, self._leaning)
        with named(option), naming_words(value, said=self._leaning is not None):
            return self._parse(value)


def _plan(text: str) -> DayPlan:
    span, equals, kind = text.partition("=")
    days = Days.parse(span)
    kinds = ("prep", "pre-light", "shoot", "strike", "dark", "hold")
    if not equals or kind not in kinds:
        raise BadInput(
            f"{text!r} is not a day plan", advice=f"Write A..B=KIND, KIND one of {', '.join(kinds)}"
        )
    return DayPlan(days.first, days.last, kind)  # type: ignore[arg-type]  # checked just above


def _eighths(text: str) -> int:
    """Return `2 3/8`, `2+3/8`, `5/8` or `2` pages as eighths of a page."""
    whole, _, rest = text.strip().replace("+", " ").rpartition(" ")
    try:
        if "/" in rest:
            above, below = rest.split("/")
            # 9/8 is a page and an eighth; after whole pages it can only be a slip.
            if int(below) != 8 or int(above) < 0 or (whole and int(above) > 7):
                raise ValueError
            return 8 * int(whole or 0) + int(above)
        if whole:
            raise ValueError
        return 8 * int(rest)
    except ValueError:
        raise BadInput(
            f"{text!r} is not a number of pages", advice="Write whole pages and eighths: '2 3/8'"
        ) from None


DAY = Written("DAY", parse_date, "this year")
PAST_DAY = Written("DAY", parse_date, "past")
TODAY: dict[str, Any] = {"type": PAST_DAY, "default": "today", "show_default": True}
"""A day on which something happened: today unless told."""
DAY_TO_COME = Written("DAY", parse_date, "to come")
MOMENT = Written("TIME", Moment.parse, "this year")
PAST_MOMENT = Written("TIME", Moment.parse, "past")
DEADLINE = Written("TIME", Deadline.parse, "to come")
PLAN = Written("A..B=KIND", _plan, "to come")
PAGES = Written("PAGES", _eighths)


def choice(declared: Any) -> click.Choice[str]:
    """A choice among the texts of a `Literal`."""
    from typing import get_args

    return click.Choice(get_args(declared))


def as_written(what: str) -> Decorator[Any]:
    """Add --as-written, for a name that is nearly a usual one."""
    help = f"Take the {what} as it is, although it is nearly a usual one."
    return click.option("--as-written", is_flag=True, help=help)


# --- a period, in one of two forms -----------------------------------------------------


def period(*, required: bool, extends: bool = False) -> Decorator[Any]:
    """Add --days for whole days, --from and --to for exact times; the function gets `when`.

    With `extends`, --to alone keeps the start: the function gets `to`.
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def command(
            *args: Any, days: str | None, start: str | None, end: str | None, **given: Any
        ) -> Any:
            if extends:
                given["to"] = None
                if end is not None and start is None and days is None:
                    return function(*args, when=None, **given | {"to": _new_end(end)})
            asked = required or any(text is not None for text in (days, start, end))
            return function(*args, when=_when(days, start, end) if asked else None, **given)

        for option in (
            click.option("--to", "end", metavar="TIME", help=_NEW_END if extends else _END),
            click.option(
                "--from", "start", metavar="TIME", help="Exact start, such as 2025-07-01T08:00."
            ),
            click.option(
                "--days", metavar="A..B", help="Whole days at the site, from A to B inclusive."
            ),
        ):
            command = option(command)
        return command  # type: ignore[return-value]  # the same function, with other parameters

    return decorate


def _new_end(text: str) -> Moment | Spoken:
    if is_said(text):
        return Spoken("--to", text, Moment.parse, "to come")
    with named("--to"):
        return Moment.parse(text)


_END = "Exact end: the first instant after it."
_NEW_END = "Exact end. Alone: a new end, or a new last day; the start stays."


def _when(days: str | None, start: str | None, end: str | None) -> When | Spoken:
    if days is not None and start is None and end is None:
        if is_said(days):
            return Spoken("--days", days, When.parse, "to come")
        with named("--days"), naming_words(days):
            return When.parse(days)
    if start is not None and end is not None:
        if is_said(f"{start}..{end}"):
            return _said_hours(start, end)
        with named("--from"):
            first = Moment.parse(start)
        with named("--to"):
            last = Moment.parse(end)
        # Checked here, to quote the text as typed: the site's zone is not known yet.
        if last.resolve("UTC") <= first.resolve("UTC"):
            raise BadTime(f"{end} is not after {start}", advice="Give the earlier time as --from")
    return When.of(days=days, start=start, end=end)


def _said_hours(start: str, end: str) -> Spoken:
    if end.strip()[-3:-2] != ":":  # as `When.of` does: an end needs an hour
        raise BadTime(f"--to {end} does not say at what hour", advice=f"Write '{end} 18:00'")
    return Spoken("--from", f"{start}..{end}", When.parse, "to come")


@contextmanager
def naming_words(text: str, *, said: bool = True) -> Iterator[None]:
    """If a text is near a word for a day, let the error suggest it."""
    try:
        yield
    except BadTime as error:
        ends = text.partition("=")[0].strip().lower().split("..")
        words = [end for end in ends if end[:1].isalpha()]
        if said and words:
            near = (did_you_mean(end, WORDS, most=1) for end in words)
            error.advice = next(filter(None, near), f"{error.advice}, {FORMS}")
        raise


@contextmanager
def named(option: str) -> Iterator[None]:
    """Put an option's name before errors in its value."""
    try:
        yield
    except LedgerError as error:
        error.where = error.where or option
        raise


def resolve_as_of(ledger: "Ledger", as_of: str | None) -> int | None:
    """Return the position of --as-of; None if it was not given. Raises `BadInput`."""
    if as_of is None:
        return None
    return resolve_place(ledger, as_of, "--as-of")


def resolve_place(ledger: "Ledger", text: str, option: str) -> int:
    """Return the position of a place in the log, as typed for an option. Raises `BadInput`."""
    with named(option):
        return ledger.resolve_as_of(place_in_log(ledger, text, option))


def resolve_recorded_since(ledger: "Ledger", text: str | None) -> int:
    """Return the position after which --recorded-since begins; 0 if it was not given.

    A position is itself included, as with --as-of; a day means its start in the ledger's
    zone, and a time without seconds the start of that minute. Raises `BadInput`.
    """
    if text is None:
        return 0
    with named("--recorded-since"):
        if text.strip().isdecimal():
            return ledger.resolve_as_of(text) - 1
        typed = log_time(ledger, text, "--recorded-since", steps=False)
        first = Moment.parse(typed).resolve(ledger.opened.zone)
        return ledger.log.position_at(first - timedelta(microseconds=1))


# --- shared by reads and writes --------------------------------------------------------


def data(*, lines: bool = False, paged: bool = False) -> Decorator[Any]:
    """Add --format, --json and -o; the function gets `output`.

    `lines`: also offer the stored lines. `paged`: output longer than the screen goes through
    the pager, unless --no-pager is given.
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def command(
            *args: Any,
            format_: Any,
            as_json: bool,
            output_file: str | None,
            no_pager: bool = True,
            **given: Any,
        ) -> Any:
            output = Output.of(format_, as_json, output_file, paged=not no_pager)
            return function(*args, output=output, **given)

        if paged:
            click.option(
                "--no-pager",
                cls=Shared,
                section=OUTPUT,
                is_flag=True,
                help="Write straight to the terminal, however long the output.",
            )(command)
        formats = (*FORMATS, "line") if lines else FORMATS
        for option in (
            click.option(
                "-o",
                "--output",
                "output_file",
                cls=Shared,
                section=OUTPUT,
                metavar="FILE",
                help="Write the data to a file, completely or not at all.",
            ),
            click.option(
                "--json",
                "as_json",
                cls=Shared,
                section=OUTPUT,
                is_flag=True,
                help="Same as --format json.",
            ),
            click.option(
                "--format",
                "format_",
                cls=Shared,
                section=OUTPUT,
                type=click.Choice(formats),
                metavar="FORMAT",
                help=f"{', '.join(formats)}.  [default: table, or FILE's suffix]",
            ),
        ):
            command = option(command)
        return command  # type: ignore[return-value]  # the same function, with other parameters

    return decorate


as_of = click.option(
    "--as-of",
    cls=Shared,
    section=LOOKING_BACK,
    metavar="POSITION|DATE|TIME",
    help="As the ledger knew it at that position or recorded time.",
)


def recording(function: F) -> F:
    """Add --reason, --request and --dry-run."""
    for option in (
        click.option(
            "--dry-run",
            cls=Shared,
            section=RECORDING,
            is_flag=True,
            help="Check the rules and show what would be recorded; record nothing.",
        ),
        click.option(
            "--request",
            cls=Shared,
            section=RECORDING,
            metavar="KEY",
            help="Make the command safe to repeat: the same KEY records once.",
        ),
        click.option(
            "--reason",
            cls=Shared,
            section=RECORDING,
            metavar="TEXT",
            help="Why; stored with every event.",
        ),
    ):
        function = option(function)
    return function
