"""The audit of one ledger: its key, its checkpoints, its proofs.

What an audit needs beside the log lies in one folder, outside the database:

    checkpoints    signed heads of the tree, only ever appended to
    log.key        the private key, its owner's alone; better elsewhere
    log.pub        the public key
    policy         which witnesses must agree (may be missing)
    tree/          kept hashes; can be thrown away
"""

from collections.abc import Sequence
from pathlib import Path

from ledger.application import Ledger
from ledger.audit.checkpoint import SignedCheckpoint
from ledger.audit.kept import CheckpointFile, Kept
from ledger.audit.keys import key_name, make_key, read_public
from ledger.audit.note import LOG, SigningKey, VerifierKey
from ledger.audit.policy import Policy
from ledger.audit.proof import Proof
from ledger.audit.proving import choose, prove_continuation, prove_line
from ledger.audit.refusals import BadPolicy, NotCovered
from ledger.audit.signing import Progress, Signed, check_reaches, sign_head
from ledger.audit.tree import HashFiles
from ledger.audit.witnessing import Request, accept
from ledger.companions import companion, data_folder
from ledger.errors import BadInput


def audit_folder(where: str) -> Path:
    """The audit folder of the ledger at a path or URL: `studio.audit` beside `studio.db`."""
    return companion(where, ".audit", data_folder())


class AuditFolder:
    """An audit folder; it need not be there yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = CheckpointFile(path / "checkpoints")
        self.hashes = HashFiles(path / "tree")
        self.key_file = path / "log.key"
        self.public_file = path / "log.pub"
        self.policy_file = path / "policy"

    def public(self) -> VerifierKey:
        """The log's public key. Raises `NoKey`."""
        return read_public(str(self.public_file))

    def policy(self) -> Policy | None:
        """The policy that lies here; None where none does. Raises `BadPolicy`."""
        return read_policy(self.policy_file) if self.policy_file.exists() else None


class Audit:
    """What an audit does with a ledger: sign its head, prove its events, answer to witnesses."""

    def __init__(self, ledger: Ledger, folder: AuditFolder) -> None:
        self.ledger = ledger
        self.folder = folder

    @property
    def origin(self) -> str:
        """Whose log it is: the first line of every checkpoint."""
        return self.ledger.opened.origin

    def make_key(self, file: Path, passphrase: str | None) -> VerifierKey:
        """Make the log's key. Raises `KeyExists`."""
        return make_key(file, key_name(self.origin), LOG, passphrase)

    def sign(self, key: SigningKey, progress: Progress | None = None) -> Signed:
        """Sign the head of the log. See `sign_head`."""
        return sign_head(
            self.ledger.log.lines,
            self.ledger.log.head(),
            origin=self.origin,
            key=key,
            file=self.folder.checkpoints,
            hashes=self.folder.hashes,
            progress=progress,
        )

    def kept(self, log: VerifierKey) -> Kept:
        """The checkpoints, each signed by the log. Raises `BadNote` or `Inconsistent`."""
        kept = self.folder.checkpoints.read()
        kept.check(log, self.origin)
        check_reaches(kept, self.ledger.log.head())
        return kept

    def prove(
        self, position: int, log: VerifierKey, *, policy: Policy | None, with_line: bool = True
    ) -> Proof:
        """The proof that the event at a position is in a checkpoint.

        Raises `BadInput` for a position that is not there, `NotCovered` for one that no
        checkpoint covers, `Inconsistent` where the log is not what was signed.
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

        Raises `NotCovered` where there is no checkpoint, or none of that size.
        """
        kept = self.kept(log)
        if kept.last is None:
            raise NotCovered("there is no checkpoint yet", advice="Sign one: audit checkpoint")
        old = next((one for one in kept.signed if one.size == since), None)
        if old is None and since:
            raise NotCovered(
                f"no checkpoint of size {since} was signed here",
                advice="List them: audit checkpoints; 0 where the witness has none yet",
            )
        hashes = prove_continuation(self.ledger.log.lines, old, kept.last, self.folder.hashes)
        return Request(since, tuple(hashes), kept.last)

    def accept(
        self, cosigned: SignedCheckpoint, log: VerifierKey, witnesses: Sequence[VerifierKey]
    ) -> list[VerifierKey]:
        """Take a witness's cosignature to the checkpoints. See `witnessing.accept`."""
        return accept(cosigned, log=log, witnesses=witnesses, file=self.folder.checkpoints)


def read_policy(file: Path) -> Policy:
    """The policy in a file. Raises `BadPolicy`."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BadPolicy(
            f"the policy {file} cannot be read: {(error.strerror or str(error)).lower()}",
            advice="Name a file with --policy",
        ) from error
    return Policy.parse(data)
