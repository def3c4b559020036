"""Waiting: for what is recorded, and for the lock, of which whoever waits long learns."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from queue import Empty, SimpleQueue


def telling(on_wait: tuple[float, Callable[[], None]] | None) -> AbstractContextManager[None]:
    """Call what is given, from another thread, when the block takes longer than so many seconds."""
    return nullcontext() if on_wait is None else _telling(*on_wait)


@contextmanager
def _telling(after_s: float, call: Callable[[], None]) -> Iterator[None]:
    timer = threading.Timer(after_s, call)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Waker:
    """Wakes the one who waits, once: `wait` takes away what `set` has put.

    In place of `threading.Event`, since Ctrl-C may come at any moment. An event is Python, and
    has a lock: a KeyboardInterrupt inside of it can leave the lock taken, and whoever sets the
    event then waits for ever. A simple queue is C, and its `put` reentrant.
    """

    def __init__(self) -> None:
        self._set: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """Wake who waits, or who will wait next."""
        if self._set.empty():
            self._set.put(None)

    def clear(self) -> None:
        """Forget that it was set."""
        with suppress(Empty):
            while True:
                self._set.get_nowait()

    def wait(self, timeout: float) -> None:
        """Until it is set, or so many seconds."""
        with suppress(Empty):
            self._set.get(timeout=timeout)
