"""`log --follow`: events as they are recorded, until Ctrl-C or until stdout has no reader."""

import os
import select
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ledger.application import Ledger
from ledger.commands.history.log_filters import Narrowed
from ledger.commands.session import Session
from ledger.errors import BadInput
from ledger.events.base import RecordedEvent
from ledger.terminal.output import Output

_LOOK_S = 0.5
"""Seconds between checks that stdout still has a reader."""

_SAMPLED = 200
"""Newest events that set the widths of a table before its rows arrive."""


def check_can_follow(output: Output, *, as_of: str | None, corrected: bool) -> None:
    """Raise `BadInput` for options that need the log to end."""
    if as_of is not None:
        raise BadInput(
            "--follow shows what is recorded from now on, and --as-of ends before that",
            advice="Drop one of them; --recorded-since sets the start",
        )
    if corrected:
        raise BadInput(
            "--corrected depends on later events, which --follow cannot know",
            advice="Drop --follow, or follow the corrections: log --corrections --follow",
        )
    if output.file is not None:
        raise BadInput(
            "-o writes a file whole or not at all, and --follow never ends",
            advice="Redirect the output: log --follow --format jsonl > FILE",
        )
    if output.format == "json":
        raise BadInput(
            "a JSON document has an end, and --follow has none",
            advice="Use one event per line (--format jsonl, line or csv), or a table",
        )


@contextmanager
def following(session: Session, narrowed: Narrowed) -> Iterator[Iterator[RecordedEvent]]:
    """Yield the matching events recorded after the position up to which the log was read."""
    with narrowed.follow() as recorded:
        if sys.stderr.isatty():
            session.say(f"following events recorded after #{narrowed.until}; Ctrl-C ends it")
        with _while_read(recorded.stop):
            yield (entry for entry in recorded if narrowed.wanted(entry))


@contextmanager
def _while_read(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` once the reader of stdout is gone, even while nothing is written.

    Otherwise `log --follow | head -1` would wait for one more event, without a reader.
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
    """The newest events of any kind, as a sample of how wide events are."""
    return list(ledger.log.read([], until=until, newest_first=True, limit=_SAMPLED))


def with_room_to_grow(
    rows: Sequence[Sequence[Any]], ledger: Ledger, *, position: int, type: int | None
) -> list[Sequence[Any]]:
    """Sample rows, and some with a longer position and the longest known type.

    `position` and `type` are the indexes of these columns.
    """
    wide = list(rows[0])
    wide[position] = 10 * max(row[position] for row in rows)
    if type is not None:
        wide[type] = max((t.type_name for t in ledger.log.registry), key=len)
    return [*rows, *[wide] * 3]  # a narrow terminal shows no table of three rows or fewer
