"""Options that many commands share, and their types."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ledger.commands.tree import LOOKING_BACK, OUTPUT, RECORDING, Shared
from ledger.errors import BadInput, BadTime, LedgerError
from ledger.events.bookings import DayPlan
from ledger.terminal.output import FORMATS, Output
from ledger.time.periods import Days, Moment, When, parse_date

if TYPE_CHECKING:
    from ledger.application import Ledger

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]


# --- types ---------------------------------------------------------------------------


class Written(click.ParamType[Any]):
    """A text that a parser of this project reads; its errors are the parser's."""

    def __init__(self, metavar: str, parse: Callable[[str], Any]) -> None:
        self.name = metavar
        self._metavar = metavar
        self._parse = parse

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the placeholder for a help text."""
        return self._metavar

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the text. Raises the parser's `BadInput`, with the option's name before it."""
        if not isinstance(value, str):
            return value
        with named(param.opts[0] if param is not None else ""):
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


DAY = Written("YYYY-MM-DD", parse_date)
MOMENT = Written("TIME", Moment.parse)
PLAN = Written("A..B=KIND", _plan)
PAGES = Written("PAGES", _eighths)


def choice(declared: Any) -> click.Choice[str]:
    """A choice among the texts of a `Literal`."""
    from typing import get_args

    return click.Choice(get_args(declared))


# --- a period, in one of two forms -----------------------------------------------------


def period(*, required: bool) -> Decorator[Any]:
    """Add --days for whole days, --from and --to for exact times; the function gets `when`."""

    def decorate(function: F) -> F:
        @wraps(function)
        def command(
            *args: Any, days: str | None, start: str | None, end: str | None, **given: Any
        ) -> Any:
            asked = required or any(text is not None for text in (days, start, end))
            return function(*args, when=_when(days, start, end) if asked else None, **given)

        for option in (
            click.option(
                "--to", "end", metavar="TIME", help="Exact end: the first instant after it."
            ),
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


def _when(days: str | None, start: str | None, end: str | None) -> When:
    if days is not None and start is None and end is None:
        with named("--days"):
            return When.parse(days)
    if start is not None and end is not None:
        with named("--from"):
            first = Moment.parse(start)
        with named("--to"):
            last = Moment.parse(end)
        # Checked here, to quote the text as typed: the site's zone is not known yet.
        if last.resolve("UTC") <= first.resolve("UTC"):
            raise BadTime(f"{end} is not after {start}", advice="Give the earlier time as --from")
    return When.of(days=days, start=start, end=end)


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
    with named("--as-of"):
        return ledger.resolve_as_of(as_of)


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
        first = Moment.parse(text).resolve(ledger.opened.zone)
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
