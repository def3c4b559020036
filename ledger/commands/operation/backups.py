"""`backup` copies the ledger while others write; `restore` rebuilds it from a backup."""

from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.commands import options
from ledger.commands.audit import audit_options as shared
from ledger.commands.session import Session
from ledger.commands.tree import RECORDING, Leaf, Shared
from ledger.commands.views.answer_sheets import progress
from ledger.errors import BadInput, LedgerExists, NoLedger
from ledger.terminal.output import Output
from ledger.terminal.sheets import Column, Sheet

if TYPE_CHECKING:
    from ledger.auditing import AuditFolder
    from ledger.backups import Copied, Known

_COLUMNS = (
    Column("place", "Where", wrap=True),
    Column("origin", "Log", wrap=True),
    Column("position", "Events", number=True),
    Column("recorded_at", "Last recorded", fixed=True),
    Column("root", "Root", fixed=True),
    Column("checkpoints", "Checkpoints", number=True),
    Column("signed", "Signed to", number=True, detail=True),
    Column("continued", "Continued at", number=True, detail=True),
)
against = click.option(
    "--against",
    multiple=True,
    metavar="FILE",
    help="A checkpoint kept by an outsider; repeatable.",
)


@click.command(cls=Leaf)
@click.argument("target", metavar="FILE|FOLDER")
@against
@options.data()
@shared.public_key
@shared.audit_dir
@click.pass_obj
def backup(
    session: Session,
    target: str,
    against: tuple[str, ...],
    output: Output,
    public: str | None,
    audit_dir: str | None,
) -> None:
    """Copy the ledger, as it is at this moment, to a file. Writers do not wait.

    A ledger on a server is copied to a file, too. Every line of the copy is read, and the root
    of their tree is printed: note it in another place. The file gets its name when all of that is
    done, and never overwrites another; in a folder it is named after the ledger and the time. If
    the ledger contradicts the checkpoints in its audit folder, no copy is made (exit 3), so that
    a bad copy cannot replace a good one.

    \b
    studio-ledger backup /srv/backups
    studio-ledger backup studio-before-the-move.db
    """
    from ledger.backups import back_up

    session.open_bare()
    file = _file(session, target)
    # Read before the copy is begun: what is signed meanwhile may not be in it.
    known = _known(shared.folder_of(session, audit_dir), public, against, None)
    with output.opened() as sink:
        copied = back_up(session.where, file, known, progress("copying"))
        sink.write(_sheet(str(file), copied))
    session.say(f"#1 to #{copied.position} are in {file}; {_agreed(copied, known)}")


@click.command(cls=Leaf)
@click.argument("source", metavar="BACKUP")
@click.option("--root", metavar="ROOT", help="Root hash printed by backup.")
@against
@click.option(
    "--as-new-origin",
    metavar="NAME",
    help="Continue as a new log with this name, if the backup is older than the checkpoints.",
)
@click.option(
    "--reason",
    cls=Shared,
    section=RECORDING,
    metavar="TEXT",
    help="Why it continues as a new log; kept in the event that says so.",
)
@click.option(
    "--dry-run",
    cls=Shared,
    section=RECORDING,
    is_flag=True,
    help="Verify the backup; restore nothing.",
)
@options.data()
@shared.public_key
@shared.audit_dir
@click.pass_obj
def restore(
    session: Session,
    source: str,
    root: str | None,
    against: tuple[str, ...],
    as_new_origin: str | None,
    reason: str | None,
    dry_run: bool,
    output: Output,
    public: str | None,
    audit_dir: str | None,
) -> None:
    """Restore the ledger at --ledger from a backup, line for line. Overwrites nothing.

    --ledger can be a file or a server, wherever the backup came from. Every line is verified
    first, and the tree is compared with the checkpoints in the audit folder of --ledger (or
    --audit-dir) and with those of --against. A backup that lacks signed events is refused (exit
    3): the log would continue with a second history. If no newer backup exists, continue with
    --as-new-origin as a new log; its next line names the log it continues, and from where.

    \b
    studio-ledger --ledger studio.db restore studio-20260701T020000Z.db
    """
    from ledger.backups import Continuing
    from ledger.backups import restore as restore_from
    from ledger.tags import check_text

    folder = shared.folder_of(session, audit_dir)
    known = _known(folder, public, against, _root(root))
    continuing = None
    if as_new_origin is not None:
        with options.named("--as-new-origin"):
            origin = check_text("origin", as_new_origin)
        _refuse_old_folder(session)
        author = session.author(reason=reason)
        continuing = Continuing(origin, author.header(digest="", batch=None))
    elif reason is not None:
        raise BadInput("--reason is only for --as-new-origin", advice="Drop --reason")
    if dry_run:
        _refuse_existing(session)
    with output.opened() as sink:
        copied = restore_from(
            source, session.where, known, continuing=continuing,
            progress=progress("restoring"), dry_run=dry_run,
        )  # fmt: skip
        sink.write(_sheet(session.where, copied))
    done = "would be" if dry_run else "are"
    session.say(f"#1 to #{copied.position} {done} in {session.where}; {_agreed(copied, known)}")
    if copied.continued is not None:
        says = "would say" if dry_run else "says"
        session.say(
            f"#{copied.continued} {says} that it continues as {as_new_origin}. Make its key: "
            "audit key new; and tell those who keep a checkpoint of the old log"
        )


def _file(session: Session, target: str) -> Path:
    """Return the backup's file: as named, or in a folder, named after the ledger and time."""
    from datetime import UTC, datetime

    from ledger.log.store.store_urls import Place

    if "://" in target:
        raise BadInput(
            f"a backup is a file, and {target.partition('://')[0]}:// is not one",
            advice="Name a file or a folder; restore can load it into a server",
        )
    path = Path(target).expanduser()
    if not path.is_dir():
        return path
    place = Place.parse(session.where)
    stem = place.path.stem if place.path is not None else place.schema
    return path / f"{stem}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db"


def _known(
    folder: "AuditFolder", public: str | None, against: tuple[str, ...], root: bytes | None
) -> "Known":
    """Return what the copy must agree with."""
    from ledger.backups import Known

    key = None
    if public is not None or folder.public_file.exists():
        key = shared.public_of(folder, public)
    outside = tuple(shared.read_checkpoint(file) for file in against)
    return Known(folder.checkpoints.read(), outside, key, root)


def _root(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        root = b64decode(text, validate=True)
    except ValueError:
        root = b""
    if len(root) != 32:
        raise BadInput(
            f"--root: {text!r:.60} is not a root",
            advice="Give the 44 characters that backup printed",
        )
    return root


def _refuse_old_folder(session: Session) -> None:
    """Refuse the old log's audit folder: the new log needs its own, the old stays as it is."""
    own = shared.folder_of(session, None)
    if own.checkpoints.path.exists():
        raise LedgerExists(
            str(own.checkpoints.path),
            advice="They are the old log's. Restore to another place, with an audit folder of its "
            f"own: --ledger NEW restore … --audit-dir {own.path}",
        )


def _refuse_existing(session: Session) -> None:
    try:
        session.open_bare()
    except NoLedger as error:
        if type(error) is NoLedger:
            return
    raise LedgerExists(session.where)


def _sheet(place: str, copied: "Copied") -> Sheet:
    row = (
        place, copied.origin, copied.position, copied.recorded_at, b64encode(copied.root).decode(),
        copied.agreed, copied.signed or None, copied.continued,
    )  # fmt: skip
    return Sheet(_COLUMNS, [row], copied.zone)


def _agreed(copied: "Copied", known: "Known") -> str:
    if not known.checkpoints:
        return "there was no checkpoint to compare it with"
    some = "the checkpoint" if copied.agreed == 1 else f"all {copied.agreed:,} checkpoints"
    if copied.agreed < len(known.checkpoints):
        some = f"{copied.agreed:,} of {len(known.checkpoints):,} checkpoints"
    signed = "" if known.key is not None else "; no signature was checked, for lack of a public key"
    upto = f", up to #{copied.signed}" if copied.signed else ""
    return f"its root agrees with {some}{upto}{signed}"
