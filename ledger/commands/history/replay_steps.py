"""Steps of a replay: each event in words, and the rows that it changed."""

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ledger.commands.entries import COLUMNS, about, rows
from ledger.commands.event_text import what
from ledger.commands.history.replay_view import Look
from ledger.commands.views.row_changes import change_written
from ledger.events.base import RecordedEvent
from ledger.terminal.output import Output, Sink
from ledger.terminal.sheets import Column, Sheet, Style, room

if TYPE_CHECKING:
    from ledger.projections.querying.stepping import Change, Step

MOST_SHOWN = 40
"""Most rows that a table shows of one event; other formats show all."""

_CHANGED = (
    Column("row", "Row", fixed=True),
    Column("change", "Change"),
    Column("differences", "Differences", fold=True),
)
_OF_TABLES = (Column("projection", "Projection", fixed=True), Column("table", "Table", fixed=True))
_OF_VIEWS = (Column("view", "View", fixed=True),)
_WHOLE = (*COLUMNS, Column("changes", "Changes"), Column("stopped", "Stopped"))
_EVENT = tuple(c for c in COLUMNS if c.name in ("position", "recorded_at", "type", "about"))
_FLAT = (*_EVENT, *_OF_TABLES, *_OF_VIEWS, *_CHANGED)

Pause = Callable[["Step"], bool]
"""Waits for the user; returns whether to continue."""


def event_lines(look: Look, entry: RecordedEvent, width: int | None) -> Iterator[str]:
    """Yield lines of that width: what an event is about and its actor, then what it says."""
    when = Style(look.zone).text(entry.recorded_at)
    yield f"#{entry.position} {when} {entry.type} {about(entry)} ({entry.actor})"
    said = what(entry, look.zone, look.ledger.log)
    if said:
        from ledger.terminal.tables import wrapped

        for line in [said] if width is None else wrapped(said, width - 4):
            yield f"    {line}"


def say_event(look: Look, position: int) -> None:
    """Show the event that the replay has reached, on stderr: it is not requested data."""
    entry = next(look.ledger.log.stream(position - 1, position))
    screen = shutil.get_terminal_size().columns if sys.stderr.isatty() else None
    for line in event_lines(look, entry, screen):
        sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def show_steps(
    look: Look, taken: Iterable["Step"], output: Output, pause: Pause | None = None
) -> int:
    """Show steps as they are taken, until `pause` returns False; return how many."""
    counted = 0

    def counting() -> Iterator["Step"]:
        nonlocal counted
        for step in taken:
            counted += 1
            look.say_stopped(step.failures)
            yield step

    with output.opened() as sink:
        if output.format == "table":
            for step in counting():
                _write_step(look, sink, step)
                if pause is not None and not pause(step):
                    break
        elif output.format == "csv":
            flat = (line for step in counting() for line in _flat(look, step))
            sink.write(Sheet(_FLAT, flat, look.zone))
        else:
            sink.write(Sheet(_WHOLE, (_whole(look, step) for step in counting()), look.zone))
    return counted


# --- for people ----------------------------------------------------------------------


def _write_step(look: Look, sink: Sink, step: "Step") -> None:
    _write_lines(sink, event_lines(look, step.entry, room()))
    shown = step.changes[:MOST_SHOWN]
    if shown:
        which = _OF_VIEWS if shown[0].view else _OF_TABLES
        lines = (
            (*_of(change), *change_written(change.row, change.columns, look.zone, "table"))
            for change in shown
        )
        sink.write(Sheet((*which, *_CHANGED), lines, look.zone))
    more = len(step.changes) - len(shown)
    if more:
        _write_lines(sink, [f"and {more:,} more rows; --format jsonl shows all"])
    _write_lines(sink, [""] if shown else ["    no row changed", ""])


def _of(change: "Change") -> tuple[str, ...]:
    return (change.table,) if change.view else (change.projection, change.table)


def _write_lines(sink: Sink, lines: Iterable[str]) -> None:
    encoding = sink.encoding
    sink.write_bytes(f"{line}\n".encode(encoding, "backslashreplace") for line in lines)


# --- for programs --------------------------------------------------------------------


def _whole(look: Look, step: "Step") -> tuple[Any, ...]:
    (row,) = rows([step.entry], look.zone, log=look.ledger.log)
    changes = [
        {
            "projection": change.projection,
            "view" if change.view else "table": change.table,
            "row": change.row.row,
            "change": change.row.change,
            "differences": change.row.differences,
        }
        for change in step.changes
    ]
    return *row, changes, step.failures


def _flat(look: Look, step: "Step") -> Iterator[tuple[Any, ...]]:
    entry = step.entry
    event = (entry.position, entry.recorded_at, entry.type, about(entry))
    for change in step.changes:
        of = (change.projection, *((None, change.table) if change.view else (change.table, None)))
        yield (*event, *of, *change_written(change.row, change.columns, look.zone, "csv"))
    if not step.changes:
        yield (*event, *[None] * (len(_FLAT) - len(event)))
