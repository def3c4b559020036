"""Key files: for their owner alone, never overwritten, and bad ones refused in one line."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519

from ledger.audit import keys
from ledger.audit.formats.note import COSIGNATURE, LOG, VerifierKey
from ledger.audit.keys import MAX_PASSPHRASE, make_key, open_key, public_file, read_public
from ledger.audit.refusals import KeyExists, NoKey
from ledger.errors import LedgerError, StorageFailure
from tests.unit.audit.conftest import LOG_KEY, flipped
from tests.unit.log.conftest import one_line


def nobody() -> str:
    """A passphrase callback that must not be called."""
    raise AssertionError("nothing is encrypted")


def mode(path: Path) -> int:
    """The permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o177, 0o277])
def test_it_is_its_owner_s_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    file = tmp_path / "log.key"
    before = os.umask(umask)
    try:
        made = make_key(file, "studio.example", LOG, None)
    finally:
        os.umask(before)
    assert (mode(file), mode(tmp_path / "log.pub")) == (0o600, 0o644)
    assert open_key(file, nobody).verifier == made
    assert read_public(str(tmp_path / "log.pub")) == made


def test_it_is_nobody_else_s_at_any_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Created with 0600, not changed to it later: other users could open it in between."""
    made: list[tuple[str, int]] = []
    real = os.open

    def watched(path: str, flags: int, at: int = 0o777, **more: int) -> int:
        if flags & os.O_CREAT:
            made.append((Path(path).name, at))
            assert flags & os.O_EXCL
        return real(path, flags, at, **more)

    monkeypatch.setattr(os, "open", watched)
    make_key(tmp_path / "log.key", "studio.example", LOG, None)
    assert made == [("log.key", 0o600), ("log.pub", 0o644)]


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "w.key"
    make_key(file, "insurer.example", COSIGNATURE, None)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for _ in range(2):
        with pytest.raises(KeyExists, match="a key exists already"):
            make_key(file, "insurer.example", COSIGNATURE, None)
    (tmp_path / "x.pub").write_text("another's\n")
    with pytest.raises(KeyExists, match=r"x\.pub"):
        make_key(tmp_path / "x.key", "insurer.example", COSIGNATURE, None)
    (tmp_path / "y.key").symlink_to(tmp_path / "nowhere")
    with pytest.raises(KeyExists, match=r"y\.key"):
        make_key(tmp_path / "y.key", "insurer.example", COSIGNATURE, None)
    assert {path: path.read_bytes() for path in before} == before
    assert not (tmp_path / "x.key").exists()
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("late", ["log.key", "log.pub"])
def test_who_comes_second_at_the_same_moment_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    """Both found no file; the system lets only one create it."""
    (tmp_path / late).write_bytes(b"the other's")
    monkeypatch.setattr(os.path, "lexists", lambda _: False)
    with pytest.raises(KeyExists, match=late):
        make_key(tmp_path / "log.key", "studio.example", LOG, None)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {late: b"the other's"}


def test_a_key_without_its_public_one_does_not_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fills up between the two files: no key is left."""
    real = keys._write

    def full(path: Path, data: bytes, mode: int) -> None:
        if path.suffix == ".pub":
            raise OSError(28, "No space left on device")
        real(path, data, mode)

    monkeypatch.setattr(keys, "_write", full)
    with pytest.raises(StorageFailure, match="no space left"):
        make_key(tmp_path / "log.key", "studio.example", LOG, None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["x.pub", "/", ".", "..", ""])
def test_places_that_no_private_key_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """x.pub would be its own public key, and be given to others."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoKey, match="cannot hold a private key"):
        make_key(Path(place), "studio.example", LOG, None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u3000b", "a\udcffb"])
def test_names_that_no_key_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(NoKey, match="cannot name a key"):
        make_key(tmp_path / "log.key", name, LOG, None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("passphrase", ["correct horse", "密码 🔑", "\udcff", "x" * MAX_PASSPHRASE])
def test_an_encrypted_key(tmp_path: Path, passphrase: str) -> None:
    file = tmp_path / "log.key"
    made = make_key(file, "studio.example", LOG, passphrase)
    assert b"ENCRYPTED" in file.read_bytes()
    opened = open_key(file, lambda: passphrase)
    assert opened.verifier == made
    for wrong in ("", "x", passphrase + "x", "y" * 5_000):
        with pytest.raises(NoKey, match="passphrase") as refused:
            open_key(file, lambda wrong=wrong: wrong)  # type: ignore[misc]  # bound at once
        assert passphrase not in one_line(refused.value)


@pytest.mark.parametrize("passphrase", ["", "x" * (MAX_PASSPHRASE + 1), "é" * 600])
def test_passphrases_that_are_none(tmp_path: Path, passphrase: str) -> None:
    with pytest.raises(NoKey, match="a passphrase of"):
        make_key(tmp_path / "log.key", "studio.example", LOG, passphrase)
    assert list(tmp_path.iterdir()) == []


def test_who_is_asked_and_gives_up_ends_it(tmp_path: Path) -> None:
    make_key(tmp_path / "log.key", "studio.example", LOG, "secret")

    def gives_up() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_key(tmp_path / "log.key", gives_up)


def private_file(path: Path, data: bytes) -> Path:
    """A file that only its owner may read."""
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def test_a_damaged_key(tmp_path: Path) -> None:
    """Cut at every length, or with any bit changed: it opens as it was, or fails in one line."""
    made = make_key(tmp_path / "log.key", "studio.example", LOG, None)
    whole = (tmp_path / "log.key").read_bytes()
    seed = whole.split(b"\n")[3].decode()[22:40]
    opened = 0
    for data in (
        *(whole[:n] for n in range(0, len(whole), 3)),
        *(flipped(whole, bit) for bit in range(0, len(whole) * 8, 5)),
    ):
        found = _opened(private_file(tmp_path / "damaged.key", data))
        if isinstance(found, VerifierKey):
            opened += 1  # with another name or number, or with another end of its PEM
        else:
            assert seed not in one_line(found)
    assert 0 < opened < 150
    assert _opened(tmp_path / "log.key") == made


def _opened(file: Path) -> VerifierKey | NoKey:
    try:
        return open_key(file, lambda: "x").verifier
    except NoKey as refused:
        return refused


def pem(key: object) -> bytes:
    """Another private key as PEM."""
    return key.private_bytes(  # type: ignore[attr-defined,no-any-return]  # of several classes
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    )


def test_a_foreign_key(tmp_path: Path) -> None:
    head = b"name studio.example\ntype log\n"
    for key in (
        rsa.generate_private_key(65_537, 2_048),
        ec.generate_private_key(ec.SECP256R1()),
        x25519.X25519PrivateKey.generate(),
    ):
        with pytest.raises(NoKey, match="not an Ed25519 key"):
            open_key(private_file(tmp_path / "k", head + pem(key)), nobody)
    plain = pem(ed25519.Ed25519PrivateKey.generate())
    open_key(private_file(tmp_path / "k", head + plain), nobody)
    for data in (
        plain,  # without name and type
        b"name studio.example\n" + plain,
        b"type log\n" + plain,
        b"name studio.example\ntype witness-of-all\n" + plain,
        b"name two words\ntype log\n" + plain,  # notes would hold a line that no program can read
        b"name a+b\ntype log\n" + plain,
        b"name \ntype log\n" + plain,
        b"",
        b"\xff" * 100_000,
        head,
    ):
        with pytest.raises(NoKey, match="is not a private key"):
            open_key(private_file(tmp_path / "k", data), nobody)
    for kind in (b"RSA PRIVATE KEY", b"CERTIFICATE", b"OPENSSH PRIVATE KEY", b"PRIVATE KEY", b""):
        body = b"-----BEGIN %b-----\nb3BlbnNz\n-----END %b-----\n" % (kind, kind)
        with pytest.raises(NoKey, match="is damaged"):
            open_key(private_file(tmp_path / "k", head + body), nobody)


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666, 0o777])
def test_a_key_that_others_may_read_is_not_used(tmp_path: Path, bits: int) -> None:
    file = tmp_path / "log.key"
    make_key(file, "studio.example", LOG, None)
    file.chmod(bits)
    with pytest.raises(NoKey, match=f"others may read .*{bits:o}") as refused:
        open_key(file, nobody)
    assert "chmod 600" in one_line(refused.value)


def test_no_key_there(tmp_path: Path) -> None:
    with pytest.raises(NoKey, match="no key at"):
        open_key(tmp_path / "log.key", nobody)
    for place in (tmp_path, tmp_path / ("x" * 300), private_file(tmp_path / "f", b"") / "x"):
        with pytest.raises(NoKey, match="cannot be read"):
            open_key(place, nobody)


def test_a_public_key_is_itself_or_a_file(tmp_path: Path) -> None:
    key = LOG_KEY.verifier
    file = tmp_path / "a+b.pub"
    file.write_text(f"\n {key.text} \n")
    assert read_public(str(file)) == read_public(key.text) == read_public(f" {key.text}\n") == key
    for given in (
        "", "nowhere.pub", str(tmp_path), str(tmp_path / "x"), key.text[:-1], "a+b", "x" * 300,
        "x" * 300 + "+a+b", key.text.replace("/", "/" + "y" * 300, 1), "~no-such-user/x",
    ):  # fmt: skip
        with pytest.raises(NoKey) as refused:
            read_public(given)
        assert refused.value.exit_code == 2
        one_line(refused.value)
    for data in (b"", b"\0\xff" * 100, key.text.encode() * 2, b"+" * 1_000_000):
        (tmp_path / "bad.pub").write_bytes(data)
        with pytest.raises(NoKey, match=r"bad\.pub"):
            read_public(str(tmp_path / "bad.pub"))


def test_a_public_key_of_the_other_kind(tmp_path: Path) -> None:
    log, witness = LOG_KEY.verifier, VerifierKey("w", COSIGNATURE, LOG_KEY.verifier.public)
    assert read_public(log.text, LOG) == log
    with pytest.raises(NoKey, match="is the key of a witness, and that of a log is needed"):
        read_public(witness.text, LOG)
    with pytest.raises(NoKey, match="is the key of a log, and that of a witness is needed"):
        read_public(log.text, COSIGNATURE)


@pytest.mark.parametrize("passphrase", [None, "secret"])
def test_a_private_key_given_as_the_public_one_is_not_repeated(
    tmp_path: Path, passphrase: str | None
) -> None:
    """Messages get copied into mails and logs, so they must show nothing of the key."""
    file = tmp_path / "w.key"
    make_key(file, "w", COSIGNATURE, passphrase)
    with pytest.raises(NoKey, match="holds a private key") as refused:
        read_public(str(file))
    said = str(refused.value)
    assert str(public_file(file)) in said
    body = file.read_text().split("-----")[2].strip()
    text = file.read_text()
    assert not any(body[n : n + 6] in said for n in range(len(body) - 6))
    with pytest.raises(LedgerError) as repeated:
        VerifierKey.parse(text)
    assert not any(body[n : n + 6] in str(repeated.value) for n in range(len(body) - 6))


@pytest.mark.parametrize("read", [read_public, lambda file: open_key(Path(file), nobody)])
def test_a_disk_that_fails_is_not_a_key_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[str], object]
) -> None:
    """The named file is right, so this is not a usage error (exit code 2)."""
    file = tmp_path / "log.key"
    make_key(file, "studio.example", LOG, None)

    def failing(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "open", failing)
    with pytest.raises(StorageFailure, match="failed to read"):
        read(str(file))
