"""Witnesses: second parties that have seen the log grow, and attest it.

A witness keeps the last checkpoint that it has cosigned. It gets a *request*: the size of that
checkpoint, the proof that a new one continues it, and the new one (the body of `add-checkpoint` of
C2SP tlog-witness, as a file). It needs no ledger and sees no events. If a log shows one history to
its auditor and another to its insurer, no witness cosigns both.
"""

from base64 import b64encode
from collections.abc import Sequence

from msgspec import Struct

from ledger.audit.checkpoint_store import CheckpointFile
from ledger.audit.formats.checkpoint import SignedCheckpoint, parse_number
from ledger.audit.formats.merkle import EMPTY_ROOT, HASH_SIZE, check_consistency
from ledger.audit.formats.note import MAX_NOTE, SigningKey, VerifierKey, decode64
from ledger.audit.refusals import DAMAGED, BadNote, Inconsistent, NotProved
from ledger.errors import Refused

MAX_REQUEST = MAX_NOTE + 4_096
"""Bytes of a request: a checkpoint and 63 hashes."""

_MAX_HASHES = 63


class OtherSize(Refused):
    """A request that does not begin where the witness stopped."""

    rule = "witness-continues"

    def __init__(self, *, seen: int, old: int) -> None:
        super().__init__(
            f"this witness has cosigned #{seen}, but the request begins at #{old}",
            advice=f"Ask the log for: audit request --since {seen}",
        )
        self.seen, self.old = seen, old


class Request(Struct, frozen=True):
    """A checkpoint for a witness, with the proof that it continues one of size `old`."""

    old: int
    hashes: tuple[bytes, ...]
    signed: SignedCheckpoint

    def encode(self) -> bytes:
        """The request as a file holds it."""
        lines = (f"old {self.old}", *(b64encode(one).decode() for one in self.hashes))
        return "".join(f"{line}\n" for line in (*lines, "")).encode() + self.signed.encode()

    @classmethod
    def parse(cls, data: bytes) -> "Request":
        """Parse a request. Raises `BadNote`."""
        if len(data) > MAX_REQUEST:
            raise BadNote(f"a request of {len(data):,} bytes is too large", advice=DAMAGED)
        head, between, checkpoint = data.partition(b"\n\n")
        first, *rest = head.decode("utf-8", "replace").split("\n")
        if not between or not first.startswith("old ") or len(rest) > _MAX_HASHES:
            raise BadNote("this is not a request to a witness", advice="Make one: audit request")
        old = parse_number(first[4:], "the old size of a request")
        hashes = tuple(decode64(line, "a hash of a request") for line in rest)
        if any(len(one) != HASH_SIZE for one in hashes):
            raise BadNote("a hash of a request does not have 32 bytes", advice=DAMAGED)
        signed = SignedCheckpoint.parse(checkpoint)
        if old > signed.size:
            raise BadNote(
                f"a request from #{old} on is for #{signed.size}, which is earlier",
                advice="Ask the log for a request for its newest checkpoint",
            )
        return cls(old, hashes, signed)


def cosign(
    request: Request, *, log: VerifierKey, witness: SigningKey, seen: CheckpointFile, now: int
) -> SignedCheckpoint:
    """Cosign a checkpoint that continues the last one seen; return it with the cosignature.

    It is kept in `seen` before it is returned. `now` is in seconds since the epoch. Raises
    `BadNote` if the log has not signed the checkpoint, `OtherSize` if the request does not begin
    at the last one seen, `Inconsistent` if the log does not continue that one.
    """
    signed = request.signed
    signed.check(log)
    with seen.appending() as appending:
        last = appending.kept.last
        if last is not None:
            signed.check(log, last.checkpoint.origin)
            last.check(log)
        size, root = (0, EMPTY_ROOT) if last is None else (last.size, last.root)
        if request.old != size:
            raise OtherSize(seen=size, old=request.old)
        try:
            check_consistency(size, root, signed.size, signed.root, request.hashes)
        except NotProved as error:
            raise Inconsistent(
                f"the checkpoint {signed.checkpoint} does not continue the one that this witness "
                f"has cosigned, #{size}: {error.message}",
                advice="Keep both: unless the log can prove that they agree, it was rewritten",
            ) from error
        # Pass on only the signatures of the log and of this witness.
        own = [one for one in signed.note.signatures if log.signed(one)]
        bare = SignedCheckpoint(signed.checkpoint, type(signed.note)(signed.note.text, tuple(own)))
        cosigned = bare.adding([witness.sign(signed.note.text, now)])
        if last is not None and last.note.text == signed.note.text:
            again = [one for one in last.note.signatures if witness.verifier.signed(one)]
            if again:  # cosigned before: return the same cosignature
                return bare.adding(again)
        appending.append(cosigned)
        return cosigned


def accept(
    cosigned: SignedCheckpoint,
    *,
    log: VerifierKey,
    witnesses: Sequence[VerifierKey],
    file: CheckpointFile,
) -> list[VerifierKey]:
    """Add these witnesses' cosignatures to the log's checkpoints; return those that cosigned.

    Raises `BadNote` for a wrong signature, `Inconsistent` if this log never signed the
    checkpoint, `NotProved` if none of the witnesses has cosigned it.
    """
    cosigned.check(log)
    found = list(cosigned.cosigned(witnesses))
    if not found:
        names = ", ".join(one.name for one in cosigned.note.signatures if not log.signed(one))
        raise NotProved(
            f"the checkpoint #{cosigned.size} is cosigned by "
            f"{names or 'no witness'}, and by none of the trusted witnesses",
            advice="Give the witness's public key with --witness, or in the policy",
        )
    with file.appending() as appending:
        own = next((o for o in appending.kept.signed if o.note.text == cosigned.note.text), None)
        if own is None:
            raise Inconsistent(
                f"the checkpoint {cosigned.checkpoint} is signed by this log's key, but is not "
                "among those kept here",
                advice="The key is used elsewhere, or the file was cut off: audit verify",
            )
        have = own.cosigned(found)  # one from each is enough
        new = [key for key in found if key not in have]
        lines = [one for one in cosigned.note.signatures if any(key.signed(one) for key in new)]
        if lines:
            text = cosigned.note.text
            appending.append(SignedCheckpoint(own.checkpoint, type(own.note)(text, tuple(lines))))
    return found
