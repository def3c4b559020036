"""A process that forks while a ledger is open, as multiprocessing does on Linux.

A connection belongs to one process. Two that speak over one to PostgreSQL get each other's
answers, and a lock that a thread of the parent held at that moment is never released in the
child. So the child begins with connections and locks of its own.
"""

import os
import weakref
from typing import Protocol

from sqlalchemy import Engine


class Renewable(Protocol):
    """What holds connections or locks."""

    def renew(self) -> None:
        """Begin anew in a forked child, without touching what is the parent's."""


_open: "weakref.WeakSet[Renewable]" = weakref.WeakSet()

_parents: list[object] = []
"""Pools and connections that this process has inherited: kept, since a connection that Python
clears away is closed, and with it the parent's."""


def renew_in_child(one: Renewable) -> None:
    """Have it renewed in every child that is forked from now on, while it lives."""
    _open.add(one)


def leave_to_parent(engine: Engine, *borrowed: object) -> None:
    """Have an engine connect anew, its connections and the borrowed ones left open as they are."""
    leave_open(engine.pool, *borrowed)
    engine.dispose(close=False)


def leave_open(*inherited: object) -> None:
    """Leave pools or connections as they are, for as long as this process lives."""
    _parents.extend(inherited)


def _renew_all() -> None:
    for one in tuple(_open):
        one.renew()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_renew_all)
