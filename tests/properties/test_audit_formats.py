"""The audit's readers, given any bytes: they read them and write the same bytes again, or refuse
them with advice; they raise no other exception, and are quick."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given

from ledger.audit.checkpoint_store import CheckpointFile, Kept
from ledger.audit.formats.note import Note
from ledger.audit.keys import open_key
from ledger.errors import LedgerError
from tests.fuzz import mutations
from tests.fuzz.formats import AUDIT_WORDS, COSIGNED, LOG, READERS, SIGNED
from tests.fuzz.mutations import hostile
from tests.unit.audit.conftest import INSURER

KEPT = SIGNED.encode() + b"\n" + COSIGNED.encode() + b"\n"

SOON = 2.0
"""Seconds: a reader that needs longer for 64 KiB does more than read them."""


@contextmanager
def _in_time() -> Iterator[None]:
    began = time.process_time()
    yield
    assert time.process_time() - began < SOON


def read(name: str, data: bytes) -> Any:
    """Return what a reader returns, None if it refuses; check it on the way."""
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


WORDS = (*mutations.WORDS[:8], *AUDIT_WORDS)


@pytest.mark.parametrize("name", READERS)
def test_what_is_right_is_read(name: str) -> None:
    assert read(name, READERS[name][2]) is not None


@pytest.mark.parametrize("name", READERS)
def test_what_is_far_too_long_is_refused_soon(name: str) -> None:
    """Everything that a format may repeat, more than a megabyte of each."""
    right = READERS[name][2]
    for unit in (*WORDS, right, right + b"\n", b"a", b"\n#", b" \t", b"quorum none\n"):
        for data in (unit * (1_200_000 // len(unit)), right + unit * (60_000 // len(unit))):
            read(name, data)


@given(hostile((KEPT + KEPT,), AUDIT_WORDS))
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
    # Only the unfinished end is removed, and no signature line with it.
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


@given(hostile((KEY_FILE,), AUDIT_WORDS))
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
