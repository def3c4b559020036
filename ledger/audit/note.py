"""Signed notes: a text, and who signed it (C2SP signed-note v1.0.0), with Ed25519.

    <text, ending in a newline>
    <empty line>
    — <key name> <base64 of key id and signature>

A *verifier key* (vkey) is a public key as one line, `name+id+base64`. Two types are known here:
`LOG` signs the text as it is; `COSIGNATURE` (C2SP tlog-cosignature v1) signs it together with the
time at which its owner has seen it.

Pure, but for what `cryptography` does with the keys: no file, no clock.
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from ledger.audit.refusals import BadNote, NoKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KeyType = Literal[1, 4]
LOG: KeyType = 1
COSIGNATURE: KeyType = 4

MAX_NOTE = 1_000_000
"""Bytes of a note, as Go's reference code has it. A checkpoint with sixteen cosignatures has some
2,500; everybody must take sixteen, and those of post-quantum keys have 7,000 each."""

MAX_SIGNATURES = 100
"""Lines of signatures in a note; sixteen is what everybody must take."""

_CONTROL = re.compile(rb"[^\n\x20-\xff]")
_DASH = "— "
_DAMAGED = "It was damaged or tampered with: ask for it again"


class Signature(Struct, frozen=True):
    """One signature line. `signature` is what follows the four bytes of the key's id."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def named(self) -> str:
        """Who claims to have signed, as a message names it."""
        return f"{self.name} ({self.key_id.hex()})"

    @property
    def line(self) -> str:
        """The line, with its newline."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.signature).decode()}\n"


class VerifierKey(Struct, frozen=True):
    """A public key with its name: 32 bytes of Ed25519, and what it signs."""

    name: str
    type: KeyType
    public: bytes

    @property
    def id(self) -> bytes:
        """SHA-256(name || 0x0A || type || public key)[:4]: with the name it finds a signature."""
        return sha256(b"%b\n%c%b" % (self.name.encode(), self.type, self.public)).digest()[:4]

    @property
    def text(self) -> str:
        """The vkey, `name+id+base64`."""
        return f"{self.name}+{self.id.hex()}+{b64encode(bytes([self.type]) + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read a vkey. Raises `NoKey`."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        if not valid_name(name) or len(key_id) != 8:
            # No more of it is said than a name has: it might be somebody's private key.
            raise NoKey(f"{name!r:.40} begins no public key", advice=_VKEY)
        try:
            raw = decode64(encoded, "the key")
        except BadNote:
            raise NoKey(f"the key {name:.80} is not whole", advice=_VKEY) from None
        if len(raw) != 33 or raw[0] not in (LOG, COSIGNATURE):
            raise NoKey(
                f"the key {name:.80} is of a type that is not known here",
                advice="Give an Ed25519 key, of a log (type 1) or of a witness (type 4)",
            )
        key = cls(name, LOG if raw[0] == LOG else COSIGNATURE, raw[1:])
        if key.id.hex() != key_id:
            raise NoKey(f"the id of the key {name:.80} is not that of its bytes", advice=_VKEY)
        return key

    @property
    def named(self) -> str:
        """The key as a message names it: two keys may share a name."""
        return f"{self.name} ({self.id.hex()})"

    def signed(self, signature: Signature) -> bool:
        """Whether a line claims to be by this key."""
        return signature.name == self.name and signature.key_id == self.id

    def verify(self, text: bytes, signature: bytes) -> int | None:
        """When a cosignature was made (seconds since the epoch); None for a log's own.

        Raises `BadNote` where the signature is not this key's over the text.
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
            raise BadNote(f"the signature of {self.name} is wrong", advice=_DAMAGED) from None
        return time


class SigningKey:
    """A private key with its name. It signs; what it may sign, its callers decide."""

    def __init__(self, name: str, type: KeyType, private: "Ed25519PrivateKey") -> None:
        self.private = private
        self.verifier = VerifierKey(name, type, private.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, name: str, type: KeyType) -> "SigningKey":
        """A new key. Raises `NoKey` for what cannot name one."""
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
        """Read a note. Raises `BadNote` for what the format does not allow."""
        if len(data) > limit:
            raise BadNote(f"a note of {len(data):,} bytes is too large", advice=_DAMAGED)
        try:
            data.decode()
        except UnicodeDecodeError:
            raise BadNote("a note is not UTF-8", advice=_DAMAGED) from None
        if _CONTROL.search(data):
            raise BadNote("a note holds a control character", advice=_DAMAGED)
        text, between, lines = data.rpartition(b"\n\n")
        if not between or not lines.endswith(b"\n"):
            raise BadNote("a note has no signature, or breaks off", advice=_DAMAGED)
        signatures = tuple(map(_signature, lines.decode()[:-1].split("\n")))
        if len(signatures) > MAX_SIGNATURES:
            raise BadNote(f"a note has {len(signatures):,} signatures", advice=_DAMAGED)
        return cls(text + b"\n", signatures)

    @classmethod
    def sign(cls, text: bytes, *keys: SigningKey) -> "Note":
        """A text signed by the keys of logs."""
        return cls(text, tuple(key.sign(text) for key in keys))

    def encode(self) -> bytes:
        """The note as it is written down."""
        return self.text + b"\n" + "".join(one.line for one in self.signatures).encode()

    def adding(self, signatures: Iterable[Signature]) -> "Note":
        """The note with further signatures; those that it has already are left out."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *signatures))))

    def verify(self, keys: Sequence[VerifierKey]) -> dict[VerifierKey, int | None]:
        """Which of these keys have signed, each with the time of a cosignature.

        Signatures of others are ignored, as the format demands. Raises `BadNote` where one of
        these keys' signatures is wrong; the note is then worth nothing. A key that has signed
        more than once counts once, with the first time.
        """
        found: dict[VerifierKey, int | None] = {}
        for key in keys:
            for signature in filter(key.signed, self.signatures):
                found.setdefault(key, key.verify(self.text, signature.signature))
        return found


def valid_name(name: str) -> bool:
    """Whether a text can name a key: not empty, no Unicode space, no plus; and UTF-8 can say it."""
    return bool(name) and not any(
        c == "+" or c < " " or c.isspace() or "\ud800" <= c <= "\udfff" for c in name
    )


def cosigned(text: bytes, time: int) -> bytes:
    """What a cosignature of that time signs (C2SP tlog-cosignature, Ed25519)."""
    return b"cosignature/v1\ntime %d\n%b" % (time, text)


def decode64(text: str, what: str) -> bytes:
    """The bytes of standard base64, in its one canonical form. Raises `BadNote`."""
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    # The last letter may carry bits that no byte has: two texts for the same bytes.
    if not raw or b64encode(raw).decode() != text:
        raise BadNote(f"{what} is not base64", advice=_DAMAGED)
    return raw


def _signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not valid_name(name):
        raise BadNote(f"{line!r:.80} is no line of a signature", advice=_DAMAGED)
    raw = decode64(encoded, f"the signature of {name:.80}")
    if len(raw) < 5:
        raise BadNote(f"the signature of {name:.80} is too short", advice=_DAMAGED)
    return Signature(name, raw[:4], raw[4:])


_VKEY = "A public key is one line, NAME+ID+BASE64: see audit key show"
