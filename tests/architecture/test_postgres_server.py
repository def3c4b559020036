"""The server that the tests run against is a real one, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

ROOT = Path(__file__).parents[2]


def _connect(url: str) -> psycopg.Connection:
    place = make_url(url).set(drivername="postgresql").difference_update_query(["schema"])
    return psycopg.connect(place.render_as_string(hide_password=False))


def test_a_fresh_schema_is_given_and_the_server_keeps_commits(postgres_url: str) -> None:
    assert make_url(postgres_url).drivername == "postgresql+psycopg"
    schema = make_url(postgres_url).query["schema"]
    with _connect(postgres_url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM information_schema.schemata WHERE schema_name = %s", [schema]
        ).fetchone()
        assert found == (0,)
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_a_killed_test_run_leaves_no_server_and_no_folder() -> None:
    """Kill a process that holds a server with SIGKILL: the server still goes."""
    code = """
        import sys
        from tests.postgres_server import postgres_server
        with postgres_server() as url:
            print(url, flush=True)
            sys.stdin.read()
    """
    holder = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    url = holder.stdout.readline().strip()
    with _connect(url) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    postmaster = Path(row[0]) / "postmaster.pid"
    server = int(postmaster.read_text().split()[0])
    assert postmaster.parents[1].stat().st_mode & 0o077 == 0, "others may enter the server's folder"
    holder.kill()
    holder.communicate()
    give_up = time.monotonic() + 20
    folder = postmaster.parents[1]
    while folder.exists() and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not folder.exists()
    assert not _running(server)


def _running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return (
        not Path(f"/proc/{pid}/stat").exists() or " Z " not in Path(f"/proc/{pid}/stat").read_text()
    )
