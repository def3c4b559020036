"""The fingerprint of a projection's code: when it changes, the tables are rebuilt."""

import hashlib
import inspect
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from ledger import entities
from ledger.events.base import Event, Registry
from ledger.projections.projection import ONE_FILE_PACKAGE, Projection

STORED_FORM = 1
"""Version of how rows are stored; part of every fingerprint."""


def fingerprint(projection: type[Projection], registry: Registry) -> str:
    """Hash the code that makes rows of events: the plugin's, and how events are read and folded.

    Handlers get an event in today's schema, or not at all where no code reads its type. So a new
    type or a changed upcaster makes other rows from the same log.
    """
    digest = hashlib.sha256(code_of(projection).encode())
    digest.update(_folding(tuple(entities.__path__)))
    types = {event_type.type_name: event_type for event_type in registry}
    for name in sorted(projection.handlers):
        event_type = types.get(name)
        digest.update(f"\0{name}\0{'' if event_type is None else _reading(event_type)}".encode())
    return digest.hexdigest()[:16]


def code_of(projection: type[Projection]) -> str:
    """Hash the source of the plugin that a projection comes from.

    A module on its own is one file; in a package every module counts, since handlers may call any
    of them. Code without a source file is hashed by its name: raise `version` there. Computed once
    for each class: loaded code does not change.
    """
    return _taken(projection)  # type: ignore[arg-type]  # mypy looks for __hash__ on the instances, not on the class


@lru_cache(maxsize=512)
def _taken(projection: type[Projection]) -> str:
    file = _file(projection)
    if file is None:
        text = f"{projection.__module__}.{projection.__qualname__}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]
    digest = hashlib.sha256(f"{STORED_FORM}".encode())
    for path in _files(projection.__module__, Path(file)):
        source = path.read_bytes()
        digest.update(f"\0{path.name}\0{len(source)}\0".encode())
        digest.update(source)
    return digest.hexdigest()[:16]


@lru_cache(maxsize=8)
def _folding(folders: tuple[str, ...]) -> bytes:
    """A hash over the files of the entities, which rows keep and handlers fold."""
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(Path(folder).glob("*.py")):
            digest.update(file.read_bytes())
    return digest.digest()


@lru_cache(maxsize=2048)
def _reading(event_type: type[Event]) -> str:
    """Hash the schema of a type, and the files that define it and its upcasters."""
    digest = hashlib.sha256(f"{event_type.__qualname__}\0{event_type.schema}".encode())
    code: list[Callable[..., Any]] = [event_type, *event_type.upcasters.values()]
    for file in sorted({file for file in map(_file, code) if file is not None}):
        digest.update(Path(file).read_bytes())
    return digest.hexdigest()


def _file(code: Callable[..., Any]) -> str | None:
    try:
        return inspect.getsourcefile(code)
    except (OSError, TypeError):
        return None


def _files(module: str, file: Path) -> Iterator[Path]:
    top = module.partition(".")[0]
    package = getattr(sys.modules.get(top), "__path__", None)
    if top == ONE_FILE_PACKAGE or "." not in module or not package:
        yield file
        return
    for folder in package:
        yield from sorted(Path(folder).rglob("*.py"))
