"""Readers of one text: what is read is written again with the same bytes, or it is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ledger.audit.exports.export_reader import Manifest
from ledger.audit.formats.checkpoint import SignedCheckpoint
from ledger.audit.formats.merkle import consistency_proof, inclusion_proof
from ledger.audit.formats.note import Note, VerifierKey
from ledger.audit.formats.policy import Policy
from ledger.audit.formats.proof import Proof
from ledger.audit.tree import LogTree
from ledger.audit.witnessing import Request
from ledger.events import STUDIO_EVENTS
from ledger.events.base import Registry
from ledger.log.lines import line, parse_line
from ledger.log.restoring import restored
from ledger.log.store.store_urls import Place
from ledger.sidecar_paths import companion
from ledger.tags import check_id, check_tag, check_text, slug
from ledger.time.periods import Days, Moment, When, last_instant, parse_date
from ledger.time.zones import check_zone
from tests.exports import made_line
from tests.fuzz.targets import Attempt, Finding, Surface
from tests.unit.audit.conftest import INSURER, LOG_KEY, UNION, MadeUpLog, line_of

LOG = MadeUpLog.of(37)
SIGNED = LOG.signed()
COSIGNED = SIGNED.adding([key.sign(SIGNED.note.text, 1_700_000_000) for key in (INSURER, UNION)])
_NODES = LogTree(LOG)
PROOF = Proof(20, tuple(inclusion_proof(20, 37, _NODES)), COSIGNED, line_of(21))
REQUEST = Request(20, tuple(consistency_proof(20, 37, _NODES)), SIGNED)
POLICY = (
    f"# who must agree\nlog {LOG_KEY.verifier.text} https://studio.example/\n"
    f"witness insurer {INSURER.verifier.text}\nwitness union {UNION.verifier.text}\n"
    "group both all insurer union\nquorum both\n"
).encode()
_HASH = b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
MANIFEST = Note.sign(
    b"studio-ledger/export/v1\n" + SIGNED.checkpoint.text + _HASH + b"  lines.jsonl\n", LOG_KEY
).encode()


def _vkey(data: bytes) -> VerifierKey:
    return VerifierKey.parse(data.decode("utf-8", "surrogateescape"))


READERS: dict[str, tuple[Callable[[bytes], Any], Callable[[Any], bytes] | None, bytes]] = {
    "note": (Note.parse, Note.encode, COSIGNED.encode()),
    "checkpoint": (SignedCheckpoint.parse, SignedCheckpoint.encode, COSIGNED.encode()),
    "proof": (Proof.parse, Proof.encode, PROOF.encode()),
    "request": (Request.parse, Request.encode, REQUEST.encode()),
    "vkey": (_vkey, lambda key: key.text.encode(), INSURER.verifier.text.encode()),
    "policy": (Policy.parse, None, POLICY),
}
"""How it is read, how it is written again (None: there are many ways), and one that is right."""

AUDIT_WORDS = (
    "— ".encode(), b"old ", b"index ", b"extra ", b"c2sp.org/tlog-proof@v1\n", b"quorum ", b"none",
    b"group ", b"witness ", b"log ", b"any ", b"studio.example/log",
    b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    INSURER.verifier.text.encode(), LOG_KEY.verifier.text.encode(),
)  # fmt: skip


def _reader(name: str) -> Surface:
    parse, encode, right = READERS[name]

    def attempt(data: bytes) -> bool:
        found = parse(data)
        if encode is not None and encode(found) != data:
            raise Finding(f"{name}: what was read is written in another way")
        if parse(data) != found:
            raise Finding(f"{name}: read twice, it is not the same")
        return True

    return Surface(name, lambda _: attempt, (right,), AUDIT_WORDS)


def _manifest(_: Path) -> Attempt:
    def attempt(data: bytes) -> bool:
        manifest = Manifest.parse(data, LOG_KEY.verifier)
        if Note.parse(data, 1 << 25).text != Note.parse(MANIFEST).text:
            raise Finding("a manifest of another text counts as signed")
        return "lines.jsonl" in manifest.hashes

    return attempt


def _line(_: Path) -> Attempt:
    registry = Registry(STUDIO_EVENTS)

    def attempt(data: bytes) -> bool:
        row = parse_line(data)
        if line(row.position, row.recorded_at, row.type, row.tags, row.data) != data:
            raise Finding("a line is written in another way than it was read")
        list(restored([made_line(1), data], registry))
        return True

    return attempt


def _tag(_: Path) -> Attempt:
    def attempt(data: bytes) -> bool:
        text = data.decode("utf-8", "surrogateescape")
        if slug(text):
            check_id("space", slug(text))
        if check_tag(text) != text or any(c.isspace() for c in text) or ":" not in text:
            raise Finding(f"{text!r} counts as a tag")
        return True

    return attempt


def _title(_: Path) -> Attempt:
    def attempt(data: bytes) -> bool:
        kept = check_text("title", data.decode("utf-8", "surrogateescape"))
        if check_text("title", kept) != kept or len(kept.splitlines()) != 1:
            raise Finding(f"{kept!r:.60} counts as a title")
        kept.encode()
        return True

    return attempt


def _time(_: Path) -> Attempt:
    zones = ("UTC", "Asia/Shanghai", "Europe/Berlin", "Pacific/Apia")
    readers: tuple[Callable[[str], Any], ...] = (
        parse_date,
        lambda text: str(Days.parse(text).period("Pacific/Apia")),
        lambda text: [Moment.parse(text).resolve(zone) for zone in zones],
        lambda text: [(p := When.parse(text).resolve(z), str(p), p.months) for z in zones],
        lambda text: [last_instant(text, zone) for zone in zones],
        check_zone,
    )

    def attempt(data: bytes) -> bool:
        reader = readers[data[0] % len(readers)] if data else readers[0]
        return bool(reader(data[1:].decode("utf-8", "surrogateescape")))

    return attempt


def _place(folder: Path) -> Attempt:
    def attempt(data: bytes) -> bool:
        text = data.decode("utf-8", "surrogateescape")
        place = Place.parse(text)
        secret = str(place.url.password or "") if place.url is not None else ""
        # a short one, or one that stands there twice, may be a part of what is not secret
        if len(secret) > 8 and text.count(secret) == 1 and secret in place.where:
            raise Finding(f"{place.where!r} shows a password")
        companion(text, ".plugins.json", folder)
        return True

    return attempt


_TIMES = (
    b"\x002025-07-01", b"\x012025-07-01..2025-07-14", b"\x022025-07-01T08:00+08:00",
    b"\x032025-07-01T08:00..2025-07-01 20:00", b"\x042025-07-01 08:00", b"\x05Asia/Shanghai",
    b"\x022025-03-30T02:30", b"\x012011-12-30", b"\x039999-12-31T23:59Z..9999-12-31T23:59Z",
)  # fmt: skip

_PLACES = (
    b"studio.db",
    b"sqlite:///studio.db",
    b"~/studio.db",
    b"postgresql://me:a-secret-word@host/db",
    b"postgresql+psycopg://host:5432/db?schema=studio&sslmode=require",
    b"postgres://[::1]/db",
)

SURFACES = (
    *map(_reader, READERS),
    Surface("manifest", _manifest, (MANIFEST,), AUDIT_WORDS),
    Surface("line", _line, (made_line(2), made_line(2).replace(b"made.Up", b"ProjectOpened")),
            (b'"v":1,', b'"position":', b'"tags":[', b'"data":{', b'"space:stage-1"')),
    Surface("tag", _tag, (b"space:stage-1", b"space:stage-1@2025-07", b"batch:x"),
            (b"space:", b"@", b":", b"stage-1", b"2025-07")),
    Surface("text", _title, ("狂野时代 🎬".encode(), b"One", "e\u0301".encode())),
    Surface("time", _time, _TIMES, (b"..", b"T", b"Z", b"+08:00", b":60", b"2025-02-29")),
    Surface("URL", _place, _PLACES, (b"://", b"?schema=", b"@", b"%00", b"[", b":99999999", b"~")),
)  # fmt: skip
