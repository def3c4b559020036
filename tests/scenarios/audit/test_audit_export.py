"""One studio hands an export to an outsider, another imports one: on both databases."""

from __future__ import annotations

import json
import shutil
import textwrap
from pathlib import Path

import pytest

from ledger.application import Ledger
from tests.exports import check
from tests.terminal import Done, Terminal, studio

FAILING = """
from ledger.events import ProjectOpened
from ledger.plugin import Projection, Row, key, on, table, view


class Seen(Row):
    project: str = key()


class Fails(Projection):
    seen = table(Seen)

    @on(ProjectOpened)
    def opened(self, event, entry):
        self.seen.edit(event.project)

    @view("Which fails?")
    def fails_when_asked(self) -> list[Seen]:
        raise ValueError("no answer")

    @view("Which does not?")
    def does_not(self) -> list[Seen]:
        return self.seen.rows()


class Stops(Projection):
    others = table(Seen)

    @on(ProjectOpened)
    def opened(self, event, entry):
        raise KeyError("cannot take it")

    @view("Which stops?")
    def stopped(self) -> list[Seen]:
        return self.others.rows()
"""


@pytest.fixture
def terminal(ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A studio with two checkpoints, and its audit folder in the test's folder."""
    monkeypatch.setenv("STUDIO_LEDGER_AUDIT", str(tmp_path / "audit"))
    terminal = studio(ledger_url)
    terminal.must("audit", "key", "new")
    terminal.must("audit", "checkpoint")
    terminal.must("booking", "confirm", "b-2")
    terminal.must("audit", "checkpoint")
    return terminal


def exported(terminal: Terminal, folder: Path, *words: str) -> Done:
    done = terminal.must("audit", "export", str(folder), *words)
    assert done.out == ""
    return done


def vkey(terminal: Terminal) -> str:
    return terminal.must("audit", "key", "show").out.strip()


def test_an_export_is_whole_and_shows_what_the_views_show(
    terminal: Terminal, tmp_path: Path
) -> None:
    done = exported(terminal, tmp_path / "out")
    count = sum(path.is_file() for path in (tmp_path / "out").rglob("*"))
    assert done.err.splitlines()[0] == f"exported 11 events to {tmp_path / 'out'}: {count} files"
    checked = check(tmp_path / "out", "--key", vkey(terminal))
    assert checked.code == 0, checked.out
    stored = b"".join(line + b"\n" for line in terminal.lines())
    assert (tmp_path / "out/lines.jsonl").read_bytes() == stored
    views = sorted(path.stem for path in (tmp_path / "out/views").iterdir())
    listed = {row["view"] for row in terminal.must("views", "list", "--json").data}
    assert set(views) <= listed
    assert {"bookings", "spaces", "equipment"} <= set(views)
    for name in ("bookings", "spaces", "projects"):
        shown = terminal.must("view", name, "--as-of", "11", "--format", "csv").out
        *rows, footer, end = (tmp_path / f"out/views/{name}.csv").read_bytes().split(b"\r\n")
        assert (b"\r\n".join([*rows, b""]).decode(), end) == (shown, b"")
        assert footer.startswith(b"# position 11 root ")


def test_it_ends_where_the_newest_checkpoint_does(terminal: Terminal, tmp_path: Path) -> None:
    terminal.must("booking", "start", "b-1", "--on", "2025-07-01")
    terminal.must("booking", "wrap", "b-1", "--on", "2025-07-12")
    done = exported(terminal, tmp_path / "out")
    assert "2 newer events are not in it. To include them, sign first: audit checkpoint" in done.err
    assert (tmp_path / "out/lines.jsonl").read_bytes().count(b"\n") == 11
    assert b"b-1,stage-1,wild,confirmed" in (tmp_path / "out/views/bookings.csv").read_bytes()
    assert check(tmp_path / "out").code == 0


def test_nothing_is_exported_over_something_or_without_a_key_or_checkpoint(
    terminal: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    done = terminal.run("audit", "export", str(tmp_path / "out"))
    assert (done.code, "exists already" in done.err) == (1, True)
    done = terminal.run("audit", "export", str(tmp_path / "new"), "--audit-dir", str(tmp_path))
    assert (done.code, "no key at" in done.err) == (2, True)
    other = ("--audit-dir", str(tmp_path / "other"))
    terminal.must("audit", "key", "new", *other)
    done = terminal.run("audit", "export", str(tmp_path / "new"), *other)
    assert (done.code, "Sign the head: audit checkpoint" in done.err) == (1, True)
    done = terminal.run("audit", "export", str(tmp_path / "new"), "--key",
                        str(tmp_path / "other/log.key"))  # fmt: skip
    assert (done.code, "not signed by the key" in done.err) == (3, True)
    done = terminal.run("audit", "export", str(tmp_path / "no" / "such" / "out"))
    assert (done.code, "cannot be written" in done.err) == (74, True)
    assert not (tmp_path / "new").exists()


def test_a_log_that_is_not_what_was_signed_is_not_exported(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3
    from contextlib import closing

    monkeypatch.setenv("STUDIO_LEDGER_AUDIT", str(tmp_path / "audit"))
    terminal = studio(sqlite_url)
    terminal.must("audit", "key", "new")
    terminal.must("audit", "checkpoint")
    with closing(sqlite3.connect(sqlite_url)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            database.execute(f"DROP TRIGGER {name}")
        database.execute(
            "UPDATE event SET data = CAST(replace(CAST(data AS TEXT), 'ada', 'eve') AS BLOB)"
            " WHERE position = 7"
        )
        database.commit()
    done = terminal.run("audit", "export", str(tmp_path / "out"))
    assert (done.code, "Nothing was exported" in done.err) == (3, True), done.err
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]


def test_views_that_fail_are_told_and_left_out(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/fails.py").write_text(textwrap.dedent(FAILING))
    (tmp_path / "plugins/broken.py").write_text("import nowhere_at_all\n")
    monkeypatch.setenv("STUDIO_LEDGER_PLUGINS", str(tmp_path / "plugins"))
    done = exported(terminal, tmp_path / "out")
    assert "the plugin broken is not in use" in done.err
    assert "warning: the view fails-when-asked was left out: " in done.err
    assert "warning: the view stopped was left out: #6 ProjectOpened: KeyError" in done.err
    readme = (tmp_path / "out/README.md").read_text()
    assert "- stopped: #6 ProjectOpened: KeyError" in readme
    assert "- fails-when-asked: " in readme
    names = {path.stem for path in (tmp_path / "out/views").iterdir()}
    assert "does-not" in names
    assert not {"stopped", "fails-when-asked"} & names
    assert check(tmp_path / "out").code == 0


def test_without_plugins_there_are_no_views(terminal: Terminal, tmp_path: Path) -> None:
    terminal.must("--no-plugins", "audit", "export", str(tmp_path / "out"))
    assert not (tmp_path / "out/views").exists()
    assert "`views/`" not in (tmp_path / "out/README.md").read_text()
    assert check(tmp_path / "out").code == 0


# --- importing --------------------------------------------------------------------------------


def test_an_export_becomes_a_ledger_that_goes_on(
    ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From SQLite to either database: the same lines, tiles and root, and the next checkpoint."""
    source = studio(str(tmp_path / "source.db"))
    source.must("audit", "key", "new")
    source.must("audit", "checkpoint")
    exported(source, tmp_path / "out")
    key = vkey(source)
    monkeypatch.setenv("STUDIO_LEDGER_AUDIT", str(tmp_path / "taken"))
    new = Terminal(ledger_url)
    done = new.must("import", str(tmp_path / "out"), "--public", key, "--json")
    (row,) = done.data
    assert (row["origin"], row["size"], row["checkpoints"]) == ("studio.example", 10, 1)
    assert "warning" not in done.err
    assert new.lines() == source.lines()
    assert vkey(new) == key
    assert new.must("audit", "checkpoints", "--json").data[0]["root"] == row["root"]
    verified = new.run("audit", "verify", "--json")
    assert verified.code == 0, verified.out
    shutil.copy(tmp_path / "source.audit/log.key", tmp_path / "taken/log.key")
    exported(new, tmp_path / "again")
    for name in ("lines.jsonl", "tile/0/000.p/10", "tile/entries/000.p/10", "checkpoint",
                 "checkpoints", "log.pub", "manifest", "README.md"):  # fmt: skip
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
    new.must("booking", "confirm", "b-2")
    assert "1 more than the last one" in new.must("audit", "checkpoint").err
    exported(new, tmp_path / "later")
    later = check(tmp_path / "later", "--key", key, "--checkpoint", tmp_path / "out/checkpoint")
    assert later.code == 0, later.out


def test_events_of_plugins_are_carried_as_they_are(
    ledger_url: str, demo_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even without the plugin that could read them."""
    source = Terminal(shutil.copy(str(demo_path), str(tmp_path)))
    source.must("audit", "key", "new")
    source.must("audit", "checkpoint")
    exported(source, tmp_path / "out")
    types = {json.loads(line)["type"] for line in source.lines()}
    assert any("." in name for name in types)
    monkeypatch.setenv("STUDIO_LEDGER_AUDIT", str(tmp_path / "taken"))
    new = Terminal(ledger_url)
    new.must("--no-plugins", "import", str(tmp_path / "out"))
    assert new.lines() == source.lines()
    with Ledger.open(ledger_url, read_only=True) as ledger:
        assert ledger.opened.demo


def test_the_key_in_the_export_is_believed_with_a_warning(
    terminal: Terminal, tmp_path: Path
) -> None:
    exported(terminal, tmp_path / "out")
    new = Terminal(str(tmp_path / "new.db"))
    done = new.must("import", str(tmp_path / "out"), "--audit-dir", str(tmp_path / "taken"))
    assert "warning: checked with the key in the export itself" in done.err
    assert "record in one ledger of this log only" in done.err


def test_what_is_no_export_or_goes_over_something_is_refused(
    terminal: Terminal, tmp_path: Path
) -> None:
    out = str(tmp_path / "out")
    exported(terminal, tmp_path / "out")
    new = Terminal(str(tmp_path / "new.db"))
    own = ("--audit-dir", str(tmp_path / "taken"))

    def refused(code: int, says: str, *words: str, by: Terminal = new) -> None:
        done = by.run("import", *words)
        assert (done.code, done.out) == (code, ""), done.err
        assert says in done.err
        assert done.err.splitlines()[-1].startswith("error: ")
        assert not (tmp_path / "new.db").exists()

    (tmp_path / "empty").mkdir()
    refused(2, "it has no manifest", str(tmp_path / "empty"), *own)
    refused(2, "an export is loaded as it is", out, "--dry-run", *own)
    refused(2, "an export is loaded as it is", out, "--format", "holds-csv", *own)
    refused(
        2, "is not a folder", str(tmp_path / "out/lines.jsonl"), "--public", "x", "--format", "x"
    )
    refused(2, "no public key at", out, "--public", str(tmp_path / "nowhere"), *own)
    refused(1, "there is already something at", out, *own, by=terminal)
    stranger = Terminal(str(tmp_path / "stranger.db"))
    stranger.must("init", "--origin", "eve.example")
    stranger.must("audit", "key", "new", "--audit-dir", str(tmp_path / "eve"))
    refused(3, "is not signed by the key eve.example", out, *own, "--public",
            str(tmp_path / "eve/log.pub"))  # fmt: skip
    refused(1, "another log.pub exists already", out, "--audit-dir", str(tmp_path / "eve"))
    assert not (tmp_path / "eve/checkpoints").exists()
    with (tmp_path / "out/lines.jsonl").open("r+b") as lines:
        lines.seek(700)
        lines.write(b"x")
    refused(3, "lines.jsonl is not the file that the manifest names", out, *own)
    assert not any((tmp_path / "taken").glob("*"))
