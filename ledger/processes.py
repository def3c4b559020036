"""Work that is shared out among processes, for one who reads what they make of it.

Python runs one thread at a time, so several cores take several processes. They are forked: each
begins with all that is there, plugins and what is open included, and nothing has to be loaded
or handed over. What they make comes back through pipes, of which each takes little: a process
that is ahead waits.
"""

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any, TypeVar

T = TypeVar("T")

MOST = 8
"""Processes that work at most, beside the one that reads what they make."""


class Stopped(Exception):  # no error of anybody here: a process was killed, or failed
    """A process ended before its work did. What is missing can be done here."""


def usable_processes() -> int:
    """How many processes can work at once; 1 where this one can have no child.

    Linux alone: elsewhere a forked child cannot rely on what the system keeps for its parent.
    Nor can one whose parent has threads, which hold locks that nobody in the child gives back. A
    daemonic process of `multiprocessing` may have none.
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        return 1
    if multiprocessing.current_process().daemon:
        return 1
    return min(len(os.sched_getaffinity(0)), MOST)


@contextmanager
def side_by_side(works: Sequence[Callable[[], Iterable[T]]]) -> Iterator[list[Iterator[T]]]:
    """Begin all works, each in a process of its own; what each makes, as it comes.

    What is made has to be picklable. Raises `Stopped` where none can be begun, and reading does
    where one ended early. At the end of the block, and with this process, they end too.
    """
    context = multiprocessing.get_context("fork")
    started: list[tuple[Any, Connection]] = []
    try:
        for work in works:
            started.append(_begun(context, work, [pipe for _, pipe in started]))
        yield [_received(receiving) for _, receiving in started]
    finally:
        for process, receiving in started:
            receiving.close()
            process.terminate()
        for process, _ in started:
            process.join()
            process.close()


def _begun(
    context: Any, work: Callable[[], Iterable[Any]], pipes: Sequence[Connection]
) -> tuple[Any, Connection]:
    """A process that does a work, and the end where what it makes comes out."""
    try:
        receiving, sending = context.Pipe(duplex=False)
    except OSError as error:  # too many files
        raise Stopped from error
    with sending:
        # A child that had a copy of an end that reads would not notice that nobody does.
        inherited = [*pipes, receiving]
        process = context.Process(target=_do, args=(work, sending, inherited), daemon=True)
        try:
            process.start()
        except OSError as error:  # too many processes, or too little memory
            receiving.close()
            raise Stopped from error
    return process, receiving


def made_by_child(work: Callable[[], Iterable[T]]) -> Iterator[T]:
    """What a work makes, made by a child of this process where there is a core for it.

    Where that one ends early the work is done here again, without what has come: so its errors
    are raised here, and it has to make the same a second time.
    """
    made = 0
    if usable_processes() > 1:
        with suppress(Stopped), side_by_side([work]) as (child,):
            for one in child:
                yield one
                made += 1
            return
    yield from islice(work(), made, None)


_GOES_ON, _DONE = b"+", b"."


def _do(
    work: Callable[[], Iterable[Any]], sending: Connection, inherited: list[Connection]
) -> None:
    """In a child: send what a work makes. Its errors are met again by who does the rest."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # whatever the parent's handler would do
    gc.freeze()  # to look through what is the parent's would copy every page of it
    for pipe in inherited:
        pipe.close()
    try:
        for made in work():
            sending.send_bytes(_GOES_ON)
            sending.send(made)
        sending.send_bytes(_DONE)
    except Exception:  # noqa: BLE001  # whatever it is: the pipe ends without _DONE
        os._exit(1)


def _received(receiving: Connection) -> Iterator[Any]:
    try:
        while receiving.recv_bytes(1) == _GOES_ON:
            yield receiving.recv()
    except (EOFError, OSError):  # between two messages, or within one
        raise Stopped from None
