"""Waiting: for new events, and for the lock, with a notice if that takes long."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from queue import Empty, SimpleQueue


def notifying(on_wait: tuple[float, Callable[[], None]] | None) -> AbstractContextManager[None]:
    """Call a function from another thread when the block takes longer than some seconds."""
    return nullcontext() if on_wait is None else _notifying(*on_wait)


@contextmanager
def _notifying(after_s: float, call: Callable[[], None]) -> Iterator[None]:
    timer = threading.Timer(after_s, call)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Waker:
    """Wakes one waiting thread, once: `wait` clears what `set` has set.

    It replaces `threading.Event`, since Ctrl-C may come at any moment. An event is written in
    Python and has a lock: a KeyboardInterrupt inside it can leave the lock taken, and the next
    `set` then waits for ever. A simple queue is written in C, and its `put` is reentrant.
    """

    def __init__(self) -> None:
        self._set: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """Wake the thread that waits, or the next one that will."""
        if self._set.empty():
            self._set.put(None)

    def clear(self) -> None:
        """Forget that it was set."""
        with suppress(Empty):
            while True:
                self._set.get_nowait()

    def wait(self, timeout: float) -> None:
        """Wait until it is set, at most `timeout` seconds."""
        with suppress(Empty):
            self._set.get(timeout=timeout)
