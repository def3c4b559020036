"""`audit checkpoint` signs the log as it stands; `audit checkpoints` lists what was signed."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import click

from ledger.commands import options
from ledger.commands.audit import audit_options as shared
from ledger.commands.session import Session
from ledger.commands.tree import Leaf
from ledger.commands.views.answer_sheets import progress
from ledger.sidecar_paths import expanded
from ledger.terminal.output import Output
from ledger.terminal.sheets import Column, Sheet

_KEPT = (
    Column("size", "Events", number=True),
    Column("recorded_at", "Last recorded", fixed=True),
    Column("root", "Root", fixed=True),
    Column("signed_by", "Signed by"),
    Column("cosigned_by", "Cosigned by"),
)


@click.command("checkpoint", cls=Leaf)
@shared.to_file
@shared.private_key
@shared.audit_dir
@click.pass_obj
def checkpoint(
    session: Session, output_file: str | None, key_file: str | None, audit_dir: str | None
) -> None:
    """Sign the log as it stands: read every line and sign the root of their tree.

    The checkpoint is appended to `checkpoints` in the audit folder and written to stdout. Give
    it to an outsider to keep: if the ledger and its audit folder are rewritten together, only a
    checkpoint kept elsewhere shows it. A log that does not continue its earlier checkpoints,
    as after a restore from an older copy, is not signed (exit 3).
    """
    audit = shared.open_audit(session, audit_dir)
    key = shared.open_private(expanded(key_file) if key_file else audit.folder.key_file)
    with shared.claimed(output_file) as write:
        outcome = audit.sign(key, progress("reading"))
        write(outcome.signed.encode())
    size = outcome.signed.size
    if not outcome.new:
        session.say(f"#{size} is already signed; its lines were read again and agree")
    else:
        more = f"{size - outcome.since:,} more than the last one" if outcome.since else "the first"
        session.say(f"signed {size:,} events, {more}; give a copy to an outsider to keep")


@click.command("checkpoints", cls=Leaf)
@options.data()
@shared.public_key
@shared.policy
@shared.audit_dir
@click.pass_obj
def checkpoints(
    session: Session,
    output: Output,
    public: str | None,
    policy_file: str | None,
    audit_dir: str | None,
) -> None:
    """List what was signed, and by whom. Checks each signature, reads no line."""
    audit = shared.open_audit(session, audit_dir)
    log = shared.public_of(audit.folder, public)
    policy = shared.policy_of(audit.folder, policy_file)
    witnesses = [] if policy is None else list(policy.witnesses.values())
    kept = audit.kept(log)
    ledger = audit.ledger

    def rows() -> Iterator[tuple[Any, ...]]:
        for one in kept.signed:
            cosigned = one.cosigned(witnesses)
            others = [
                f"{s.name} (not checked)"
                for s in one.note.signatures
                if not any(key.signed(s) for key in (log, *witnesses))
            ]
            entry = next(ledger.log.stream(after=one.size - 1, until=one.size), None)
            yield (
                one.size,
                None if entry is None else entry.recorded_at,
                b64encode(one.root).decode(),
                log.name,
                [*(key.name for key in cosigned), *others],
            )

    with output.opened() as sink:
        count = sink.write(Sheet(_KEPT, rows(), ledger.opened.zone))
    head = ledger.log.head()
    uncovered = head - (kept.last.size if kept.last else 0)
    session.say(f"{count:,} checkpoint{'s' * (count != 1)}; {uncovered:,} events since the last")
