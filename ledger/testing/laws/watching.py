"""Notice what a pure function does not do: read a clock, use chance, leave the process.

Two hooks of Python are used, since names cannot be replaced: a plugin may have imported
`datetime` earlier, and its `now` is written in C. The profile hook reports every call, also
of C functions; the audit hook reports everything that leaves the process before it happens,
so that it can be stopped.
"""

import gc
import os
import random
import sys
import threading
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib.resources import files
from types import FrameType, ModuleType
from typing import Any

_CLOCK = "a clock"
_CHANCE = "chance"
_MACHINE = "the machine that it runs on"
_OUTSIDE = "something outside the process"

_C_FUNCTIONS = {
    "time": dict.fromkeys(
        (
            *("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"),
            *("process_time", "process_time_ns", "thread_time", "thread_time_ns", "sleep"),
            *("localtime", "gmtime", "ctime", "clock_gettime", "clock_gettime_ns"),
        ),
        _CLOCK,
    ),
    "posix": {
        **dict.fromkeys(("urandom", "getrandom"), _CHANCE),
        **dict.fromkeys(("getpid", "getppid", "times", "uname", "cpu_count", "getcwd"), _MACHINE),
        **dict.fromkeys(("stat", "lstat", "getlogin"), _OUTSIDE),
    },
    "_uuid": dict.fromkeys(("generate_time_safe", "UuidCreate"), _CLOCK),
}
_C_FUNCTIONS["nt"] = _C_FUNCTIONS["posix"]

_SHARED_DICE = random.random.__self__  # type: ignore[attr-defined]  # a method of the module's own instance
_NEW_DICE = {random.Random.__init__.__code__: "x", random.Random.seed.__code__: "a"}
_ENVIRONMENT = type(os.environ).__getitem__.__code__

_OUTWARD = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.spawn", "os.posix_")
_OPENING = ("open", "os.listdir", "os.scandir", "sqlite3.connect", "_thread.start_new_thread")
_LOADING = ("importlib", "zoneinfo", "encodings")
"""Modules that may read files: for an import inside a function, or a zone's rules."""

_ZONES = (*zoneinfo.TZPATH, str(files("tzdata")))


class Stopped(RuntimeError):
    """Something that was about to leave the process was stopped."""


class Watch:
    """The findings from watching the code of some modules."""

    def __init__(self, modules: set[str]) -> None:
        self.noticed: dict[str, str] = {}
        """The calls noticed (`datetime.now in held (file:line)`), and their kind."""
        self._modules = modules
        self.thread = threading.get_ident()

    def profile(self, frame: FrameType, event: str, arg: Any) -> None:
        """Handle every call, as the profile hook."""
        if event == "c_call":
            found = _c_call(arg)
        elif event == "call":
            found = _call(frame)
        else:
            return
        if found is not None:
            self.note(*found, frame)

    def note(self, asked: str, kind: str, frame: FrameType | None) -> bool:
        """Keep a call if the watched code made it; return whether it did."""
        while frame is not None:
            module = str(frame.f_globals.get("__name__", ""))
            if module.partition(".")[0] in _LOADING or "<frozen importlib" in module:
                return False
            if module in self._modules:
                code = frame.f_code
                where = f"{os.path.basename(code.co_filename)}:{frame.f_lineno}"
                self.noticed.setdefault(f"{asked}, in {code.co_name} ({where})", kind)
                return True
            frame = frame.f_back
        return False


def _c_call(function: Any) -> tuple[str, str] | None:
    name, owner = getattr(function, "__name__", ""), getattr(function, "__self__", None)
    if isinstance(owner, ModuleType):
        kind = _C_FUNCTIONS.get(owner.__name__, {}).get(name)
        return None if kind is None else (f"{owner.__name__}.{name}", kind)
    if isinstance(owner, type):
        if name in ("now", "utcnow", "today") and issubclass(owner, date):
            return f"{owner.__name__}.{name}", _CLOCK
        return None
    return (f"random.{name}", _CHANCE) if owner is _SHARED_DICE else None


def _call(frame: FrameType) -> tuple[str, str] | None:
    code = frame.f_code
    if code in _NEW_DICE:
        seeded = frame.f_locals.get(_NEW_DICE[code]) is not None
        return None if seeded else ("random.Random without a seed", _CHANCE)
    return ("os.environ", _MACHINE) if code is _ENVIRONMENT else None


_watches: list[Watch] = []
_hooked = False


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if not _watches or _watches[-1].thread != threading.get_ident():
        return
    if event == "open" and args and str(args[0]).startswith(_ZONES):
        return  # a zone's rules, read by a C part of Python
    if event.startswith(_OUTWARD) or event in _OPENING:
        what = f"{event} {args[0]!r}" if args and isinstance(args[0], str) else event
        if _watches[-1].note(what, _OUTSIDE, sys._getframe(1)):  # noqa: SLF001  # the one way to the caller's frame
            raise Stopped(f"{event}: a projection does not leave the process")


@contextmanager
def watching(*modules: str) -> Iterator[Watch]:
    """Watch the code of these modules, on this thread, until the block ends."""
    global _hooked  # noqa: PLW0603  # an audit hook stays for the life of the process
    if not _hooked:
        sys.addaudithook(_audit)
        _hooked = True
    watch = Watch(set(modules))
    before, collecting = sys.getprofile(), gc.isenabled()
    gc.disable()  # callbacks of a collection would run in the plugin's frame
    _watches.append(watch)
    sys.setprofile(watch.profile)
    try:
        yield watch
    finally:
        sys.setprofile(before)
        _watches.pop()
        if collecting:
            gc.enable()
