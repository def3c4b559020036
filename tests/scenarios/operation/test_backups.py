"""`backup` and `restore`: what comes out is what went in, and what is not so is told."""

from __future__ import annotations

import stat
import threading
from datetime import date
from pathlib import Path

import pytest

from ledger.application import Author, Ledger
from ledger.decisions.projects import OpenProject
from tests.backups import root_of, tamper, there
from tests.terminal import Terminal, studio

WHO = Author("ana")


# --- backup ------------------------------------------------------------------------------


def test_a_backup_is_the_ledger_in_one_private_file(
    signed: Terminal, audit: tuple[str, str], tmp_path: Path
) -> None:
    copy = tmp_path / "out" / "copy.db"
    copy.parent.mkdir()
    done = signed.must("backup", str(copy), "--json", *audit)
    [row] = done.data
    lines = signed.lines()
    assert Terminal(str(copy)).lines() == lines
    assert (row["position"], row["root"]) == (10, root_of(lines))
    assert (row["place"], row["origin"]) == (str(copy), "studio.example")
    assert (row["checkpoints"], row["signed"]) == (1, 10)
    assert "its root agrees with the checkpoint, up to #10" in done.err
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [file.name for file in copy.parent.iterdir()] == ["copy.db"]
    assert {r["state"] for r in Terminal(str(copy)).must("audit", "verify", "--json").data} <= {
        "ok", "not checked"
    }  # fmt: skip


def test_in_a_folder_it_is_named_after_the_ledger_and_the_time(
    signed: Terminal, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    done = signed.must("backup", str(folder))
    [file] = folder.iterdir()
    stem = "studio" if "://" not in signed.ledger else "t_"
    assert file.name.startswith(stem)
    assert file.name.endswith("Z.db")
    assert "there was no checkpoint to compare it with" in done.err


def test_what_is_there_is_never_written_over(signed: Terminal, tmp_path: Path) -> None:
    there = tmp_path / "there.db"
    there.write_text("a letter")
    done = signed.run("backup", str(there))
    assert (done.code, done.out) == (1, "")
    assert "never overwrites a file: name a new one" in done.err
    assert there.read_text() == "a letter"


@pytest.mark.parametrize(
    ("target", "code", "said"),
    [
        ("postgresql://a@b/c", 2, "a backup is a file"),
        ("{}/no-folder/copy.db", 74, "the folder of"),
        ("{}/a.db/copy.db", 74, "is not a directory"),
    ],
)
def test_where_none_can_be(
    sqlite_url: str, tmp_path: Path, target: str, code: int, said: str
) -> None:
    terminal = studio(sqlite_url)
    (tmp_path / "a.db").write_text("")
    before = there(tmp_path)
    done = terminal.run("backup", target.format(tmp_path))
    assert (done.code, said in done.err, done.out) == (code, True, ""), done.err
    assert there(tmp_path) == before


def test_it_is_one_moment_while_others_write(ledger_url: str, tmp_path: Path) -> None:
    """Four writers go on, none fails; every copy is a beginning of the log, without a gap."""
    with Ledger.create(ledger_url, origin="studio.example", author=WHO):
        pass
    stop, wrong, recorded = threading.Event(), list[BaseException](), [0]

    def write(number: int) -> None:
        try:
            with Ledger.open(ledger_url) as ledger:
                count = 0
                while not stop.is_set():
                    ledger.decide(
                        OpenProject(
                            project=f"p-{number}-{count}",
                            title="T",
                            kind="short",
                            on=date(2025, 1, 1),
                        ),
                        WHO,
                    )
                    count += 1
                recorded[0] += count
        except BaseException as error:  # noqa: BLE001 - whatever it is fails the test below
            wrong.append(error)

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    terminal = Terminal(ledger_url)
    copies = []
    try:
        for number in range(6):
            copy = tmp_path / f"copy-{number}.db"
            [row] = terminal.must("backup", str(copy), "--json").data
            copies.append((Terminal(str(copy)), row))
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert wrong == []
    lines = terminal.lines()
    assert len(lines) == recorded[0] + 1
    sizes = [row["position"] for _, row in copies]
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0], "nobody wrote meanwhile: this shows nothing"
    for made, row in copies:
        assert made.lines() == lines[: row["position"]]
        assert row["root"] == root_of(lines[: row["position"]])


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE event SET data = CAST(replace(CAST(data AS TEXT), 'ada', 'bob') AS BLOB)"
         " WHERE position = 6", "its first 10 events have the root"),
        ("DELETE FROM event WHERE position = 10", "#10 of studio.example was signed"),
        ("DELETE FROM event WHERE position = 4", "line 4, it holds #5"),
        ("UPDATE event SET data = 'none' WHERE position = 6", "line 6, not a line of a ledger"),
        ("UPDATE event SET tags = '[\"space:x\"]' WHERE position = 6", "line 6, its tags"),
    ],
)  # fmt: skip
def test_a_ledger_that_is_not_what_was_signed_gives_no_backup(
    signed: Terminal, audit: tuple[str, str], tmp_path: Path, statement: str, said: str
) -> None:
    tamper(Path(signed.ledger), statement)
    before = there(tmp_path)
    done = signed.run("backup", str(tmp_path / "copy.db"), *audit)
    assert (done.code, done.out) == (3, "")
    assert said in done.err
    assert there(tmp_path) == before
