"""The state that a plugin's module keeps, and how to reset it: a restart without a process.

A new program begins with its modules as they were imported. `Memory` notes that state, so
that a test can restore it between two events, and name everything that had changed.
"""

import sys
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from types import FunctionType, ModuleType
from typing import Any

from ledger.projections import Projection, TableOf, View

_CONTAINERS = (dict, list, set, bytearray, deque)


class Memory:
    """The state of a projection's modules and classes when this was made."""

    def __init__(self, projection: type[Projection]) -> None:
        self._bound: list[tuple[str, Any, str, Any]] = []  # shown name, holder, name, object
        self._contents: list[tuple[str, Any, Any]] = []  # shown name, container, its copy
        self._caches: list[Any] = []
        self._seen: set[int] = set()
        classes = [c for c in projection.__mro__ if c not in Projection.__mro__]
        for name in dict.fromkeys(c.__module__ for c in classes):
            module = sys.modules.get(name)
            if module is not None:
                self._note_module(module)
        for one in classes:
            self._note_class(one)

    def restore(self) -> None:
        """Restore everything."""
        for _, holder, name, value in self._bound:
            if getattr(holder, name, None) is not value:
                setattr(holder, name, value)
        for _, container, then in self._contents:
            if container != then:
                _fill(container, deepcopy(then))
        for cache in self._caches:
            cache.cache_clear()

    def changed(self) -> list[str]:
        """Return the names of everything that has changed."""
        found = [s for s, holder, name, v in self._bound if getattr(holder, name, None) is not v]
        found += [said for said, container, then in self._contents if container != then]
        return list(dict.fromkeys(found))

    def _note_module(self, module: ModuleType) -> None:
        for name, value in list(vars(module).items()):
            if name.startswith("__") or isinstance(value, ModuleType):
                continue
            self._bound.append((name, module, name, value))
            self._note(name, value, module.__name__)

    def _note_class(self, one: type) -> None:
        for name, value in list(vars(one).items()):
            if name.startswith("__") or name in vars(Projection):
                continue
            if not isinstance(value, TableOf):
                self._bound.append((f"{one.__name__}.{name}", one, name, value))
                method = value.method if isinstance(value, View) else value
                self._note(f"{one.__name__}.{name}", method, one.__module__)

    def _note(self, said: str, value: Any, module: str) -> None:
        if id(value) in self._seen:
            return
        self._seen.add(id(value))
        if isinstance(value, _CONTAINERS):
            self._note_content(said, value)
        elif getattr(value, "__module__", module) != module:
            pass  # imported: another plugin's, or the project's own
        elif isinstance(value, FunctionType):
            for part, kept in _kept_by(value):
                self._note(f"{said} ({part})", kept, module)
        elif hasattr(value, "cache_clear"):
            self._caches.append(value)
        elif not isinstance(value, type):
            self._note_content(said, getattr(value, "__dict__", {}))

    def _note_content(self, said: str, container: Any) -> None:
        with suppress(Exception):  # something that cannot be copied (a lock) cannot be restored
            self._contents.append((said, container, deepcopy(container)))


def _kept_by(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield the values that a function keeps between calls: its defaults and its closure."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = function.__defaults__ or ()
    for name, value in zip(names[len(names) - len(defaults) :], defaults, strict=True):
        yield f"default of {name}", value
    for name, value in (function.__kwdefaults__ or {}).items():
        yield f"default of {name}", value
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield name, cell.cell_contents


def _fill(container: Any, content: Any) -> None:
    container.clear()
    if isinstance(container, dict | set):
        container.update(content)
    else:
        container.extend(content)
