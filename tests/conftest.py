"""What every test stands on: a clean environment, hypothesis' settings, both databases."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from ledger.demo.build import build
from ledger.plugin_host.host import PluginHost
from tests.postgres_server import postgres_server

_SLOW_MACHINES = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)
"""A slow machine is no failure; and our function-scoped fixtures hand out places, not states."""

settings.register_profile(
    "ci", derandomize=True, deadline=None, max_examples=60, suppress_health_check=_SLOW_MACHINES
)
settings.register_profile(
    "dev", deadline=None, max_examples=60, suppress_health_check=_SLOW_MACHINES
)
settings.register_profile(
    "long", deadline=None, max_examples=2_000, suppress_health_check=_SLOW_MACHINES
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C, and so would every program that is started here:
    # a test that presses it would wait for ever.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _studio_of_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No test sees the tester's own ledger, settings, home folder or terminal."""
    for name in list(os.environ):
        if name.startswith("STUDIO_LEDGER"):
            monkeypatch.delenv(name)
    empty = tmp_path_factory.getbasetemp() / "home"
    empty.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(empty))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


_GIVEN_SERVER = os.environ.get("STUDIO_LEDGER_TEST_POSTGRES", "")
"""Read before the environment is cleaned: the URL of a server to use in place of our own."""


@pytest.fixture(scope="session")
def _postgres_database() -> Iterator[URL]:
    """One server a test process: none is started where no test needs it."""
    if _GIVEN_SERVER:
        yield make_url(_GIVEN_SERVER).set(drivername="postgresql+psycopg")
    else:
        with postgres_server() as url:
            yield make_url(url)


@pytest.fixture
def postgres_url(_postgres_database: URL) -> Iterator[str]:
    """A ledger's place on a real PostgreSQL, `postgresql+psycopg://…?schema=NAME`, still empty.

    The schema and its views' schema (`NAME_views`) are dropped afterwards. That fails where
    the test left a transaction open, as it should.
    """
    schema = f"t_{secrets.token_hex(6)}"
    place = _postgres_database.update_query_dict({"schema": schema})
    yield place.render_as_string(hide_password=False)
    admin = _postgres_database.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True, options="-c lock_timeout=5s") as connection:
        for name in (schema, f"{schema}_views"):
            connection.execute(
                sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name))
            )


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A ledger's place in an SQLite file that is not there yet: a path, as `--ledger` takes it."""
    return str(tmp_path / "studio.db")


@pytest.fixture(params=["sqlite", "postgres"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """A ledger's place, on each of the two databases in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def demo_path(quick_folder: Path) -> Path:
    """The demo's ledger, with all that the shipped plugins add. Nobody changes it: copy it.

    Its 2,500 decisions take seconds, so a test process makes them once.
    """
    path = quick_folder / "demo.db"
    build(str(path), extensions=PluginHost().load().extensions()).close()
    return path


@pytest.fixture(scope="session")
def quick_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in memory, where the machine has one: for ledgers of thousands of commits
    in tests that are not about what survives a crash."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK)
    if roomy and shutil.disk_usage(memory).free > 50_000_000:
        with TemporaryDirectory(dir=memory, prefix="studio-ledger-") as folder:
            yield Path(folder)
    else:
        yield tmp_path_factory.mktemp("quick")
