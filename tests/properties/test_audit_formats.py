"""Whatever bytes the audit's readers are given: read, and the same bytes written again, or one
refusal that says what to do; never another exception, and soon."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.audit.checkpoint import SignedCheckpoint
from ledger.audit.kept import CheckpointFile, Kept
from ledger.audit.keys import open_key
from ledger.audit.merkle import consistency_proof, inclusion_proof
from ledger.audit.note import Note, VerifierKey
from ledger.audit.policy import Policy
from ledger.audit.proof import Proof
from ledger.audit.tree import LogTree
from ledger.audit.witnessing import Request
from ledger.errors import LedgerError
from tests.unit.audit.conftest import INSURER, LOG_KEY, UNION, MadeUpLog, line_of

LOG = MadeUpLog.of(37)
SIGNED = LOG.signed()
COSIGNED = SIGNED.adding([key.sign(SIGNED.note.text, 1_700_000_000) for key in (INSURER, UNION)])
NODES = LogTree(LOG)
PROOF = Proof(20, tuple(inclusion_proof(20, 37, NODES)), COSIGNED, line_of(21))
REQUEST = Request(20, tuple(consistency_proof(20, 37, NODES)), SIGNED)
POLICY = (
    f"# who must agree\nlog {LOG_KEY.verifier.text} https://studio.example/\n"
    f"witness insurer {INSURER.verifier.text}\nwitness union {UNION.verifier.text}\n"
    "group both all insurer union\nquorum both\n"
).encode()
KEPT = SIGNED.encode() + b"\n" + COSIGNED.encode() + b"\n"

SOON = 2.0
"""Seconds: a reader that takes longer over 64 KiB does more than read them."""


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


@contextmanager
def _in_time() -> Iterator[None]:
    began = time.process_time()
    yield
    assert time.process_time() - began < SOON


def read(name: str, data: bytes) -> Any:
    """What a reader makes of it, None where it refuses; checked on the way."""
    parse, encode, _ = READERS[name]
    with _in_time():
        try:
            found = parse(data)
        except LedgerError as refused:
            text = str(refused)
            _one_short_line(text)
            return None
    if encode is not None:
        assert encode(found) == data
    assert parse(data) == found
    return found


def _one_short_line(text: str) -> None:
    assert len(text) < 700
    assert text.count("\n") == 0


# --- bytes of all kinds -----------------------------------------------------------------------

_WORDS = [
    b"\n", b"\n\n", b" ", b"+", "— ".encode(), b"old ", b"index ", b"extra ", b"0", b"7",
    b"c2sp.org/tlog-proof@v1\n", b"quorum ", b"none", b"group ", b"witness ", b"log ", b"any ",
    b"AAAA", b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", b"=", b"\xff", b"\0", b"\r",
    b"studio.example/log", INSURER.verifier.text.encode(), LOG_KEY.verifier.text.encode(),
    "永川".encode(), b"\xed\xa0\x80", b"99999999999999999999",
]  # fmt: skip

anything = st.binary(max_size=400) | st.lists(st.sampled_from(_WORDS), max_size=30).map(b"".join)


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    """What is right, with some changes: bytes, spans taken out, put in twice, other words."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        until = draw(st.integers(at, min(len(data), at + 60)))
        match draw(st.sampled_from(["byte", "out", "twice", "word", "cut", "lines"])):
            case "byte" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "out":
                del data[at:until]
            case "twice":
                data[until:until] = data[at:until]
            case "word":
                data[at:at] = draw(st.sampled_from(_WORDS))
            case "cut":
                del data[at:]
            case "lines":
                lines = bytes(data).split(b"\n")
                order = draw(st.permutations(range(len(lines))))
                data = bytearray(b"\n".join(lines[n] for n in order))
            case _:
                pass
    return bytes(data)


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_a_reader_reads_or_refuses(name: str, data: st.DataObject) -> None:
    read(name, data.draw(anything | mutated(READERS[name][2])))


@pytest.mark.parametrize("name", READERS)
def test_what_is_right_is_read(name: str) -> None:
    assert read(name, READERS[name][2]) is not None


@pytest.mark.parametrize("name", READERS)
def test_what_is_far_too_long_is_refused_soon(name: str) -> None:
    """Of every kind of thing that a format may repeat, a megabyte and more."""
    right = READERS[name][2]
    for unit in (*_WORDS, right, right + b"\n", b"a", b"\n#", b" \t", b"quorum none\n"):
        for data in (unit * (1_200_000 // len(unit)), right + unit * (60_000 // len(unit))):
            read(name, data)


@given(st.binary(max_size=300) | mutated(KEPT + KEPT))
@example(KEPT + b"\0" * 100)
@example(KEPT.replace(b"\n", b"\r\n"))
def test_a_file_of_checkpoints_is_read_or_refused_and_never_loses_a_signature(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    file = CheckpointFile(tmp_path_factory.mktemp("kept") / "checkpoints")
    file.path.write_bytes(data)
    with _in_time():
        kept = _kept(file)
    if kept is None:
        assert file.path.read_bytes() == data
        return
    with file.appending() as appending:
        assert appending.kept == kept
    left = file.path.read_bytes()
    # Taken back is only the end that was unfinished, and no line of a signature with it.
    whole = data[: len(data) - kept.unfinished]
    assert left in (whole, whole + b"\n")
    assert "\n— ".encode() not in data[len(whole) :].partition(b"\n\n")[0]
    assert data[len(whole) :].count(b"\n\xe2\x80\x94 ") <= 1
    assert _kept(file) == Kept(kept.signed, 0)


def _kept(file: CheckpointFile) -> Kept | None:
    before = file.path.read_bytes()
    try:
        return file.read()
    except LedgerError as refused:
        _one_short_line(str(refused).replace(str(file.path), ""))
        with pytest.raises(LedgerError), file.appending():
            pass
        return None
    finally:
        assert file.path.read_bytes() == before


def test_a_file_of_many_notes_is_read_soon(tmp_path: Path) -> None:
    """A witness that cosigns each hour for years; and one checkpoint, cosigned over and over."""
    many = b"".join(LOG.signed(size).encode() + b"\n" for size in range(1, 38)) * 80
    again = b"".join(
        SIGNED.adding([INSURER.sign(SIGNED.note.text, time)]).encode() + b"\n"
        for time in range(3_000)
    )
    for data in (many, again):
        file = CheckpointFile(tmp_path / "checkpoints")
        file.path.write_bytes(data)
        began = time.process_time()
        file.read()
        assert time.process_time() - began < 10


KEY_FILE = b"name studio.example\ntype log\n-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI" + (
    b"AABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n"
)


@given(anything | mutated(KEY_FILE))
def test_a_key_file_is_opened_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    file = tmp_path_factory.mktemp("keys") / "log.key"
    file.write_bytes(data)
    file.chmod(0o600)
    with _in_time(), suppress(LedgerError):
        key = open_key(file, lambda: "x")
        note = Note.sign(b"text\n", key) if key.verifier.type == 1 else None
        assert note is None or Note.parse(note.encode()).verify([key.verifier])


def test_the_key_file_that_is_changed_is_one(tmp_path: Path) -> None:
    file = tmp_path / "log.key"
    file.write_bytes(KEY_FILE)
    file.chmod(0o600)
    assert open_key(file, lambda: "x").verifier.name == "studio.example"
