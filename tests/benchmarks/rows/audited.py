"""A ledger with a key and one checkpoint over all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.application import Ledger
from ledger.audit.formats.note import SigningKey
from ledger.audit.keys import open_key
from ledger.auditing import Audit, AuditFolder


@contextmanager
def audited(path: Path, folder: Path) -> Iterator[tuple[Audit, SigningKey]]:
    """Sign the head of the ledger at a path; its audit, and the key."""
    folder.mkdir()
    with Ledger.open(str(path), read_only=True) as ledger:
        audit = Audit(ledger, AuditFolder(folder), str(path))
        verifier = audit.make_key(audit.folder.key_file, None)
        audit.folder.public_file.write_text(f"{verifier.text}\n")
        key = open_key(audit.folder.key_file, lambda: "")
        audit.sign(key)
        yield audit, key
