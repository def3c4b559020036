"""The audit of one ledger: its key, its checkpoints, its proofs.

Apart from the log, an audit needs one folder outside the database:

    checkpoints    signed heads of the tree, only ever appended to
    log.key        the private key, for its owner alone; better kept elsewhere
    log.pub        the public key
    policy         which witnesses must agree (optional)
    tree/          kept hashes; can be thrown away
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ledger.application import Ledger
from ledger.audit.checkpoint_store import CheckpointFile, Kept
from ledger.audit.formats.checkpoint import SignedCheckpoint, key_name
from ledger.audit.formats.note import LOG, SigningKey, VerifierKey
from ledger.audit.formats.policy import MAX_POLICY, Policy
from ledger.audit.formats.proof import Proof
from ledger.audit.keys import make_key, read_public
from ledger.audit.proving import choose, prove_continuation, prove_line
from ledger.audit.refusals import BadNote, BadPolicy, NoKey, NotCovered, ReplicaBehind
from ledger.audit.signing import Progress, Signed, check_reaches, sign_head
from ledger.audit.tree import HashFiles
from ledger.audit.verification.checks import Findings, Result
from ledger.audit.verification.verify import CHECKS, Evidence, verify
from ledger.audit.witnessing import Request, accept
from ledger.errors import BadInput
from ledger.log.store.health import examine
from ledger.log.store.store_urls import Place
from ledger.processes import usable_processes
from ledger.projections.engine.store import views_place
from ledger.projections.engine.view_verification import Recheck
from ledger.sidecar_paths import companion, data_folder


def audit_folder(where: str) -> Path:
    """The audit folder of the ledger at a path or URL: `studio.audit` beside `studio.db`."""
    return companion(where, ".audit", data_folder())


class AuditFolder:
    """An audit folder; it may not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = CheckpointFile(path / "checkpoints")
        self.hashes = HashFiles(path / "tree")
        self.key_file = path / "log.key"
        self.public_file = path / "log.pub"
        self.policy_file = path / "policy"

    def public(self) -> VerifierKey:
        """The log's public key. Raises `NoKey`."""
        if not self.public_file.exists():
            raise NoKey(
                f"no public key at {self.public_file}",
                advice="Make the log's key: audit key new; or give the public one: --public",
            )
        return read_public(str(self.public_file), LOG)

    def policy(self) -> Policy | None:
        """The policy in the folder, None if there is none. Raises `BadPolicy`."""
        return read_policy(self.policy_file) if self.policy_file.exists() else None


class Audit:
    """Audits a ledger: signs its head, proves its events, answers witnesses, verifies it."""

    def __init__(self, ledger: Ledger, folder: AuditFolder, where: str) -> None:
        self.ledger = ledger
        self.folder = folder
        self._where = where

    @property
    def origin(self) -> str:
        """The log's name, the first line of every checkpoint."""
        return self.ledger.opened.origin

    def make_key(self, file: Path, passphrase: str | None) -> VerifierKey:
        """Make the log's key. Raises `KeyExists`."""
        return make_key(file, key_name(self.origin), LOG, passphrase)

    def sign(self, key: SigningKey, progress: Progress | None = None) -> Signed:
        """Sign the head of the log, see `sign_head`. Raises `NoKey` for a key of another log."""
        if key.verifier.type != LOG:
            raise NoKey(f"{key.verifier.named} is a witness's key", advice=_LOG_KEY)
        if self.folder.public_file.exists() and self.folder.public() != key.verifier:
            raise NoKey(
                f"the key {key.verifier.named} is not that of {self.folder.public_file}",
                advice=_LOG_KEY,
            )
        return sign_head(
            self.ledger.log.lines,
            self.ledger.log.head,
            origin=self.origin,
            key=key,
            file=self.folder.checkpoints,
            hashes=self.folder.hashes,
            progress=progress,
        )

    def kept(self, log: VerifierKey) -> Kept:
        """Read the checkpoints and check that the log signed each.

        Raises `BadNote` or `Inconsistent`.
        """
        kept = self.folder.checkpoints.read()
        kept.check(log, self.origin)
        check_reaches(kept, self.ledger.log.head())
        return kept

    def prove(
        self, position: int, log: VerifierKey, *, policy: Policy | None, with_line: bool = True
    ) -> Proof:
        """The proof that the event at a position is in a checkpoint.

        Raises `BadInput` for a position that the log does not have, `NotCovered` for one that no
        checkpoint covers, `Inconsistent` if the log is not what was signed.
        """
        head = self.ledger.log.head()
        if not 1 <= position <= head:
            raise BadInput(f"there is no #{position}", advice=f"The log ends at #{head}")
        signed = choose(self.kept(log), position, policy)
        return prove_line(
            self.ledger.log.lines, position, signed, self.folder.hashes, with_line=with_line
        )

    def request(self, since: int, log: VerifierKey) -> Request:
        """A request to a witness that has cosigned the checkpoint of size `since`, 0 for none.

        Raises `NotCovered` if nothing was signed yet, or no checkpoint of that size.
        """
        kept = self.kept(log)
        if kept.last is None:
            raise NotCovered("nothing was signed yet", advice="Sign the head: audit checkpoint")
        old = next((one for one in kept.signed if one.size == since), None)
        if old is None and since:
            raise NotCovered(
                f"no checkpoint of size {since} was signed here",
                advice="Take one from: audit checkpoints; or 0 if the witness has none yet",
            )
        hashes = prove_continuation(self.ledger.log.lines, old, kept.last, self.folder.hashes)
        return Request(since, tuple(hashes), kept.last)

    def accept(
        self, cosigned: SignedCheckpoint, log: VerifierKey, witnesses: Sequence[VerifierKey]
    ) -> list[VerifierKey]:
        """Add witnesses' cosignatures to the checkpoints. See `witnessing.accept`."""
        return accept(cosigned, log=log, witnesses=witnesses, file=self.folder.checkpoints)

    # --- verifying ----------------------------------------------------------------------

    def evidence(
        self,
        log: VerifierKey | None,
        *,
        policy: Policy | None = None,
        outside: Sequence[SignedCheckpoint] = (),
    ) -> Evidence:
        """The evidence to verify the ledger against: the audit folder, and what others kept."""
        kept, unreadable = Kept(), ""
        try:
            kept = self.folder.checkpoints.read()
        except BadNote as error:
            unreadable = str(error)
        return Evidence(self.origin, log, kept, self.folder.hashes, outside, policy, unreadable)

    def check_has_come(self, evidence: Evidence, at: int) -> None:
        """Raise `ReplicaBehind` if a replica has not reached the newest checkpoint.

        Events that have not arrived yet would look like events that are gone.
        """
        signed = max((one.size for one in (*evidence.kept.signed, *evidence.outside)), default=0)
        if at < signed:
            raise ReplicaBehind(at=at, signed=signed)

    def verify(
        self,
        evidence: Evidence,
        *,
        wanted: Sequence[str] = tuple(CHECKS),
        since_checkpoint: bool = False,
        progress: Progress | None = None,
        processes: int | None = None,
    ) -> Iterator[Result]:
        """Derive everything anew and compare. See `ledger.audit.verification.verify`.

        At most `processes` read, None for as many as usable. Raises `NotCovered` if there is no
        checkpoint for `since_checkpoint`.
        """
        since = None
        if since_checkpoint:
            since = evidence.kept.last
            if since is None:
                raise NotCovered(
                    "nothing was signed yet, so there is nothing to start from",
                    advice="Verify everything: audit verify",
                )
        further = {"guards": self._guards, "views": lambda: self._views(progress)}
        if since is not None:
            del further["views"]
        return verify(
            self.ledger.log,
            evidence,
            wanted=wanted,
            since=since,
            further=further,
            progress=progress,
            processes=None if processes is None else min(processes, usable_processes()),
        )

    def _guards(self) -> Result:
        """Check the database's own guards against changes, and whether its file is sound."""
        health, findings = examine(self._where), Findings()
        if health.damage:
            findings.add(f"the file is damaged: {health.damage}")
        if health.missing_triggers:
            findings.add(
                f"guards are missing: {', '.join(health.missing_triggers)}",
                None,
                "They were removed: find out by whom",
            )
        if health.format != self.ledger.opened.format:
            findings.add(f"the store has format {health.format}, but #1 says another", 1)
        return findings.result("guards", f"format {health.format}, append-only triggers in place")

    def _views(self, progress: Progress | None) -> Result:
        findings, tables, rows, skipped = Findings(), 0, 0, []
        checking = Recheck(self.ledger.log, views_place(Place.parse(self._where)))
        try:
            for one in checking.all(self.ledger.extensions.projections, progress):
                tables += 1
                rows += one.rows or 0
                skipped += [f"{one.projection}: {one.skipped}"] if one.skipped else []
                for what in one.differences:
                    findings.add(f"view tables {one.projection}: {what}", None, _REBUILD)
        finally:
            checking.close()
        if not self.ledger.extensions.projections:
            return Result("views", "not checked", "no plugin is loaded")
        well = f"{rows:,} rows of {tables} projections, as a rebuild would have them"
        if not tables:
            well = "none are kept yet"
        return findings.result("views", "; ".join((well, *skipped)))


_REBUILD = "Tables can be rebuilt from the log: views rebuild"


def read_policy(file: Path) -> Policy:
    """Read a policy file. Raises `BadPolicy`."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_POLICY + 1)
    except OSError as error:
        raise BadPolicy(
            f"the policy {file} cannot be read: {(error.strerror or str(error)).lower()}",
            advice="Name a policy file: --policy FILE",
        ) from error
    return Policy.parse(data)


_LOG_KEY = "Sign with the log's own key: --key FILE; another key needs its own --audit-dir"
