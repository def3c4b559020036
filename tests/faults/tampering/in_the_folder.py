"""Changes made in the audit folder, alone or together with the database."""

from __future__ import annotations

import shutil
from pathlib import Path

from ledger.application import Ledger
from ledger.audit.formats.checkpoint import Checkpoint, SignedCheckpoint
from ledger.audit.formats.note import LOG, Note, SigningKey
from ledger.audit.keys import make_key
from ledger.audit.signing import sign_head
from ledger.auditing import AuditFolder
from tests.faults.tampering.kinds import kind
from tests.faults.tampering.signed import SIGNED, SINCE, SIZES, Copy


@kind("checkpoint: root changed", "checkpoints")
def _root(copy: Copy) -> str:
    notes = copy.notes()
    n = copy.chance.randrange(len(notes))
    one = notes[n]
    head = Checkpoint(one.checkpoint.origin, one.size, copy.chance.randbytes(32))
    notes[n] = SignedCheckpoint(head, Note(head.text, one.note.signatures))
    copy.keep(notes)
    return rf"checkpoint {n + 1}: the signature of .* is wrong"


@kind("checkpoint: size changed", "checkpoints")
def _size(copy: Copy) -> str:
    notes = copy.notes()
    n = copy.chance.randrange(len(notes))
    one = notes[n]
    size = one.size + copy.chance.choice((-1, 1)) * copy.chance.randrange(1, 30)
    head = Checkpoint(one.checkpoint.origin, size, one.root)
    notes[n] = SignedCheckpoint(head, Note(head.text, one.note.signatures))
    copy.keep(notes)
    return rf"checkpoint {n + 1}: the signature of .* is wrong"


@kind("checkpoint: signed again with another key", "checkpoints")
def _other_key(copy: Copy) -> str:
    notes = copy.notes()
    n = copy.chance.randrange(len(notes))
    name = copy.key().verifier.name
    text = notes[n].note.text
    again = Note.sign(text, SigningKey.generate(name, LOG))
    notes[n] = SignedCheckpoint(notes[n].checkpoint, again)
    copy.keep(notes)
    return rf"checkpoint {n + 1}: .* is not signed by the key"


@kind("checkpoint: of another log", "checkpoints")
def _other_log(copy: Copy) -> str:
    notes = copy.notes()
    n = copy.chance.randrange(len(notes))
    head = Checkpoint(f"studio-{copy.chance.random()}.example", notes[n].size, notes[n].root)
    notes[n] = SignedCheckpoint(head, Note.sign(head.text, copy.key()))
    copy.keep(notes)
    return rf"checkpoint {n + 1}: the checkpoint is for the log 'studio-"


@kind("checkpoint: order exchanged", "checkpoints")
def _order(copy: Copy) -> str:
    notes = copy.notes()
    n = copy.chance.randrange(len(notes) - 1)
    notes[n], notes[n + 1] = notes[n + 1], notes[n]
    copy.keep(notes)
    return "but is not larger"


@kind("checkpoint: cut in the middle", "checkpoints")
def _half(copy: Copy) -> str:
    file = copy.audit / "checkpoints"
    data = file.read_bytes()
    file.write_bytes(data[: -copy.chance.randrange(2, 150)])
    return "bytes that are not a checkpoint"


@kind("checkpoint: bytes changed at random", "checkpoints")
def _noise(copy: Copy) -> str:
    file = copy.audit / "checkpoints"
    data = bytearray(file.read_bytes())
    # In one that no witness has cosigned: changing a cosignature is another kind.
    at = copy.chance.randrange(len(data) // 2)
    data[at] ^= 1 << copy.chance.randrange(8)
    file.write_bytes(data)
    return "."


@kind("checkpoint: the newest removed from the file", "hashes")
def _newest_gone(copy: Copy) -> str:
    copy.keep(copy.notes()[: -copy.chance.randrange(1, len(SIZES))])
    return "a checkpoint is gone from the file"


@kind("cosignature of a witness changed", "witnesses")
def _cosignature(copy: Copy) -> str:
    notes = copy.notes()
    own, theirs = notes[-1].note.signatures
    at = copy.chance.randrange(len(theirs.signature))
    wrong = bytearray(theirs.signature)
    wrong[at] ^= 1 << copy.chance.randrange(8)
    forged = type(theirs)(theirs.name, theirs.key_id, bytes(wrong))
    notes[-1] = SignedCheckpoint(notes[-1].checkpoint, Note(notes[-1].note.text, (own, forged)))
    copy.keep(notes)
    return "the signature of insurer.example/w1 is wrong"


@kind("kept hash of a line", "hashes")
def _kept_hash(copy: Copy) -> str:
    position = copy.position()
    _flip(copy.audit / "tree" / "0", (position - 1) * 32 + copy.chance.randrange(32))
    return rf"the kept hash of #{position} is not that of its line"


@kind("kept hash of a subtree", "hashes")
def _kept_upper(copy: Copy) -> str:
    _flip(copy.audit / "tree" / "1", copy.chance.randrange(32))
    return "the kept hash over #1 to #256"


@kind("events, checkpoints and kept hashes cut off together", "tree", outside=True)
def _all_cut_off(copy: Copy) -> str:
    for position in range(SIZES[2] + 1, SIGNED + SINCE + 1):
        copy.remove(position)
    copy.keep(copy.notes()[:3])
    shutil.rmtree(copy.audit / "tree")
    (copy.audit / "policy").unlink()
    return rf"the log has {SIZES[2]} events, but a checkpoint kept elsewhere {SIGNED}"


@kind("newest checkpoint and kept hashes removed, its events changed", "tree", outside=True)
def _unsigned_again(copy: Copy) -> str:
    copy.keep(copy.notes()[:3])
    shutil.rmtree(copy.audit / "tree")
    (copy.audit / "policy").unlink()
    position = copy.chance.randrange(SIZES[2] + 1, SIGNED)
    copy.set_data(position, copy.data(position) | {"actor": "eve"})
    return "a checkpoint kept elsewhere"


@kind("history changed and signed again with the log's own key", "tree", outside=True)
def _operator(copy: Copy) -> str:
    position = copy.position()
    copy.set_data(position, copy.data(position) | {"actor": "eve"})
    _sign_again(copy, copy.key())
    return "a checkpoint kept elsewhere"


@kind("history changed and signed with a new key, public key exchanged", "outside", outside=True)
def _new_key(copy: Copy) -> str:
    position = copy.position()
    copy.set_data(position, copy.data(position) | {"actor": "eve"})
    name = copy.key().verifier.name
    for file in ("log.key", "log.pub"):
        (copy.audit / file).unlink()
    make_key(copy.audit / "log.key", name, LOG, None)
    _sign_again(copy, copy.key())
    return "is not signed by the key"


def _flip(file: Path, at: int) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)


def _sign_again(copy: Copy, key: SigningKey) -> None:
    """Sign every head anew over the changed lines, as an operator could."""
    for gone in ("checkpoints", "policy"):
        (copy.audit / gone).unlink()
    shutil.rmtree(copy.audit / "tree")
    folder = AuditFolder(copy.audit)
    with Ledger.open(copy.database.where, read_only=True) as ledger:
        for size in SIZES:
            sign_head(
                ledger.log.lines,
                lambda size=size: size,  # type: ignore[misc]  # bound at once
                origin=ledger.opened.origin,
                key=key,
                file=folder.checkpoints,
                hashes=folder.hashes,
            )
