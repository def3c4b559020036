"""`view` asks a view; `views` lists them, shows how they stand, and rebuilds them."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from ledger.commands import options
from ledger.commands.exit_codes import STALE
from ledger.commands.ids import tags_asked_for, warn_of_unknown
from ledger.commands.session import Session, current
from ledger.commands.tree import LOOKING_BACK, Leaf, Shared, Tree
from ledger.commands.views.answer_sheets import (
    answer_sheet,
    as_of_words,
    place_words,
    progress,
    say_if_stale,
    title,
)
from ledger.commands.views.row_changes import comparison_sheet, explanation_sheet, key_texts
from ledger.commands.views.view_options import asked_with, parameter_option
from ledger.errors import BadInput, StorageFailure
from ledger.terminal.output import Output
from ledger.terminal.sheets import Column, Sheet

if TYPE_CHECKING:
    from ledger.application import Ledger
    from ledger.projections.folds import Failure
    from ledger.projections.querying.live_views import Answer
    from ledger.projections.views import View

_LIST = (
    Column("view", "View", fixed=True),
    Column("title", "Question", wrap=True),
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
    Column("failure", "Failure", wrap=True),
)


def known_views(session: Session) -> "dict[str, View]":
    """The views of the plugins in use, by name, as declared in their sources."""
    return {name: view for name, (view, _) in session.host.views().items()}


def find_view(session: Session, name: str) -> "View | None":
    """Find a view by name; when it is asked, its plugin is loaded, and no other.

    If no source declares it, the plugins whose sources are not conclusive are loaded, too.
    """
    session.needs(lambda host: host.load_for_view(name))
    found = known_views(session).get(name)
    if found is not None or session.host.tells_all():
        return found
    from ledger.projections.catalogue import views_by_name

    return views_by_name(session.extensions.projections).get(name)


def no_such_view(session: Session, name: str) -> BadInput:
    """The error for an unknown view: similar names, or why it is not in use."""
    near = get_close_matches(name, known_views(session), n=3, cutoff=0.5)
    advice = f"Did you mean {' or '.join(near)}?" if near else "List them with: view"
    off = session.host.switched_off(f"view {name}")
    if off is not None:
        advice = f"Its plugin is off; turn it on: plugin enable {off}"
    if not session.plugins:
        advice = "Views come from plugins: drop --no-plugins, or read the log: log"
    return BadInput(f"no view {name!r}", advice=advice)


# --- view NAME -------------------------------------------------------------------------


class ViewTree(Tree):
    """A command for each view of the plugins in use, with its parameters as options."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The views' names."""
        return list(known_views(current(ctx)))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a view."""
        view = find_view(current(ctx), cmd_name)
        return None if view is None else _command(view)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the view. Raises `BadInput` with similar names."""
        if ctx.resilient_parsing or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        known = self.list_commands(ctx)
        if args[0] not in known and find_view(current(ctx), args[0]) is None:
            raise no_such_view(current(ctx), args[0])
        return super().resolve_command(ctx, args)


@click.group(
    cls=ViewTree,
    invoke_without_command=True,
    subcommand_metavar="[NAME [PARAMETERS]...]",
)
@options.data()
@click.pass_context
def view(ctx: click.Context, output: Output) -> None:
    """Ask a view; without NAME, list them. `view NAME --help` shows its parameters."""
    if ctx.invoked_subcommand is None:
        _list(ctx.ensure_object(Session), output)


def _command(view: "View") -> click.Command:
    """The command that asks a view."""

    @click.option(
        "--explain",
        cls=Shared,
        section=LOOKING_BACK,
        metavar="KEY",
        help="Show the events behind the rows that begin with KEY, and what each changed.",
    )
    @options.as_of
    @options.data()
    @click.pass_obj
    def ask(
        session: Session,
        /,
        *,
        as_of: str | None,
        explain: str | None,
        output: Output,
        **given: Any,
    ) -> None:
        if explain is None:
            show_view(session, view.name, asked_with(given), as_of=as_of, output=output)
        else:
            _explain(session, view.name, asked_with(given), explain, as_of=as_of, output=output)

    for parameter in reversed(view.parameters):
        ask = parameter_option(parameter)(ask)
    asked = view.title if view.title.endswith("?") else f"{view.title}."
    text = view.help if view.help.startswith(view.title) else f"{asked}\n\n{view.help}"
    return click.command(view.name, cls=Leaf, help=text, short_help=view.title)(ask)


def show_view(
    session: Session,
    name: str,
    given: dict[str, Any],
    *,
    as_of: str | None = None,
    output: Output | None = None,
) -> None:
    """Ask a view and show its answer, with a line about its position and time."""
    output = output or Output()
    answer, zone, at = _answer(session, name, given, as_of)
    session.say(title(answer, zone))
    session.say_standing(at)
    with output.opened() as sink:
        sink.write(answer_sheet(answer, zone))
    say_if_stale(session, answer)


def _explain(
    session: Session,
    name: str,
    given: dict[str, Any],
    key: str,
    *,
    as_of: str | None,
    output: Output,
) -> None:
    """Show the events behind the rows that begin with a key."""
    ledger = session.open_to_look()
    at = ledger.log.head()
    position, zone = options.resolve_as_of(ledger, as_of), ledger.opened.zone
    with options.named("--explain"):
        found = ledger.views.explain(
            name, key, given, as_of=position, texts=key_texts(zone), progress=progress()
        )
    gone = "" if found.answer.rows else ", now gone"
    count = len(found.causes)
    many = "1 event" if count == 1 else f"{count:,} events"
    session.say(f"Behind {key} in view {name}{gone}: {many}, {as_of_words(found.answer, zone)}")
    session.say_standing(at)
    with output.opened() as sink:
        sink.write(explanation_sheet(found, zone, output.format))
    say_if_stale(session, found.answer)


def _answer(
    session: Session, name: str, given: dict[str, Any], as_of: str | None
) -> "tuple[Answer, str, int]":
    """Return the answer, the ledger's zone, and the position that it could have reached.

    It is folded in memory if no tables can be kept.
    """
    if as_of is None and session.read_url is None:
        try:
            ledger = session.open()
            answer = ledger.views.answer(name, given, now=ledger.seen_from(), progress=progress())
            warn_of_unknown(session, ledger, tags_asked_for(given))
            return answer, ledger.opened.zone, answer.as_of
        except StorageFailure as error:
            # Reading must also work on a read-only or full disk.
            unkept = error
    ledger = session.open_to_look()
    at = ledger.log.head()
    position = options.resolve_as_of(ledger, as_of)
    now = ledger.seen_from(as_of)
    answer = ledger.views.answer(name, given, as_of=position, now=now, progress=progress())
    if as_of is None and session.read_url is None:
        session.say(f"answered from the log alone: {unkept.message}")
    warn_of_unknown(session, ledger, tags_asked_for(given))
    return answer, ledger.opened.zone, at


# --- views ------------------------------------------------------------------------------


@click.group(cls=Tree)
def views() -> None:
    """The views: list them, bring them up to date."""


@views.command("list")
@options.data()
@click.pass_obj
def list_views(session: Session, output: Output) -> None:
    """List the views of the plugins in use."""
    _list(session, output)


def _list(session: Session, output: Output) -> None:
    found = session.host.views()

    def rows() -> Iterator[tuple[Any, ...]]:
        for view, plugin in found.values():
            takes = [f"--{p.name.replace('_', '-')}" for p in view.parameters]
            yield view.name, view.title, takes, plugin

    with output.opened() as sink:
        sink.write(Sheet(_LIST, rows()))
    session.say("ask one: studio-ledger view NAME" if found else "no view: no plugin is in use")


class DiffTree(ViewTree):
    """A command for each view that compares it. The view's own help lists its parameters."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command that compares a view."""
        view = find_view(current(ctx), cmd_name)
        return None if view is None else _diff_command(view)


@views.group("diff", cls=DiffTree, subcommand_metavar="NAME BEFORE [AFTER] [PARAMETERS]...")
def diff() -> None:
    """Show what changed in a view between two places in the log.

    BEFORE and AFTER are positions, dates or times; AFTER defaults to now. The parameters
    are the view's own: see view NAME --help.

    \b
    studio-ledger views diff utilization 2025-05-31 2025-06-30 --site yongchuan
    """


def _diff_command(view: "View") -> click.Command:
    @click.argument("before", metavar="BEFORE")
    @click.argument("after", metavar="[AFTER]", required=False)
    @options.data()
    @click.pass_obj
    def compare(
        session: Session, /, *, before: str, after: str | None, output: Output, **given: Any
    ) -> None:
        ledger = session.open_to_look()
        zone, head = ledger.opened.zone, ledger.log.head()
        with options.named("BEFORE"):
            first = ledger.resolve_as_of(before)
        with options.named("AFTER"):
            last = head if after is None else ledger.resolve_as_of(after)
        found = ledger.views.compare(view.name, first, last, asked_with(given), progress=progress())
        count = len(found.changes)
        many = "no row changed" if not count else f"{count:,} row{'s' * (count > 1)} changed"
        warn_of_unknown(session, ledger, tags_asked_for(asked_with(given)))
        old, new = place_words(found.before, zone), place_words(found.after, zone)
        session.say(f"View {view.name}: {many} between {old} and {new}, {zone}")
        session.say_standing(head)
        with output.opened() as sink:
            sink.write(comparison_sheet(found, zone, output.format))
        say_if_stale(session, found.after)

    for parameter in reversed(view.parameters):
        compare = parameter_option(parameter)(compare)
    text = f"Show what changed in view {view.name} between two places in the log."
    return click.command(view.name, cls=Leaf, help=text, hidden=True)(compare)


@views.command("status")
@options.data()
@click.pass_obj
def status(session: Session, output: Output) -> None:
    """Show how far each projection has come, and what stopped it.

    Exit code 5 means that one is quarantined. This changes nothing, so it also works on a
    read-only or full disk.
    """
    ledger = session.open_to_look()
    at = ledger.log.head()
    _show_status(session, ledger, output, session.read_where)
    session.say_standing(at)


@views.command("rebuild")
@click.argument("projections", nargs=-1)
@options.data()
@click.pass_obj
def rebuild(session: Session, projections: tuple[str, ...], output: Output) -> None:
    """Rebuild projections from the log, beside their tables, then swap."""
    ledger = session.open()
    ledger.views.rebuild(projections or None, progress=progress())
    session.say("rebuilt: " + (", ".join(projections) or "all projections"))
    _show_status(session, ledger, output, session.where)


def _show_status(session: Session, ledger: "Ledger", output: Output, where: str) -> None:
    from ledger.log.store.store_urls import Place
    from ledger.projections.engine.store import views_place

    found = ledger.views.status(views_place(Place.parse(where)))
    for one in found:
        if one.failure is not None:
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
                        _what_stopped(one.failure, output.format),
                    )
                    for one in found
                ),
            )
        )
    for failure in filter(None, (one.failure for one in found)):
        session.say(
            f"\n{failure.projection} (plugin {failure.plugin}, version {failure.version}) stopped "
            f"before #{failure.position} {failure.type}:"
        )
        click.echo(failure.traceback.rstrip(), err=True)  # not wrapped: these are lines of code


def _what_stopped(failure: "Failure | None", format: str) -> Any:
    if failure is None or format in ("json", "jsonl"):
        return failure
    return f"#{failure.position} {failure.type}: {failure.error}"
