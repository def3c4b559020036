"""A PostgreSQL server of the harness's own that can be killed and started again. `fsync` is on."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from urllib.parse import quote

import psycopg

from tests import postgres_server as made

_KEEPER = 'exec 3<&0; "$@" 3<&- & server=$!; (cat <&3; kill -INT $server) >/dev/null & wait $server'
"""Stands between: the server is told to stop when whoever started it is gone."""


class Server:
    """One server, in a folder that goes when it is closed. `url` is its empty database."""

    def __init__(self) -> None:
        self._account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._as = made.run_as(self._account)
        self._home = made.private_folder()
        self._data = self._home / "data"
        self._log = self._home / "server.log"
        self._installation = made.reachable_installation(self._home, self._account)
        if self._account is not None:
            os.chown(self._home, self._account.pw_uid, self._account.pw_gid)
        made.make_cluster(self._installation, self._data, self._as)
        self.url = f"postgresql+psycopg://postgres@/postgres?host={quote(str(self._home), safe='')}"
        self.socket = self._home / ".s.PGSQL.5432"
        self._keeper: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, after a crash too. Raises `RuntimeError` where it does not."""
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        settings = {**made._SETTINGS, "fsync": "on", "max_connections": "40"}
        binary = str(self._installation / "bin" / "postgres")
        server = [binary, "-D", str(self._data), "-k", str(self._home)]
        server += [f"--{name}={value}" for name, value in settings.items()]
        with self._log.open("wb") as output:
            self._keeper = subprocess.Popen(
                ["/bin/sh", "-c", _KEEPER, "keeper", *server],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env={name: value for name, value in os.environ.items() if name != "LD_PRELOAD"},
                cwd=self._home,
                start_new_session=True,
                **self._as,
            )
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up:
            with suppress(psycopg.OperationalError):
                psycopg.connect(self.url.replace("+psycopg", "")).close()
                return
            time.sleep(0.02)
        said = self._log.read_text(errors="replace")
        raise RuntimeError(f"the harness's PostgreSQL did not start:\n{said}")

    def kill(self) -> None:
        """SIGKILL the server and every process of it at once, as a machine does that stops."""
        pid = int((self._data / "postmaster.pid").read_text().split()[0])
        family = [pid, *_children(pid)]
        os.kill(pid, signal.SIGSTOP)  # so that it starts no further ones meanwhile
        for one in (*family, *_children(pid)):
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        self._end()
        while any(os.path.exists(f"/proc/{one}") for one in family):
            time.sleep(0.005)

    def close(self) -> None:
        """Stop it; the folder goes."""
        with suppress(FileNotFoundError, ProcessLookupError, ValueError):
            os.kill(int((self._data / "postmaster.pid").read_text().split()[0]), signal.SIGINT)
        self._end()
        shutil.rmtree(self._home, ignore_errors=True)

    def _end(self) -> None:
        assert self._keeper is not None
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait(timeout=60)


def _children(pid: int) -> list[int]:
    with suppress(FileNotFoundError), open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]
    return []
