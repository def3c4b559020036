"""Every bad input to every audit command: one line, and an exit code that fits."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.scenarios.audit_stories import book, refused, signed_studio
from tests.terminal import Terminal, studio


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, for the audit files that are sent back and forth."""
    made = tmp_path / "desk"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


GARBAGE = bytes(range(256)) * 20

BAD_FILES = {
    "missing": (2, 10),
    "folder": (2, 74),
    "empty": (2, 3),
    "garbage": (2, 3),
    "huge": (2, 3),
    "zeros": (2, 3),
    "private": (2, 3),
    "locked": (2, 74),
    "~no-such-user/x": (2,),
}
"""A file with bad content, and the exit codes that fit."""

COMMANDS = {
    "prove": ("prove", "7"),
    "prove by a key": ("prove", "7", "--public", "{}"),
    "prove by a policy": ("prove", "7", "--policy", "{}"),
    "check-proof": ("check-proof", "{}", "--public", "studio.pub"),
    "check-proof by a key": ("check-proof", "proof", "--public", "{}"),
    "check-proof by a policy": ("check-proof", "proof", "--policy", "{}"),
    "check-proof of a line": ("check-proof", "bare", "--public", "studio.pub", "--line", "{}"),
    "checkpoint by a key": ("checkpoint", "--key", "{}"),
    "checkpoints by a key": ("checkpoints", "--public", "{}"),
    "checkpoints by a policy": ("checkpoints", "--policy", "{}"),
    "request by a key": ("request", "--public", "{}"),
    "cosign": ("cosign", "{}", "--key", "insurer.key", "--public", "studio.pub", "--seen", "s"),
    "cosign with a key": ("cosign", "request", "--key", "{}", "--public", "studio.pub",
                          "--seen", "s"),
    "cosign by a key": ("cosign", "request", "--key", "insurer.key", "--public", "{}",
                        "--seen", "s"),
    "accept": ("accept", "{}", "--witness", "insurer.pub"),
    "accept of a witness": ("accept", "answer", "--witness", "{}"),
    "accept by a policy": ("accept", "answer", "--policy", "{}"),
    "accept by a key": ("accept", "answer", "--witness", "insurer.pub", "--public", "{}"),
    "key show": ("key", "show", "{}"),
}  # fmt: skip


@pytest.fixture
def desk(sqlite_url: str, folder: Path) -> Terminal:
    """Good files, and one bad file of each kind."""
    signed = signed_studio(sqlite_url, folder)
    signed.must("audit", "prove", "7", "--without-line", "-o", "bare")
    signed.must("audit", "request", "-o", "request")
    signed.must("audit", "cosign", "request", "--key", "insurer.key", "--public", "studio.pub",
                "--seen", "seen", "-o", "answer")  # fmt: skip
    (folder / "folder").mkdir()
    for name, data in {"empty": b"", "garbage": GARBAGE, "zeros": bytes(5_000)}.items():
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o600)
    with (folder / "huge").open("wb") as huge:
        huge.truncate(100_000_000)
    (folder / "huge").chmod(0o600)
    shutil.copy(folder / "insurer.key", folder / "private")
    (folder / "locked").write_bytes(b"locked")
    (folder / "locked").chmod(0)
    return signed


@pytest.mark.parametrize("words", [w for w in COMMANDS.values() if "{}" in w], ids=" ".join)
def test_every_file_that_is_none(desk: Terminal, folder: Path, words: tuple[str, ...]) -> None:
    """One line, a fitting exit code, nothing signed, and no part of a private key shown."""
    seed = (folder / "private").read_text().split("-----")[2].strip()[22:]
    audit = Path(desk.ledger).with_suffix(".audit")
    before = (audit / "checkpoints").read_bytes()
    for name, codes in BAD_FILES.items():
        if name == "locked" and os.geteuid() == 0:
            continue  # root may read everything
        if name == "private" and words[:2] == ("cosign", "request") and words[3] == "{}":
            continue  # here it is the right file
        done = desk.run("audit", *(name if word == "{}" else word for word in words))
        assert done.code in codes, (name, done.code, done.err)
        refused(done, done.code)
        assert "bug" not in done.err, (name, done.err)
        assert len(done.err) < 600
        assert seed[:6] not in done.err
    assert (audit / "checkpoints").read_bytes() == before
    assert not (folder / "s").exists()


KEYS = {
    "": (2,),
    "x": (2,),
    "+": (2,),
    "a+b+c": (2,),
    "x" * 300 + "+a+b": (2,),
    "\udcff+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k": (2,),
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k": (3,),
    "insurer.pub": (2,),
}
"""Keys as text: none, another log's, or a witness's instead of a log's."""


@pytest.mark.parametrize("words", [w for n, w in COMMANDS.items() if "by a key" in n], ids=" ".join)
def test_every_key_that_is_none(desk: Terminal, words: tuple[str, ...]) -> None:
    for key, codes in KEYS.items():
        done = desk.run("audit", *(key if word == "{}" else word for word in words))
        if key == "" and "checkpoint" in words:
            continue  # without --key, the default applies
        a_file = "--key" in words and words[words.index("--key") + 1] == "{}"
        assert done.code in ((2,) if a_file else codes), (key, done.code, done.err)
        refused(done, done.code)
        assert "bug" not in done.err, (key, done.err)


def test_a_ledger_that_is_none(desk: Terminal, folder: Path) -> None:
    for place, code in (("nowhere.db", 10), ("folder", 10), ("garbage", 10), ("/", 10)):
        for words in (
            *(("prove", "7"), ("checkpoint",), ("checkpoints",), ("request",), ("key", "new")),
            ("accept", "answer", "--witness", "insurer.pub"),
        ):
            done = Terminal(place).run("audit", *words)
            assert done.code in (code, 74), (place, words, done.err)
            refused(done, done.code)
    for place in ("/", "postgresql://h:abc/x", "postgresql://[h/x", "~no-such-user/x"):
        refused(Terminal(place).run("audit", "key", "show"), 2)


@pytest.mark.parametrize("position", ["0", "11", "x", "-1", "#", "7.0", "９", "9" * 30])
def test_positions_that_are_none(desk: Terminal, position: str) -> None:
    refused(desk.run("audit", "prove", "--", position), 2)


@pytest.mark.parametrize("since", ["9", "11", "9" * 30])
def test_requests_from_where_nothing_was_signed(desk: Terminal, since: str) -> None:
    refused(desk.run("audit", "request", "--since", since), 1, f"no checkpoint of size {since}")


def test_an_audit_folder_that_is_none(desk: Terminal, folder: Path) -> None:
    for place in ("garbage", "folder", "nowhere"):
        for words in (("prove", "7"), ("checkpoints",), ("request",), ("key", "show"),
                      ("checkpoint",)):  # fmt: skip
            refused(desk.run("audit", *words, "--audit-dir", place), 2)
    refused(desk.run("audit", "key", "new", "--audit-dir", "garbage"), 74, "garbage")
    audit = Path(desk.ledger).with_suffix(".audit")
    (audit / "checkpoints").write_bytes(GARBAGE)
    for line in ("prove 7", "checkpoints", "request", "checkpoint", "accept answer"):
        more = ("--witness", "insurer.pub") if line.startswith("accept") else ()
        refused(desk.run("audit", *line.split(), *more), 3, "restore it from a copy")
    assert (audit / "checkpoints").read_bytes() == GARBAGE
    (audit / "checkpoints").unlink()
    (audit / "checkpoints").mkdir()
    for words in (("prove", "7"), ("checkpoints",), ("checkpoint",)):
        refused(desk.run("audit", *words), 74, "checkpoints")


def test_before_anything_was_signed(sqlite_url: str, folder: Path) -> None:
    terminal = studio(sqlite_url)
    refused(terminal.run("audit", "checkpoint"), 2, "no key at", "audit key new")
    refused(terminal.run("audit", "prove", "3"), 2, "no public key", "audit key new")
    terminal.must("audit", "key", "new")
    refused(terminal.run("audit", "prove", "3"), 1, "no checkpoint covers #3", "audit checkpoint")
    refused(terminal.run("audit", "request"), 1, "nothing was signed yet")
    assert "0 checkpoints; 10 events" in terminal.must("audit", "checkpoints").err


def test_what_cannot_be_written_is_not_signed(desk: Terminal, folder: Path) -> None:
    """The place of the answer is checked first."""
    book(desk, 1)
    audit = Path(desk.ledger).with_suffix(".audit")
    before = (audit / "checkpoints").read_bytes()
    seen = (folder / "seen").read_bytes()
    for place, code in (("folder", 2), ("nowhere/x", 74), (desk.ledger, 2)):
        refused(desk.run("audit", "checkpoint", "-o", place), code)
        refused(desk.run("audit", "cosign", "request", "--key", "insurer.key", "--public",
                         "studio.pub", "--seen", "seen", "-o", place), code)  # fmt: skip
        refused(desk.run("audit", "prove", "3", "-o", place), code)
    assert (audit / "checkpoints").read_bytes() == before
    assert (folder / "seen").read_bytes() == seen


def test_names_that_would_steer_a_terminal_are_shown_as_escapes(
    desk: Terminal, folder: Path
) -> None:
    """A received proof may be hostile: the name of its claimed signer is escaped."""
    text = (folder / "proof").read_text().replace("— studio.example ", "— \u009b31m\u202eoidutS ")
    (folder / "steers").write_text(text)
    done = refused(desk.run("audit", "check-proof", "steers", "--public", "studio.pub"), 3)
    assert "\\x9b31m\\u202eoidutS" in done.err
    assert done.err.isprintable() or done.err[:-1].isprintable()


def test_a_program_of_its_own_says_it_in_one_line_too(desk: Terminal, folder: Path) -> None:
    done = desk.program("audit", "check-proof", "garbage", "--public", "studio.pub")
    refused(done, 3, "this is not a proof")
    done = desk.program("audit", "check-proof", "-", "--public", "studio.pub",
                        stdin=(folder / "proof").read_bytes())  # fmt: skip
    assert done.code == 0
    done = desk.program("audit", "cosign", "-", "--key", "insurer.key", "--public", "studio.pub",
                        "--seen", "fresh", stdin=(folder / "request").read_bytes())  # fmt: skip
    assert done.out.startswith("studio.example\n10\n")


def test_a_witness_has_to_be_named(desk: Terminal) -> None:
    refused(desk.run("audit", "accept", "answer"), 2, "no witness is trusted here yet", "--witness")
    for _ in range(2):
        taken = desk.must("audit", "accept", "answer", *("--witness", "insurer.pub") * 2)
        assert "#10 is cosigned by insurer.example" in taken.err
