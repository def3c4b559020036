"""What the rows share in one run: a folder on a real disk, histories, a server, the plugins.

Everything is made when the first row asks for it, once, and gone when the run ends.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from ledger.application import Extensions
from ledger.plugin_host.host import PluginHost
from tests.benchmarks.histories import QUICK, Campus, history, make_ledger
from tests.postgres_server import postgres_server

ROUNDS, QUICK_ROUNDS = 5, 3


class Bench:
    """One run. `quick` makes everything small: it shows that a row runs, and measures nothing."""

    def __init__(
        self,
        folder: Path,
        *,
        quick: bool,
        say: Callable[[str], None],
        rounds: int | None = None,
    ) -> None:
        self.folder = folder
        self.quick = quick
        self.rounds = rounds or (QUICK_ROUNDS if quick else ROUNDS)
        self.say = say
        self.postgres_version: str | None = None
        self._until_end = ExitStack()
        self._made = 0

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._until_end.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def size(self, events: int) -> int:
        """How many of something; a two-hundredth of it in a quick run, but no fewer than twenty."""
        return min(events, max(events // 200, 20)) if self.quick else events

    def new(self, name: str) -> Path:
        """A path in the folder where nothing is yet."""
        self._made += 1
        return self.folder / f"{self._made}-{name}"

    # --- histories ------------------------------------------------------------------------

    def campus(self, events: int) -> Campus:
        """A campus with about so many events, at least two months."""
        campus = (QUICK if self.quick else Campus(1)).of(self.size(events))
        return campus if campus.months > 1 else campus.of(2 * campus.a_month_has)

    def made(self, events: int) -> Path:
        """A new ledger, a file, with a history of about so many events."""
        begun, path = time.monotonic(), self.new("studio.db")
        head = make_ledger(path, history(self.campus(events)))
        self.say(f"made a history of {head:,} events in {time.monotonic() - begun:.1f} s")
        return path

    @cached_property
    def huge(self) -> Path:
        """The ledger of two million events. Rows append to it; none needs it as it was."""
        return self.made(2_000_000)

    @cached_property
    def small(self) -> Path:
        """The ledger of twenty thousand, which lived through the same last months."""
        return self.made(20_000)

    @cached_property
    def middling(self) -> Path:
        """The ledger of fifty thousand events. Nobody appends to it: `copied` is for that."""
        return self.made(50_000)

    def copied(self, path: Path) -> Path:
        """A copy of a ledger's file that is a row's own."""
        copy = self.new("studio.db")
        shutil.copyfile(path, copy)
        return copy

    # --- what else there is -----------------------------------------------------------------

    @cached_property
    def extensions(self) -> Extensions:
        """What the shipped plugins add."""
        return PluginHost().load().extensions()

    @cached_property
    def postgres(self) -> str:
        """The URL of a server that waits for the disk at every commit, on the same disk."""
        server = postgres_server(data_in=self.folder, fsync="on", shared_buffers="128MB")
        url = self._until_end.enter_context(server)
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as connection:
            self.postgres_version = connection.info.parameter_status("server_version")
        return url

    def new_database(self) -> str:
        """The URL of a new, empty database on the server."""
        name = f"bench_{time.monotonic_ns()}"
        url = make_url(self.postgres)
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return url.set(database=name).render_as_string(hide_password=False)
