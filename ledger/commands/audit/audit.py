"""`audit`: prove history to an outsider."""

import click

from ledger.commands.tree import Later, LazyTree

_TABLE = {
    "verify": Later("audit.verify", "verify", "Recompute everything and compare."),
    "key": Later("audit.keys", "key", "Make and show the keys that sign."),
    "checkpoint": Later("audit.checkpoints", "checkpoint", "Sign the log as it stands."),
    "checkpoints": Later("audit.checkpoints", "checkpoints", "List what was signed, and by whom."),
    "prove": Later("audit.proofs", "prove", "Prove that an event was signed."),
    "check-proof": Later("audit.proofs", "check_proof", "Check a proof; needs no ledger."),
    "request": Later("audit.witnesses", "request", "Ask a witness to cosign."),
    "cosign": Later("audit.witnesses", "cosign", "Cosign a checkpoint, as a witness."),
    "accept": Later("audit.witnesses", "accept", "Add a witness's cosignature."),
    "export": Later("audit.export", "export", "Write a folder for an outsider."),
}


@click.group(cls=LazyTree, table=_TABLE)
def audit() -> None:
    """Prove history to an outsider, who need not trust the studio.

    `checkpoint` signs the log as it stands, `prove` shows that an event is in it, `verify`
    recomputes everything. Keys and checkpoints are in the audit folder, beside the ledger.

    \b
    the ledger's owner   key new, checkpoint, prove, request, accept, export
    a witness            key new --witness, cosign
    a proof's recipient  check-proof
    an auditor           verify
    """
