"""A waiting thread can be woken, and interrupted at any moment."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from ledger.log.wakeup import Waker, notifying


def interrupted(at: int, act: Callable[[], Any]) -> bool:
    """Send Ctrl-C before the n-th instruction of an act; return whether the act has that many."""
    left = at

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal left
        frame.f_trace_opcodes = True
        if event == "opcode" and (left := left - 1) == 0:
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    # Python 3.12 looks whether any frame wants opcodes only as the tracing begins.
    sys._getframe().f_trace_opcodes = True
    sys.settrace(trace)
    try:
        act()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def can_be_set(one: Any) -> bool:
    """Whether a thread that sets it returns."""
    thread = threading.Thread(target=one.set, daemon=True)
    thread.start()
    thread.join(2)
    return not thread.is_alive()


def stuck(make: Callable[[], Any]) -> list[int]:
    """The instructions at which a Ctrl-C leaves an object that can no longer be set."""
    found = []
    for at in range(1, 10_000):
        one = make()

        def act(one: Any = one) -> None:
            one.set()
            one.wait(0.001)
            one.clear()
            one.wait(0.001)

        came = interrupted(at, act)
        if not can_be_set(one):
            found.append(at)
            break
        if not came:
            assert at > 10, "nothing was interrupted"
            return found
    return found


def test_a_waker_is_never_left_locked() -> None:
    assert stuck(Waker) == []


def test_a_threading_event_can_be_left_locked() -> None:
    """The test above can fail: it finds the hang that `log --follow` once had."""
    assert stuck(threading.Event) != []


def test_it_wakes_a_waiting_thread_and_the_next_one() -> None:
    one = Waker()
    one.set()
    one.set()
    begun = time.monotonic()
    one.wait(30)
    one.set()
    one.clear()
    one.wait(0.01)  # cleared: the whole time
    threading.Timer(0.05, one.set).start()
    one.wait(30)
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(("after_s", "told"), [(0.01, 1), (30, 0)])
def test_a_long_wait_is_notified(after_s: float, told: int) -> None:
    calls: list[int] = []
    with notifying((after_s, lambda: calls.append(1))):
        time.sleep(0.2)
    assert len(calls) == told
    with notifying(None):
        pass
