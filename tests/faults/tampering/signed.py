"""The signed ledger, and copies to change on both databases."""

from __future__ import annotations

import json
import random
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from ledger.application import Ledger
from ledger.audit.formats.checkpoint import SignedCheckpoint
from ledger.audit.formats.note import COSIGNATURE, LOG, SigningKey, VerifierKey
from ledger.audit.keys import make_key, open_key
from ledger.audit.signing import sign_head
from ledger.audit.witnessing import cosign
from ledger.auditing import Audit, AuditFolder
from ledger.demo.build import build
from ledger.events import STUDIO_EVENTS
from ledger.events.base import Registry
from ledger.log.eventlog import restore_log
from ledger.log.rows import StoredRow, tags_of
from ledger.log.store.store_urls import sqlite_module
from ledger.plugin_host.host import PluginHost

EXTENSIONS = PluginHost().load().extensions()
SIZES = (70, 150, 240, 320)
"""The sizes of the checkpoints; the log has a few more events."""

SINCE = 5
SIGNED = SIZES[-1]


class Database(Protocol):
    """A copy of the signed ledger, as its owner can change it."""

    where: str

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement on the log, with ? for values."""

    def views(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement on the kept views; {table} names one of their tables."""

    def guards(self, *, there: bool) -> None:
        """Remove the triggers, or put them back."""


class Copy(NamedTuple):
    """A copy to change: the database, the audit folder, and a random generator."""

    database: Database
    audit: Path
    chance: random.Random

    def exported(self) -> Path:
        """The folder of an export of the ledger, beside the audit folder."""
        return self.audit.with_name("export")

    def position(self, *, most: int = SIGNED - 1) -> int:
        """A signed position other than the first."""
        return self.chance.randrange(2, most + 1)

    def row(self, position: int) -> StoredRow:
        """The stored row at a position."""
        statement = "SELECT position, recorded_at, type, tags, data FROM event WHERE position = ?"
        found = self.database.execute(statement, position)[0]
        return (*found[:4], bytes(found[4]))

    def set(self, position: int, **columns: Any) -> None:
        """Change columns of a row."""
        names = ", ".join(f"{name} = ?" for name in columns)
        self.database.execute(
            f"UPDATE event SET {names} WHERE position = ?", *columns.values(), position
        )

    def data(self, position: int) -> dict[str, Any]:
        """The data of a row."""
        found: dict[str, Any] = json.loads(self.row(position)[4])
        return found

    def set_data(self, position: int, data: dict[str, Any]) -> None:
        """Write data as the ledger would have written it."""
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        self.set(position, data=text.encode())

    def reindex(self, position: int) -> None:
        """Make the tag index follow the line, as a careful attacker would."""
        _, _, type, tags, _ = self.row(position)
        self.database.execute("DELETE FROM event_tag WHERE position = ?", position)
        for tag in set(tags_of(tags)):
            self.database.execute("INSERT INTO event_tag VALUES (?, ?, ?)", tag, type, position)

    def move(self, position: int, to: int) -> None:
        """Give a row and its index another position."""
        for table in ("event", "event_tag"):
            self.database.execute(
                f"UPDATE {table} SET position = ? WHERE position = ?", to, position
            )

    def remove(self, position: int) -> None:
        """Remove a row and its index."""
        for table in ("event", "event_tag"):
            self.database.execute(f"DELETE FROM {table} WHERE position = ?", position)

    def notes(self) -> list[SignedCheckpoint]:
        """The kept checkpoints."""
        return list(AuditFolder(self.audit).checkpoints.read().signed)

    def keep(self, notes: Sequence[SignedCheckpoint]) -> None:
        """Replace the file of checkpoints."""
        (self.audit / "checkpoints").write_bytes(b"".join(n.encode() + b"\n" for n in notes))

    def key(self) -> SigningKey:
        """The log's private key: the operator's."""
        return open_key(self.audit / "log.key", str)


class Original(NamedTuple):
    """The signed ledger's lines, its audit folder, and the checkpoint that others kept."""

    lines: list[bytes]
    audit: Path
    outside: SignedCheckpoint
    witness: VerifierKey


class _Enough(Exception):
    pass


def make_original(folder: Path) -> Original:
    """The first events of the demo, signed four times and cosigned by a witness."""

    def told(done: int, total: int) -> None:
        if done > SIGNED + SINCE:
            raise _Enough

    where = str(folder / "demo.db")
    with suppress(_Enough):
        build(where, extensions=EXTENSIONS, told=told)
    audit = AuditFolder(folder / "original.audit")
    witness = SigningKey.generate("insurer.example/w1", COSIGNATURE)
    with Ledger.open(where, extensions=EXTENSIONS) as ledger:
        lines = list(ledger.log.lines(0, SIGNED + SINCE))
        make_key(audit.key_file, ledger.opened.origin, LOG, None)
        key = open_key(audit.key_file, str)
        for size in SIZES:
            sign_head(
                ledger.log.lines,
                lambda size=size: size,  # type: ignore[misc]  # bound at once
                origin=ledger.opened.origin,
                key=key,
                file=audit.checkpoints,
                hashes=audit.hashes,
            )
        log = audit.public()
        desk = Audit(ledger, audit, where)
        seen = AuditFolder(folder / "witness").checkpoints
        cosigned = cosign(
            desk.request(0, log), log=log, witness=witness, seen=seen, now=1_750_000_000
        )
        desk.accept(cosigned, log, [witness.verifier])
    audit.policy_file.write_text(f"witness w1 {witness.verifier.text}\nquorum w1\n")
    return Original(lines, audit.path, cosigned, witness.verifier)


def restore(where: str, lines: Sequence[bytes]) -> None:
    """Make the ledger anew and bring its views up to date."""
    restore_log(where, Registry((*STUDIO_EVENTS, *EXTENSIONS.event_types)), lines).close()
    with Ledger.open(where, extensions=EXTENSIONS) as ledger:
        ledger.views.catch_up()


class SqliteCopies:
    """Copies of the signed ledger as files."""

    name = "SQLite"

    def __init__(self, folder: Path, original: Original) -> None:
        self._folder = folder
        restore(str(folder / "signed.db"), original.lines)

    @contextmanager
    def copy(self) -> Iterator[Database]:
        """Make one copy."""
        with tempfile.TemporaryDirectory(dir=self._folder) as made:
            for file in ("signed.db", "signed.views.db"):
                shutil.copy(self._folder / file, Path(made) / file)
            yield _Sqlite(Path(made) / "signed.db")


class _Sqlite:
    def __init__(self, path: Path) -> None:
        self.where = str(path)
        self._path = path
        self._triggers: list[tuple[str, str]] = self._run(
            path, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        )

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._run(self._path, statement, *values)

    def views(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        path = self._path.with_name("signed.views.db")
        return self._run(path, _named(statement, ""), *values)

    def guards(self, *, there: bool) -> None:
        for name, text in self._triggers:
            self._run(self._path, f"DROP TRIGGER IF EXISTS {name}")
            if there:
                self._run(self._path, text)

    def _run(self, path: Path, statement: str, *values: Any) -> list[Any]:
        with closing(sqlite_module().connect(path)) as database:
            rows: list[Any] = database.execute(statement, values).fetchall()
            database.commit()
            return rows


class PostgresCopies:
    """Copies of the signed ledger as databases of one server."""

    name = "PostgreSQL"

    def __init__(self, url: str, original: Original) -> None:
        self._url = make_url(url)
        self._admin = psycopg.connect(_plain(self._url), autocommit=True)
        self._signed = sql.Identifier(name := f"signed_{secrets.token_hex(6)}")
        self._admin.execute(sql.SQL("CREATE DATABASE {}").format(self._signed))
        restore(_ledger_url(self._url, name), original.lines)

    def close(self) -> None:
        """Drop the databases and disconnect."""
        self._admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(self._signed))
        self._admin.close()

    @contextmanager
    def copy(self) -> Iterator[Database]:
        """Make one copy."""
        name = f"copy_{secrets.token_hex(6)}"
        quoted = sql.Identifier(name)
        self._admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(quoted, self._signed))
        connection = psycopg.connect(_plain(self._url.set(database=name)), autocommit=True)
        try:
            yield _Postgres(connection, _ledger_url(self._url, name))
        finally:
            connection.close()
            self._admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(quoted))


class _Postgres:
    def __init__(self, connection: psycopg.Connection[Any], where: str) -> None:
        self.where = where
        self._connection = connection

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        self._connection.execute("SET search_path = studio_ledger")
        return self._run(statement, *values)

    def views(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._run(_named(statement, "studio_ledger_views."), *values)

    def guards(self, *, there: bool) -> None:
        for table in ("event", "event_tag"):
            how = "ENABLE" if there else "DISABLE"
            self._run(f"ALTER TABLE studio_ledger.{table} {how} TRIGGER USER")

    def _run(self, statement: str, *values: Any) -> list[Any]:
        found = self._connection.execute(statement.replace("?", "%s"), values)
        return found.fetchall() if found.description else []


def _plain(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _ledger_url(url: URL, database: str) -> str:
    return url.set(database=database).render_as_string(hide_password=False)


def _named(statement: str, schema: str) -> str:
    """The statement with {table} as the name of the first generation's table."""
    return re.sub(
        r"\{(\w+)\}",
        lambda m: f"{schema}{m[1]}" + ("" if m[1] == "progress" else "__g1"),
        statement,
    )
