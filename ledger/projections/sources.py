"""The fingerprint of a projection's code: when it changes, the tables are built anew."""

import hashlib
import inspect
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from ledger.projections.projection import ONE_FILE_PACKAGE, Projection

STORED_FORM = 1
"""Version of how rows are stored; part of every fingerprint."""


def fingerprint(projection: type[Projection]) -> str:
    """A hash over the source of the plugin that a projection comes from.

    A module on its own is one file; of a package, every module counts, since handlers
    may call any of them. Code without a source file has the hash of its name: raise
    `version` there. Taken once for each class: code that is loaded does not change.
    """
    return _taken(projection)  # type: ignore[arg-type]  # mypy looks for __hash__ on the instances, not on the class


@lru_cache(maxsize=512)
def _taken(projection: type[Projection]) -> str:
    try:
        file = inspect.getsourcefile(projection)
    except (OSError, TypeError):
        file = None
    if file is None:
        text = f"{projection.__module__}.{projection.__qualname__}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]
    digest = hashlib.sha256(f"{STORED_FORM}".encode())
    for path in _files(projection.__module__, Path(file)):
        source = path.read_bytes()
        digest.update(f"\0{path.name}\0{len(source)}\0".encode())
        digest.update(source)
    return digest.hexdigest()[:16]


def _files(module: str, file: Path) -> Iterator[Path]:
    top = module.partition(".")[0]
    package = getattr(sys.modules.get(top), "__path__", None)
    if top == ONE_FILE_PACKAGE or "." not in module or not package:
        yield file
        return
    for folder in package:
        yield from sorted(Path(folder).rglob("*.py"))
