"""The audit from the terminal: the whole story, and what can go wrong in it."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.benchmarks.histories import QUICK, history, make_ledger
from tests.scenarios.audit_stories import book, refused, signed_studio
from tests.terminal import Done, Terminal, studio
from tests.unit.audit.independent import accepts
from tests.unit.log.test_filesystems import _as_nobody


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


SECRET = "STUDIO_LEDGER_KEY_PASSPHRASE"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, for the audit files that are sent back and forth."""
    made = tmp_path / "desk"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def terminal(ledger_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A studio on each database, with its audit folder beside the desk."""
    monkeypatch.setenv("STUDIO_LEDGER_AUDIT", str(folder.parent / "studio.audit"))
    return studio(ledger_url)


@pytest.fixture
def signed(sqlite_url: str, folder: Path) -> Terminal:
    """A studio in a file, signed once."""
    return signed_studio(sqlite_url, folder)


def facts(done: Done) -> dict[str, Any]:
    """The output of check-proof."""
    return {row["field"]: row["value"] for row in done.data}


def test_the_whole_story(terminal: Terminal, folder: Path) -> None:
    """Key, checkpoint, more bookings, checkpoint, proof, two witnesses, a policy of both."""
    public = terminal.must("audit", "key", "new").out
    (folder / "studio.pub").write_text(public)
    assert terminal.must("audit", "key", "show").out == public
    first = terminal.must("audit", "checkpoint")
    assert first.out.startswith("studio.example\n10\n")
    assert "signed 10 events, the first" in first.err
    book(terminal, 1)
    refused(terminal.run("audit", "prove", "11"), 1, "no checkpoint covers #11", "ends at #10")
    second = terminal.must("audit", "checkpoint", "-o", "second")
    assert second.out == ""
    assert "signed 11 events, 1 more" in second.err
    again = terminal.must("audit", "checkpoint")
    assert again.out.encode() == (folder / "second").read_bytes()
    assert "is already signed" in again.err

    terminal.must("audit", "prove", "#11", "-o", "proof")
    stranger = Terminal("nowhere.db")
    checked = stranger.must("audit", "check-proof", "proof", "--public", "studio.pub", "--json")
    shown = facts(checked)
    assert (shown["position"], shown["log"]) == ("#11", "studio.example")
    assert (shown["type"], shown["actor"]) == ("BookingHeld", "ada")
    assert "more-1" in shown["about"]
    assert shown["signed by"] == public.strip()
    assert "proved: this line is event #11 of 11" in checked.err
    assert accepts((folder / "proof").read_bytes(), None, public.strip())

    policy = _two_witnesses(terminal, stranger, folder, public)
    checking = ("audit", "check-proof", "proof", "--policy", "two-of-two")
    refused(stranger.run(*checking), 3, "cosigned by no witness", "2 of insurer, union")
    _cosigned(terminal, stranger, "insurer", since=0)
    proving = terminal.must("audit", "prove", "11", "-o", "proof", "--policy", "two-of-two")
    assert "no checkpoint that covers it meets the policy yet" in proving.err
    refused(stranger.run(*checking), 3, "cosigned by insurer", "2 of insurer, union")
    _cosigned(terminal, stranger, "union", since=0)
    proving = terminal.must("audit", "prove", "11", "-o", "proof", "--policy", "two-of-two")
    assert "meets the policy" not in proving.err
    shown = facts(stranger.must(*checking, "--json"))
    assert shown["witnesses"] == ["insurer", "union"]
    assert {"seen by insurer", "seen by union"} <= set(shown)
    data = (folder / "proof").read_bytes()
    assert accepts(data, None, public.strip(), policy, 2)

    book(terminal, 2)
    terminal.must("audit", "checkpoint", "-o", "third")
    _cosigned(terminal, stranger, "insurer", since=11)
    listed = terminal.must("audit", "checkpoints", "--json", "--policy", "two-of-two").data
    assert [row["size"] for row in listed] == [10, 11, 12]
    assert [len(row["cosigned_by"]) for row in listed] == [0, 2, 1]
    # The proof uses the newest checkpoint that both have cosigned, not the newest.
    terminal.must("audit", "prove", "3", "-o", "proof", "--policy", "two-of-two")
    shown = facts(stranger.must(*checking, "--json"))
    assert (shown["position"], shown["events signed"]) == ("#3", 11)


def _two_witnesses(terminal: Terminal, stranger: Terminal, folder: Path, public: str) -> list[str]:
    keys = {}
    for name in ("insurer", "union"):
        made = stranger.must(
            "audit", "key", "new", "--witness", f"{name}.example/w1", "--key", f"{name}.key"
        )
        keys[name] = made.out.strip()
    lines = [f"log {public.strip()}", *(f"witness {n} {k}" for n, k in keys.items())]
    lines += ["group both all insurer union", "quorum both"]
    (folder / "two-of-two").write_text("\n".join(lines) + "\n")
    return list(keys.values())


def _cosigned(terminal: Terminal, witness: Terminal, name: str, *, since: int) -> None:
    """Send a request to a witness, and accept its answer."""
    terminal.must("audit", "request", "--since", str(since), "-o", "request")
    done = witness.must(
        *("audit", "cosign", "request", "-o", "answer", "--public", "studio.pub"),
        *("--key", f"{name}.key", "--seen", f"{name}.seen"),
    )
    assert (f"which continues #{since}" if since else "the first one seen here") in done.err
    taken = terminal.must("audit", "accept", "answer", "--policy", "two-of-two")
    assert f"is cosigned by {name}.example/w1" in taken.err


def test_a_restore_from_an_older_copy_is_found(signed: Terminal, folder: Path) -> None:
    """The copy gets other events: nothing is signed, and the message says what happened."""
    book(signed, 1)
    copy = folder / "copy.db"
    with closing(sqlite3.connect(signed.ledger)) as ledger, closing(sqlite3.connect(copy)) as kept:
        ledger.backup(kept)
    for number in (2, 3):
        book(signed, number)
    signed.must("audit", "checkpoint", "-o", "thirteen")
    for left in ("", "-wal", "-shm"):
        Path(f"{signed.ledger}{left}").unlink(missing_ok=True)
    shutil.copy(copy, signed.ledger)

    gone = "the log ends at #11, and #13 was signed: 2 events are gone"
    refused(signed.run("audit", "checkpoint"), 3, gone, "an older copy")
    refused(signed.run("audit", "prove", "3"), 3, "2 events are gone")
    book(signed, 4)
    book(signed, 5)
    refused(signed.run("audit", "checkpoint"), 3, "the first 13 events are not those", "after #10")
    book(signed, 6)
    refused(signed.run("audit", "checkpoint", "-o", "never"), 3, "the first 13 events are not")
    assert not (folder / "never").exists()
    checkpoints = Path(signed.ledger).with_suffix(".audit") / "checkpoints"
    assert (folder / "thirteen").read_bytes() in checkpoints.read_bytes()
    # Old proofs still hold, and events that are still there can be proved by older checkpoints.
    signed.must("audit", "check-proof", "proof", "--public", "studio.pub")
    refused(signed.run("audit", "prove", "12"), 3, "the lines are not those of the checkpoint")


def test_a_line_that_was_changed_in_the_file_is_found(signed: Terminal, folder: Path) -> None:
    """Change a line with the database's own tools, past the triggers."""
    with closing(sqlite3.connect(signed.ledger)) as ledger:
        listed = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (name,) in ledger.execute(listed).fetchall():
            ledger.execute(f'DROP TRIGGER "{name}"')
        table = _table_of_lines(ledger)
        ledger.execute(
            f"UPDATE {table} SET data = CAST(replace(data, 'Stage 2', 'Stage 3') AS BLOB) "
            "WHERE position = 5"
        )
        ledger.commit()
        assert ledger.total_changes == 1
        refused(signed.run("audit", "checkpoint"), 3, "the first 10 events are not those")
        refused(signed.run("audit", "prove", "5"), 3, "the lines are not those")
        # A clumsy change: text instead of bytes.
        ledger.execute(f"UPDATE {table} SET data = CAST(data AS TEXT) WHERE position = 5")
        ledger.commit()
        for words in (("checkpoint",), ("prove", "5")):
            refused(signed.run("audit", *words), 74, "#5 of", "is damaged")


@pytest.mark.skipif(usable_cores() < 2, reason="one process reads all, here")
@pytest.mark.parametrize("changed", ["nothing", "a line", "a gap"])
def test_several_processes_tell_what_one_does(changed: str, folder: Path) -> None:
    """Run as a program, on a log long enough for several processes."""
    long = Terminal(str(folder / "long.db"))
    head = make_ledger(long.ledger, history(QUICK.of(7_000)))
    long.must("audit", "key", "new")
    long.must("audit", "checkpoint")
    with closing(sqlite3.connect(long.ledger)) as ledger:
        for (name,) in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            ledger.execute(f'DROP TRIGGER "{name}"')
        if changed == "a line":
            ledger.execute("UPDATE event SET data = replace(data, '2025', '2024') WHERE position=3")
        elif changed == "a gap":
            ledger.execute("DELETE FROM event WHERE position = 4000")
        ledger.commit()
    words = ("audit", "verify", "--format", "json", "--processes")
    one, several = (long.program(*words, count) for count in ("1", "3"))
    assert one.code == several.code == 3  # at least the guards are gone
    told = [[{**row, "seconds": 0} for row in done.data] for done in (one, several)]
    assert told[0] == told[1]
    bad = {row["check"] for row in told[0] if row["state"] == "bad"}
    assert ("tree" in bad) == (changed != "nothing")
    assert head > 3 * 2_048


def _table_of_lines(ledger: sqlite3.Connection) -> str:
    for (name,) in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        columns = {row[1] for row in ledger.execute(f'PRAGMA table_info("{name}")')}
        if {"position", "recorded_at", "data"} <= columns:
            return f'"{name}"'
    raise AssertionError("no table of lines")


def test_an_encrypted_key(signed: Terminal, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apart = ("--audit-dir", str(folder / "apart"))
    new = ("audit", "key", "new", "--passphrase", *apart)
    refused(signed.run(*new), 2, "no terminal to ask", SECRET)
    monkeypatch.setenv(SECRET, "")
    refused(signed.run(*new), 2, "the passphrase is empty")
    monkeypatch.setenv(SECRET, "x" * 2_000)
    refused(signed.run(*new), 2, "a passphrase of 2,000 bytes")
    monkeypatch.setenv(SECRET, "correct horse")
    signed.must(*new)
    assert "ENCRYPTED" in (folder / "apart" / "log.key").read_text()
    signed.must("audit", "checkpoint", *apart)
    for wrong in ("correct", ""):
        monkeypatch.setenv(SECRET, wrong)
        refused(
            signed.run("audit", "checkpoint", *apart), 2, "passphrase", "log.key" if wrong else "0"
        )
    monkeypatch.delenv(SECRET)
    refused(signed.run("audit", "checkpoint", *apart), 2, "is encrypted", SECRET)
    # Proving needs no private key, and so no passphrase.
    signed.must("audit", "prove", "3", *apart)


def test_a_key_elsewhere(signed: Terminal, folder: Path) -> None:
    """The public key goes to the audit folder; another private key signs nothing."""
    apart = ("--audit-dir", str(folder / "apart"))
    signed.must("audit", "key", "new", "--key", "stick/studio.key", *apart)
    assert stat.S_IMODE((folder / "stick" / "studio.key").stat().st_mode) == 0o600
    assert (folder / "apart" / "log.pub").read_text() == (folder / "stick/studio.pub").read_text()
    refused(signed.run("audit", "checkpoint", *apart), 2, "no key at")
    key = Path(signed.ledger).with_suffix(".audit") / "log.key"
    refused(signed.run("audit", "checkpoint", "--key", str(key), *apart), 2, "is not that of")
    refused(signed.run("audit", "checkpoint", "--key", "insurer.key", *apart), 2, "a witness's key")
    assert not (folder / "apart" / "checkpoints").exists()
    signed.must("audit", "checkpoint", "--key", "stick/studio.key", *apart)
    refused(
        signed.run("audit", "key", "new", "--key", "stick/studio.key", *apart),
        1,
        "another public key",
    )
    refused(
        signed.run("audit", "key", "new", "--key", "other.key", *apart), 1, "another public key"
    )


def test_who_may_only_read_the_file_can_sign_and_prove(sqlite_url: str) -> None:
    """Only the audit folder is written to."""
    import tempfile

    place = Path(tempfile.mkdtemp())  # pytest's own folders are closed to other users
    try:
        terminal = studio(str(place / "studio.db"))
        audit = place / "audit"
        audit.mkdir()
        key = place / "log.key"
        terminal.must("audit", "key", "new", "--key", str(key), "--audit-dir", str(audit))
        for path in (audit, key, *audit.iterdir()):
            os.chown(path, 65_534, -1) if os.geteuid() == 0 else None
        with closing(sqlite3.connect(terminal.ledger)) as ledger:
            ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        Path(terminal.ledger).chmod(0o444)
        place.chmod(0o555)
        with _as_nobody():
            there = ("--audit-dir", str(audit))
            terminal.must("audit", "checkpoint", "--key", str(key), *there)
            terminal.must("audit", "prove", "3", *there, "-o", str(audit / "proof"))
            terminal.must("audit", "checkpoints", *there)
            terminal.must("audit", "check-proof", str(audit / "proof"),
                          "--public", str(audit / "log.pub"))  # fmt: skip
    finally:
        place.chmod(0o755)
        shutil.rmtree(place)


@contextmanager
def _reader(url: str) -> Iterator[str]:
    """The ledger's URL for a role that may only SELECT."""
    admin = make_url(url)
    schema = str(admin.query["schema"])
    role = f"reader_{secrets.token_hex(4)}"
    plain = admin.difference_update_query(["schema"]).set(drivername="postgresql")
    with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as made:
        name, place = sql.Identifier(role), sql.Identifier(schema)
        made.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
        made.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(place, name))
        made.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(place, name))
        try:
            yield admin.set(username=role).render_as_string(hide_password=False)
        finally:
            made.execute(sql.SQL("DROP OWNED BY {}").format(name))
            made.execute(sql.SQL("DROP ROLE {}").format(name))


def test_who_may_only_select_can_sign_and_prove(
    postgres_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_LEDGER_AUDIT", str(folder / "audit"))
    studio(postgres_url)
    with _reader(postgres_url) as url:
        reader = Terminal(url)
        (folder / "studio.pub").write_text(reader.must("audit", "key", "new").out)
        reader.must("audit", "checkpoint")
        reader.must("audit", "prove", "3", "-o", "proof")
        reader.must("audit", "request", "-o", "request")
        reader.must("audit", "checkpoints")
        reader.must("audit", "check-proof", "proof", "--public", "studio.pub")
        may_not = reader.run("site", "add", "x", "--name", "X", "--zone", "UTC")
        assert may_not.code == 74, may_not.err


def test_a_witness_that_is_shown_two_histories(signed: Terminal, folder: Path) -> None:
    cosign = ("audit", "cosign", "request", "--key", "insurer.key", "--public", "studio.pub",
              "--seen", "seen")  # fmt: skip
    signed.must("audit", "request", "-o", "request")
    answer = signed.must(*cosign)
    assert answer.out.encode() + b"\n" == (folder / "seen").read_bytes()
    refused(signed.run(*cosign), 1, "has cosigned #10", "audit request --since 10")
    # The same key, but another history with one more event.
    key = Path(signed.ledger).with_suffix(".audit")
    other = studio(str(folder / "other.db"), anew=True)
    apart = folder / "other.audit"
    shutil.copytree(key, apart)
    (apart / "checkpoints").unlink()
    other.must("audit", "checkpoint")
    book(other, 1)
    other.must("audit", "checkpoint")
    other.must("audit", "request", "--since", "10", "-o", "request")
    refused(signed.run(*cosign), 3, "does not continue the one that this witness has cosigned, #10")
    other.must("audit", "request", "--since", "0", "-o", "request")
    refused(signed.run(*cosign), 1, "has cosigned #10")
    # And the first log does not accept a cosignature for the other history.
    elsewhere = other.must(*cosign[:-1], "elsewhere", "-o", "answer")
    assert "cosigned #11 of studio.example" in elsewhere.err
    refused(signed.run("audit", "accept", "answer", "--witness", "insurer.pub"), 3,
            "is signed by this log's key, but is not among")  # fmt: skip


def test_a_proof_and_a_line_that_do_not_belong_together(signed: Terminal, folder: Path) -> None:
    check = ("audit", "check-proof", "proof", "--public", "studio.pub")
    line = signed.lines()[6]
    (folder / "line").write_bytes(line + b"\n")
    signed.must(*check, "--line", "line")
    (folder / "line").write_bytes(signed.lines()[5])
    refused(signed.run(*check, "--line", "line"), 3, "the proof holds a different line")
    signed.must("audit", "prove", "7", "--without-line", "-o", "proof")
    refused(signed.run(*check), 2, "the proof holds no line", "--line FILE")
    refused(signed.run(*check, "--line", "line"), 3, "does not lead from this line")
    (folder / "line").write_bytes(line)
    signed.must(*check, "--line", "line")
    refused(signed.run(*check, "--line", "line", "--origin", "other"), 3, "not 'other'")
