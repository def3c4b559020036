"""Making one change in a copy, and verifying the copy."""

from __future__ import annotations

import random
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ledger.application import Ledger
from ledger.audit.formats.checkpoint import SignedCheckpoint
from ledger.audit.verification.checks import Result
from ledger.audit.verification.verify import CHECKS
from ledger.auditing import Audit, AuditFolder
from tests.faults.tampering import in_an_export, in_the_database, in_the_folder
from tests.faults.tampering.kinds import KINDS, Kind
from tests.faults.tampering.signed import (
    EXTENSIONS,
    Copy,
    Original,
    PostgresCopies,
    SqliteCopies,
)

__all__ = ["KINDS", "Tried", "attempt", "in_an_export", "in_the_database", "in_the_folder"]


class Tried(NamedTuple):
    """The result of one change. `wrong` says why it was not found as it should be."""

    found: bool
    wrong: str = ""


def attempt(
    one: Kind, copies: SqliteCopies | PostgresCopies, original: Original, seed: str
) -> Tried:
    """Make one change in a new copy, and verify."""
    if one.check == "verify_export.py":
        return _attempt_in_export(one, copies, original, seed)
    with copies.copy() as database, tempfile.TemporaryDirectory() as scratch:
        audit = Path(scratch) / "signed.audit"
        shutil.copytree(original.audit, audit)
        database.guards(there=False)
        expected = one.change(Copy(database, audit, random.Random(seed)))
        if one.check != "guards":
            database.guards(there=True)
        outside = [original.outside] if one.outside else []
        if one.outside:
            untold = [r for r in _verify(database.where, audit, [], one) if r.state == "bad"]
            if untold:
                return Tried(True, f"found without an outside checkpoint: {untold[0].found}")
        results = _verify(database.where, audit, outside, one)
    told = [
        text
        for result in results
        if result.check == one.check and result.state == "bad"
        for text in (result.found, *(finding.what for finding in result.findings))
    ]
    if any(re.search(expected, text) for text in told):
        return Tried(True)
    bad = [f"{r.check}: {r.found}" for r in results if r.state == "bad"]
    return Tried(bool(bad), f"expected {one.check}: {expected!r}, told: {bad or 'all is well'}")


def _attempt_in_export(
    one: Kind, copies: SqliteCopies | PostgresCopies, original: Original, seed: str
) -> Tried:
    with copies.copy() as database, tempfile.TemporaryDirectory() as scratch:
        copy = Copy(database, Path(scratch) / "signed.audit", random.Random(seed))
        in_an_export.export(database.where, original.audit, copy.exported())
        shutil.copy(copy.exported() / "verify_export.py", scratch)
        vkey = AuditFolder(original.audit).public().text
        before = in_an_export.check(copy.exported(), vkey)
        assert before.code == 0, before.out
        expected = one.change(copy)
        after = in_an_export.check(copy.exported(), vkey)
    bad = [line for line in after.out.splitlines() if line.startswith("BAD ")]
    named = any(re.search(expected, line) for line in bad)
    return Tried(after.code == 3, "" if after.code == 3 and named else f"{expected!r}: {after.out}")


def _verify(
    where: str, folder: Path, outside: Sequence[SignedCheckpoint], one: Kind
) -> list[Result]:
    # Rebuilding every view takes as long as all other checks: only do it if a view was changed.
    names = [name for name in CHECKS if name != "views" or one.views]
    with Ledger.open(where, extensions=EXTENSIONS, read_only=True) as ledger:
        audit = AuditFolder(folder)
        desk = Audit(ledger, audit, where)
        policy = audit.policy()
        evidence = desk.evidence(audit.public(), policy=policy, outside=outside)
        return list(desk.verify(evidence, wanted=names))
