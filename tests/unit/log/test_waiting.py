"""Who waits can be woken, and interrupted at any moment."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from ledger.log.waiting import Waker, telling


def interrupted(at: int, act: Callable[[], Any]) -> bool:
    """Whether a Ctrl-C came before the n-th instruction of an act; it has not so many if not."""
    left = at

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal left
        frame.f_trace_opcodes = True
        if event == "opcode" and (left := left - 1) == 0:
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def can_be_set(one: Any) -> bool:
    """Whether somebody who sets it comes back."""
    thread = threading.Thread(target=one.set, daemon=True)
    thread.start()
    thread.join(2)
    return not thread.is_alive()


def stuck(make: Callable[[], Any]) -> list[int]:
    """The instructions at which a Ctrl-C leaves something that nobody can set any more."""
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


def test_whoever_is_interrupted_leaves_nothing_locked() -> None:
    assert stuck(Waker) == []


def test_an_event_would_be_left_locked() -> None:
    """What this test is worth: it finds what `log --follow` once hung on."""
    assert stuck(threading.Event) != []


def test_it_wakes_who_waits_and_who_will() -> None:
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
def test_who_waits_long_is_told(after_s: float, told: int) -> None:
    calls: list[int] = []
    with telling((after_s, lambda: calls.append(1))):
        time.sleep(0.2)
    assert len(calls) == told
    with telling(None):
        pass
