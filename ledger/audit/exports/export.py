"""An export: a folder that shows a ledger to a reader without this program.

    README.md           an introduction for that reader
    verify_export.py    checks all of it, without this program
    checkpoint          the newest signed head of the tree
    checkpoints         all of them, in the format of `ledger.audit.checkpoint_store`
    log.pub             the key that signed them
    lines.jsonl         the lines, one a line
    tile/               the tree and the lines again, see `ledger.audit.exports.tiles`
    views/NAME.csv      the rows of views; the last row gives the position and root they are as of
    manifest            a signed note of the SHA-256 of every other file

It holds the events up to the newest checkpoint, and is written whole or not at all. Memory holds
one tile of lines, and the files' names and hashes: 200 bytes for each 128 events.
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

from ledger.audit.checkpoint_store import Kept
from ledger.audit.exports.export_readme import export_readme
from ledger.audit.exports.tiles import tile_files
from ledger.audit.formats.checkpoint import Checkpoint, SignedCheckpoint
from ledger.audit.formats.note import Note, SigningKey
from ledger.audit.refusals import Inconsistent, NotCovered
from ledger.audit.signing import Progress, check_roots
from ledger.audit.tree import TILE, Derivation, Lines
from ledger.errors import Refused, StorageFailure
from ledger.log.lines import LINE_LIMIT, parse_line

HEADER = "studio-ledger/export/v1"
"""The first line of a manifest. A checkpoint cannot pass for one: its second line is a size."""


class FolderExists(Refused):
    """The path where an export should go is taken."""

    rule = "never-overwrite"


class Table(Struct, frozen=True):
    """A view's rows as CSV; without `csv`, the reason why there are none."""

    name: str
    csv: bytes | None
    why: str = ""


class Written(Struct, frozen=True):
    """A finished export: its checkpoint, the number of files, and why views were left out."""

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
    """Write the export of a log to a new folder.

    `kept` are the log's checkpoints, each signed by `key`. `tables` is read only after the lines
    have proved to be the signed ones. Raises `FolderExists`, `NotCovered` if nothing was signed
    yet, `Inconsistent` if the lines are not the signed ones, and `StorageFailure`; in each case no
    folder is left.
    """
    last = kept.last
    check_free(target)
    if last is None:
        raise NotCovered("nothing was signed yet", advice="Sign the head: audit checkpoint")
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
            os.sync()  # syncing some ten thousand files one by one would take minutes
        check_free(target)
        building.rename(target)
    except OSError as error:
        raise StorageFailure(
            f"{target} cannot be written: {(error.strerror or str(error)).lower()}",
            advice="Check the disk and the folder's permissions, or name another folder",
        ) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return Written(last, len(folder.hashes), left_out)


def check_free(target: Path) -> None:
    """Raise `FolderExists` if the path is taken."""
    if os.path.lexists(target):
        raise FolderExists(
            f"{target} exists already", advice="Name a folder that does not exist yet"
        )


def manifest_text(checkpoint: Checkpoint, hashes: dict[str, str]) -> bytes:
    """The text of a manifest: its checkpoint, then `<sha256>  <path>` of each file, sorted."""
    head = (HEADER, checkpoint.origin, str(checkpoint.size), b64encode(checkpoint.root).decode())
    files = (f"{hashes[path]}  {path}" for path in sorted(hashes))
    return "".join(f"{line}\n" for line in (*head, *files)).encode()


def view_footer(checkpoint: Checkpoint) -> bytes:
    """The last row of a view's CSV: one cell, which many programs read as a comment."""
    root = b64encode(checkpoint.root).decode()
    return f"# position {checkpoint.size} root {root}\r\n".encode()


class _Folder:
    """An export under construction: its files and the hash of each."""

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
    """Hashes bytes on their way to a file."""

    def __init__(self, write: Callable[[bytes], int]) -> None:
        self.hash = sha256()
        self._write = write

    def write(self, data: bytes) -> None:
        self._write(data)
        self.hash.update(data)


def _write_lines(folder: _Folder, lines: Lines, kept: Kept, progress: Progress | None) -> str:
    """Write the lines and their tiles; return when the last line was recorded."""
    last = kept.last
    assert last is not None
    derivation = Derivation(one.size for one in kept.signed)
    position, line = 0, b""

    with folder.opened("lines.jsonl") as file:

        def copied() -> Iterator[bytes]:
            nonlocal position, line
            for position, line in enumerate(lines(0, last.size), start=1):
                if len(line) > LINE_LIMIT or b"\n" in line:
                    raise _not_signed(f"#{position} is not a line that a log takes", position)
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
    """Write the views' rows; return the names written, and why the others were left out."""
    shown: list[str] = []
    left_out: dict[str, str] = {}
    for table in tables:
        if table.csv is None:
            left_out[table.name] = table.why
        else:
            folder.write(f"views/{table.name}.csv", table.csv + view_footer(checkpoint))
            shown.append(table.name)
    return shown, left_out
