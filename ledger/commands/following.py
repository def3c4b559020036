"""`log --follow`: events as they are recorded, until Ctrl-C or until nobody reads on."""

import os
import select
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ledger.application import Ledger
from ledger.commands.narrowing import Narrowed
from ledger.commands.output import Output
from ledger.commands.session import Session
from ledger.errors import BadInput
from ledger.events.base import RecordedEvent

_LOOK_S = 0.5
"""Seconds between looks whether stdout still has a reader."""

_SAMPLED = 200
"""Newest events that decide the widths of a table whose rows are still to come."""


def check_can_follow(output: Output, *, as_of: str | None, corrected: bool) -> None:
    """Raise `BadInput` for what has an end, where following has none."""
    if as_of is not None:
        raise BadInput(
            "--follow goes on with what is recorded from now on, and --as-of ends before it",
            advice="Leave one away; --recorded-since says where to begin",
        )
    if corrected:
        raise BadInput(
            "whether an event is corrected later cannot be told while it is recorded",
            advice="Leave --follow away, or follow the corrections: log --corrections --follow",
        )
    if output.file is not None:
        raise BadInput(
            "-o writes a file whole or not at all, and --follow never ends",
            advice="Let the shell write it: log --follow --format jsonl > FILE",
        )
    if output.format == "json":
        raise BadInput(
            "a JSON document has an end, and --follow has none",
            advice="Ask for an event a line: --format jsonl, line or csv, or for the table",
        )


@contextmanager
def following(session: Session, narrowed: Narrowed) -> Iterator[Iterator[RecordedEvent]]:
    """What is asked for and recorded after the position up to which the log was read."""
    with narrowed.follow() as recorded:
        if sys.stderr.isatty():
            session.say(f"following what is recorded after #{narrowed.until}; Ctrl-C ends it")
        with _until_nobody_reads(recorded.stop):
            yield (entry for entry in recorded if narrowed.wanted(entry))


@contextmanager
def _until_nobody_reads(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` when the reader of stdout has gone, also while nothing is written.

    `log --follow | head -1` otherwise waits for an event that nobody will see.
    """
    ended = threading.Event()

    def watch(poll: "select.poll") -> None:
        while not ended.is_set():
            if any(what & (select.POLLERR | select.POLLHUP) for _, what in poll.poll(0)):
                stop()
                return
            ended.wait(_LOOK_S)

    watcher = None
    if hasattr(select, "poll") and not os.isatty(sys.stdout.fileno()):
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        watcher = threading.Thread(target=watch, args=(poll,), daemon=True)
        watcher.start()
    try:
        yield
    finally:
        ended.set()
        if watcher is not None:
            watcher.join()


def typical(ledger: Ledger, until: int) -> list[RecordedEvent]:
    """The newest events, whatever is asked for: how wide events are in this ledger."""
    return list(ledger.log.read([], until=until, newest_first=True, limit=_SAMPLED))


def with_room_to_grow(
    rows: Sequence[Sequence[Any]], ledger: Ledger, *, position: int, type: int | None
) -> list[Sequence[Any]]:
    """Rows of a sample, and one with a longer position and the longest known type.

    `position` and `type` are the places of these columns.
    """
    wide = list(rows[0])
    wide[position] = 10 * max(row[position] for row in rows)
    if type is not None:
        wide[type] = max((t.type_name for t in ledger.log.registry), key=len)
    return [*rows, *[wide] * 3]  # of three rows and fewer, a narrow terminal shows no table
