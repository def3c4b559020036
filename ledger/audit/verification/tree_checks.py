"""Checks against what was signed: the tree of the lines against checkpoints, and the kept hashes.

If a root is not the one that was signed, the kept hashes may say where the difference is. If they
have the signed root themselves, each of them is as good as signed, and a line with another hash
was changed. If not, only the checkpoints before and after the change narrow it down.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence

from ledger.audit.checkpoint_store import Kept
from ledger.audit.formats.checkpoint import SignedCheckpoint
from ledger.audit.formats.merkle import leaf_hash, subtree
from ledger.audit.formats.note import VerifierKey
from ledger.audit.formats.policy import Policy
from ledger.audit.refusals import BadNote, NotProved
from ledger.audit.tree import TILE, Derivation, HashFiles
from ledger.audit.verification.batches import Batch, line_of
from ledger.audit.verification.checks import Findings, Result
from ledger.audit.verification.diagnosis import Differing, diagnose
from ledger.log.rows import StoredRow

DIAGNOSED = 1_000
"""Differing lines that are diagnosed one by one."""


class Tree:
    """The tree of the lines has the root of every checkpoint, kept here or elsewhere."""

    name = "tree"

    def __init__(
        self,
        kept: Kept,
        outside: Sequence[SignedCheckpoint],
        hashes: HashFiles,
        rows: Callable[[int, int], Iterable[StoredRow]],
    ) -> None:
        self._kept = kept
        self._outside = outside
        self._hashes = hashes
        self._rows = rows
        signed = [*kept.signed, *outside]
        self._derivation = Derivation(one.size for one in signed)
        self._differing: list[int] = []
        self._kept_hashes = hashes.count()
        self._last = 0
        self.count = 0

    def take(self, batch: Batch) -> None:
        """See `RowCheck.take`."""
        self._derivation.add(batch.leaves)
        self.count += batch.count
        if self._last < self._kept_hashes and len(self._differing) < DIAGNOSED:
            self._differing += differing(batch, self._hashes)
            if batch.last - self._last != batch.count:
                there = {row[0] for row in batch.rows}
                gap = range(self._last + 1, min(batch.last, self._last + DIAGNOSED))
                self._differing += [position for position in gap if position not in there]
        self._last = batch.last

    def result(self) -> Result:
        """See `RowCheck.result`."""
        if not self._kept.signed and not self._outside:
            return Result(self.name, "not checked", _NOTHING_SIGNED)
        findings = Findings()
        wrong = [one for one in (*self._outside, *self._kept.signed) if not self._holds(one)]
        diagnosed = list(self._diagnosed()) if wrong else []
        for one in wrong:
            if self.count < one.size:
                self._add_cut_off(one, findings)
                break
        for position, text in diagnosed:
            findings.add(text, position, _CHANGED)
        if not diagnosed:
            for one in wrong:
                if self.count >= one.size:
                    self._add_root(one, findings)
                    break
        signed, last = len(self._kept.signed), self._kept.last
        others = f" and {len(self._outside)} kept elsewhere" if self._outside else ""
        since = max(self.count - (0 if last is None else last.size), 0)
        return findings.result(
            self.name,
            f"the root of {signed:,} checkpoint{'s' * (signed != 1)}{others}"
            + (f"; {since:,} events since are not signed yet" if since else ""),
        )

    def _holds(self, one: SignedCheckpoint) -> bool:
        return self._derivation.roots.get(one.size) == one.root

    def _add_cut_off(self, one: SignedCheckpoint, findings: Findings) -> None:
        findings.add(
            f"the log has {self.count:,} events, but {self._named(one)} {one.size:,}: "
            f"{one.size - self.count:,} are gone",
            self._last + 1 if self._last < one.size else None,
            "It was cut off, or restored from an older copy",
        )

    def _add_root(self, one: SignedCheckpoint, findings: Findings) -> None:
        """Report that lines differ, between the last checkpoint that holds and this one."""
        derived = b64encode(self._derivation.roots[one.size]).decode()
        after = max(
            (o.size for o in self._kept.signed if o.size < one.size and self._holds(o)), default=0
        )
        findings.add(
            f"the first {one.size:,} lines have the root {derived}, but {self._named(one)} is "
            f"{one.checkpoint}: something from #{after + 1} to #{one.size} is not as it was signed",
            after + 1,
            _CHANGED,
        )

    def _named(self, one: SignedCheckpoint) -> str:
        elsewhere = any(one is other for other in self._outside)
        return "a checkpoint kept elsewhere" if elsewhere else "the checkpoint"

    def _diagnosed(self) -> Iterator[tuple[int, str]]:
        """Yield what happened to which line, as far as kept hashes with a signed root show it."""
        signed = sorted((*self._outside, *self._kept.signed), key=lambda one: -one.size)
        holding = (one.size for one in signed if kept_hashes_hold(self._hashes, one))
        size = next(holding, 0)
        wanted = [position for position in self._differing if position <= size]
        rows = {row[0]: row for position in wanted for row in self._rows(position - 1, position)}
        yield from diagnose(
            [Differing(position, rows.get(position)) for position in wanted],
            gone=range(self._last + 1, min(size, self._last + DIAGNOSED) + 1),
            signed=lambda position: self._hashes.read(0, position - 1, 1)[0],
            neighbours=lambda position: self._rows(position - 2, position + 1),
        )


class Since:
    """The lines after a checkpoint continue it, as far as that shows without reading all lines.

    The kept hashes have the signed root, and the last signed line is unchanged. Only a full
    verification finds changes to the lines before that.
    """

    name = "tree"

    def __init__(
        self,
        signed: SignedCheckpoint,
        hashes: HashFiles,
        rows: Callable[[int, int], Iterable[StoredRow]],
    ) -> None:
        self._signed = signed
        self._hashes = hashes
        self._rows = rows
        self._count = 0

    def take(self, batch: Batch) -> None:
        """See `RowCheck.take`."""
        self._count += batch.count

    def result(self) -> Result:
        """See `RowCheck.result`."""
        findings = Findings()
        size = self._signed.size
        row = next(iter(self._rows(size - 1, size)), None)
        if row is None:
            findings.add(
                f"#{size} was signed, and is missing", size, "Cut off or restored: audit verify"
            )
        elif not kept_hashes_hold(self._hashes, self._signed):
            return Result(
                self.name,
                "not checked",
                f"the kept hashes do not reach the checkpoint #{size}: audit checkpoint",
            )
        elif self._hashes.read(0, size - 1, 1) != [leaf_hash(line_of(row))]:
            findings.add(f"#{size} is not the line that was signed", size, _CHANGED)
        return findings.result(
            self.name, f"#{size} is as it was signed; {self._count:,} events since"
        )


class KeptHashes:
    """The kept hashes are those of the signed tree, or of the lines."""

    name = "hashes"

    def __init__(self, kept: Kept, hashes: HashFiles) -> None:
        self._hashes = hashes
        self._kept = kept
        self._first = 0
        self._seen = 0

    def take(self, batch: Batch) -> None:
        """See `RowCheck.take`."""
        if not self._first and (found := differing(batch, self._hashes)):
            self._first = found[0]
        self._seen += batch.count

    def result(self) -> Result:
        """See `RowCheck.result`."""
        findings = Findings()
        count = self._hashes.count()
        last = self._kept.last
        signed = last is not None and count >= last.size and kept_hashes_hold(self._hashes, last)
        if self._first and not signed:
            findings.add(
                f"the kept hash of #{self._first} is not that of its line", self._first, _DROP
            )
        # Hashes are kept only after the checkpoint that covers them.
        if count > (covered := 0 if last is None else last.size):
            findings.add(
                f"{count:,} hashes are kept, but the newest checkpoint covers {covered:,} events: "
                "a checkpoint is gone from the file",
                covered + 1,
                "Get the copy that a witness or an auditor has kept: audit verify --against FILE",
            )
        for level, index in self._wrong_uppers():
            first = index * TILE**level + 1
            findings.add(
                f"the kept hash over #{first} to #{first + TILE**level - 1} is not that over the "
                "kept hashes below",
                first,
                _DROP,
            )
        return findings.result(self.name, f"{min(count, self._seen):,} kept, all correct")

    def _wrong_uppers(self) -> Iterator[tuple[int, int]]:
        """Yield the first hash on each upper level that differs from the kept hashes below."""
        level = 1
        while (upper := self._hashes.count(level)) > 0:
            for index in range(upper):
                kept = self._hashes.read(level, index, 1)
                if not kept:
                    continue  # a hole: not kept
                tile = self._hashes.read(level - 1, index * TILE, TILE)
                if len(tile) < TILE or kept != [subtree(tile)]:
                    yield level, index
                    break
            level += 1


def kept_hashes_hold(hashes: HashFiles, signed: SignedCheckpoint) -> bool:
    """Whether the kept leaf hashes have a signed root; then each is as good as signed."""
    derivation = Derivation([signed.size])
    for start in range(0, signed.size, TILE):
        tile = hashes.read(0, start, min(TILE, signed.size - start))
        if len(tile) < min(TILE, signed.size - start):
            return False
        derivation.add(tile)
    return derivation.roots[signed.size] == signed.root


def check_checkpoints(kept: Kept, log: VerifierKey, origin: str) -> Result:
    """Every checkpoint is signed by the log's key, for this log, and each larger than the last."""
    findings = Findings()
    try:
        kept.check(log, origin)
    except NotProved as error:
        findings.add(str(error).rstrip("."), getattr(error, "position", None))
    if kept.unfinished:
        findings.add(
            f"the file of checkpoints ends in {kept.unfinished} bytes that are not a checkpoint",
            None,
            "A write was cut off, and the next one removes the rest; or the file was cut off",
        )
    count = len(kept.signed)
    return findings.result(
        "checkpoints", f"{count:,}, signed by {log.name} ({log.id.hex()})" if count else "none yet"
    )


def check_policy(kept: Kept, policy: Policy) -> Result:
    """The newest checkpoint is cosigned by the quorum of a policy."""
    findings = Findings()
    have: list[str] = []
    if kept.last is None:
        return Result("witnesses", "not checked", _NOTHING_SIGNED)
    try:
        have = policy.check(kept.last)
    except NotProved as error:
        findings.add(error.message, kept.last.size, error.advice)
    return findings.result("witnesses", f"cosigned by {', '.join(have) or 'none; none is needed'}")


def check_outside(outside: Sequence[SignedCheckpoint], log: VerifierKey, origin: str) -> Result:
    """Checkpoints that others kept are signed by the log's key."""
    findings = Findings()
    for one in outside:
        try:
            one.check(log, origin)
        except BadNote as error:
            findings.add(error.message, one.size, error.advice)
    return findings.result("outside", f"{len(outside)} given, signed by {log.name}")


def differing(batch: Batch, hashes: HashFiles) -> list[int]:
    """The positions of a batch whose kept hash is not that of the line."""
    first = batch.first
    if first >= 1 and batch.is_gapless:  # else compare row by row
        if hashes.are(batch.leaves, first - 1):
            return []
        kept = hashes.read(0, first - 1, batch.count)  # up to a hole, if there is one
        if kept == batch.leaves[: len(kept)]:
            return []
    found = []
    for row, leaf in zip(batch.rows, batch.leaves, strict=True):
        if row[0] >= 1 and hashes.read(0, row[0] - 1, 1) not in ([], [leaf]):
            found.append(row[0])
    return found


_NOTHING_SIGNED = "nothing was signed yet: audit checkpoint"
_CHANGED = "The database was changed: keep it as it is, and compare it with a backup"
_DROP = "It is only a copy: delete the folder tree/, and it is derived again"
