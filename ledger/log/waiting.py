"""Who waits long learns that he does."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext


def telling(on_wait: tuple[float, Callable[[], None]] | None) -> AbstractContextManager[None]:
    """Call what is given, from another thread, when the block takes longer than so many seconds."""
    return nullcontext() if on_wait is None else _telling(*on_wait)


@contextmanager
def _telling(after_s: float, told: Callable[[], None]) -> Iterator[None]:
    timer = threading.Timer(after_s, told)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
