"""What is left after a fault, opened anew and looked at twice: naively, and by `audit verify`.

The naive checker asks the database itself and computes everything with the standard library: it
shares no line with the ledger. What it knows of a program is how many events each request key
stands for, and which ones were acknowledged.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, NamedTuple

import psycopg
from msgspec import Struct, field
from psycopg import sql
from sqlalchemy.engine import make_url

from ledger.application import Ledger
from ledger.audit.verification.checks import Result
from ledger.auditing import Audit, AuditFolder
from ledger.errors import LedgerError
from ledger.log.store.store_urls import sqlite_module
from tests.faults.harness.programs import EXTENSIONS

Harm = Literal[
    "lost", "doubled", "half there", "gaps", "times back", "views wrong", "checkpoint broken",
    "unclear",
]  # fmt: skip
HARMS: tuple[Harm, ...] = Harm.__args__  # type: ignore[attr-defined]  # typing has no public name for it


class Wrong(NamedTuple):
    """Something that must never be."""

    harm: Harm
    what: str


class Known(Struct):
    """What a fault may not touch. `acknowledged` gives first and last position by request key.

    `base` is how many events were there before, `sizes` how many each request key stands for,
    `signed` the sizes of acknowledged checkpoints.
    """

    base: int
    sizes: dict[str, int]
    acknowledged: dict[str, tuple[int, int]] = field(default_factory=dict)
    signed: set[int] = field(default_factory=set)


class Kept(NamedTuple):
    """What a store holds, straight from its tables."""

    rows: list[tuple[int, str, str, str, bytes]]
    tags: list[tuple[str, str, int]]
    planned: dict[str, Any] | None
    """Of the live view: its progress, its one row, its days; None where none is live."""


def examine(where: str, audit: Path, known: Known, *, twice: bool) -> list[Wrong]:
    """Open a store anew; everything that is wrong with it.

    Naively, and with `twice` by `audit verify` too, which takes the most time of all.
    """
    try:
        kept = _read(where)
    except Exception as error:  # noqa: BLE001 - whatever it is, the store cannot be opened
        return [Wrong("lost", f"the store cannot be read: {error!r}")]
    wrong = [*_events(kept, known), *_order(kept), *_index(kept), *_views(kept)]
    wrong += _tree(kept, audit, known)
    return [*wrong, *_verified(where, audit)] if twice else wrong


def lines_of(where: str) -> list[bytes]:
    """The lines of a store, put together from its tables."""
    return [_line(*row) for row in _read(where).rows]


def tree_of(lines: Sequence[bytes]) -> str:
    """The root of the tree over lines, as commands print it."""
    leaves = [hashlib.sha256(b"\0" + line).digest() for line in lines]
    return base64.b64encode(_root(leaves)).decode()


# --- naively -------------------------------------------------------------------------------


def _read(where: str) -> Kept:
    if "://" in where:
        return _read_postgres(where)
    module = sqlite_module()
    with closing(module.connect(where)) as db:
        sound = db.execute("PRAGMA integrity_check").fetchall()
        if sound != [("ok",)]:
            raise ValueError(f"damaged: {sound[0][0]}")
        rows = db.execute(f"SELECT {_COLUMNS} FROM event ORDER BY rowid").fetchall()
        index = db.execute("SELECT tag, type, position FROM event_tag").fetchall()
    views = Path(where).with_name(Path(where).stem + ".views.db")
    planned = None
    if views.exists() and views.stat().st_size:
        with closing(module.connect(views)) as db:
            planned = _planned(lambda statement: db.execute(statement).fetchall(), "")
    return Kept(rows, index, planned)


def _read_postgres(where: str) -> Kept:
    url = make_url(where)
    schema = str(url.query["schema"])
    bare = url.difference_update_query(["schema"]).set(drivername="postgresql")
    with psycopg.connect(bare.render_as_string(hide_password=False)) as db:
        event, tag = (sql.Identifier(schema, table) for table in ("event", "event_tag"))
        rows = db.execute(
            sql.SQL("SELECT {} FROM {} ORDER BY position").format(sql.SQL(_COLUMNS), event)
        ).fetchall()
        index = db.execute(sql.SQL("SELECT tag, type, position FROM {}").format(tag)).fetchall()
        planned = _planned(lambda text: db.execute(text.encode()).fetchall(), f"{schema}_views.")
    return Kept([(*row[:4], bytes(row[4])) for row in rows], index, planned)


_COLUMNS = "position, recorded_at, type, tags, data"


def _planned(ask: Any, schema: str) -> dict[str, Any] | None:
    try:
        live = ask(
            f"SELECT generation, position FROM {schema}progress "
            "WHERE projection = 'planned' AND live"
        )
    except (psycopg.errors.UndefinedTable, sqlite_module().OperationalError):
        return None  # views are made when somebody asks
    if not live:
        return None
    number, position = live[0]
    counts = ask(f"SELECT name, events, last FROM {schema}planned__counts__g{number}")
    days = ask(f"SELECT milestone, position FROM {schema}planned__days__g{number}")
    return {"position": position, "counts": counts, "days": dict(days)}


def _events(kept: Kept, known: Known) -> Iterator[Wrong]:
    found: dict[str, list[int]] = defaultdict(list)
    for position, _, _, tags, _ in kept.rows[known.base :]:
        keys = [tag[8:] for tag in json.loads(tags) if tag.startswith("request:")]
        found[keys[0] if keys else ""].append(position)
    if len(kept.rows) < known.base:
        yield Wrong("lost", f"{len(kept.rows)} events, and {known.base} were there before")
    for request, positions in found.items():
        size = known.sizes.get(request)
        if size is None:
            yield Wrong("doubled", f"nobody recorded {request!r} at {positions}")
        elif len(positions) > size:
            yield Wrong("doubled", f"{request} stands for {size} events, and is at {positions}")
        elif len(positions) < size or positions[-1] - positions[0] != size - 1:
            yield Wrong("half there", f"{request} stands for {size} events, and is at {positions}")
    for request, (first, last) in known.acknowledged.items():
        at = found.get(request)
        if at is None:
            yield Wrong("lost", f"{request} was acknowledged as #{first} to #{last}")
        elif (at[0], at[-1]) != (first, last) and len(at) == known.sizes[request]:
            yield Wrong("lost", f"{request} was acknowledged as #{first}, and is at {at}")


def _order(kept: Kept) -> Iterator[Wrong]:
    positions = [row[0] for row in kept.rows]
    if positions != list(range(1, len(positions) + 1)):
        gap = next(n for n, p in enumerate(positions, 1) if n != p)
        yield Wrong("gaps", f"after #{gap - 1} comes #{positions[gap - 1]}")
    times = [row[1] for row in kept.rows]
    back = next((n for n in range(1, len(times)) if times[n] < times[n - 1]), None)
    if back is not None:
        yield Wrong("times back", f"after {times[back - 1]} comes {times[back]}")


def _index(kept: Kept) -> Iterator[Wrong]:
    said = {(tag, row[2], row[0]) for row in kept.rows for tag in json.loads(row[3])}
    if Counter(said) != Counter(kept.tags):
        yield Wrong("half there", f"the tag index differs: {set(kept.tags) ^ said}")


def _views(kept: Kept) -> Iterator[Wrong]:
    if kept.planned is None:
        return
    progress = kept.planned["position"]
    if progress > len(kept.rows):
        # What the log lost it was never told of; the ledger builds such a view anew.
        return
    planned = [row for row in kept.rows[:progress] if row[2] == "MilestonePlanned"]
    days = {json.loads(row[4])["payload"]["milestone"]: row[0] for row in planned}
    counts = [("all", len(planned), planned[-1][0])] if planned else []
    if list(map(tuple, kept.planned["counts"])) != counts:
        yield Wrong("views wrong", f"{kept.planned['counts']} at #{progress}, and not {counts}")
    if kept.planned["days"] != days:
        yield Wrong("views wrong", f"the days at #{progress} are not those of the lines")


def _tree(kept: Kept, audit: Path, known: Known) -> Iterator[Wrong]:
    leaves = [hashlib.sha256(b"\0" + _line(*row)).digest() for row in kept.rows]
    try:
        text = (audit / "checkpoints").read_bytes()
    except FileNotFoundError:
        text = b""
    parts = text.split(b"\n\n")
    signed: set[int] = set()
    for number, note in enumerate(parts[:-1:2]):
        if 2 * number + 1 >= len(parts) - 1:
            return  # of a note that was cut off nobody was told; the next one takes it back
        origin, size, root = note.decode().split("\n")[:3]
        signed.add(int(size))
        if int(size) > len(leaves):
            yield Wrong("checkpoint broken", f"#{size} was signed, the log ends at #{len(leaves)}")
        elif base64.b64decode(root) != _root(leaves[: int(size)]):
            yield Wrong("checkpoint broken", f"the root of {origin} at {size} is another")
    for size_told in sorted(known.signed - signed):
        yield Wrong("checkpoint broken", f"the checkpoint of {size_told} is gone")


def _line(position: int, recorded_at: str, type: str, tags: str, data: bytes) -> bytes:
    head = f'{{"v":1,"position":{position},"recorded_at":"{recorded_at}","type":"{type}"'
    return f'{head},"tags":{tags},"data":'.encode() + data + b"}"


def _root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    cut = 1
    while 2 * cut < len(leaves):
        cut *= 2
    return hashlib.sha256(b"\1" + _root(leaves[:cut]) + _root(leaves[cut:])).digest()


def thrown_away(where: str) -> list[Wrong]:
    """Delete views whose file is damaged, if that is what the ledger says to do.

    SQLite keeps them with `synchronous=NORMAL`, which does not outlive a sync that failed and a
    power cut after it. What was recorded is in the log.
    """
    views = Path(where).with_name(Path(where).stem + ".views.db")
    if not views.exists():
        return []
    with closing(sqlite_module().connect(views)) as db:
        try:
            if db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]:
                return []
        except sqlite_module().DatabaseError:
            pass
    wrong = []
    try:
        with Ledger.open(where, extensions=EXTENSIONS) as ledger:
            ledger.views.rebuild()
    except LedgerError as error:
        if "Delete it" not in error.advice:
            wrong.append(Wrong("unclear", f"of damaged views: {error}"))
    for end in ("", "-wal", "-shm"):
        views.with_name(views.name + end).unlink(missing_ok=True)
    return wrong


# --- by the product ------------------------------------------------------------------------

_CUT_OFF = "bytes that are not a checkpoint"


def _says_what_was_cut_off(result: Result, audit: Path) -> bool:
    """Whether it tells, rightly, of a checkpoint that was being written when the program died.

    An auditor has to hear of it: somebody may as well have cut the file. The next one that is
    signed takes it back. That every acknowledged checkpoint is there has been seen already.
    """
    if result.check != "checkpoints" or _CUT_OFF not in result.found:
        return False
    return len(result.findings) == 1 and not (audit / "checkpoints").read_bytes().endswith(b"\n\n")


_CHECKS: Mapping[str, Harm] = {
    "guards": "half there",
    "positions": "gaps",
    "times": "times back",
    "lines": "half there",
    "index": "half there",
    "views": "views wrong",
}


def _verified(where: str, audit: Path) -> Iterator[Wrong]:
    folder = AuditFolder(audit)
    try:
        with Ledger.open(where, extensions=EXTENSIONS) as ledger:
            examining = Audit(ledger, folder, where)
            key = folder.public() if folder.public_file.exists() else None
            for result in examining.verify(examining.evidence(key)):
                if result.state == "bad" and not _says_what_was_cut_off(result, audit):
                    harm = _CHECKS.get(result.check, "checkpoint broken")
                    yield Wrong(harm, f"audit verify, {result.check}: {result.found}")
    except LedgerError as error:
        yield Wrong("unclear", f"audit verify: {error}")
