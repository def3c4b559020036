"""Importing an export: its lines become a ledger, byte for byte, with its checkpoints."""

import os
from pathlib import Path

from ledger.audit.exports.export_reader import Exported
from ledger.audit.refusals import KeyExists
from ledger.audit.signing import Progress
from ledger.errors import BadInput, StorageFailure
from ledger.events import STUDIO_EVENTS
from ledger.events.base import Registry
from ledger.log.eventlog import restore_log

WORTH = 8_192
"""Lines from which a separate process to check them pays off; starting one costs 30 ms."""


def take_over(
    where: str,
    exported: Exported,
    *,
    checkpoints: Path,
    public: Path,
    progress: Progress | None = None,
) -> None:
    """Make a ledger from an export, and put its checkpoints and public key in place.

    Whole or not at all: the ledger appears only after its lines proved to be the signed ones.
    Events of plugins are copied unchanged. Raises `LedgerExists` if there is a ledger,
    `KeyExists` if there are other checkpoints or another key, `NotProved` if the lines are not
    the signed ones, and `BadInput` for signed lines that no ledger would keep.
    """
    placed: list[Path] = []
    try:
        for file, data in (
            (checkpoints, exported.kept.encode()),
            (public, f"{exported.log.text}\n".encode()),
        ):
            if _place(file, data):
                placed.append(file)
        try:
            in_child = exported.manifest.checkpoint.size >= WORTH
            lines = exported.lines(progress)
            restore_log(where, Registry(STUDIO_EVENTS), lines, in_child=in_child).close()
        except BadInput:
            exported.check_hash("lines.jsonl")  # if changed since it was signed, say that
            raise
    except BaseException:
        for file in placed:
            file.unlink(missing_ok=True)
        raise


def _place(file: Path, data: bytes) -> bool:
    """Write a file unless it exists; return whether it was written.

    The same content is accepted, since an import that was killed may have left it. Raises
    `KeyExists` for other content.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        return True
    except FileExistsError:
        if file.is_file() and file.read_bytes() == data:
            return False
        raise KeyExists(
            f"another {file.name} exists already at {file}",
            advice="It belongs to another ledger: name a new audit folder with --audit-dir",
        ) from None
    except OSError as error:
        raise StorageFailure(
            f"{file} cannot be written: {(error.strerror or str(error)).lower()}",
            advice="Name another folder with --audit-dir",
        ) from error
