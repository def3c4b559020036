"""Cosignatures: the specification's layout byte by byte, and impossible times."""

from __future__ import annotations

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.audit.formats.note import COSIGNATURE, Note, Signature, SigningKey, cosigned
from ledger.audit.refusals import BadNote
from tests.unit.audit.conftest import INSURER, LOG_KEY, flipped

BODY = b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
KEY = INSURER.verifier


def test_the_message_is_that_of_the_specification() -> None:
    assert cosigned(BODY, 1679315147) == b"cosignature/v1\ntime 1679315147\n" + BODY


def test_a_cosignature_byte_by_byte() -> None:
    """key id || 8 bytes of time, big-endian || Ed25519 over the message; made by hand."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = private.public_key().public_bytes_raw()
    key = SigningKey("w.example/1", COSIGNATURE, private)
    id = sha256(b"w.example/1\n\x04" + public).digest()[:4]
    made = key.sign(BODY, 1679315147)
    by_hand = private.sign(b"cosignature/v1\ntime 1679315147\n" + BODY)
    assert made == Signature("w.example/1", id, bytes.fromhex("00000000641850cb") + by_hand)
    assert Note(BODY, (made,)).verify([key.verifier]) == {key.verifier: 1679315147}


@pytest.mark.parametrize("time", [0, 1, 2**31, 2**32, 2**63 - 1])
def test_times_that_can_be(time: int) -> None:
    assert Note(BODY, (INSURER.sign(BODY, time),)).verify([KEY]) == {KEY: time}


@pytest.mark.parametrize("time", [2**63, 2**63 + 1, 2**64 - 1])
def test_a_time_beyond_the_last_is_refused_though_it_was_signed(time: int) -> None:
    made = INSURER.sign(BODY, time)
    INSURER.private.public_key().verify(made.signature[8:], cosigned(BODY, time))
    with pytest.raises(BadNote, match="wrong"):
        Note(BODY, (made,)).verify([KEY])


def test_another_length_is_refused() -> None:
    made = INSURER.sign(BODY, 7)
    for signature in (
        *(made.signature[:n] for n in range(1, 72)),
        made.signature + b"\0",
        b"\0" + made.signature,
        made.signature[8:],
    ):
        with pytest.raises(BadNote, match="wrong"):
            Note(BODY, (Signature(KEY.name, KEY.id, signature),)).verify([KEY])


def test_no_bit_can_be_changed() -> None:
    made = INSURER.sign(BODY, 1679315147)
    for bit in range(72 * 8):
        changed = Signature(KEY.name, KEY.id, flipped(made.signature, bit))
        with pytest.raises(BadNote):
            Note(BODY, (changed,)).verify([KEY])


def test_a_log_s_signature_is_no_cosignature() -> None:
    """The header keeps them apart: what a log signs is never what a witness signs."""
    plain = INSURER.private.sign(BODY)
    for time in (b"\0" * 8, (7).to_bytes(8, "big")):
        with pytest.raises(BadNote):
            Note(BODY, (Signature(KEY.name, KEY.id, time + plain),)).verify([KEY])
    swapped = Note(BODY, (Signature(LOG_KEY.verifier.name, LOG_KEY.verifier.id, plain),))
    with pytest.raises(BadNote):
        swapped.verify([LOG_KEY.verifier])


def test_a_cosignature_says_when() -> None:
    with pytest.raises(AssertionError, match="says when"):
        INSURER.sign(BODY)
