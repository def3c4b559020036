"""Reading from a replica: a real standby, whose replay is stopped while the ledger goes on."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.application import Extensions, Ledger
from ledger.errors import StorageFailure
from ledger.plugin_host.host import PluginHost
from ledger.projections.views import View
from tests.postgres_pair import Pair, postgres_pair, until
from tests.terminal import Done, Terminal, studio

NAMES = iter(f"studio_{n}" for n in range(100))


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """One pair for all tests: what stops the primary stands in the last of them."""
    with postgres_pair() as made:
        made.replicate()
        yield made


class Studio:
    """A ledger at the primary, and whoever looks at it through the standby."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.name = next(NAMES)
        self.primary = studio(pair.primary.url + f"&schema={self.name}")
        self.read_url = pair.read_url(self.name)

    def look(self, *words: str, code: int = 0) -> Done:
        """What a command answers that may read at the replica."""
        done = self.primary.run("--read-url", self.read_url, *words)
        assert done.code == code, done.err
        return done

    def rows(self, *words: str) -> list[dict[str, str]]:
        """The rows of a view."""
        return list(csv.DictReader(self.look("view", *words, "--format", "csv").out.splitlines()))

    def stop_following(self) -> None:
        """From now on the standby receives what happens, and shows none of it."""
        self.pair.primary.set(synchronous_standby_names="")
        # A commit that still waits for it to be shown would wait for ever.
        until(
            lambda: self.pair.primary.ask("SHOW synchronous_standby_names") == ("",),
            "the primary does not take its settings",
        )
        self.pair.standby.ask("SELECT pg_wal_replay_pause()")
        until(
            lambda: self.pair.standby.ask("SELECT pg_get_wal_replay_pause_state()") == ("paused",),
            "the standby goes on",
        )

    def go_on(self) -> None:
        """Let it show all again."""
        self.pair.standby.ask("SELECT pg_wal_replay_resume()")
        shown = "SELECT pg_last_wal_replay_lsn() >= '{}'::pg_lsn"
        (now,) = self.pair.primary.ask("SELECT pg_current_wal_lsn()")
        until(lambda: self.pair.standby.ask(shown.format(now)) == (True,), "it does not follow")


@pytest.fixture
def two(pair: Pair) -> Iterator[Studio]:
    made = Studio(pair)
    made.go_on()
    yield made
    if not made.primary.run("doctor", "--quick").code:
        made.go_on()


def test_it_says_that_a_replica_was_read_and_how_far_behind_it_is(two: Studio) -> None:
    told = two.look("log", "--limit", "1").err
    assert "as of #10" in told
    assert "read from the replica postgresql://" in told
    assert told.rstrip().endswith("up to date")
    two.stop_following()
    two.primary.must("booking", "cancel", "b-1", "--reason", "rain")
    two.primary.must("project", "open", "p2", "--title", "T", "--kind", "feature",
                     "--on", "2025-01-01")  # fmt: skip
    for words in (
        ("log",), ("show", "b-1"), ("show", "7"), ("view", "bookings"), ("views", "status"),
        ("views", "diff", "bookings", "3"), ("view", "bookings", "--as-of", "5"),
        ("view", "bookings", "--explain", "b-1"), ("audit", "verify"),
    ):  # fmt: skip
        assert two.look(*words).err.rstrip().endswith("2 events behind"), words
    assert [row["state"] for row in two.rows("bookings")] == ["never started", "passed"]
    refused = two.look("show", "11", code=2)
    assert "there is no #11. The log ends at #10" in refused.err
    refused = two.look("log", "--as-of", "11", code=2)
    assert "The log ends at #10 at the replica" in refused.err
    two.go_on()
    assert [row["state"] for row in two.rows("bookings")] == ["cancelled", "passed"]


def test_what_records_goes_to_the_ledger_and_never_to_the_replica(two: Studio) -> None:
    two.stop_following()
    done = two.look("booking", "cancel", "b-1", "--reason", "rain")
    assert "replica" not in done.err
    assert two.look("doctor", "--format", "csv").err.startswith("all")
    with Ledger.open(two.read_url, replica=True) as ledger:
        assert ledger.log.head() == 10
    with Ledger.open(two.primary.ledger, read_only=True) as ledger:
        assert ledger.log.head() == 11
    refused = Terminal(two.read_url).run("booking", "release", "b-2")
    assert refused.code == 74
    assert "Write to the primary server" in refused.err


def test_kept_tables_are_gone_on_with_and_nothing_is_written(two: Studio) -> None:
    told = two.look("view", "bookings")
    assert "folded from the first event since no kept tables can be used here" in told.err
    two.primary.must("view", "bookings")
    # Nobody asks the view again at the primary: its tables stay as of #10, the log goes on.
    two.primary.must("booking", "cancel", "b-1", "--reason", "rain")
    two.primary.must("booking", "hold", "stage-2", "wild", "--days", "2025-09-01..2025-09-02",
                     "--booking", "b-3")  # fmt: skip
    two.go_on()
    told = two.look("view", "bookings")
    assert "as of #12" in told.err
    assert "folded" not in told.err
    assert [(row["booking"], row["state"]) for row in two.rows("bookings")] == [
        ("b-1", "cancelled"), ("b-2", "passed"), ("b-3", "passed"),
    ]  # fmt: skip
    status = {one["projection"]: one for one in two.look("views", "status", "--json").data}
    assert (status["bookings"]["position"], status["bookings"]["lag_positions"]) == (10, 2)
    with Ledger.open(two.read_url, replica=True) as ledger, pytest.raises(StorageFailure):
        ledger.views.catch_up()


def test_every_view_answers_at_the_replica_as_it_does_from_the_log(two: Studio) -> None:
    """Over tables of #10, with events of many kinds beyond them."""
    plugins = _extensions()
    with Ledger.open(two.primary.ledger, extensions=plugins) as ledger:
        ledger.views.catch_up()
        names = [name for name, view in ledger.views.views.items() if not _needs(view)]
    assert len(names) > 10
    for words in (
        ("booking", "cancel", "b-1", "--reason", "rain"),
        ("booking", "confirm", "b-2"),
        ("space", "add", "stage-3", "--site", "main", "--name", "S3", "--kind", "stage",
         "--area-m2", "100", "--in-service-on", "2025-01-01"),
        ("equipment", "move", "led-a", "--to", "stage-2", "--at",
         "2025-01-01T08:00+08:00"),
        ("space", "close", "stage-1", "--days", "2027-03-01..2027-03-05", "--kind", "maintenance",
         "--reason", "roof"),
    ):  # fmt: skip
        two.primary.must(*words)
    two.go_on()
    with (
        Ledger.open(two.read_url, extensions=plugins, replica=True) as here,
        Ledger.open(two.primary.ledger, extensions=plugins, read_only=True) as there,
    ):
        head = there.log.head()
        assert head == here.log.head() == 15
        now = there.seen_from()
        for name in names:
            answer = here.views.answer(name, now=now)
            expected = there.views.answer(name, as_of=head, now=now)
            assert answer.notes == expected.notes, "and not folded from the first event"
            assert answer == expected, name


def _extensions() -> Extensions:
    """What the shipped plugins add."""
    loaded = PluginHost.of_ledger("studio.db", None).load()
    assert not loaded.failures
    return loaded.extensions()


def _needs(view: View) -> bool:
    return any(parameter.required for parameter in view.parameters)


def test_the_audit_waits_for_a_replica_that_has_not_come_to_what_was_signed(
    two: Studio, tmp_path: Path
) -> None:
    folder = ("--audit-dir", str(tmp_path / "audit"))
    two.primary.must("audit", "key", "new", *folder)
    two.primary.must("audit", "checkpoint", *folder)
    two.stop_following()
    assert "up to date" in two.look("audit", "verify", *folder).err
    two.primary.must("booking", "cancel", "b-1", "--reason", "rain")
    two.primary.must("audit", "checkpoint", *folder)
    refused = two.look("audit", "verify", *folder, code=5)
    assert "the replica has reached #10, but #11 was signed" in refused.err
    assert refused.out == ""
    two.go_on()
    two.look("audit", "verify", *folder)


def test_another_ledger_is_no_replica(two: Studio, pair: Pair, tmp_path: Path) -> None:
    other = Studio(pair)
    other.go_on()
    two.read_url = other.read_url
    refused = two.look("log", code=10)
    assert "#1 is not the same event" in refused.err
    assert "is not a replica of" in refused.err
    two.read_url = str(tmp_path / "nowhere.db")
    assert "no ledger at" in two.look("log", code=10).err


def test_settings_and_the_environment_name_it_too(
    two: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "studio-ledger.toml").write_text(f'read_url = "{two.read_url}"\n')
    assert "read from the replica" in two.primary.must("log").err
    (tmp_path / "studio-ledger.toml").unlink()
    assert "replica" not in two.primary.must("log").err
    monkeypatch.setenv("STUDIO_LEDGER_READ_URL", two.read_url)
    assert "read from the replica" in two.primary.must("show", "b-1").err


def test_a_copy_in_a_file_may_be_read_too_and_a_person_learns_what_it_lacks(
    sqlite_url: str, tmp_path: Path
) -> None:
    """A file that is copied now and then is a replica as well; it knows nothing of itself."""
    here = studio(sqlite_url)
    copy = tmp_path / "copy.db"
    copy.write_bytes(Path(sqlite_url).read_bytes())
    here.must("booking", "cancel", "b-1", "--reason", "rain")
    told = here.must("--read-url", str(copy), "view", "bookings").err
    assert told.rstrip().endswith("copy.db, 1 event behind")
    Path(sqlite_url).unlink()
    told = here.must("--read-url", str(copy), "view", "bookings").err
    assert "its lag is unknown: it does not report one" in told


def test_where_the_ledger_cannot_be_asked_it_says_what_the_replica_knows(two: Studio) -> None:
    """The last test of the pair: it kills the primary."""
    two.stop_following()
    two.primary.must("booking", "cancel", "b-1", "--reason", "rain")
    until(
        lambda: two.pair.standby.ask(
            "SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()"
        ) == (True,),
        "the standby has received nothing",
    )  # fmt: skip
    two.pair.primary.kill()
    told = two.look("view", "bookings").err
    assert "its lag is unknown: its last change is" in told
    assert "and it has received more than it has applied" in told
    assert "The ledger itself cannot be read: no connection to" in told
    two.pair.standby.ask("SELECT pg_wal_replay_resume()")
    until(lambda: "it has applied all it received" in two.look("log").err, "it does not go on")
    assert [row["state"] for row in two.rows("bookings")] == ["cancelled", "passed"]
    two.pair.standby.promote()
    assert "it follows no other server" in two.look("log").err
