"""Every kind of fault by name, in the order of the table."""

from __future__ import annotations

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
from tests.faults.harness.shim import Calls, Strike
from tests.faults.harness.worlds import FileWorld

KILLED = ((Strike.KILL, Calls.CHANGES), (Strike.KILL_HALFWAY, Calls.WRITES))


def kinds(world: FileWorld, server: str = "") -> list[Kind]:
    """All kinds; those on a server where there is one."""
    return [
        Struck("killed at a call: recording", world, RECORDING, KILLED),
        Struck("killed at a call: views, caught up and rebuilt", world, LOOKING, KILLED),
        Struck("killed at a call: signing a checkpoint", world, SIGNING, KILLED),
        Struck("killed at a call, beside a neighbour", world, ALL, KILLED, 5, neighbour=True, clocks=True),
        Struck("killed at a call, rollback journal", world, RECORDING, KILLED, journal=True),
        Moment("killed at any moment, beside a neighbour, clocks an hour apart", world, ALL),
        Struck("a clock that jumps", world, RECORDING, KILLED, clocks=True),
        Struck("a write fails once, or from then on", world, ALL, ((Strike.FAIL, Calls.WRITES), (Strike.FAIL_FROM, Calls.WRITES)), retries=1),
        Struck("a write is cut short", world, ALL, ((Strike.SHORT, Calls.WRITES),)),
        Struck("the disk is full from then on", world, ALL, ((Strike.FULL_FROM, Calls.WRITES),), retries=1),
        Struck("a sync fails once, or from then on", world, ALL, ((Strike.FAIL, Calls.SYNCS), (Strike.FAIL_FROM, Calls.SYNCS)), retries=1),
        Struck("a read fails once", world, ALL, ((Strike.FAIL, Calls.READS),), retries=1),
        PowerCut("the power goes", world, ALL),
        PowerCut("the power goes, rollback journal", world, RECORDING, journal=True),
        PowerCut("the power goes after a sync has failed", world, ALL, failing=True),
    ]
