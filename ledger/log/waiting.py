"""Who waits long learns that he does."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def telling(on_wait: tuple[float, Callable[[], None]] | None) -> Iterator[None]:
    """Call what is given, from another thread, when the block takes longer than so many seconds."""
    if on_wait is None:
        yield
        return
    told = threading.Timer(*on_wait)
    told.daemon = True
    told.start()
    try:
        yield
    finally:
        told.cancel()
