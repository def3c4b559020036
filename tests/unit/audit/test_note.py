"""Signed notes and verifier keys: the specification's example, and each MUST in it."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import pytest

from ledger.audit.formats.note import (
    COSIGNATURE,
    LOG,
    MAX_NOTE,
    MAX_SIGNATURES,
    Note,
    Signature,
    SigningKey,
    VerifierKey,
    decode64,
    valid_name,
)
from ledger.audit.refusals import BadNote, NoKey
from tests.unit.audit.conftest import INSURER, LOG_KEY, flipped, key_of

EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()

SPACES = [chr(n) for n in range(0x110000) if chr(n).isspace()]
OTHER = key_of("other.example")


def test_the_example_of_the_specification() -> None:
    key = VerifierKey.parse(EXAMPLE_KEY)
    note = Note.parse(EXAMPLE)
    assert note.text == b"This is an example message.\n"
    assert note.verify([key]) == {key: None}
    assert (key.text, note.encode(), key.id.hex()) == (EXAMPLE_KEY, EXAMPLE, "530d903a")


def test_no_bit_of_the_example_can_be_changed() -> None:
    """A bit of the note or of the key: wrong, unknown, or malformed; never verified."""
    key = VerifierKey.parse(EXAMPLE_KEY)
    for bit in range(len(EXAMPLE) * 8):
        try:
            verified = Note.parse(flipped(EXAMPLE, bit)).verify([key])
        except BadNote:
            continue
        assert verified == {}, bit
    for bit in range(len(EXAMPLE_KEY) * 8):
        changed = flipped(EXAMPLE_KEY.encode(), bit).decode("utf-8", "surrogateescape")
        with pytest.raises(NoKey):
            VerifierKey.parse(changed)


def test_the_text_may_hold_empty_lines_and_any_script() -> None:
    """The text ends at the last empty line; signature-like lines before it are text."""
    poem = "每个人\n\n— no-one Rm9yZ2VkIQ==\n\n孤独地站在大地的心上。\n".encode()
    note = Note.parse(Note.sign(poem, LOG_KEY).encode())
    assert note.text == poem
    assert [one.name for one in note.signatures] == [LOG_KEY.verifier.name]
    assert note.verify([LOG_KEY.verifier]) == {LOG_KEY.verifier: None}


LINE = LOG_KEY.sign(b"text\n").line.encode()
WHOLE = b"text\n\n" + LINE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\n\n",
        b"text\n",
        b"text\n\n",
        b"text\n" + LINE,
        b"text" + LINE,
        WHOLE[:-1],
        WHOLE + b"\n",
        WHOLE + b"more\n",
        WHOLE + b"more\n\n",
        WHOLE.replace(b"\n", b"\r\n"),
        WHOLE.replace(b"\n", b"\r"),
        WHOLE.replace("—".encode(), b"-"),
        WHOLE.replace("— ".encode(), "—".encode()),
        WHOLE.replace("— ".encode(), "—  ".encode()),
        WHOLE.replace("— ".encode(), "—\u00a0".encode()),
        WHOLE[:-1] + b" \n",
        WHOLE.replace(b"text", b"te\xffxt"),
        WHOLE.replace(b"text", b"te\xed\xa0\x80xt"),  # half a pair of UTF-16
        WHOLE.replace(b"text", b"te\xc0\x80xt"),  # NUL in two bytes
        "text\n\n— name\n".encode(),
        "text\n\n— name \n".encode(),
        "text\n\n— name AAAAAA==\n".encode(),  # an id without a signature
        "text\n\n— name AAAA AAAA\n".encode(),
        "text\n\n—  AAAAAAAA\n".encode(),
        "text\n\n— a+b AAAAAAAA\n".encode(),
        "text\n\n— a\u3000b AAAAAAAA\n".encode(),
    ],
)
def test_what_is_no_note(data: bytes) -> None:
    with pytest.raises(BadNote) as refused:
        Note.parse(data)
    assert refused.value.advice
    assert refused.value.exit_code == 3


@pytest.mark.parametrize("byte", [n for n in range(0x20) if n != 0x0A])
def test_no_control_character(byte: int) -> None:
    for at in (0, 2, len(WHOLE) - 1):
        with pytest.raises(BadNote):
            Note.parse(WHOLE[:at] + bytes([byte]) + WHOLE[at:])


def test_a_mark_of_byte_order_is_a_part_of_the_text() -> None:
    """U+FEFF is not a control character, but the text differs from what was signed."""
    note = Note.parse(b"\xef\xbb\xbf" + WHOLE)
    with pytest.raises(BadNote, match="wrong"):
        note.verify([LOG_KEY.verifier])


def test_names_of_keys() -> None:
    assert {"\x85", "\u2028", "\u3000", "\u00a0", " "} <= set(SPACES)
    for c in (*SPACES, "+", "\n", "\0", "\x1f", "\udcff"):
        assert not valid_name(f"a{c}b"), hex(ord(c))
        with pytest.raises(NoKey, match="cannot name"):
            SigningKey.generate(f"a{c}b", LOG)
    assert not valid_name("")
    for name in ("a", "example.com/a", "保险公司.example", "oid/1.2.3", "—", "a=b", "🎬"):
        assert valid_name(name)
        key = SigningKey.generate(name, COSIGNATURE)
        assert VerifierKey.parse(key.verifier.text) == key.verifier
        again = Note.parse(Note.parse(WHOLE).adding([key.sign(b"text\n", 7)]).encode())
        assert again.verify([key.verifier]) == {key.verifier: 7}


def test_signatures_of_unknown_keys_are_ignored() -> None:
    """Even if they share the name or the id with a known key, and whatever they contain."""
    known = LOG_KEY.verifier
    strangers = [
        Signature(known.name, flipped(known.id, 0), b"x" * 64),
        Signature("stranger.example", known.id, b"x" * 64),
        Signature("post-quantum.example", b"\x06abc", b"y" * 4_627),
        OTHER.sign(b"another text\n"),
    ]
    note = Note.parse(Note.parse(WHOLE).adding(strangers).encode())
    assert note.verify([known]) == {known: None}
    assert note.verify([]) == {}
    assert note.verify([INSURER.verifier]) == {}


def test_sixteen_of_the_largest_signatures_are_taken() -> None:
    """The specification requires at least 16, and some have nearly 5 kB."""
    large = [Signature(f"w{n}.example/{'n' * 200}", b"\x09abc", b"s" * 5_000) for n in range(16)]
    note = Note.parse(Note.parse(WHOLE).adding(large).encode())
    assert len(note.signatures) == 17
    assert note.verify([LOG_KEY.verifier])


def test_a_wrong_signature_of_a_known_key_refuses_the_whole_note() -> None:
    """Even if another known key has signed correctly."""
    forged = Signature(OTHER.verifier.name, OTHER.verifier.id, b"x" * 64)
    note = Note.parse(WHOLE).adding([forged])
    assert note.verify([LOG_KEY.verifier])
    with pytest.raises(BadNote, match=r"other\.example is wrong"):
        note.verify([LOG_KEY.verifier, OTHER.verifier])
    for length in (1, 63, 65):
        cut = Note(b"text\n", (Signature(OTHER.verifier.name, OTHER.verifier.id, b"x" * length),))
        with pytest.raises(BadNote, match="wrong"):
            cut.verify([OTHER.verifier])


def test_a_key_that_has_signed_twice() -> None:
    """A retry may leave several: the key counts once, with its first time; all must be right."""
    key = INSURER
    one, two = key.sign(b"text\n", 1), key.sign(b"text\n", 2)
    for signatures in ((one, two), (one, one), (one, two, one)):
        note = Note.parse(Note(b"text\n", signatures).encode())
        assert note.verify([key.verifier]) == {key.verifier: 1}
        assert note.verify([key.verifier, key.verifier]) == {key.verifier: 1}
    wrong = Signature(two.name, two.key_id, flipped(two.signature, 0))
    for signatures in ((one, wrong), (wrong, one)):
        with pytest.raises(BadNote, match="wrong"):
            Note(b"text\n", signatures).verify([key.verifier])
    once = Note(b"text\n", (one,))
    assert once.adding(once.signatures) == once


def test_base64_has_one_form() -> None:
    """Unused bits, wrong padding, or the other alphabet would give two texts for one key."""
    assert decode64("/+8=", "it") == b"\xff\xef"
    for text in (
        "/+9=",
        "/+8",
        "/+8==",
        "_-8=",
        "/+8=\n",
        " /+8=",
        "/+8=AAAA",
        "",
        "=",
        "é===",
        "A",
    ):
        with pytest.raises(BadNote, match="it is not base64"):
            decode64(text, "it")
    name, space, encoded = LINE.decode()[:-1].rpartition(" ")
    assert encoded.endswith("=")
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/":
        changed = f"text\n\n{name}{space}{encoded[:-2]}{last}=\n".encode()
        if changed == WHOLE:
            continue
        try:
            note = Note.parse(changed)
        except BadNote:
            continue
        with pytest.raises(BadNote):
            note.verify([LOG_KEY.verifier])


def test_how_large_a_note_may_be() -> None:
    signatures = [Signature(f"w{n}", b"abcd", b"x") for n in range(MAX_SIGNATURES + 1)]
    Note.parse(Note(b"text\n", tuple(signatures[1:])).encode())
    with pytest.raises(BadNote, match="101 signatures"):
        Note.parse(Note(b"text\n", tuple(signatures)).encode())
    room = MAX_NOTE - len(WHOLE)
    assert len(Note.parse(b"t" * room + WHOLE).text) > room
    with pytest.raises(BadNote, match="too large"):
        Note.parse(b"t" * (room + 1) + WHOLE)


def vkey(name: str, raw: bytes) -> str:
    """A vkey with an id that matches its bytes, whatever they are."""
    id = sha256(name.encode() + b"\n" + raw).hexdigest()[:8]
    return f"{name}+{id}+{b64encode(raw).decode()}"


def test_verifier_keys_that_are_none() -> None:
    good = LOG_KEY.verifier
    assert VerifierKey.parse(vkey(good.name, b"\x01" + good.public)) == good
    name, id, encoded = good.text.split("+", 2)
    for text in (
        "",
        name,
        f"{name}+{id}",
        f"{name}+{id}+",
        f"+{id}+{encoded}",
        f"{name}+{id.upper()}+{encoded}" if id != id.upper() else f"{name}+{id}x+{encoded}",
        f"{name}+{id[:-1]}+{encoded}",
        f"{name}x+{id}+{encoded}",
        f"{name}+{id}+{encoded}\n",
        f" {good.text}",
        f"{name}\n+{id}+{encoded}",
        vkey("a b", b"\x01" + good.public),
        vkey("a", b"\x01" + good.public[:31]),
        vkey("a", b"\x01" + good.public + b"x"),
        "a\udcffb+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "+" * 1_000_000,
    ):
        with pytest.raises(NoKey) as refused:
            VerifierKey.parse(text)
        assert refused.value.exit_code == 2
        assert len(str(refused.value)) < 300


@pytest.mark.parametrize("type", [0, 2, 3, 5, 6, 0xFF])
def test_a_key_of_another_type_is_said_to_be_one(type: int) -> None:
    with pytest.raises(NoKey, match="unknown type"):
        VerifierKey.parse(vkey("a", bytes([type]) + LOG_KEY.verifier.public))


def test_the_type_is_a_part_of_the_id() -> None:
    """One key pair for both uses is two keys: a signature of one does not count for the other."""
    log = LOG_KEY.verifier
    witness = VerifierKey(log.name, COSIGNATURE, log.public)
    assert witness.id != log.id
    assert Note.parse(WHOLE).verify([witness]) == {}
    as_witness = Signature(witness.name, witness.id, b"\0" * 8 + LOG_KEY.private.sign(b"text\n"))
    with pytest.raises(BadNote):
        Note(b"text\n", (as_witness,)).verify([witness])
