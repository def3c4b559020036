"""A second verifier of proofs, written from the specifications, sharing no code with the first.

signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof and tlog-policy's `k of n`, as short as
possible: a pattern for the file, and RFC 6962's own recursion for the root.
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import Error, a2b_base64
from collections.abc import Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_PROOF = re.compile(
    rb"c2sp\.org/tlog-proof@v1\n"
    rb"(?:extra (?P<extra>[^\n]*)\n)?"
    rb"index (?P<index>0|[1-9][0-9]*)\n"
    rb"(?P<hashes>(?:[^\n]+\n)*)\n"
    rb"(?P<text>(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]*)\n(?P<root>[^\n]+)\n(?:[^\n]+\n)*)\n"
    rb"(?P<signatures>(?:[^\n]+\n)+)"
)


def accepts(
    proof: bytes,
    line: bytes | None,
    log_vkey: str,
    witness_vkeys: Sequence[str] = (),
    quorum: int = 0,
) -> bool:
    """Whether the proof shows that the line (or the one in it) is in that log, with witnesses."""
    try:
        return _accepts(proof, line, log_vkey, witness_vkeys, quorum)
    except (Error, UnicodeDecodeError, InvalidSignature, _Refused):
        return False


class _Refused(Exception):
    pass


def _must(holds: object) -> None:
    if not holds:
        raise _Refused


def _accepts(
    proof: bytes, line: bytes | None, log_vkey: str, witness_vkeys: Sequence[str], quorum: int
) -> bool:
    parts = _PROOF.fullmatch(proof)
    _must(parts)
    assert parts is not None
    proof.decode()  # UTF-8
    checkpoint = proof[parts.start("text") :]
    _must(all(byte >= 0x20 or byte == 0x0A for byte in checkpoint))
    if line is None:
        _must(parts["extra"] is not None)
        line = _bytes(parts["extra"])
    elif parts["extra"] is not None:
        _bytes(parts["extra"])
    hashes = [_bytes(one) for one in parts["hashes"].split(b"\n")[:-1]]
    root, index, size = _bytes(parts["root"]), int(parts["index"]), int(parts["size"])
    _must(len(root) == 32 and len(hashes) < 64 and all(len(one) == 32 for one in hashes))
    _must(size < 2**63 and index < size)
    _must(_root(sha256(b"\0" + line).digest(), index, size, hashes) == root)
    signatures = [_signature(one) for one in parts["signatures"].decode().split("\n")[:-1]]
    _must(_signed(log_vkey, parts["text"], signatures))
    return sum(_signed(one, parts["text"], signatures) for one in witness_vkeys) >= quorum


def _root(leaf: bytes, index: int, size: int, hashes: list[bytes]) -> bytes:
    """PATH(m, D[n]) of RFC 6962, 2.1.1, read backwards."""
    if size == 1:
        _must(not hashes)
        return leaf
    _must(hashes)
    k = 1
    while k * 2 < size:
        k *= 2
    if index < k:
        return _node(_root(leaf, index, k, hashes[:-1]), hashes[-1])
    return _node(hashes[-1], _root(leaf, index - k, size - k, hashes[:-1]))


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def _signature(line: str) -> tuple[str, bytes]:
    found = re.fullmatch(r"— ([^\s+]+) (\S+)", line)
    _must(found)
    assert found is not None
    raw = _bytes(found[2].encode())
    _must(len(raw) > 4)
    return found[1], raw


def _signed(vkey: str, text: bytes, signatures: Sequence[tuple[str, bytes]]) -> bool:
    """Whether the key has signed; raises if a signature of it is wrong."""
    name, id, encoded = vkey.split("+", 2)
    key = a2b_base64(encoded)
    public = Ed25519PublicKey.from_public_bytes(key[1:])
    mine = [raw[4:] for who, raw in signatures if (who, raw[:4].hex()) == (name, id)]
    for one in mine:
        signature, message = one, text
        if key[0] == 4:
            _must(len(one) == 72)
            time = int.from_bytes(one[:8], "big")
            _must(time < 2**63)
            signature, message = (
                one[8:],
                b"cosignature/v1\ntime " + str(time).encode() + b"\n" + text,
            )
        public.verify(signature, message)
    return bool(mine)


def _bytes(text: bytes) -> bytes:
    raw = a2b_base64(text, strict_mode=True)
    _must(raw and b64encode(raw) == text)
    return raw
