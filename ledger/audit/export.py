"""An export: a folder that shows a ledger to somebody who has nothing of ours.

    README.md           what it is, for a reader who has never seen this program
    verify_export.py    checks all of it, without this program
    checkpoint          the newest signed head of the tree
    checkpoints         all of them, in the format of `ledger.audit.kept`
    log.pub             the key that signed them
    lines.jsonl         the lines, one a line
    tile/               the tree and the lines again, see `ledger.audit.tiles`
    views/NAME.csv      what views answered; the last row tells as of which position and root
    manifest            a signed note of the SHA-256 of every other file

It holds the events up to the newest checkpoint, and is there whole or not at all. What is held in
memory is a tile of lines, and the files' names and hashes: 200 bytes for each 128 events.
"""

import os
import secrets
import shutil
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from ledger.audit.checkpoint import Checkpoint, SignedCheckpoint
from ledger.audit.export_readme import export_readme
from ledger.audit.kept import Kept
from ledger.audit.note import Note, SigningKey
from ledger.audit.refusals import Inconsistent, NotCovered
from ledger.audit.signing import Progress, check_roots
from ledger.audit.tiles import tile_files
from ledger.audit.tree import TILE, Derivation, Lines
from ledger.errors import Refused, StorageFailure
from ledger.log.lines import LINE_LIMIT, parse_line

HEADER = "studio-ledger/export/v1"
"""The first line of a manifest. No checkpoint can be taken for one: its second line is a size."""


class FolderExists(Refused):
    """Something is there where an export is to be made."""

    rule = "never-overwrite"


class Table(Struct, frozen=True):
    """What a view answered, as CSV; or, without `csv`, why it did not."""

    name: str
    csv: bytes | None
    why: str = ""


class Written(Struct, frozen=True):
    """What was exported: as of which checkpoint, how many files, the views left out and why."""

    signed: SignedCheckpoint
    files: int
    left_out: dict[str, str]


def write_export(
    target: Path,
    *,
    lines: Lines,
    kept: Kept,
    key: SigningKey,
    tables: Iterable[Table],
    progress: Progress | None = None,
) -> Written:
    """Write the export of a log to a folder that is not there yet.

    `kept` are the log's checkpoints, each signed by `key`. `tables` is read after the lines were
    found to be those that were signed. Raises `FolderExists`, `NotCovered` where nothing was
    signed yet, `Inconsistent` where the lines are not those that were signed, and
    `StorageFailure`; then no folder is left.
    """
    last = kept.last
    check_free(target)
    if last is None:
        raise NotCovered("there is no checkpoint to export", advice="Sign one: audit checkpoint")
    building = target.with_name(f".{target.name}.{secrets.token_hex(4)}.new")
    try:
        building.mkdir()
        folder = _Folder(building)
        recorded_at = _write_lines(folder, lines, kept, progress)
        shown, left_out = _write_tables(folder, tables, last.checkpoint)
        folder.write("checkpoint", last.encode())
        folder.write("checkpoints", kept.encode())
        folder.write("log.pub", f"{key.verifier.text}\n".encode())
        folder.write("verify_export.py", Path(__file__).with_name("verify_export.py").read_bytes())
        readme = export_readme(
            last.checkpoint,
            recorded_at=recorded_at,
            key=key.verifier,
            views=shown,
            left_out=left_out,
        )
        folder.write("README.md", readme.encode())
        text = manifest_text(last.checkpoint, folder.hashes)
        folder.write("manifest", Note.sign(text, key).encode())
        if hasattr(os, "sync"):
            os.sync()  # some ten thousand files: one by one it would take minutes
        check_free(target)
        building.rename(target)
    except OSError as error:
        raise StorageFailure(
            f"{target} cannot be written: {(error.strerror or str(error)).lower()}",
            advice="Check the disk and who may write there, or name another folder",
        ) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return Written(last, len(folder.hashes), left_out)


def check_free(target: Path) -> None:
    """Raise `FolderExists` where something is there."""
    if os.path.lexists(target):
        raise FolderExists(
            f"there is something at {target} already", advice="Name a folder that is not there yet"
        )


def manifest_text(checkpoint: Checkpoint, hashes: dict[str, str]) -> bytes:
    """The text of a manifest: whose, as of when, and `<sha256>  <path>` of each file, sorted."""
    head = (HEADER, checkpoint.origin, str(checkpoint.size), b64encode(checkpoint.root).decode())
    files = (f"{hashes[path]}  {path}" for path in sorted(hashes))
    return "".join(f"{line}\n" for line in (*head, *files)).encode()


def view_footer(checkpoint: Checkpoint) -> bytes:
    """The last row of a view's CSV: one cell, a comment to many programs."""
    root = b64encode(checkpoint.root).decode()
    return f"# position {checkpoint.size} root {root}\r\n".encode()


class _Folder:
    """The files of an export that is being built, and the hash of each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.hashes: dict[str, str] = {}

    def write(self, path: str, data: bytes) -> None:
        with self.opened(path) as file:
            file.write(data)

    @contextmanager
    def opened(self, path: str) -> Iterator["_Hashed"]:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as out:
            hashed = _Hashed(out.write)
            yield hashed
        self.hashes[path] = hashed.hash.hexdigest()


class _Hashed:
    """Bytes on their way to a file."""

    def __init__(self, write: Callable[[bytes], int]) -> None:
        self.hash = sha256()
        self._write = write

    def write(self, data: bytes) -> None:
        self._write(data)
        self.hash.update(data)


def _write_lines(folder: _Folder, lines: Lines, kept: Kept, progress: Progress | None) -> str:
    """Write the lines and their tiles; when the last one was recorded."""
    last = kept.last
    assert last is not None
    derivation = Derivation(one.size for one in kept.signed)
    position, line = 0, b""

    with folder.opened("lines.jsonl") as file:

        def copied() -> Iterator[bytes]:
            nonlocal position, line
            for position, line in enumerate(lines(0, last.size), start=1):
                if len(line) > LINE_LIMIT or b"\n" in line:
                    raise _not_signed(f"#{position} is none that a log takes", position)
                file.write(line + b"\n")
                if progress is not None and (position % TILE == 0 or position == last.size):
                    progress(position, last.size)
                yield line

        for path, data in tile_files(copied(), derivation):
            folder.write(path, data)
    if position < last.size:
        raise _not_signed(f"the log ends at #{position}, and #{last.size} was signed", position + 1)
    try:
        check_roots(kept, derivation.roots)
    except Inconsistent as error:
        raise _not_signed(error.message, error.position) from error
    return parse_line(line).recorded_at


def _not_signed(message: str, position: int | None) -> Inconsistent:
    return Inconsistent(
        message, advice="See where: audit verify. Nothing was exported", position=position
    )


def _write_tables(
    folder: _Folder, tables: Iterable[Table], checkpoint: Checkpoint
) -> tuple[list[str], dict[str, str]]:
    """Write what views answered; the names of those, and why the others did not."""
    shown: list[str] = []
    left_out: dict[str, str] = {}
    for table in tables:
        if table.csv is None:
            left_out[table.name] = table.why
        else:
            folder.write(f"views/{table.name}.csv", table.csv + view_footer(checkpoint))
            shown.append(table.name)
    return shown, left_out
