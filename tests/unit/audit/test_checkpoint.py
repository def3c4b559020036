"""Checkpoints: the specification's example, and malformed ones."""

from __future__ import annotations

from base64 import b64encode

import pytest

from ledger.audit.formats.checkpoint import Checkpoint, SignedCheckpoint, key_name, parse_number
from ledger.audit.formats.merkle import EMPTY_ROOT, MAX_SIZE
from ledger.audit.formats.note import Note
from ledger.audit.refusals import BadNote
from tests.unit.audit.conftest import INSURER, LOG_KEY, ORIGIN, MadeUpLog, key_of

EXAMPLE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q"
    "1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
).encode()
WITH_WITNESS = (
    EXAMPLE
    + (
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlr"
        "DJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
    ).encode()
)

ROOT = b64encode(bytes(32)).decode()


@pytest.mark.parametrize("data", [EXAMPLE, WITH_WITNESS])
def test_the_examples_of_the_specifications(data: bytes) -> None:
    signed = SignedCheckpoint.parse(data)
    assert (signed.checkpoint.origin, signed.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert signed.root.hex().startswith("0ac5186a91863e8e1d90c808014aa89b")
    assert signed.checkpoint.extensions == ()
    assert signed.checkpoint.text == signed.note.text
    assert signed.encode() == data


def test_what_is_no_checkpoint() -> None:
    for text in (
        "",
        "\n",
        f"{ORIGIN}\n3\n{ROOT}",  # the last line has no end
        f"{ORIGIN}\n3\n",
        f"\n3\n{ROOT}\n",  # no origin
        f"{ORIGIN}\n\n{ROOT}\n",
        f"{ORIGIN}\n3\n\n",
        f"{ORIGIN}\n3\n{ROOT}\n\n",
        f"{ORIGIN}\n3\n{ROOT}\nmore\n\n",
        f"{ORIGIN}\n3\n{ROOT}\n\nmore\n",
        f"{ORIGIN}\n3 \n{ROOT}\n",
        f"{ORIGIN}\n3\n{ROOT} \n",
        f"{ORIGIN}\n3\n{b64encode(bytes(31)).decode()}\n",
        f"{ORIGIN}\n3\n{b64encode(bytes(33)).decode()}\n",
        f"{ORIGIN}\n3\n{bytes(32).hex()}\n",
        f"{ORIGIN}\n0\n{ROOT}\n",  # no events, but the root of some
    ):
        with pytest.raises(BadNote):
            Checkpoint.parse(text.encode())


@pytest.mark.parametrize(
    "number",
    [
        *("", "00", "03", "+3", "-3", " 3", "3 ", "3.0", "0x3", "3_0", "1e3"),
        *("x", "٣", "３", "3\n", str(MAX_SIZE + 1), str(2**64), "9" * 19, "9" * 100_000),
    ],
)
def test_sizes_that_are_none(number: str) -> None:
    with pytest.raises(BadNote) as refused:
        parse_number(number, "it")
    assert len(str(refused.value)) < 200
    with pytest.raises(BadNote):
        Checkpoint.parse(f"{ORIGIN}\n{number}\n{ROOT}\n".encode())


def test_sizes_up_to_the_largest_tree() -> None:
    for size in (1, 9, 10, 2**31, 2**53 + 1, MAX_SIZE):
        checkpoint = Checkpoint(ORIGIN, size, bytes(32))
        assert Checkpoint.parse(checkpoint.text) == checkpoint
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert Checkpoint.parse(empty.text) == empty


def test_lines_of_others_are_kept_and_are_signed_too() -> None:
    """Extension lines are opaque, and part of the text."""
    checkpoint = Checkpoint(ORIGIN, 3, bytes(32), ("— not a signature", "时间 7"))
    signed = SignedCheckpoint(checkpoint, Note.sign(checkpoint.text, LOG_KEY))
    again = SignedCheckpoint.parse(signed.encode())
    assert again == signed
    again.check(LOG_KEY.verifier, ORIGIN)
    other = Checkpoint(ORIGIN, 3, bytes(32), ("— not a signature", "时间 8"))
    forged = SignedCheckpoint.parse(Note(other.text, signed.note.signatures).encode())
    with pytest.raises(BadNote, match="wrong"):
        forged.check(LOG_KEY.verifier, ORIGIN)


def test_whose_it_is() -> None:
    signed = MadeUpLog.of(3).signed()
    signed.check(LOG_KEY.verifier)
    signed.check(LOG_KEY.verifier, ORIGIN)
    with pytest.raises(BadNote, match=r"for the log 'studio.example/log', not 'other'"):
        signed.check(LOG_KEY.verifier, "other")
    stranger = key_of("other.example").verifier
    namesake = key_of(ORIGIN, 4).verifier
    for key in (stranger, namesake):
        with pytest.raises(BadNote, match="is not signed by the key") as refused:
            signed.check(key, ORIGIN)
        # Two keys with one name are told apart.
        assert key.id.hex() in refused.value.message
        assert LOG_KEY.verifier.id.hex() in refused.value.message


def test_a_cosignature_is_no_signature_of_a_log() -> None:
    signed = MadeUpLog.of(3).signed()
    signed = signed.adding([INSURER.sign(signed.note.text, 7)])
    assert signed.cosigned([INSURER.verifier, LOG_KEY.verifier]) == {INSURER.verifier: 7}


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ("studio.example/log", "studio.example/log"),
        ("永川科技片场", "永川科技片场"),
        ("Stage 1 + 2", "Stage-1-2"),
        ("a\u3000b", "a-b"),
        ("+a+", "a"),
    ],
)
def test_a_key_is_named_after_the_origin(origin: str, name: str) -> None:
    assert key_name(origin) == name
