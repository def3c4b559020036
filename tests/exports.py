"""Exports that tests make, without a database, and the script that checks them, in this process."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.audit.checkpoint_store import Kept
from ledger.audit.exports import verify_export
from ledger.audit.exports.export import Table, write_export
from ledger.audit.formats.checkpoint import Checkpoint, SignedCheckpoint
from ledger.audit.formats.merkle import leaf_hash, subtree
from ledger.audit.formats.note import LOG, Note, SigningKey
from tests.terminal import Done

ORIGIN = "studio.example"
SCRIPT = Path(verify_export.__file__)

_FIRST = (
    b'{"v":1,"position":1,"recorded_at":"2025-01-01T08:00:00.000000Z","type":"LedgerOpened",'
    b'"tags":["ledger:opened"],"data":{"actor":"ada","schema":1,"payload":{"origin":"studio.example",'
    b'"format":1,"demo":false,"zone":"Asia/Shanghai"}}}'
)
_LATER = (
    b'{"v":1,"position":%d,"recorded_at":"2025-%02d-%02dT08:00:00.%06dZ","type":"made.Up",'
    b'"tags":["space:stage-%d"],"data":{"actor":"ada","schema":1,"payload":{"title":"'
    + "一号棚".encode()
    + b' %d"}}}'
)


def made_line(position: int) -> bytes:
    """A line that a ledger would keep: of an event that no plugin here knows."""
    if position == 1:
        return _FIRST
    month, rest = divmod(position, 28 * 400)
    return _LATER % (position, month + 1, rest // 400 + 1, rest % 400, position % 7, position)


def made_lines(after: int, until: int) -> Iterator[bytes]:
    """The lines with after < position <= until."""
    return (made_line(position) for position in range(after + 1, until + 1))


def signed(lines: Sequence[bytes], size: int, key: SigningKey) -> SignedCheckpoint:
    """A checkpoint over the first lines."""
    checkpoint = Checkpoint(ORIGIN, size, subtree([leaf_hash(line) for line in lines[:size]]))
    return SignedCheckpoint(checkpoint, Note.sign(checkpoint.text, key))


@dataclass(frozen=True)
class Made:
    """An export that was made of synthetic lines."""

    folder: Path
    lines: list[bytes]
    key: SigningKey
    kept: Kept

    @property
    def vkey(self) -> str:
        """The public key."""
        return self.key.verifier.text

    @property
    def files(self) -> list[str]:
        """The paths of all its files."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.folder).as_posix() for path in found)


def make_export(
    folder: Path,
    sizes: Iterable[int],
    *,
    key: SigningKey | None = None,
    lines: list[bytes] | None = None,
    tables: Iterable[Table] = (),
) -> Made:
    """Export synthetic lines, signed at these sizes."""
    key = key or SigningKey.generate(ORIGIN, LOG)
    sizes = list(sizes)
    lines = lines or list(made_lines(0, sizes[-1]))
    kept = Kept(tuple(signed(lines, size, key) for size in sizes))
    write_export(
        folder, lines=lambda after, until: lines[after:until], kept=kept, key=key, tables=tables
    )
    return Made(folder, lines, key, kept)


def check(*words: str | Path) -> Done:
    """Run `verify_export.py` within this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    argv, sys.argv = sys.argv, ["verify_export.py", *map(str, words)]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = verify_export.main()
            except SystemExit as ended:  # argparse
                code = int(ended.code or 0)
    finally:
        sys.argv = argv
    for stream in (out, err):
        stream.seek(0)
    return Done(code, out.read(), err.read())


def check_as_program(*words: str | Path, python: str | Path = sys.executable, **given: Any) -> Done:
    """Run `verify_export.py` as an outsider does."""
    script = given.pop("script", SCRIPT)
    done = subprocess.run(
        [str(python), "-I", str(script), *map(str, words)],
        capture_output=True,
        check=False,
        timeout=120,
        **given,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())
