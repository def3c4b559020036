"""Options that the `audit` commands share: the audit folder, keys, the policy."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger.commands.session import Session
from ledger.commands.tree import Section, Shared
from ledger.errors import BadInput, StorageFailure
from ledger.sidecar_paths import expanded
from ledger.terminal.output import Output

if TYPE_CHECKING:
    from ledger.audit.formats.checkpoint import SignedCheckpoint
    from ledger.audit.formats.note import SigningKey, VerifierKey
    from ledger.audit.formats.policy import Policy
    from ledger.auditing import Audit, AuditFolder

AUDIT = Section("Audit")
PASSPHRASE = "STUDIO_LEDGER_KEY_PASSPHRASE"  # noqa: S105  # the name of a variable, not its value

audit_dir = click.option(
    "--audit-dir",
    cls=Shared,
    section=AUDIT,
    envvar="STUDIO_LEDGER_AUDIT",
    metavar="FOLDER",
    help="The audit folder.  [default: studio.audit beside studio.db]",
)
private_key = click.option(
    "--key",
    "key_file",
    cls=Shared,
    section=AUDIT,
    envvar="STUDIO_LEDGER_KEY",
    metavar="FILE",
    help="The private key.  [default: log.key in the audit folder]",
)
public_key = click.option(
    "--public",
    "public",
    cls=Shared,
    section=AUDIT,
    metavar="VKEY|FILE",
    help="The log's public key.  [default: log.pub in the audit folder]",
)
public_key_of_export = click.option(
    "--public",
    "public",
    cls=Shared,
    section=AUDIT,
    metavar="VKEY|FILE",
    help="The public key to check an export with.  [default: log.pub in the export]",
)
policy = click.option(
    "--policy",
    "policy_file",
    cls=Shared,
    section=AUDIT,
    metavar="FILE",
    help="Which witnesses must have cosigned.  [default: policy in the audit folder]",
)
to_file = click.option(
    "-o",
    "--output",
    "output_file",
    metavar="FILE",
    help="Write to this file, whole or not at all.",
)


def folder_of(session: Session, named: str | None) -> "AuditFolder":
    """Return the audit folder: as named, from the settings, or beside the ledger."""
    from ledger.auditing import AuditFolder, audit_folder

    chosen = named or session.settings.audit_dir
    return AuditFolder(expanded(chosen) if chosen else audit_folder(session.where))


def open_audit(session: Session, audit_dir: str | None) -> "Audit":
    """Open the ledger read-only, for its audit."""
    from ledger.auditing import Audit

    return Audit(session.open_bare(), folder_of(session, audit_dir), session.where)


def open_private(file: Path) -> "SigningKey":
    """Open a private key. The passphrase comes from the environment, or a prompt."""
    from ledger.audit.keys import open_key

    def passphrase() -> str:
        given = os.environ.get(PASSPHRASE)
        if given is not None:
            return given
        if not sys.stdin.isatty():
            raise BadInput(
                f"the key {file} is encrypted", advice=f"Set its passphrase in {PASSPHRASE}"
            )
        return str(click.prompt(f"Passphrase of {file}", hide_input=True, err=True))

    return open_key(file, passphrase)


def public_of(folder: "AuditFolder", given: str | None) -> "VerifierKey":
    """Return the log's public key, as given or from the folder. Raises `NoKey`."""
    return folder.public() if given is None else log_key(given)


def log_key(given: str) -> "VerifierKey":
    """Return a log's public key, given as text or as a file. Raises `NoKey`."""
    from ledger.audit.formats.note import LOG
    from ledger.audit.keys import read_public

    return read_public(given, LOG)


def policy_of(folder: "AuditFolder", given: str | None) -> "Policy | None":
    """Return the policy, as given or from the folder; None if there is none."""
    from ledger.auditing import read_policy

    return folder.policy() if given is None else read_policy(expanded(given))


def read_input(file: str, limit: int, what: str) -> bytes:
    """Read a file (- is stdin) from outside. Raises `BadInput` if it exceeds the limit."""
    try:
        if file == "-":
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with expanded(file).open("rb") as opened:
                data = opened.read(limit + 1)
    except FileNotFoundError:
        raise BadInput(f"{file} does not exist", advice=f"Name the file of the {what}") from None
    except OSError as error:
        raise StorageFailure(
            f"{file} cannot be read: {(error.strerror or str(error)).lower()}",
            advice=f"Name the file of the {what}",
        ) from error
    if len(data) > limit:
        raise BadInput(f"{file} is larger than any {what}", advice=f"Name the file of the {what}")
    return data


@contextmanager
def claimed(output_file: str | None) -> Iterator[Callable[[bytes], object]]:
    """Open stdout or a file for raw bytes, before anything is signed."""
    with Output.of("table", False, output_file).opened() as sink:
        yield lambda data: sink.write_bytes([data])


def read_checkpoint(file: str) -> "SignedCheckpoint":
    """Read a checkpoint kept by an outsider. Raises `BadInput` if it is not one."""
    from ledger.audit.formats.checkpoint import SignedCheckpoint
    from ledger.audit.formats.note import MAX_NOTE
    from ledger.audit.refusals import BadNote

    data = read_input(file, MAX_NOTE, "checkpoint")
    try:
        return SignedCheckpoint.parse(data)
    except BadNote as error:
        raise BadInput(f"{file}: {error.message}", advice="Name the file of a checkpoint") from None


def write_bytes(data: bytes, output_file: str | None) -> None:
    """Write raw bytes to stdout or a file."""
    with claimed(output_file) as write:
        write(data)


def time_of(seconds: int) -> Any:
    """Return the time of a cosignature in UTC; the number itself if out of range."""
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return seconds
