"""`doctor`: what it finds around a ledger, each with what to do about it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.application import Author, Ledger
from ledger.commands.operation import surroundings as around
from ledger.decisions.sites import AddSite
from ledger.errors import BadTime
from ledger.log.store import filesystems as disks
from ledger.log.store.filesystems import file_system, is_network
from ledger.log.store.health import examine
from ledger.time.periods import ManualClock
from tests.terminal import Terminal, studio

NOW = datetime.now(UTC)


def findings(terminal: Terminal, *words: str) -> dict[str, dict[str, Any]]:
    """What it finds, by check; the worst of those of one name."""
    rows = terminal.run("doctor", "--json", *words).data
    worst = {"ok": 0, "warn": 1, "bad": 2}
    return {row["check"]: row for row in sorted(rows, key=lambda row: worst[row["state"]])}


def sites(where: str, *at: datetime) -> Terminal:
    """A ledger whose events were recorded at these instants."""
    clock = ManualClock(at[0])
    author = Author("ana")
    with Ledger.create(where, origin="studio.example", author=author, clock=clock) as ledger:
        for number, instant in enumerate(at[1:]):
            clock.set(instant)
            ledger.decide(AddSite(site=f"s-{number}", name="S", zone="UTC"), author)
    return Terminal(where)


def test_a_ledger_that_is_well(ledger_url: str) -> None:
    terminal = studio(ledger_url)
    done = terminal.must("doctor", "--json")
    assert {row["state"] for row in done.data} == {"ok"}
    assert {row["advice"] for row in done.data} == {None}
    found = findings(terminal)
    assert found["checkpoints"]["found"].startswith("none yet; to start signing: audit key new")
    assert found["clock"]["found"] == "not behind the last event"
    assert ("permissions" in found) == ("disk" in found) == ("://" not in ledger_url)


# --- modes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "state", "said", "advice"),
    [
        (0o600, "ok", "you may write to it (600)", None),
        (0o640, "warn", "its group may read it (640)", "chmod 600"),
        (0o604, "warn", "everyone may read it (604)", "chmod 600"),
        (0o644, "warn", "everyone may read it (644)", "chmod 600"),
        (0o666, "warn", "everyone may write to it (666)", "chmod o-w"),
    ],
)
def test_who_may_read_the_file(
    sqlite_url: str, mode: int, state: str, said: str, advice: str | None
) -> None:
    terminal = sites(sqlite_url, NOW)
    Path(sqlite_url).chmod(mode)
    found = findings(terminal)["permissions"]
    assert (found["state"], found["found"]) == (state, said)
    assert found["advice"] == (f"{advice} {sqlite_url}" if advice else None)
    assert terminal.run("doctor").code == 0


@pytest.mark.parametrize(
    ("file", "mode", "check", "state"),
    [
        ("studio.views.db", 0o644, "permissions of views", "warn"),
        ("studio.views.db", 0o660, "permissions of views", "warn"),
        ("studio.audit/log.key", 0o640, "private key", "bad"),
        ("studio.audit/log.key", 0o604, "private key", "bad"),
        ("studio.audit", 0o775, "permissions of the audit", "warn"),
        ("studio.audit/checkpoints", 0o664, "permissions of the audit", "warn"),
        ("studio.audit/log.pub", 0o646, "permissions of the audit", "warn"),
    ],
)
def test_who_may_read_or_change_what_is_beside_it(
    sqlite_url: str, file: str, mode: int, check: str, state: str
) -> None:
    terminal = studio(sqlite_url)
    terminal.must("view", "spaces")
    terminal.must("audit", "key", "new")
    terminal.must("audit", "checkpoint")
    beside = Path(sqlite_url).parent / file
    (beside.parent / "." if beside.is_dir() else beside.parent).chmod(0o755)
    assert check not in findings(terminal), "made so that others cannot"
    beside.chmod(mode)
    found = findings(terminal)[check]
    assert found["state"] == state
    assert f"({mode:03o})" in found["found"]
    assert f" {beside}" in found["advice"]
    assert terminal.run("doctor").code == (3 if state == "bad" else 0)


# --- the disk ----------------------------------------------------------------------------

MOUNTS = r"""
/dev/vda / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/export /srv nfs4 rw,vers=4.2 0 0
tmpfs /srv/memory tmpfs rw 0 0
//nas/share /mnt/two\040words cifs rw 0 0
me@host:/ /mnt/ssh fuse.sshfs rw 0 0
/dev/vdb /mnt/over ext4 rw 0 0
server:/over /mnt/over nfs rw 0 0
host /mnt/host 9p rw 0 0
/dev/sdc1 /mnt/ntfs fuseblk rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "type", "network"),
    [
        ("/var/studio.db", "ext4", False),
        ("/srv/studio.db", "nfs4", True),
        ("/srv/a/b/studio.db", "nfs4", True),
        ("/srvice/studio.db", "ext4", False),
        ("/srv/memory/studio.db", "tmpfs", False),
        ("/mnt/two words/studio.db", "cifs", True),
        ("/mnt/ssh/studio.db", "fuse.sshfs", True),
        ("/mnt/over/studio.db", "nfs", True),
        ("/mnt/host/studio.db", "9p", True),
        ("/mnt/ntfs/studio.db", "fuseblk", False),
    ],
)
def test_a_network_file_system_is_told(path: str, type: str, network: bool) -> None:
    found = file_system(Path(path), MOUNTS)
    assert found is not None
    assert (found[0], is_network(found[0])) == (type, network)
    [told] = around.disk(Path(path), MOUNTS)
    assert told.state == ("warn" if network else "ok")
    assert ("PostgreSQL" in (told.advice or "")) == network


def test_it_reads_the_systems_own_table(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = sites(sqlite_url, NOW)
    table = tmp_path / "mounts"
    table.write_text(f"a / ext4 rw 0 0\nserver:/x {tmp_path} nfs rw 0 0\n")
    monkeypatch.setattr(disks, "MOUNTS", table)
    found = findings(terminal)["disk"]
    assert (found["state"], str(tmp_path) in found["found"]) == ("warn", True)
    monkeypatch.setattr(disks, "MOUNTS", tmp_path / "none")
    assert "disk" not in findings(terminal), "a system that has no such table says nothing"


# --- clocks ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(hours=-1), ""),
        (timedelta(seconds=2), ""),
        (timedelta(hours=3, minutes=1), "3 hours"),
        (timedelta(days=400), "399 days"),
    ],
)
def test_an_event_of_the_future(ledger_url: str, ahead: timedelta, said: str) -> None:
    now = datetime.now(UTC)
    first = min(now, now + ahead)
    found = findings(sites(ledger_url, first, now + ahead))["clock"]
    assert found["state"] == ("warn" if said else "ok")
    if said:
        assert "#2 was recorded at" in found["found"]
        assert said in found["found"] or "400 days" in found["found"]
        assert found["advice"]


@pytest.mark.parametrize(
    ("behind", "said"),
    [
        (timedelta(0), ""),
        (timedelta(minutes=10), "the server's clock is 10 minutes ahead of this machine's"),
        (timedelta(hours=-5), "hours behind this machine's"),
    ],
)
def test_a_servers_clock_that_is_another(postgres_url: str, behind: timedelta, said: str) -> None:
    sites(postgres_url, NOW)
    health = examine(postgres_url, ManualClock(datetime.now(UTC) - behind))
    [found] = around.clocks(NOW, health, NOW, "UTC")
    assert (found.state, said in found.found) == ("warn" if said else "ok", True)
    assert abs(examine(postgres_url).server_ahead_s) < around.CLOCKS_APART_S


# --- checkpoints -------------------------------------------------------------------------


def signed(where: str, *at: datetime, size: int) -> Terminal:
    """A ledger of these instants, signed when it had so many events."""
    terminal = sites(where, *at[:size])
    terminal.must("audit", "key", "new", "--audit-dir", _audit(where))
    terminal.must("audit", "checkpoint", "--audit-dir", _audit(where))
    with Ledger.open(where, clock=(clock := ManualClock(at[0]))) as ledger:
        for number, instant in enumerate(at[size:], start=size):
            clock.set(instant)
            ledger.decide(AddSite(site=f"s-{number}", name="S", zone="UTC"), Author("ana"))
    return terminal


def _audit(where: str) -> str:
    return os.environ["AUDIT_OF_THE_TEST"]


@pytest.fixture(autouse=True)
def _audit_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_OF_THE_TEST", str(tmp_path / "a"))


def days(number: float) -> datetime:
    return NOW - timedelta(days=number)


@pytest.mark.parametrize(
    ("at", "age", "state", "said"),
    [
        ((30, 20), "7d", "ok", "signed to #2, the last event"),
        ((30, 20, 6), "7d", "ok", "signed to #2; 1 event is not, the oldest from"),
        ((30, 20, 8, 1), "7d", "warn", "signed to #2; 2 events are not, the oldest from"),
        ((30, 20, 8, 1), "2w", "ok", "signed to #2; 2 events"),
        ((30, 20, 1), "2d", "ok", "signed to #2; 1 event"),
        ((30, 20, 1), "12h", "warn", "signed to #2; 1 event"),
    ],
)
def test_events_that_have_long_gone_unsigned(
    ledger_url: str, at: tuple[int, ...], age: str, state: str, said: str
) -> None:
    terminal = signed(ledger_url, *map(days, at), size=2)
    folder = ("--audit-dir", _audit(ledger_url))
    found = findings(terminal, "--checkpoint-age", age, *folder)["checkpoints"]
    assert (found["state"], said in found["found"]) == (state, True), found
    if state == "warn":
        assert "audit checkpoint" in found["advice"]
    if age == "7d":
        assert findings(terminal, *folder)["checkpoints"]["state"] == state, "the default"


Change = Callable[[Path, Terminal], object]


def _unreadable(folder: Path, _: Terminal) -> None:
    (folder / "checkpoints").write_bytes(b"not a note\n\nat all\n\n")


def _foreign(folder: Path, terminal: Terminal) -> None:
    other = Terminal(str(folder.parent / "other.db"))
    other.must("init", "--origin", "elsewhere.example")
    other.must("audit", "key", "new")
    other.must("audit", "checkpoint")
    theirs = folder.parent / "other.audit" / "checkpoints"
    (folder / "checkpoints").write_bytes(theirs.read_bytes())


def _foreign_without_a_key(folder: Path, terminal: Terminal) -> None:
    _foreign(folder, terminal)
    (folder / "log.pub").unlink()


def _another_key(folder: Path, _: Terminal) -> None:
    (folder / "log.key").unlink()
    (folder / "log.pub").unlink()
    Terminal(str(folder.parent / "x.db")).must("init", "--origin", "studio.example")
    Terminal(str(folder.parent / "x.db")).must("audit", "key", "new", "--audit-dir", str(folder))


def _broken_key(folder: Path, _: Terminal) -> None:
    (folder / "log.pub").write_text("no key\n")


@pytest.mark.parametrize(
    "change", [_unreadable, _foreign, _foreign_without_a_key, _another_key, _broken_key]
)
def test_checkpoints_that_are_not_this_logs_are_bad(sqlite_url: str, change: Change) -> None:
    terminal = signed(sqlite_url, days(3), days(2), size=2)
    folder = Path(_audit(sqlite_url))
    change(folder, terminal)
    done = terminal.run("doctor", "--json", "--audit-dir", str(folder))
    [found] = [row for row in done.data if row["check"] == "checkpoints"]
    assert (done.code, found["state"]) == (3, "bad")
    assert found["advice"]


def test_a_log_that_is_shorter_than_what_was_signed_is_bad(sqlite_url: str) -> None:
    terminal = signed(sqlite_url, days(3), days(2), size=2)
    Path(sqlite_url).unlink()
    sites(sqlite_url, days(3))
    done = terminal.run("doctor", "--json", "--audit-dir", _audit(sqlite_url))
    [found] = [row for row in done.data if row["check"] == "checkpoints"]
    assert (done.code, found["found"]) == (3, "#2 was signed, but the log ends at #1")


def test_checkpoints_that_cannot_be_read_are_not_called_bad(sqlite_url: str) -> None:
    terminal = sites(sqlite_url, NOW)
    folder = Path(_audit(sqlite_url))
    (folder / "checkpoints").mkdir(parents=True)
    done = terminal.run("doctor", "--json", "--audit-dir", str(folder))
    [found] = [row for row in done.data if row["check"] == "checkpoints"]
    assert (done.code, found["state"]) == (0, "warn")


@pytest.mark.parametrize("text", ["", "7", "d", "0d", "-1d", "7y", "1.5d", "99999d"])
def test_an_age_that_is_none(sqlite_url: str, text: str) -> None:
    with pytest.raises(BadTime):
        around.parse_age(text)
    done = sites(sqlite_url, NOW).run("doctor", "--checkpoint-age", text)
    assert (done.code, "is not an age. Write 30min, 12h, 2d or 1w" in done.err) == (2, True)
