"""`replay`: fold the log again, from #1 to any place, and look around there."""

import shlex
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from ledger.commands import options
from ledger.commands.exit_codes import STALE
from ledger.commands.history.replay_steps import show_steps
from ledger.commands.history.replay_view import Look
from ledger.commands.session import Session
from ledger.commands.tree import Leaf
from ledger.errors import BadInput, near
from ledger.terminal.output import Output
from ledger.terminal.prompts import at_terminal
from ledger.terminal.sheets import terminal_bytes
from ledger.time.periods import Moment

if TYPE_CHECKING:
    from ledger.application import Ledger
    from ledger.projections.projection import Projection
    from ledger.projections.querying.stepping import Step

Asked = tuple[Any, dict[str, Any], Output]
"""A view, its parameters, and its output."""


@click.command(cls=Leaf)
@click.option(
    "--to",
    metavar="POSITION|DATE|TIME",
    help="The position or recorded time to go to.  [default: the end]",
)
@click.option(
    "--view",
    "views",
    multiple=True,
    metavar="'NAME [PARAMETERS]'",
    help="Show this view there, and exit; repeatable.",
)
@click.option(
    "--projection",
    "projections",
    multiple=True,
    metavar="NAME",
    help="Fold only this projection; repeatable.",
)
@click.option("--step", is_flag=True, help="Show what each event changed, and exit.")
@click.option(
    "--from",
    "start",
    metavar="POSITION|DATE|TIME",
    help="With --step: the first event to show.  [default: the last one]",
)
@options.data()
@click.pass_obj
def replay(
    session: Session,
    to: str | None,
    views: tuple[str, ...],
    projections: tuple[str, ...],
    step: bool,
    start: str | None,
    output: Output,
) -> None:
    """Fold the log again from its first event, and look around at any place in it.

    Nothing is written: the log is read once, for all projections, in memory. Then a prompt
    takes commands: view, show, log, next, back, step, goto, find; help lists them. They can
    also come from a pipe. Without any, it shows how far each projection came.

    \b
    studio-ledger replay --to 2025-07-01
    studio-ledger replay --to 812 --view 'utilization --site yongchuan'
    studio-ledger replay --to 812 --step
    """
    if start is not None and not step:
        raise BadInput("--from sets where steps begin", advice="Add --step")
    look = _open(session, views, projections, output)
    with options.named("--to"):
        end, now = look.resolve(to) if to is not None else (look.ledger.log.head(), None)
    with options.named("--view"):
        asked = [look.read_view(_words(text)) for text in views]
    if step:
        _step(look, _first(look, start, end), end, asked)
        return
    if len(asked) > 1 and (output.file is not None or output.format != "table"):
        raise BadInput("several views cannot go into one file of data", advice="Ask for one view")
    folded, seconds = look.go(end, now if to is not None else look.ledger.seen_from())
    look.say_replayed(folded, seconds)
    for view, given, wanted in asked:
        look.show_view(view, given, wanted)
    if not asked:
        _look_around(look)


def _look_around(look: Look) -> None:
    from ledger.commands.history.replay_prompt import Prompt

    prompt = Prompt(look)
    if any(look.replay.failures()):
        look.session.exit_code = STALE
    if look.output.file is not None:
        look.show_standings(look.output)
    elif at_terminal():
        look.session.say("help lists the commands; Ctrl-D ends")
        prompt.type()
        look.session.exit_code = 0
    elif prompt.pipe() == 0:
        look.show_standings(look.output)
    else:
        look.session.exit_code = prompt.code or look.session.exit_code


def _step(look: Look, first: int, last: int, asked: Sequence[Asked]) -> None:
    """Fold up to the first event, then show what it and each later one changed."""
    from ledger.projections.querying.stepping import steps

    folded, seconds = look.go(first - 1)
    look.say_replayed(folded, seconds)
    taken = steps(look.replay, last, [(view, given) for view, given, _ in asked])
    by_hand = at_terminal() and sys.stdout.isatty() and look.output.format == "table"
    show_steps(look, taken, look.output, _pause(look, last) if by_hand else None)
    if any(look.replay.failures()):
        look.session.exit_code = STALE


def _pause(look: Look, last: int) -> Any:
    stopping = True

    def pause(step: "Step") -> bool:
        nonlocal stopping
        if step.entry.position == last or not stopping:
            return True
        terminal_bytes().flush()
        sys.stderr.write(f"#{step.entry.position} of #{last}: Enter next, c all, q quit > ")
        sys.stderr.flush()
        answer = sys.stdin.readline()
        if not answer:
            sys.stderr.write("\n")
        stopping = answer.strip() != "c"
        return bool(answer) and answer.strip() not in ("q", "quit")

    return pause


def _first(look: Look, start: str | None, last: int) -> int:
    if last == 0:
        raise BadInput("nothing was recorded by then", advice="Give a later --to")
    if start is None:
        return last
    with options.named("--from"):
        if start.strip().removeprefix("#").isdecimal():
            position, _ = look.resolve(start)
        else:  # --to takes the last event of a day or a minute, this the first
            begun = Moment.parse(start).resolve(look.zone)
            position = look.ledger.log.position_at(begun - timedelta(microseconds=1)) + 1
        if position > last:
            raise BadInput(
                f"there are no events from {start} to #{last}", advice="Give a later --to"
            )
    return position


def _open(
    session: Session, views: Sequence[str], projections: Sequence[str], output: Output
) -> Look:
    """Open the ledger for reading, and a replay of the chosen projections, before #1."""
    from ledger.projections.querying.replaying import Replay

    names = [_words(text)[0] for text in views]
    if names and not projections:
        session.needs(lambda host: [host.load_for_view(name) for name in names][-1])
    ledger = session.open(read_only=True)
    chosen = _chosen(ledger, names, projections)
    replay = Replay(ledger.log, chosen, keeps=not views)
    return Look(session, ledger, replay, ledger.opened.zone, output)


def _chosen(
    ledger: "Ledger", views: Sequence[str], projections: Sequence[str]
) -> "list[type[Projection]]":
    """The named projections, and those of the views; all if none is named."""
    known = ledger.views.projections
    for name in projections:
        if name not in known:
            meant = near(name, known)
            hint = f"Did you mean {' or '.join(meant)}?" if meant else "List them: views status"
            with options.named("--projection"):
                raise BadInput(f"no projection {name!r}", advice=hint)
    of_views = [ledger.views.views[name].projection for name in views if name in ledger.views.views]
    return [known[name] for name in dict.fromkeys((*projections, *of_views))] or (
        [] if views else list(known.values())
    )


def _words(text: str) -> list[str]:
    with options.named("--view"):
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise BadInput("a quote is not closed", advice="Close it") from error
        if not words:
            raise BadInput("it names no view", advice="List them with: view")
        return words
