"""`view` asks a view; `views` lists them, says how they stand, and builds them anew."""

import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

import click

from ledger.commands import options
from ledger.commands.endings import STALE
from ledger.commands.naming import FIRST_EVENTS
from ledger.commands.options import Written
from ledger.commands.output import Output
from ledger.commands.session import Session, current
from ledger.commands.sheets import Column, Sheet, Style
from ledger.commands.tree import Leaf, Tree
from ledger.errors import BadInput, StorageFailure
from ledger.times import parse_date

if TYPE_CHECKING:
    from ledger.application import Ledger
    from ledger.projections.questions import Parameter, View
    from ledger.projections.views import Answer

_LIST = (
    Column("view", "View", fixed=True),
    Column("title", "What it answers", wrap=True),
    Column("takes", "Takes", wrap=True),
    Column("plugin", "Plugin", detail=True),
)
_STATUS = (
    Column("projection", "Projection", fixed=True),
    Column("plugin", "Plugin"),
    Column("version", "Version", number=True),
    Column("state", "State", fixed=True),
    Column("position", "At #", number=True),
    Column("lag_positions", "Behind", number=True),
    Column("rebuilt_to", "Rebuilt to #", number=True),
    Column("failure", "What stopped it", wrap=True),
)


def known_views(session: Session) -> "dict[str, View]":
    """The views of the plugins in use, by name."""
    from ledger.projections.catalogue import views_by_name

    return views_by_name(session.extensions.projections)


_ASKED = "asked_"
"""Before a parameter's name within click, so that a view may call one `output`."""

_TAKEN = ("--as-of", "--format", "--json", "--output", "--help")
"""Options of every view: a parameter of that name is given as `--view-NAME`."""


# --- view NAME -------------------------------------------------------------------------


class ViewTree(Tree):
    """A command for each view of the plugins in use, with its parameters as options."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The views' names."""
        return list(known_views(current()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a view."""
        view = known_views(current()).get(cmd_name)
        return None if view is None else _command(view)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the view. Raises `BadInput` with the nearest."""
        if ctx.resilient_parsing or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        known = self.list_commands(ctx)
        if args[0] not in known:
            near = get_close_matches(args[0], known, n=3, cutoff=0.5)
            advice = f"Did you mean {' or '.join(near)}?" if near else "List them with: view"
            if not current().plugins:
                advice = "Views come from plugins: leave --no-plugins away, or read the log: log"
            raise BadInput(f"no view {args[0]!r}", advice=advice)
        return super().resolve_command(ctx, args)


@click.group(
    cls=ViewTree,
    invoke_without_command=True,
    subcommand_metavar="[NAME [PARAMETERS]...]",
)
@options.data()
@click.pass_context
def view(ctx: click.Context, output: Output) -> None:
    """Ask a view; without a name, list them. `view NAME --help` shows what it takes."""
    if ctx.invoked_subcommand is None:
        _list(ctx.ensure_object(Session), output)


def _command(view: "View") -> click.Command:
    """The command that asks a view."""

    @options.as_of
    @options.data()
    @click.pass_obj
    def ask(session: Session, /, *, as_of: str | None, output: Output, **given: Any) -> None:
        asked = {
            name.removeprefix(_ASKED): value
            for name, value in given.items()
            if value not in (None, ())
        }
        show_view(session, view.name, asked, as_of=as_of, output=output)

    for parameter in reversed(view.parameters):
        ask = _option(parameter)(ask)
    text = view.help if view.help.startswith(view.title) else f"{view.title}.\n\n{view.help}"
    return click.command(view.name, cls=Leaf, help=text, short_help=view.title)(ask)


def _option(parameter: "Parameter") -> Callable[[Any], Any]:
    name = f"--{parameter.name.replace('_', '-')}"
    if name in _TAKEN:
        name = f"--view-{name[2:]}"
    to = _ASKED + parameter.name
    if parameter.type is bool and not parameter.many:
        return click.option(f"{name}/--no-{name[2:]}", to, default=None, help=parameter.help)
    kind: Any = {int: int, float: float}.get(parameter.type, str)
    if parameter.choices:
        kind = click.Choice(parameter.choices)
    elif parameter.type is date:
        kind = Written("YYYY-MM-DD", parse_date)
    default = parameter.default
    shown = f"  [default: {default}]" if default not in (None, ()) else ""
    return click.option(
        name,
        to,
        type=kind,
        multiple=parameter.many,
        required=parameter.required,
        help=f"{parameter.help}{shown}".strip(),
    )


def show_view(
    session: Session,
    name: str,
    given: dict[str, Any],
    *,
    as_of: str | None = None,
    output: Output | None = None,
) -> None:
    """Ask a view and show its answer, with a line that says as of where it is."""
    output = output or Output()
    answer, zone = _answer(session, name, given, as_of)
    if answer.stale_since is not None:
        session.exit_code = STALE
    session.say(title(answer, zone))
    with output.opened() as sink:
        sink.write(answer_sheet(answer, zone))
    if answer.failure is not None:
        session.say(f"stale since #{answer.stale_since}: {answer.failure.error}. See: views status")


def _answer(
    session: Session, name: str, given: dict[str, Any], as_of: str | None
) -> "tuple[Answer, str]":
    """The answer and the ledger's zone; folded in memory where no tables can be kept."""
    if as_of is None:
        try:
            ledger = session.open()
            return ledger.views.answer(name, given, progress=progress()), ledger.opened.zone
        except StorageFailure as error:
            # A read-only or full disk is no reason not to look.
            unkept = error
    ledger = session.open(read_only=True)
    position = options.resolve_as_of(ledger, as_of)
    answer = ledger.views.answer(name, given, as_of=position, progress=progress())
    if as_of is None:
        session.say(f"answered from the log alone: {unkept.message}")
    return answer, ledger.opened.zone


def answer_sheet(answer: "Answer", zone: str) -> Sheet:
    """The rows of an answer."""
    names = [column.name for column in answer.columns]
    return Sheet(
        [
            Column(
                c.name,
                c.title,
                "" if c.unit == "ratio" else c.unit,  # 0.87 shows that itself
                number=_is(c.type, int, float),
                # What somebody will type again is shown whole: ids, days.
                fixed=c.key or c.name in FIRST_EVENTS or _is(c.type, date, datetime, bool),
            )
            for c in answer.columns
        ],
        ([getattr(row, name) for name in names] for row in answer.rows),
        zone,
    )


def title(answer: "Answer", zone: str) -> str:
    """What was asked, and as of which position and time."""
    asked = answer.title if answer.title.endswith("?") else f"{answer.title}:"
    none = " None," if not answer.rows else ""
    if answer.recorded_at is None:
        return f"{asked}{none} before the first event"
    recorded = f"recorded {Style(zone).text(answer.recorded_at)} ({zone})"
    unread = f"; {answer.unread:,} events could not be read" if answer.unread else ""
    return f"{asked}{none} as of #{answer.as_of}, {recorded}{unread}"


def _is(declared: Any, *wanted: type) -> bool:
    """Whether a column's type, or a part of `X | None`, is one of these."""
    return any(kind in wanted for kind in get_args(declared) or (declared,))


def progress() -> Callable[[int, int], None] | None:
    """Says how far a fold has come, where it takes long and a person is watching."""
    if not sys.stderr.isatty():
        return None
    begun = last = time.monotonic()

    def told(position: int, head: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - begun > 0.5 and (now - last > 0.1 or position >= head):
            last = now
            done = position >= head
            text = "" if done else f"catching up: #{position:,} of #{head:,}"
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()

    return told


# --- views ------------------------------------------------------------------------------


@click.group(cls=Tree)
def views() -> None:
    """The views: list them, bring them up to date."""


@views.command("list")
@options.data()
@click.pass_obj
def list_views(session: Session, output: Output) -> None:
    """The views of the plugins in use."""
    _list(session, output)


def _list(session: Session, output: Output) -> None:
    found = known_views(session)

    def rows() -> Iterator[tuple[Any, ...]]:
        for view in found.values():
            takes = [f"--{p.name.replace('_', '-')}" for p in view.parameters]
            plugin = next(
                p.plugin for p in session.extensions.projections if p.name == view.projection
            )
            yield view.name, view.title, takes, plugin

    with output.opened() as sink:
        sink.write(Sheet(_LIST, rows()))
    session.say("ask one: studio-ledger view NAME" if found else "no view: no plugin is in use")


@views.command("status")
@options.data()
@click.pass_obj
def status(session: Session, output: Output) -> None:
    """How each projection stands: how far it has come, and what stopped it.

    Exit code 5 means that one is quarantined.
    """
    ledger = session.open()
    _show_status(session, ledger, output)


@views.command("rebuild")
@click.argument("projections", nargs=-1)
@options.data()
@click.pass_obj
def rebuild(session: Session, projections: tuple[str, ...], output: Output) -> None:
    """Build projections anew from the log, beside their tables, then swap."""
    ledger = session.open()
    ledger.views.rebuild(projections or None, progress=progress())
    session.say("rebuilt: " + (", ".join(projections) or "all projections"))
    _show_status(session, ledger, output)


def _show_status(session: Session, ledger: "Ledger", output: Output) -> None:
    found = ledger.views.status()
    if any(one.state == "quarantined" for one in found):
        session.exit_code = STALE
    with output.opened() as sink:
        sink.write(
            Sheet(
                _STATUS,
                (
                    (
                        one.projection,
                        one.plugin,
                        one.version,
                        one.state,
                        one.position,
                        one.lag_positions,
                        one.rebuilt_to,
                        None if one.failure is None else one.failure.error,
                    )
                    for one in found
                ),
            )
        )
