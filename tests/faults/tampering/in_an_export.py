"""Changes made in an exported folder: the script in every export must find them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from ledger.application import Ledger
from ledger.audit.exports.export import Table, write_export
from ledger.audit.keys import open_key
from ledger.auditing import Audit, AuditFolder
from tests.faults.tampering.kinds import kind
from tests.faults.tampering.signed import EXTENSIONS, Copy


class Checked(NamedTuple):
    """The output of `verify_export.py` for a folder."""

    code: int
    out: str


def export(where: str, audit: Path, folder: Path) -> None:
    """Export the signed ledger."""
    with Ledger.open(where, extensions=EXTENSIONS, read_only=True) as ledger:
        key = open_key(audit / "log.key", str)
        desk = Audit(ledger, AuditFolder(audit), where)
        write_export(
            folder,
            lines=ledger.log.lines,
            kept=desk.kept(key.verifier),
            key=key,
            tables=[Table("spaces", b"space,name\r\nstage-1,Stage 1\r\n")],
        )


def check(folder: Path, vkey: str) -> Checked:
    """Run the script, as an outsider would."""
    script = folder.parent / "verify_export.py"  # a copy from elsewhere: the folder's may be forged
    done = subprocess.run(
        [sys.executable, "-I", script, folder, "--key", vkey],
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return Checked(done.returncode, done.stdout + done.stderr)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _one(copy: Copy) -> tuple[Path, str]:
    """A file of the export, and its name in it."""
    folder = copy.exported()
    file = copy.chance.choice(_files(folder))
    return file, file.relative_to(folder).as_posix()


@kind("export: a byte of a file changed", "verify_export.py")
def _changed(copy: Copy) -> str:
    file, name = _one(copy)
    data = bytearray(file.read_bytes())
    data[copy.chance.randrange(len(data))] ^= 1 << copy.chance.randrange(8)
    file.write_bytes(data)
    return name


@kind("export: a file removed", "verify_export.py")
def _removed(copy: Copy) -> str:
    file, name = _one(copy)
    file.unlink()
    return name


@kind("export: a file added", "verify_export.py")
def _added(copy: Copy) -> str:
    folder = copy.exported()
    name = f"views/forged-{copy.chance.randrange(10**6)}.csv"
    (folder / name).write_bytes(b"space\r\nstage-1\r\n")
    return name


@kind("export: a file replaced by another of it", "verify_export.py")
def _replaced(copy: Copy) -> str:
    while True:
        (file, name), (other, _) = _one(copy), _one(copy)
        if file.read_bytes() != other.read_bytes():
            file.write_bytes(other.read_bytes())
            return name


@kind("export: an event changed, in the lines and in the bundle", "verify_export.py")
def _event(copy: Copy) -> str:
    folder = copy.exported()
    position = copy.position()
    lines = (folder / "lines.jsonl").read_bytes().split(b"\n")
    old = lines[position - 1]
    # The same length, so that the bundle keeps its lengths.
    at = old.index(b'"actor":"') + 9
    new = old[:at] + bytes([old[at] ^ 1]) + old[at + 1 :]
    lines[position - 1] = new
    (folder / "lines.jsonl").write_bytes(b"\n".join(lines))
    for file in (folder / "tile" / "entries").rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes().replace(old, new))
    return r"lines\.jsonl"
