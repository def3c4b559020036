"""Key files: a private key that only its owner may read, and the public one beside it.

    name <key name>
    type log | witness
    -----BEGIN [ENCRYPTED ]PRIVATE KEY-----
    …

The PEM is PKCS #8 as `cryptography` writes it, encrypted where a passphrase is given. The public
key is one line, a vkey, in `NAME.pub`.
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ledger.audit.checkpoint_store import sync_name
from ledger.audit.formats.note import COSIGNATURE, LOG, KeyType, SigningKey, VerifierKey, valid_name
from ledger.audit.refusals import KeyExists, NoKey
from ledger.errors import StorageFailure
from ledger.sidecar_paths import expanded

_TYPES: dict[str, KeyType] = {"log": LOG, "witness": COSIGNATURE}
_MAX_KEY = 65_536

MAX_PASSPHRASE = 1_023
"""Bytes of a passphrase; OpenSSL takes no more."""

Passphrase = Callable[[], str]
"""Called if a key turns out to be encrypted."""


def public_file(private: Path) -> Path:
    """The public key's file beside a private key: `log.pub` for `log.key`."""
    return private.with_suffix(".pub")


def make_key(file: Path, name: str, type: KeyType, passphrase: str | None) -> VerifierKey:
    """Make a key: the private one in `file`, with mode 0600, and the public one beside it.

    Raises `KeyExists` if either file exists, `NoKey` for a name or place that no key can have.
    """
    if not file.name or file.suffix == ".pub" or file.is_dir():
        raise NoKey(
            f"{file} cannot hold a private key",
            advice="Name a file such as log.key; the public key goes beside it, as log.pub",
        )
    public = public_file(file)
    if there := next(filter(os.path.lexists, (file, public)), None):
        raise _taken(there)
    key = SigningKey.generate(name, type)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _write(file, _encoded(key, passphrase), 0o600)
        try:
            _write(public, f"{key.verifier.text}\n".encode(), 0o644)
        except BaseException:
            file.unlink()  # the caller never learned of it
            raise
        sync_name(file)
    except OSError as error:
        if isinstance(error, FileExistsError) and error.filename != str(file.parent):
            raise _taken(Path(error.filename)) from None
        raise StorageFailure(
            f"no key can be made at {file}: {(error.strerror or str(error)).lower()}",
            advice="Name another place with --key",
        ) from error
    return key.verifier


def open_key(file: Path, passphrase: Passphrase) -> SigningKey:
    """Read the private key in a file. Raises `NoKey` if there is none, or it cannot be opened."""
    data = _read_private(file)
    head, begin, pem = data.partition(b"-----BEGIN ")
    words = dict(line.partition(" ")[::2] for line in head.decode("utf-8", "replace").splitlines())
    type = _TYPES.get(words.get("type", ""))
    # A note cannot hold just any name: with a bad one, checkpoints could never be read again.
    if not begin or type is None or not valid_name(words.get("name", "")):
        raise NoKey(f"{file} is not a private key", advice="Make one: audit key new")
    secret = passphrase() if pem.startswith(b"ENCRYPTED") else None
    return SigningKey(words["name"], type, _private(begin + pem, secret, file))


def read_public(text_or_file: str, type: KeyType | None = None) -> VerifierKey:
    """Read a public key that was given as a vkey, or as a file that holds one.

    Raises `NoKey` if there is none, or if it is not of that type.
    """
    key = _public(text_or_file)
    if type not in (None, key.type):
        whose, needed = ("a log", "a witness")[:: 1 if key.type == LOG else -1]
        raise NoKey(
            f"{key.named} is the key of {whose}, and that of {needed} is needed here",
            advice="Give the right one: NAME+ID+BASE64, or a file that holds it",
        )
    return key


def _public(text_or_file: str) -> VerifierKey:
    if "+" in text_or_file and not os.path.exists(text_or_file):
        return VerifierKey.parse(text_or_file.strip())
    file = expanded(text_or_file)
    try:
        with file.open("rb") as opened:
            text = opened.read(_MAX_KEY).decode("utf-8", "replace")
    except OSError as error:
        _check_disk(file, error)
        raise NoKey(
            f"no public key at {file}: {(error.strerror or str(error)).lower()}",
            advice="Name a file that holds one, or give the key itself: NAME+ID+BASE64",
        ) from error
    if "PRIVATE KEY" in text:
        raise NoKey(
            f"{file} holds a private key, which must stay with its owner",
            advice=f"Give the public one: {public_file(file)}",
        )
    try:
        return VerifierKey.parse(text.strip())
    except NoKey as error:
        error.where = str(file)
        raise


def _read_private(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode & 0o777
            if mode & 0o077 and os.name == "posix":
                raise NoKey(
                    f"others may read the private key {file} ({mode:03o})",
                    advice=f"Run: chmod 600 {file}; and consider who may have read it",
                )
            return opened.read(_MAX_KEY)
    except FileNotFoundError:
        raise NoKey(f"no key at {file}", advice="Make one: audit key new") from None
    except OSError as error:
        _check_disk(file, error)
        raise NoKey(
            f"the key {file} cannot be read: {(error.strerror or str(error)).lower()}",
            advice="Only its owner may read it: sign as that user",
        ) from error


def _check_disk(file: Path, error: OSError) -> None:
    """Raise `StorageFailure` if the disk failed: then the named file is not the mistake."""
    if error.errno == errno.EIO:
        raise StorageFailure(
            f"the disk failed to read the key {file}", advice="Check the disk's health"
        ) from error


def _encoded(key: SigningKey, passphrase: str | None) -> bytes:
    from cryptography.hazmat.primitives import serialization as form

    how: Any = form.NoEncryption()
    if passphrase is not None:
        how = form.BestAvailableEncryption(_secret(passphrase))
    pem = key.private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, how)
    type = next(word for word, code in _TYPES.items() if code == key.verifier.type)
    return f"name {key.verifier.name}\ntype {type}\n".encode() + pem


def _private(pem: bytes, passphrase: str | None, file: Path) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, None if passphrase is None else _secret(passphrase))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if passphrase is not None:
            raise NoKey(f"the passphrase does not open {file}", advice="Try again") from None
        raise NoKey(f"{file} is damaged", advice="Restore it from where you keep a copy") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise NoKey(f"{file} is not an Ed25519 key", advice="Make one: audit key new")
    return key


def _secret(passphrase: str) -> bytes:
    secret = passphrase.encode("utf-8", "surrogateescape")  # the bytes as the system gave them
    if not 0 < len(secret) <= MAX_PASSPHRASE:
        raise NoKey(
            f"a passphrase of {len(secret):,} bytes cannot be used",
            advice=f"Use 1 to {MAX_PASSPHRASE:,} bytes",
        )
    return secret


def _taken(path: Path) -> KeyExists:
    return KeyExists(
        f"a key exists already at {path}",
        advice="It is needed to check what it signed: name another file with --key",
    )


def _write(path: Path, data: bytes, mode: int) -> None:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with open(opened, "wb") as file:
            os.fchmod(opened, mode)  # regardless of the umask
            file.write(data)
            file.flush()
            os.fsync(opened)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
