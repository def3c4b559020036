"""Signed notes: a text and its Ed25519 signatures (C2SP signed-note v1.0.0).

    <text, ending in a newline>
    <empty line>
    — <key name> <base64 of key id and signature>

A *verifier key* (vkey) is a public key as one line, `name+id+base64`. Two types are supported:
`LOG` signs the text as it is; `COSIGNATURE` (C2SP tlog-cosignature v1) signs it together with the
time at which its owner saw it.

Pure, apart from the use of `cryptography`: no file, no clock.
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from ledger.audit.refusals import DAMAGED, BadNote, NoKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KeyType = Literal[1, 4]
LOG: KeyType = 1
COSIGNATURE: KeyType = 4

MAX_NOTE = 1_000_000
"""Bytes of a note, as in Go's reference code. Programs must accept sixteen cosignatures; a
checkpoint with these has some 2,500 bytes, but those of post-quantum keys have 7,000 each."""

MAX_SIGNATURES = 100
"""Signature lines of a note; programs must accept at least sixteen."""

_CONTROL = re.compile(rb"[^\n\x20-\xff]")
_DASH = "— "


class Signature(Struct, frozen=True):
    """A signature line. `signature` is the part after the four bytes of the key's id."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def named(self) -> str:
        """The claimed signer, as a message names it."""
        return f"{self.name} ({self.key_id.hex()})"

    @property
    def line(self) -> str:
        """The line, with its newline."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.signature).decode()}\n"


class VerifierKey(Struct, frozen=True):
    """A public key with its name and type: 32 bytes of Ed25519."""

    name: str
    type: KeyType
    public: bytes

    @property
    def id(self) -> bytes:
        """SHA-256(name || 0x0A || type || public key)[:4]; id and name find its signatures."""
        return sha256(b"%b\n%c%b" % (self.name.encode(), self.type, self.public)).digest()[:4]

    @property
    def text(self) -> str:
        """The vkey, `name+id+base64`."""
        return f"{self.name}+{self.id.hex()}+{b64encode(bytes([self.type]) + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Parse a vkey. Raises `NoKey`."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        if not valid_name(name) or len(key_id) != 8:
            # Show no more than a name has: the text might be a private key.
            raise NoKey(f"{name!r:.40} does not begin a public key", advice=_VKEY)
        try:
            raw = decode64(encoded, "the key")
        except BadNote:
            raise NoKey(f"the key {name:.80} is incomplete", advice=_VKEY) from None
        if len(raw) != 33 or raw[0] not in (LOG, COSIGNATURE):
            raise NoKey(
                f"the key {name:.80} is of an unknown type",
                advice="Give an Ed25519 key, of a log (type 1) or of a witness (type 4)",
            )
        key = cls(name, LOG if raw[0] == LOG else COSIGNATURE, raw[1:])
        if key.id.hex() != key_id:
            raise NoKey(f"the id of the key {name:.80} does not match its bytes", advice=_VKEY)
        return key

    @property
    def named(self) -> str:
        """The key as a message names it, with its id: two keys may share a name."""
        return f"{self.name} ({self.id.hex()})"

    def signed(self, signature: Signature) -> bool:
        """Whether a line claims to be by this key."""
        return signature.name == self.name and signature.key_id == self.id

    def verify(self, text: bytes, signature: bytes) -> int | None:
        """The time of a cosignature, in seconds since the epoch; None for a log's signature.

        Raises `BadNote` if the signature is not this key's over the text.
        """
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        message, time = text, None
        if self.type == COSIGNATURE:
            time = int.from_bytes(signature[:8], "big")
            message, signature = cosigned(text, time), signature[8:]
        try:
            if len(signature) != 64 or (time or 0) >= 2**63:
                raise ValueError
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            raise BadNote(f"the signature of {self.name} is wrong", advice=DAMAGED) from None
        return time


class SigningKey:
    """A private key with its name. Its callers decide what it may sign."""

    def __init__(self, name: str, type: KeyType, private: "Ed25519PrivateKey") -> None:
        self.private = private
        self.verifier = VerifierKey(name, type, private.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, name: str, type: KeyType) -> "SigningKey":
        """Make a key. Raises `NoKey` for a text that cannot name one."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        if not valid_name(name):
            raise NoKey(f"{name!r} cannot name a key", advice="Use no space and no +")
        return cls(name, type, Ed25519PrivateKey.generate())

    def sign(self, text: bytes, time: int | None = None) -> Signature:
        """Sign a note's text; a cosignature takes the `time`, in seconds since the epoch."""
        key = self.verifier
        if key.type == COSIGNATURE:
            assert time is not None, "a cosignature says when"
            signature = time.to_bytes(8, "big") + self.private.sign(cosigned(text, time))
        else:
            signature = self.private.sign(text)
        return Signature(key.name, key.id, signature)


class Note(Struct, frozen=True):
    """A text (with its last newline, without the empty line) and its signatures, unverified."""

    text: bytes
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes, limit: int = MAX_NOTE) -> "Note":
        """Parse a note. Raises `BadNote` for what the format does not allow."""
        if len(data) > limit:
            raise BadNote(f"a note of {len(data):,} bytes is too large", advice=DAMAGED)
        try:
            data.decode()
        except UnicodeDecodeError:
            raise BadNote("a note is not UTF-8", advice=DAMAGED) from None
        if _CONTROL.search(data):
            raise BadNote("a note holds a control character", advice=DAMAGED)
        text, between, lines = data.rpartition(b"\n\n")
        if not between or not lines.endswith(b"\n"):
            raise BadNote("a note has no signature, or breaks off", advice=DAMAGED)
        signatures = tuple(map(_signature, lines.decode()[:-1].split("\n")))
        if len(signatures) > MAX_SIGNATURES:
            raise BadNote(f"a note has {len(signatures):,} signatures", advice=DAMAGED)
        return cls(text + b"\n", signatures)

    @classmethod
    def sign(cls, text: bytes, *keys: SigningKey) -> "Note":
        """Sign a text with the keys of logs."""
        return cls(text, tuple(key.sign(text) for key in keys))

    def encode(self) -> bytes:
        """The note as a file holds it."""
        return self.text + b"\n" + "".join(one.line for one in self.signatures).encode()

    def adding(self, signatures: Iterable[Signature]) -> "Note":
        """The note with further signatures, each once."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *signatures))))

    def verify(self, keys: Sequence[VerifierKey]) -> dict[VerifierKey, int | None]:
        """Map each of these keys that has signed to its cosignature's time.

        Signatures of other keys are ignored, as the format demands. Raises `BadNote` if a
        signature of these keys is wrong: the note is then worthless. A key that has signed more
        than once has the time of its first signature.
        """
        found: dict[VerifierKey, int | None] = {}
        for key in keys:
            for signature in filter(key.signed, self.signatures):
                found.setdefault(key, key.verify(self.text, signature.signature))
        return found


def valid_name(name: str) -> bool:
    """Whether a text can name a key: not empty, no Unicode space, no plus, no surrogate."""
    return bool(name) and not any(
        c == "+" or c < " " or c.isspace() or "\ud800" <= c <= "\udfff" for c in name
    )


def cosigned(text: bytes, time: int) -> bytes:
    """The bytes that a cosignature at that time signs (C2SP tlog-cosignature, Ed25519)."""
    return b"cosignature/v1\ntime %d\n%b" % (time, text)


def decode64(text: str, what: str) -> bytes:
    """Decode standard base64 in its one canonical form. Raises `BadNote`."""
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    # The last letter may carry unused bits, so that two texts stand for the same bytes.
    if not raw or b64encode(raw).decode() != text:
        raise BadNote(f"{what} is not base64", advice=DAMAGED)
    return raw


def _signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not valid_name(name):
        raise BadNote(f"{line!r:.80} is not a signature line", advice=DAMAGED)
    raw = decode64(encoded, f"the signature of {name:.80}")
    if len(raw) < 5:
        raise BadNote(f"the signature of {name:.80} is too short", advice=DAMAGED)
    return Signature(name, raw[:4], raw[4:])


_VKEY = "A public key is one line, NAME+ID+BASE64: see audit key show"
