"""A primary and its standby, on one machine: two real PostgreSQL servers that may be killed.

Each stands where a machine would stand: with a folder, a socket and a log of its own. `fsync` is
on here. A machine that stops is played by SIGKILL to every process of its server at once: no
process of it has a word to say, and its clients see their connections break.

As in `postgres_server`, both are children of the test run, listen on Unix sockets alone, and go
with the test run in whatever way it ends.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from tests.postgres_server import (
    KEEPER,
    make_cluster,
    private_folder,
    reachable_installation,
    run_as,
    wait_until_ready,
)

WITHIN_S = 90.0
"""Seconds for a server to do what it is told; a busy machine is slow."""

_SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "max_connections": "60",
    "shared_buffers": "16MB",
    "dynamic_shared_memory_type": "mmap",
    "max_wal_size": "256MB",
    "timezone": "UTC",
    "wal_level": "replica",
    "hot_standby": "on",
    # A standby tells at once how far it has come.
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "100ms",
}


class Node:
    """One of the two servers. It may be killed, and made anew as a standby of the other."""

    def __init__(self, name: str, home: Path, installation: Path, account: Any) -> None:
        self.name = name
        self.socket = home / name
        self._home = home
        self._bin = installation / "bin"
        self._account = account
        self._data = self.socket / "data"
        self._starts = 0
        self._keepers: list[subprocess.Popen[bytes]] = []
        self.socket.mkdir(mode=0o700)
        if account is not None:
            os.chown(self.socket, account.pw_uid, account.pw_gid)

    @property
    def url(self) -> str:
        """Of its database, for psycopg."""
        return f"postgresql://postgres@/postgres?host={quote(str(self.socket), safe='')}"

    def make_primary(self) -> None:
        """Make an empty cluster and start it."""
        make_cluster(self._bin.parent, self._data, run_as(self._account))
        self.set(synchronous_standby_names="")
        self._start()

    def make_standby(self, of: Node) -> None:
        """Copy the other one as it runs, and follow it from then on."""
        shutil.rmtree(self._data, ignore_errors=True)
        command = [str(self._bin / "pg_basebackup"), "-D", str(self._data), "-h", str(of.socket)]
        options = ["-U", "postgres", "-X", "stream", "-c", "fast", "--no-sync"]
        made = subprocess.run(
            [*command, *options],
            check=False,
            capture_output=True,
            text=True,
            cwd=self._home,
            **run_as(self._account),
        )
        if made.returncode:
            raise RuntimeError(f"no standby could be made:\n{made.stderr}")
        self._own(self._data / "standby.signal", "")
        self.set(
            synchronous_standby_names="",
            primary_conninfo=f"host={of.socket} user=postgres application_name={self.name}",
        )
        self._start()

    def set(self, **settings: str) -> None:
        """Let a running or future server have these settings, in place of those given before."""
        text = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
        self._own(self._data / "postgresql.auto.conf", text)
        with suppress(FileNotFoundError, ProcessLookupError, ValueError, IndexError):
            os.kill(self._pid(), signal.SIGHUP)

    def ask(self, query: str) -> Any:
        """The first row of an answer."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=10) as connection:
            return connection.execute(query.encode()).fetchone()

    def promote(self) -> None:
        """Let a standby be the primary; it is when this returns."""
        assert self.ask("SELECT pg_promote(true, 60)") == (True,), "it could not be promoted"

    def await_standby(self, standby: Node, state: str) -> None:
        """Until the other one streams from this one, and is `sync` or `async` as wanted."""
        query = (
            "SELECT application_name, sync_state FROM pg_stat_replication WHERE state = 'streaming'"
        )
        until(lambda: self.ask(query) == (standby.name, state), f"{standby.name} is not {state}")

    def kill(self) -> None:
        """As when the machine stops: every process of the server, without a word."""
        postmaster = self._pid()
        os.kill(postmaster, signal.SIGSTOP)  # so that it starts nobody while we count
        for child in _children(postmaster):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        os.kill(postmaster, signal.SIGKILL)
        until(lambda: not _runs(postmaster), f"{self.name} is not dead")
        # What the dead left behind, as at the start of a machine.
        for left in (self._data / "postmaster.pid", *self.socket.glob(".s.PGSQL*")):
            left.unlink(missing_ok=True)

    def close(self) -> list[subprocess.Popen[bytes]]:
        """Tell everything to end; what is to be waited for."""
        for keeper in self._keepers:
            assert keeper.stdin is not None
            keeper.stdin.close()
        return self._keepers

    def _start(self) -> None:
        self._starts += 1
        log = self._home / f"{self.name}-{self._starts}.log"
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        server = [str(self._bin / "postgres"), "-D", str(self._data), "-k", str(self.socket)]
        with log.open("wb") as output:
            keeper = subprocess.Popen(
                ["/bin/sh", "-c", KEEPER, str(self._home), *server, *settings],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=self._home,
                start_new_session=True,
                **run_as(self._account),
            )
        self._keepers.append(keeper)
        wait_until_ready(keeper, self._data / "postmaster.pid", log)

    def _pid(self) -> int:
        return int((self._data / "postmaster.pid").read_text().splitlines()[0])

    def _own(self, file: Path, text: str) -> None:
        file.write_text(text)
        if self._account is not None:
            os.chown(file, self._account.pw_uid, self._account.pw_gid)


class Pair:
    """The two. `primary` is who was made so last; `standby` the other, which may be dead."""

    def __init__(self, primary: Node, standby: Node) -> None:
        self.primary, self.standby = primary, standby

    def url(self, schema: str) -> str:
        """A ledger's place at whichever of the two can be written to."""
        hosts = quote(f"{self._first.socket},{self._second.socket}", safe="")
        return (
            f"postgresql://postgres@/postgres?host={hosts}"
            f"&target_session_attrs=read-write&connect_timeout=5&schema={schema}"
        )

    def read_url(self, schema: str) -> str:
        """A ledger's place at the standby."""
        return f"{self.standby.url}&schema={schema}"

    def replicate(self, how: str = "remote_apply") -> None:
        """Make the other one a standby that every commit waits for; "" lets none wait."""
        self.standby.make_standby(of=self.primary)
        if how:
            self.primary.set(synchronous_standby_names=self.standby.name, synchronous_commit=how)
        self.primary.await_standby(self.standby, "sync" if how else "async")

    def fail_over(self) -> None:
        """Kill the primary and let the standby take its place; it waits for nobody then."""
        self.primary.kill()
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary

    @property
    def _first(self) -> Node:
        return min(self.primary, self.standby, key=lambda node: node.name)

    @property
    def _second(self) -> Node:
        return max(self.primary, self.standby, key=lambda node: node.name)


@contextmanager
def postgres_pair() -> Iterator[Pair]:
    """A running primary, and a standby yet to be made of it: `replicate`."""
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    home = private_folder()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        installation = reachable_installation(home, account)
        if account is not None:
            os.chown(home, account.pw_uid, account.pw_gid)
        nodes = [Node(name, home, installation, account) for name in ("a", "b")]
        stack.callback(_close, nodes)
        nodes[0].make_primary()
        yield Pair(*nodes)


def _close(nodes: list[Node]) -> None:
    for keeper in [keeper for node in nodes for keeper in node.close()]:
        keeper.wait(timeout=WITHIN_S)


def until(true: Callable[[], bool], otherwise: str) -> None:
    """Wait for something that must come; raise with `otherwise` where it does not."""
    give_up = time.monotonic() + WITHIN_S
    while not true():
        if time.monotonic() > give_up:
            raise RuntimeError(otherwise)
        time.sleep(0.05)


def _children(parent: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=", "-o", "ppid="], check=True, capture_output=True, text=True
    )
    pairs = [line.split() for line in listed.stdout.splitlines()]
    return [int(pid) for pid, of in pairs if int(of) == parent]


def _runs(pid: int) -> bool:
    """Whether it runs: not gone, and no zombie that its keeper has not waited for."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], check=False, capture_output=True, text=True
    )
    return state.stdout.strip()[:1] not in ("", "Z")
