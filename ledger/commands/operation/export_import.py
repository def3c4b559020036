"""`import FOLDER`: turn an export into a ledger, byte for byte."""

from base64 import b64encode
from pathlib import Path

from ledger.commands.audit import audit_options as shared
from ledger.commands.session import Session
from ledger.commands.views.answer_sheets import progress
from ledger.errors import LedgerError, LedgerExists, NoLedger
from ledger.terminal.output import Output
from ledger.terminal.sheets import Column, Sheet

_TAKEN = (
    Column("origin", "Log", wrap=True),
    Column("size", "Events", number=True),
    Column("root", "Root", fixed=True),
    Column("checkpoints", "Checkpoints", number=True),
)


def take_export_over(
    session: Session, folder: Path, public: str | None, audit_dir: str | None, output: Output
) -> None:
    """Create the ledger of an export at --ledger, and its audit folder."""
    from ledger.audit.exports.export_reader import Exported, check_is_export
    from ledger.audit.keys import read_public
    from ledger.export_import import take_over

    check_is_export(folder)
    _check_nothing_there(session)
    key = read_public(str(folder / "log.pub") if public is None else public)
    exported = Exported.open(folder, key)
    if public is None:
        session.say(
            "warning: checked with the key in the export itself, which a forger could have made; "
            "to check with the key that its owner gave you: --public VKEY|FILE"
        )
    audit_folder = shared.folder_of(session, audit_dir)
    with output.opened() as sink:
        take_over(
            session.where,
            exported,
            checkpoints=audit_folder.checkpoints.path,
            public=audit_folder.public_file,
            progress=progress("importing"),
        )
        head = exported.manifest.checkpoint
        root = b64encode(head.root).decode()
        row = (head.origin, head.size, root, len(exported.kept.signed))
        sink.write(Sheet(_TAKEN, [row]))
    session.say(f"{head.size:,} events are now at {session.where}, as they were signed")
    session.say(
        f"checkpoints and public key: {audit_folder.path}; to sign more, copy the private key "
        "there, and record in one ledger of this log only"
    )


def _check_nothing_there(session: Session) -> None:
    """Raise `LedgerExists` early, before reading a large export."""
    try:
        session.open_bare()
    except NoLedger as error:
        if type(error) is NoLedger:
            return
    except LedgerError:
        pass  # something is there, whatever it is
    raise LedgerExists(session.where)
