"""The program of a twin (see `twins`): it folds the given events and returns what it saw."""

import importlib
import importlib.util
import os
import sys
from types import ModuleType

import msgspec

from ledger.events import STUDIO_EVENTS
from ledger.events.base import Registry
from ledger.projections import Projection
from ledger.testing.laws.contents import Seen, fold_whole, look
from ledger.testing.laws.twins import Reply, Request


def main() -> None:
    """Answer each line of input with a line."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr  # a plugin's prints are not answers
    for line in sys.stdin.buffer:
        try:
            reply = Reply(seen=_seen(msgspec.json.decode(line, type=Request)))
        except Exception as error:  # noqa: BLE001  # the test that asked reports it, whatever it is
            reply = Reply(problem=f"{type(error).__name__}: {error}")
        # keep the order that a set has here: that is what the test compares
        answers.write(msgspec.json.encode(reply, enc_hook=repr) + b"\n")
        answers.flush()


def _seen(request: Request) -> Seen:
    projection = _projection(request)
    registry = Registry(dict.fromkeys((*STUDIO_EVENTS, *projection.event_types)))
    entries = [registry.decode(*row) for row in request.rows]
    return look(fold_whole(projection, entries), request.parameters)


def _projection(request: Request) -> type[Projection]:
    module = sys.modules.get(request.module)
    if module is None or getattr(module, "__file__", "") != request.file:
        module = _module(request.module, request.file)
    found: object = module
    for part in request.name.split("."):
        found = getattr(found, part)
    assert isinstance(found, type)
    assert issubclass(found, Projection)
    return found


def _module(name: str, file: str) -> ModuleType:
    """Import the module of that name if that finds this file, or else the file itself."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is not None and spec.origin == file:
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
