"""Verifying a ledger: everything is derived anew and compared, nothing is changed.

The checks of lines share one pass over the log; the others check what lies beside it. Each has a
name and can run alone. Checks of what the audit does not know (views, the store's guards) are
passed in.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from time import perf_counter

from msgspec import Struct

from ledger.audit.checkpoint_store import Kept
from ledger.audit.formats.checkpoint import SignedCheckpoint
from ledger.audit.formats.note import VerifierKey
from ledger.audit.formats.policy import Policy
from ledger.audit.signing import Progress
from ledger.audit.tree import HashFiles
from ledger.audit.verification.batches import Needs, read_batches
from ledger.audit.verification.checks import Lines, Positions, Result, RowCheck, Times
from ledger.audit.verification.index_check import Index
from ledger.audit.verification.lineage import Origins
from ledger.audit.verification.tree_checks import (
    KeptHashes,
    Since,
    Tree,
    check_checkpoints,
    check_outside,
    check_policy,
)
from ledger.events.ledgers import CONTINUED
from ledger.log.eventlog import EventLog

CHECKS: Mapping[str, str] = {
    "guards": "the store's format, and the triggers that keep it append-only",
    "positions": "positions count from 1 without a gap",
    "times": "recorded times never go back",
    "lines": "each line is one that a ledger writes, and carries its event's tags",
    "index": "the tag index has exactly the tags of the lines",
    "origins": "each change of the log's name correctly says which log it continues",
    "checkpoints": "each checkpoint is signed by the log's key, and larger than the one before",
    "tree": "the lines have the root of every checkpoint, kept here or elsewhere",
    "hashes": "the kept hashes are those of the tree",
    "outside": "the checkpoints that others kept are signed by the log's key",
    "witnesses": "the newest checkpoint is cosigned as the policy requires",
    "views": "each kept view has the rows that a rebuild would have",
}
"""Every check by name, in the order of the report."""

Check = Callable[[], Result]


class Evidence(Struct, frozen=True):
    """The evidence to verify a ledger against.

    `log_key` is None if there is none yet, or none was given. `outside` are checkpoints that
    others kept. `unreadable` says why the kept checkpoints cannot be read, if so.
    """

    origin: str
    log_key: VerifierKey | None
    kept: Kept
    hashes: HashFiles
    outside: Sequence[SignedCheckpoint] = ()
    policy: Policy | None = None
    unreadable: str = ""


def verify(
    log: EventLog,
    evidence: Evidence,
    *,
    wanted: Sequence[str] = tuple(CHECKS),
    since: SignedCheckpoint | None = None,
    further: Mapping[str, Check] | None = None,
    progress: Progress | None = None,
    processes: int | None = None,
) -> Iterator[Result]:
    """Run the wanted checks; yield the results in the order of `CHECKS`.

    With `since`, only the lines after that checkpoint are read, and those before it are taken to
    be the signed ones: changes among these are not found. `further` are checks from the floors
    above, by name. `processes` sets how many read a long log, None for one per core; a check's
    time then leaves out what these did.
    """
    rows = _row_checks(log, evidence, wanted, since)
    seconds = _read(log, rows, since, progress, processes) if rows else {}
    by_name: dict[str, Check] = {check.name: check.result for check in rows}
    by_name |= {name: check for name, check in _beside(evidence).items() if name not in by_name}
    by_name |= further or {}
    if since is not None:
        del by_name["hashes"]  # the check of the tree has covered those that it relies on
    for name in CHECKS:
        if name in wanted and name in by_name:
            begun = perf_counter()
            result = by_name[name]()
            spent = perf_counter() - begun + seconds.get(name, 0.0)
            yield Result(name, result.state, result.found, result.findings, spent)


def _row_checks(
    log: EventLog, evidence: Evidence, wanted: Sequence[str], since: SignedCheckpoint | None
) -> list[RowCheck]:
    after = 0 if since is None else since.size
    before = "" if since is None else next((r[1] for r in log.stored(after - 1, after)), "")
    made: list[RowCheck] = [
        Positions(after),
        Times(before),
        Lines(log.registry),
        Index(log.tag_index, log.stored, after),
    ]
    if since is None:
        made.append(Origins(entry.position for entry in log.read([CONTINUED])))
    if evidence.log_key is not None or evidence.outside:
        if since is None:
            made += [
                Tree(evidence.kept, evidence.outside, evidence.hashes, log.stored),
                KeptHashes(evidence.kept, evidence.hashes),
            ]
        else:
            made.append(Since(since, evidence.hashes, log.stored))
    return [check for check in made if check.name in wanted]


def _read(
    log: EventLog,
    checks: Sequence[RowCheck],
    since: SignedCheckpoint | None,
    progress: Progress | None,
    processes: int | None,
) -> dict[str, float]:
    """Pass every row to every check; return the seconds that each took in this process."""
    names = {check.name for check in checks}
    needs = Needs(
        plain="lines" in names,
        leaves=not names.isdisjoint(("tree", "hashes", "origins")),
        tags="index" in names,
        names_log="origins" in names,
    )
    seconds = dict.fromkeys(names, 0.0)
    head, after = log.head(), None if since is None else since.size
    for batch in read_batches(log, needs, after=after, processes=processes):
        for check in checks:
            begun = perf_counter()
            check.take(batch)
            seconds[check.name] += perf_counter() - begun
        if progress is not None:
            progress(batch.last, head)
    return seconds


def _beside(evidence: Evidence) -> dict[str, Check]:
    """The checks that read no lines."""
    key = evidence.log_key

    def checkpoints() -> Result:
        if evidence.unreadable:
            return Result("checkpoints", "bad", evidence.unreadable)
        if key is None:
            return Result("checkpoints", "not checked", _NO_KEY)
        return check_checkpoints(evidence.kept, key, evidence.origin)

    def outside() -> Result:
        if not evidence.outside:
            return Result("outside", "not checked", "no checkpoint was given: --against FILE")
        if key is None:
            return Result("outside", "not checked", _NO_KEY)
        return check_outside(evidence.outside, key, evidence.origin)

    def witnesses() -> Result:
        if evidence.policy is None:
            return Result("witnesses", "not checked", "no policy was given: --policy FILE")
        return check_policy(evidence.kept, evidence.policy)

    def unsigned(name: str) -> Check:
        return lambda: Result(name, "not checked", _NO_KEY)

    return {
        "checkpoints": checkpoints,
        "outside": outside,
        "witnesses": witnesses,
        "tree": unsigned("tree"),
        "hashes": unsigned("hashes"),
    }


_NO_KEY = "no public key was found: audit key new, or --public"

__all__ = ["CHECKS", "Check", "Evidence", "Result", "verify"]
