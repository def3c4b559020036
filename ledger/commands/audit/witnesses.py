"""`audit request`, `cosign` and `accept`: a second party attests how the log grew.

The log's owner makes a request, the witness answers with the cosigned checkpoint, and the owner
accepts it. The files can be sent by any means.
"""

import time

import click

from ledger.commands.audit import audit_options as shared
from ledger.commands.session import Session
from ledger.commands.tree import Leaf
from ledger.errors import BadInput
from ledger.sidecar_paths import expanded


@click.command("request", cls=Leaf)
@click.option(
    "--since",
    type=click.IntRange(min=0),
    default=0,
    metavar="SIZE",
    help="Size of the last checkpoint that the witness cosigned.  [default: none]",
)
@shared.to_file
@shared.public_key
@shared.audit_dir
@click.pass_obj
def request(
    session: Session,
    since: int,
    output_file: str | None,
    public: str | None,
    audit_dir: str | None,
) -> None:
    """Ask a witness to cosign the newest checkpoint: write the file to send.

    The file holds the checkpoint and the proof that it continues the one of --since; no event.

    \b
    studio-ledger audit request --since 2800 -o request
    """
    audit = shared.open_audit(session, audit_dir)
    made = audit.request(since, shared.public_of(audit.folder, public))
    shared.write_bytes(made.encode(), output_file)
    after = f", which continues #{since}" if since else ""
    session.say(f"asks to cosign #{made.signed.size}{after}; send it to the witness")


@click.command("cosign", cls=Leaf)
@click.argument("file", metavar="REQUEST|-")
@click.option("--key", "key_file", required=True, metavar="FILE", help="The witness's private key.")
@click.option(
    "--public",
    required=True,
    metavar="VKEY|FILE",
    help="The log's public key, from its owner.",
)
@click.option(
    "--seen",
    "seen_file",
    required=True,
    metavar="FILE",
    help="This witness's record of cosigned checkpoints of the log; created if missing.",
)
@shared.to_file
@click.pass_obj
def cosign(
    session: Session,
    file: str,
    key_file: str,
    public: str,
    seen_file: str,
    output_file: str | None,
) -> None:
    """Cosign a checkpoint, as a witness; needs no ledger.

    The checkpoint must be signed by the log and provably continue the last one in --seen;
    otherwise exit 3. The cosigned checkpoint is added to --seen before it is written out. Keep
    that file: it shows what the log once said.

    \b
    studio-ledger audit cosign request --key my.key --public studio.pub --seen seen -o cosigned
    """
    from ledger.audit.checkpoint_store import CheckpointFile
    from ledger.audit.formats.note import COSIGNATURE
    from ledger.audit.refusals import NoKey
    from ledger.audit.witnessing import MAX_REQUEST, Request
    from ledger.audit.witnessing import cosign as cosign_request

    asked = Request.parse(shared.read_input(file, MAX_REQUEST, "request"))
    log = shared.log_key(public)
    witness = shared.open_private(expanded(key_file))
    if witness.verifier.type != COSIGNATURE:
        raise NoKey(
            f"{key_file} is a log's key",
            advice="Make a witness's key: audit key new --witness NAME",
        )
    with shared.claimed(output_file) as write:
        cosigned = cosign_request(
            asked,
            log=log,
            witness=witness,
            seen=CheckpointFile(expanded(seen_file)),
            now=int(time.time()),
        )
        write(cosigned.encode())
    after = f"which continues #{asked.old}" if asked.old else "the first one seen here"
    session.say(f"cosigned #{cosigned.size} of {cosigned.checkpoint.origin}, {after}; send it back")


@click.command("accept", cls=Leaf)
@click.argument("file", metavar="COSIGNED|-")
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    metavar="VKEY|FILE",
    help="The witness's public key; repeat for several.  [default: the policy's]",
)
@shared.public_key
@shared.policy
@shared.audit_dir
@click.pass_obj
def accept(
    session: Session,
    file: str,
    witnesses: tuple[str, ...],
    public: str | None,
    policy_file: str | None,
    audit_dir: str | None,
) -> None:
    """Add a witness's cosignature to the checkpoints, after checking it."""
    from ledger.audit.formats.checkpoint import SignedCheckpoint
    from ledger.audit.formats.note import COSIGNATURE, MAX_NOTE
    from ledger.audit.keys import read_public

    cosigned = SignedCheckpoint.parse(shared.read_input(file, MAX_NOTE, "cosigned checkpoint"))
    audit = shared.open_audit(session, audit_dir)
    policy = shared.policy_of(audit.folder, policy_file)
    trusted = [read_public(one, COSIGNATURE) for one in witnesses]
    if not trusted and policy is not None:
        trusted = list(policy.witnesses.values())
    if not trusted:
        raise BadInput(
            "no witness is trusted here yet",
            advice="Give the witness's public key: --witness VKEY|FILE, or --policy FILE",
        )
    found = audit.accept(cosigned, shared.public_of(audit.folder, public), trusted)
    session.say(f"#{cosigned.size} is cosigned by {', '.join(key.name for key in found)}")
