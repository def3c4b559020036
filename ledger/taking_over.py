"""Taking an export over: its lines become a ledger, byte for byte; its checkpoints go along."""

import os
from pathlib import Path

from ledger.audit.exported import Exported
from ledger.audit.refusals import KeyExists
from ledger.audit.signing import Progress
from ledger.errors import BadInput, StorageFailure
from ledger.events import STUDIO_EVENTS
from ledger.events.base import Registry
from ledger.log.eventlog import restore_log

WORTH = 8_192
"""Lines from which on it is worth having a process that examines them: to have one costs 30 ms."""


def take_over(
    where: str,
    exported: Exported,
    *,
    checkpoints: Path,
    public: Path,
    progress: Progress | None = None,
) -> None:
    """Make a ledger of an export, and put its checkpoints and its public key in their places.

    Whole or not at all: the lines are compared with what was signed before the ledger is there.
    The events of plugins are carried as they are. Raises `LedgerExists` where a ledger is,
    `KeyExists` where other checkpoints or another key are, `NotProved` where the lines are not
    those that were signed, and `BadInput` for signed lines that no ledger would keep.
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
            exported.check_hash("lines.jsonl")  # was it signed so, or changed since?
            raise
    except BaseException:
        for file in placed:
            file.unlink(missing_ok=True)
        raise


def _place(file: Path, data: bytes) -> bool:
    """Write a file that is not there; whether it was not. Raises `KeyExists` over another one.

    One that is the same is left: an import that was killed may have left it.
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
            f"there is another {file.name} at {file} already",
            advice="It belongs to another ledger: name a new audit folder with --audit-dir",
        ) from None
    except OSError as error:
        raise StorageFailure(
            f"{file} cannot be written: {(error.strerror or str(error)).lower()}",
            advice="Name another folder with --audit-dir",
        ) from error
