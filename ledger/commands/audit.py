"""`audit`: prove history to somebody who trusts nobody here."""

import click

from ledger.commands.tree import Later, LazyTree

_TABLE = {
    "verify": Later(
        "ledger.commands.audit_verify", "verify", "Derive everything anew, and compare."
    ),
    "key": Later("ledger.commands.audit_keys", "key", "The keys that sign checkpoints."),
    "checkpoint": Later(
        "ledger.commands.audit_checkpoints", "checkpoint", "Sign the log as it stands."
    ),
    "checkpoints": Later(
        "ledger.commands.audit_checkpoints", "checkpoints", "What was signed, and by whom."
    ),
    "prove": Later("ledger.commands.audit_proofs", "prove", "The proof that an event is in it."),
    "check-proof": Later(
        "ledger.commands.audit_proofs", "check_proof", "Check a proof; needs no ledger."
    ),
    "request": Later("ledger.commands.audit_witnesses", "request", "Ask a witness to cosign."),
    "cosign": Later("ledger.commands.audit_witnesses", "cosign", "Cosign, as a witness."),
    "accept": Later("ledger.commands.audit_witnesses", "accept", "Take a cosignature in."),
    "export": Later("ledger.commands.audit_export", "export", "A folder for an outsider."),
}


@click.group(cls=LazyTree, table=_TABLE)
def audit() -> None:
    """Prove history to somebody who trusts nobody here.

    `checkpoint` signs the log as it stands, `prove` shows that an event is in it, `verify`
    derives everything anew. What the signatures need lies in the audit folder, beside the ledger.

    \b
    the ledger's owner   key new, checkpoint, prove, request, accept
    a witness            key new --witness, cosign
    whoever has a proof  check-proof
    an auditor           verify
    """
