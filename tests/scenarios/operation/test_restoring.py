"""`restore`: what comes out is what went in, and goes on as what it is."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from ledger.application import Author, Ledger
from ledger.audit.verification.batches import batches
from ledger.audit.verification.lineage import Origins
from ledger.backups import Continuing, Known, restore
from ledger.decisions.projects import OpenProject
from ledger.errors import LedgerExists
from ledger.events import STUDIO_EVENTS, LedgerContinued
from ledger.events.base import Header, Registry
from ledger.events.ledgers import CONTINUED
from ledger.log.eventlog import restore_log
from tests.backups import project, root_of, tamper, there
from tests.terminal import Terminal, studio

WHO = Author("ana")


# --- restore -----------------------------------------------------------------------------


@pytest.fixture
def backup(signed: Terminal, audit: tuple[str, str], tmp_path: Path) -> tuple[str, str]:
    """A backup of `signed`, and its root."""
    copy = tmp_path / "copy.db"
    [row] = signed.must("backup", str(copy), "--json", *audit).data
    return str(copy), row["root"]


def test_what_is_restored_is_the_ledger(
    signed: Terminal,
    backup: tuple[str, str],
    audit: tuple[str, str],
    elsewhere: Terminal,
    postgres_url: str,
) -> None:
    lines = signed.lines()
    for place in [elsewhere] if "://" in signed.ledger else [elsewhere, Terminal(postgres_url)]:
        dry = place.must("restore", backup[0], "--root", backup[1], "--dry-run", *audit)
        assert "would be in" in dry.err
        assert place.run("log").code == 10
        [row] = place.must("restore", backup[0], "--root", backup[1], "--json", *audit).data
        assert (row["position"], row["root"], row["continued"]) == (10, backup[1], None)
        assert place.lines() == lines
        project(place, "next")
        place.must("audit", "checkpoint", *audit)
        assert place.run("restore", backup[0], *audit).code == 1
        assert len(place.lines()) == 11
        shutil.rmtree(audit[1])
        signed.must("audit", "key", "new", *audit)
        signed.must("audit", "checkpoint", *audit)


def test_a_backup_from_before_the_last_checkpoint_makes_no_second_history(
    signed: Terminal, backup: tuple[str, str], audit: tuple[str, str], elsewhere: Terminal
) -> None:
    project(signed, "later")
    signed.must("audit", "checkpoint", *audit)
    for dry in ((), ("--dry-run",)):
        done = elsewhere.run("restore", backup[0], *audit, *dry)
        assert (done.code, done.out) == (3, "")
        assert "#11 of studio.example was signed, but this ends at #10: 1 event is" in done.err
        assert "--as-new-origin NAME" in done.err
        assert not Path(elsewhere.ledger).exists()


def test_it_is_held_against_a_checkpoint_that_somebody_kept(
    signed: Terminal, backup: tuple[str, str], audit: tuple[str, str], tmp_path: Path
) -> None:
    project(signed, "later")
    kept = tmp_path / "kept"
    signed.must("audit", "checkpoint", "-o", str(kept), *audit)
    place = Terminal(str(tmp_path / "restored.db"))
    done = place.run("restore", backup[0], "--against", str(kept))
    assert done.code == 3
    assert not Path(place.ledger).exists()


@pytest.fixture
def branch(
    signed: Terminal, backup: tuple[str, str], audit: tuple[str, str], tmp_path: Path
) -> str:
    """A backup as long as what was signed, of another history."""
    other = Terminal(str(tmp_path / "other.db"))
    other.must("restore", backup[0])
    project(other, "another")
    project(signed, "later")
    signed.must("audit", "checkpoint", *audit)
    other.must("backup", str(tmp_path / "branch.db"))
    return str(tmp_path / "branch.db")


def test_another_history_of_the_same_length_is_told(
    branch: str, audit: tuple[str, str], elsewhere: Terminal
) -> None:
    done = elsewhere.run("restore", branch, *audit)
    assert done.code == 3
    assert "its first 11 events have the root" in done.err
    assert not Path(elsewhere.ledger).exists()


def _files(folder: str) -> dict[str, bytes]:
    found = (file for file in sorted(Path(folder).rglob("*")) if file.is_file())
    return {str(file): file.read_bytes() for file in found}


def test_it_goes_on_as_another_log_that_says_so(
    signed: Terminal,
    backup: tuple[str, str],
    branch: str,
    audit: tuple[str, str],
    elsewhere: Terminal,
    tmp_path: Path,
) -> None:
    old = _files(audit[1])
    listed = signed.must("audit", "checkpoints", "--json", *audit).data
    [lost] = [row for row in listed if row["size"] == 11]
    words = ("--as-new-origin", "studio.example/2", "--reason", "the disk died", *audit)
    dry = elsewhere.must("restore", backup[0], *words, "--dry-run")
    assert "#11 would say that it continues as studio.example/2" in dry.err
    done = elsewhere.must("restore", backup[0], *words, "--json")
    assert (done.data[0]["position"], done.data[0]["continued"]) == (10, 11)
    assert _files(audit[1]) == old, "the old log's folder is left as it is"
    assert elsewhere.lines()[:10] == signed.lines()[:10]
    [entry] = elsewhere.must("show", "11", "--json").data
    assert entry["type"] == "LedgerContinued"
    assert entry["payload"] == {
        "origin": "studio.example/2",
        "former": "studio.example",
        "size": 10,
        "root": backup[1],
        "lost_size": 11,
        "lost_root": lost["root"],
    }
    assert (entry["actor"], entry["reason"]) == ("ada", "the disk died")
    # From here on it is that log: its key, its checkpoints, its backups.
    new = elsewhere.must("audit", "key", "new").out
    assert new.startswith("studio.example/2+")
    elsewhere.must("audit", "checkpoint", "-o", str(tmp_path / "cp"))
    assert (tmp_path / "cp").read_text().startswith("studio.example/2\n11\n")
    results = {r["check"]: r for r in elsewhere.must("audit", "verify", "--json").data}
    assert results["origins"]["found"] == "studio.example, then studio.example/2"
    assert "studio.example/2" in elsewhere.must("doctor").out
    assert elsewhere.run("audit", "verify", *audit).code == 3, "it is not the old log"
    elsewhere.must("backup", str(tmp_path / "second.db"))
    third = Terminal(str(tmp_path / "third.db"))
    project(elsewhere, "more")
    elsewhere.must("audit", "checkpoint")
    own = ("--audit-dir", str(tmp_path / "restored.audit"))
    assert third.run("restore", str(tmp_path / "second.db"), *own).code == 3
    name = ("--as-new-origin", "studio.example")
    again = third.run("restore", str(tmp_path / "second.db"), *own, *name)
    assert (again.code, "has had the name 'studio.example'" in again.err) == (1, True)
    third.must("restore", str(tmp_path / "second.db"), *own, "--as-new-origin", "studio.example/3")
    results = {r["check"]: r for r in third.must("audit", "verify", "--json").data}
    assert results["origins"]["found"].endswith("studio.example/2, then studio.example/3")


def test_the_new_log_gets_an_audit_folder_of_its_own(sqlite_url: str, tmp_path: Path) -> None:
    terminal = studio(sqlite_url)
    terminal.must("audit", "key", "new")
    terminal.must("backup", str(tmp_path / "copy.db"))
    terminal.must("audit", "checkpoint")
    Path(sqlite_url).unlink()
    done = terminal.run("restore", str(tmp_path / "copy.db"), "--as-new-origin", "studio.example/2")
    assert (done.code, "They are the old log's" in done.err) == (1, True)
    assert not Path(sqlite_url).exists()
    terminal.must("restore", str(tmp_path / "copy.db"))


def test_a_continued_log_goes_to_a_server_as_well(
    sqlite_url: str, postgres_url: str, tmp_path: Path
) -> None:
    terminal = studio(sqlite_url)
    terminal.must("backup", str(tmp_path / "copy.db"))
    server = Terminal(postgres_url)
    server.must("restore", str(tmp_path / "copy.db"), "--as-new-origin", "studio.example/2")
    assert server.lines()[:10] == terminal.lines()
    assert b"LedgerContinued" in server.lines()[10]
    project(server, "next")
    assert server.must("audit", "verify", "--check", "origins").out


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET data = CAST(replace(CAST(data AS TEXT), 'ada', 'bob') AS BLOB)"
        " WHERE position = 6",
        "DELETE FROM event WHERE position = 10",
        "DELETE FROM event WHERE position = 4",
        "DELETE FROM event WHERE position = 1",
        "UPDATE event SET position = 0 WHERE position = 1",
        "UPDATE event SET recorded_at = '2020-01-01T00:00:00.000000Z' WHERE position = 6",
        "UPDATE event SET recorded_at = 'today' WHERE position = 6",
        "UPDATE event SET tags = '[\"space:x\"]' WHERE position = 6",
        "UPDATE event SET type = 'LedgerOpened' WHERE position = 6",
        "UPDATE event SET data = NULL WHERE position = 6 AND 0",
        "UPDATE event SET data = 'none' WHERE position = 6",
    ],
)
def test_a_backup_that_was_changed_restores_nothing(
    signed: Terminal,
    backup: tuple[str, str],
    audit: tuple[str, str],
    elsewhere: Terminal,
    tmp_path: Path,
    statement: str,
) -> None:
    tamper(Path(backup[0]), statement)
    before = there(tmp_path)
    done = elsewhere.run("restore", backup[0], "--root", backup[1], *audit)
    harmless = statement.endswith("AND 0")  # the counterpart: nothing was changed
    assert (done.code, bool(done.out)) == ((0, True) if harmless else (3, False)), done.err
    if not harmless:
        assert there(tmp_path) == before


@pytest.mark.parametrize(
    ("content", "code"), [(None, 10), (b"", 10), (b"a letter", 10), (b"SQLite format 3\0", 10)]
)
def test_what_is_no_backup(tmp_path: Path, content: bytes | None, code: int) -> None:
    file = tmp_path / "copy.db"
    if content is not None:
        file.write_bytes(content)
    done = Terminal(str(tmp_path / "new.db")).run("restore", str(file))
    assert (done.code, "is not a backup" in done.err) == (code, True), done.err
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("root", ["x", "", "AAAA", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="])
def test_a_root_that_is_not_its_own(
    backup: tuple[str, str], elsewhere: Terminal, root: str
) -> None:
    done = elsewhere.run("restore", backup[0], "--root", root)
    assert done.code == (3 if len(root) == 44 else 2)
    assert not Path(elsewhere.ledger).exists()


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
def test_checkpoints_of_another_log_are_told(
    backup: tuple[str, str], elsewhere: Terminal, tmp_path: Path
) -> None:
    other = Terminal(str(tmp_path / "other.db"))
    other.must("init", "--origin", "elsewhere.example")
    other.must("audit", "key", "new")
    other.must("audit", "checkpoint")
    done = elsewhere.run("restore", backup[0], "--audit-dir", str(tmp_path / "other.audit"))
    assert (done.code, "elsewhere.example" in done.err) == (3, True)


# --- what a continuing line says is checked ---------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"root": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}, "have the root"),
        ({"size": 9}, "says that 9 lines are shared, but 10 stand before it"),
        ({"former": "nobody"}, "continues the log 'nobody', but it was 'studio.example'"),
        ({"origin": "studio.example"}, "takes the name 'studio.example' again"),
    ],
)
def test_a_continuing_line_that_lies_is_found(
    sqlite_url: str, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    lines = studio(sqlite_url).lines()
    true: dict[str, object] = {
        "origin": "b", "former": "studio.example", "size": 10, "root": root_of(lines)
    }  # fmt: skip
    event = LedgerContinued(**{**true, **change})  # type: ignore[arg-type]  # a table of the test
    new = str(tmp_path / "new.db")
    header = Header(actor="ana")
    log = restore_log(new, Registry(STUDIO_EVENTS), lines, going_on=lambda: (event, header))
    log.close()
    results = {r["check"]: r for r in Terminal(new).run("audit", "verify", "--json").data}
    assert results["origins"]["state"] == ("bad" if said else "ok")
    assert said in results["origins"]["found"]
    assert Terminal(new).run("backup", str(tmp_path / "copy.db")).code == (3 if said else 0)


def test_a_continuing_line_far_down_is_checked_against_all_before_it(tmp_path: Path) -> None:
    """The tree is derived in tiles of 256 lines; the line may stand anywhere in one."""
    where = str(tmp_path / "long.db")
    with Ledger.create(where, origin="a", author=WHO) as ledger:
        for start in range(0, 600, 100):
            ledger.apply(
                (
                    (n, OpenProject(project=f"p-{n}", title="T", kind="short", on=date(2025, 1, 1)))
                    for n in range(start + 1, start + 101)
                ),
                WHO,
            )
    source = Terminal(where)
    for size in (255, 256, 257, 511, 512, 513, 601):
        cut = str(tmp_path / f"cut-{size}.db")
        restore_log(cut, Registry(STUDIO_EVENTS), source.lines()[:size]).close()
        new = str(tmp_path / f"new-{size}.db")
        restore(cut, new, Known(), continuing=Continuing("b", Header(actor="ana")))
        with Ledger.open(new) as ledger:
            changes = [entry.position for entry in ledger.log.read([CONTINUED])]
            assert changes == [size + 1]
            check = Origins(changes)
            for batch in batches(ledger.log.stored()):
                check.take(batch)
            assert check.result().state == "ok"
            assert ledger.opened.origin == "b"
        with pytest.raises(LedgerExists):
            restore(cut, new, Known())
