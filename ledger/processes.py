"""Work that is shared among processes, with one that reads their results.

Python runs one thread at a time, so using several cores takes several processes. They are forked:
each begins with everything that its parent has, including plugins and open files, and nothing has
to be loaded or handed over. Results come back through pipes, which hold little: a process that is
ahead waits.
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
"""Most processes that work, besides the one that reads their results."""


class Stopped(Exception):  # not an error of this process: another was killed, or failed
    """A process ended before its work was done. The rest can be done here."""


def usable_processes() -> int:
    """Return how many processes can work at once; 1 where this one cannot have children.

    More than one only on Linux: elsewhere a forked child cannot rely on what the system keeps for
    its parent. Nor can one whose parent has threads: the locks that they hold are never released in
    the child. A daemonic process of `multiprocessing` may not have children.
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        return 1
    if multiprocessing.current_process().daemon:
        return 1
    return min(len(os.sched_getaffinity(0)), MOST)


@contextmanager
def side_by_side(works: Sequence[Callable[[], Iterable[T]]]) -> Iterator[list[Iterator[T]]]:
    """Start all tasks, each in a process of its own; give the results of each, as they come.

    Results must be picklable. Raises `Stopped` where a process cannot be started, and so does
    reading from one that ended early. The processes end with the block, and with this process.
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
    """Start a process for one task; return it and the pipe's end for reading results."""
    try:
        receiving, sending = context.Pipe(duplex=False)
    except OSError as error:  # too many files
        raise Stopped from error
    with sending:
        # A child with a copy of a reading end would not notice that the reader is gone.
        inherited = [*pipes, receiving]
        process = context.Process(target=_do, args=(work, sending, inherited), daemon=True)
        try:
            process.start()
        except OSError as error:  # too many processes, or too little memory
            receiving.close()
            raise Stopped from error
    return process, receiving


def made_by_child(work: Callable[[], Iterable[T]]) -> Iterator[T]:
    """Yield the results of a task, done by a child of this process where there is a core for it.

    Where the child ends early the work is done again here, skipping the results that have come: so
    its errors are raised here, and it must give the same results a second time.
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
    """In a child: send the results of a task. Its errors come up again where the rest is done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # whatever the parent's handler would do
    gc.freeze()  # a collection would otherwise copy every page of the parent's objects
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
