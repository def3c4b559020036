"""Every kind of fault by name, in the order of the table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.faults.harness.copying import BackingUp, Restoring
from tests.faults.harness.kinds import (
    ALL,
    LOOKING,
    RECORDING,
    SIGNING,
    Kind,
    Moment,
    PowerCut,
    Struck,
)
from tests.faults.harness.making import Applying, FirstCheckpoint, Making
from tests.faults.harness.meeting import Met, MetOnAServer
from tests.faults.harness.server import Server
from tests.faults.harness.server_kinds import (
    ClientKilled,
    ConnectionCut,
    HolderKilled,
    ServerKilled,
    ServerWorld,
)
from tests.faults.harness.shim import Calls, Strike
from tests.faults.harness.worlds import FileWorld

SEEING = ("seen", "views", "rebuild")
KILLED = ((Strike.KILL, Calls.CHANGES), (Strike.KILL_HALFWAY, Calls.WRITES))
WRITE_FAILS = ((Strike.FAIL, Calls.WRITES), (Strike.FAIL_FROM, Calls.WRITES))
SYNC_FAILS = ((Strike.FAIL, Calls.SYNCS), (Strike.FAIL_FROM, Calls.SYNCS))
FULL = ((Strike.FULL_FROM, Calls.WRITES),)
SHORT = ((Strike.SHORT, Calls.WRITES),)
READ_FAILS = ((Strike.FAIL, Calls.READS),)
NAMES_FAIL = ((Strike.FAIL, Calls.NAMES), (Strike.FAIL_FROM, Calls.NAMES))
FAILING = WRITE_FAILS + SHORT + FULL + SYNC_FAILS + READ_FAILS + NAMES_FAIL


FILE_KINDS = (
    "killed at a call: recording",
    "killed at a call: `apply`, said again",
    "killed at a call: views",
    "killed at a call: signing",
    "killed at a call: `init`",
    "killed at a call, rollback journal",
    "killed at a call, beside a neighbour",
    "killed at any moment, beside a neighbour",
    "killed at a call, clocks jump",
    "two record the same at once",
    "a write fails, once or from then on",
    "a write is cut short",
    "the disk is full from then on",
    "a sync fails, once or from then on",
    "a read fails",
    "`init` on a failing disk",
    "the power goes",
    "the power goes, rollback journal",
    "the power goes after a failed sync",
    "the power goes: `init`",
    "the power goes: the first checkpoint",
    "killed at a call: `backup`, beside a writer",
    "`backup` on a failing disk, beside a writer",
    "the power goes: `backup`",
    "killed at a call: `restore`",
    "`restore` on a failing disk",
)
SERVER_KINDS = (
    "PostgreSQL: killed at a statement: recording",
    "PostgreSQL: killed at a statement: views",
    "PostgreSQL: connection cut at a message",
    "PostgreSQL: two record the same at once",
    "PostgreSQL: who holds the lock is killed",
    "PostgreSQL: the server is killed",
)
"""The names, in the order of the table; a worker looks that they are these."""


def file_kinds(world: FileWorld) -> list[Kind]:
    """Those on a ledger in a file."""
    return [
        Struck("killed at a call: recording", world, RECORDING, KILLED),
        Applying("killed at a call: `apply`, said again", world, KILLED),
        Struck("killed at a call: views", world, LOOKING, KILLED),
        Struck("killed at a call: signing", world, SIGNING, KILLED),
        Making("killed at a call: `init`", world, KILLED),
        Struck("killed at a call, rollback journal", world, RECORDING, KILLED, journal=True),
        Struck("killed at a call, beside a neighbour", world, ALL, KILLED, 5, neighbour=True),
        Moment("killed at any moment, beside a neighbour", world, ALL),
        Struck("killed at a call, clocks jump", world, RECORDING, KILLED, clocks=True),
        Met("two record the same at once", world),
        Struck("a write fails, once or from then on", world, ALL, WRITE_FAILS, retries=1),
        Struck("a write is cut short", world, ALL, SHORT),
        Struck("the disk is full from then on", world, ALL, FULL, retries=1),
        Struck("a sync fails, once or from then on", world, ALL, SYNC_FAILS, retries=1),
        Struck("a read fails", world, ALL, READ_FAILS, retries=1),
        Making("`init` on a failing disk", world, WRITE_FAILS + SYNC_FAILS + FULL),
        PowerCut("the power goes", world, ALL),
        PowerCut("the power goes, rollback journal", world, RECORDING, journal=True),
        PowerCut("the power goes after a failed sync", world, ALL, failing=True),
        Making("the power goes: `init`", world, power=5),
        FirstCheckpoint("the power goes: the first checkpoint", world),
        BackingUp("killed at a call: `backup`, beside a writer", world, KILLED),
        BackingUp("`backup` on a failing disk, beside a writer", world, FAILING),
        BackingUp("the power goes: `backup`", world, power=3),
        Restoring("killed at a call: `restore`", world, KILLED),
        Restoring("`restore` on a failing disk", world, FAILING),
    ]


def server_kinds(world: ServerWorld, server: Server) -> list[Kind]:
    """Those on a ledger on a server."""
    return [
        ClientKilled("PostgreSQL: killed at a statement: recording", world, RECORDING),
        ClientKilled("PostgreSQL: killed at a statement: views", world, SEEING),
        ConnectionCut("PostgreSQL: connection cut at a message", world, RECORDING),
        MetOnAServer("PostgreSQL: two record the same at once", world),
        HolderKilled("PostgreSQL: who holds the lock is killed", world),
        ServerKilled("PostgreSQL: the server is killed", world, server),
    ]


@contextmanager
def kinds(world: FileWorld, scratch: Path, *, server: bool) -> Iterator[dict[str, Kind]]:
    """Kinds by name: on files, or with `server` on a PostgreSQL that is started for them."""
    with ExitStack() as stack:
        if not server:
            found = file_kinds(world)
        else:
            started = Server()
            stack.callback(started.close)
            folder = scratch / "server"
            folder.mkdir()
            found = server_kinds(ServerWorld(folder, started.url, world.mutant), started)
        by_name = {kind.name: kind for kind in found}
        assert tuple(by_name) == (SERVER_KINDS if server else FILE_KINDS)
        yield by_name
