"""Peer (c): UmaDB, a server of its own, from its wheel on PyPI in an environment of its own.

The environment is made beside the bench's folder when a row first asks for it, and stays: whoever
measures again needs no network. Where it cannot be made, the table says so.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.workspace import Bench

WHEEL = "umadb==0.7.8"
WRITER = Path(__file__).with_name("umadb_writer.py")
_STARTS_WITHIN_S = 30.0


class NotThere(Exception):
    """UmaDB cannot take part, and why."""


def environment(bench: Bench) -> Path:
    """The interpreter of an environment that has it. Raises `NotThere`."""
    folder = bench.folder.with_name("bench-umadb")
    python = folder / "bin" / "python"
    if python.exists() and (folder / "bin" / "umadb").exists():
        return python
    if bench.quick:
        raise NotThere("not installed for a quick run")
    bench.say(f"installing {WHEEL} into {folder.name}")
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--only-binary", ":all:", WHEEL],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            why = (done.stderr.strip() or "no reason given").splitlines()[-1]
            raise NotThere(f"cannot be installed: {why[:80]}")
    return python


@contextmanager
def umadb(bench: Bench, events: Sequence[Mapping[str, object]]) -> Iterator[list[str]]:
    """A server that holds these events; the command of a writer to it. Raises `NotThere`.

    It answers an append when the event is on the disk, as the others do.
    """
    python = environment(bench)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    store = bench.new("uma.db")
    log = bench.new("umadb.log")
    with log.open("wb") as output:
        server = subprocess.Popen(
            [python.with_name("umadb"), "--listen", address, "--db-path", store],
            stdout=output,
            stderr=output,
        )
    try:
        _wait(server, address, log)
        command = [str(python), str(WRITER)]
        file = bench.new("events.jsonl")
        file.write_text("\n".join(map(json.dumps, events)), encoding="utf-8")
        subprocess.run([*command, "fill", f"http://{address}", str(file)], check=True)
        yield [*command, "write", f"http://{address}"]
    finally:
        server.terminate()
        server.wait(timeout=_STARTS_WITHIN_S)


def _wait(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    host, _, port = address.partition(":")
    give_up = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < give_up and server.poll() is None:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise NotThere(f"does not start: {log.read_text(errors='replace')[-80:]}")
