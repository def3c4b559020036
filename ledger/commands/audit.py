"""`audit`: prove history to an outsider."""

import click

from ledger.commands.tree import Later, LazyTree

_TABLE = {
    "verify": Later("ledger.commands.audit_verify", "verify", "Recompute everything and compare."),
    "key": Later("ledger.commands.audit_keys", "key", "Make and show the keys that sign."),
    "checkpoint": Later(
        "ledger.commands.audit_checkpoints", "checkpoint", "Sign the log as it stands."
    ),
    "checkpoints": Later(
        "ledger.commands.audit_checkpoints", "checkpoints", "List what was signed, and by whom."
    ),
    "prove": Later("ledger.commands.audit_proofs", "prove", "Prove that an event was signed."),
    "check-proof": Later(
        "ledger.commands.audit_proofs", "check_proof", "Check a proof; needs no ledger."
    ),
    "request": Later("ledger.commands.audit_witnesses", "request", "Ask a witness to cosign."),
    "cosign": Later(
        "ledger.commands.audit_witnesses", "cosign", "Cosign a checkpoint, as a witness."
    ),
    "accept": Later("ledger.commands.audit_witnesses", "accept", "Add a witness's cosignature."),
    "export": Later("ledger.commands.audit_export", "export", "Write a folder for an outsider."),
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
