"""Errors in a plugin: one message with the file and line, and what to write instead."""

import inspect
from types import FrameType
from typing import Any

from ledger.errors import BadInput


class BadPlugin(BadInput):
    """A plugin that cannot be used as it is written.

    `subject` is the class or function at fault; its file and line go into the message.
    """

    def __init__(self, message: str, *, advice: str, subject: Any = None) -> None:
        self.where = where(subject) if subject is not None else ""
        super().__init__(f"{self.where}: {message}" if self.where else message, advice=advice)


class NotStorable(BadPlugin):
    """A row type, or one field of it, that no table can hold."""

    def __init__(self, row: type, field: str, problem: str, *, advice: str) -> None:
        name = f"{row.__name__}.{field}" if field else row.__name__
        super().__init__(f"{name} {problem}", advice=advice, subject=row)
        self.row, self.field = row, field


class BadRow(BadInput):
    """A handler wrote a value that its column cannot hold, or changed a key."""


class ReadOnly(BadPlugin):
    """A view tried to write. A view only reads: its changes would be lost, or taken for true."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"a view writes to the table {table}",
            advice="Write rows in a handler marked @on; read with .rows() and .get() in a view",
        )


DECLARED = "__declared__"
"""Marks a method that `on` or `view` has declared."""


def refuse_second(method: Any, body: FrameType | None) -> None:
    """Refuse a handler or view with a name that its class has used for another.

    Python silently keeps the last one, so the first would be missing. `body` is the frame of the
    class body that runs the decorator.
    """
    other = body.f_locals.get(method.__name__) if body is not None else None
    if other is not None and other is not method and hasattr(other, DECLARED):
        raise BadPlugin(
            f"{method.__qualname__} is defined twice, and the second would replace the first",
            advice="Rename one",
            subject=method,
        )


def where(subject: Any) -> str:
    """`file:line` of a class or function, as far as Python can tell."""
    try:
        file = inspect.getsourcefile(subject)
        return f"{file}:{inspect.getsourcelines(subject)[1]}"
    except (OSError, TypeError):
        return str(getattr(subject, "__module__", ""))
