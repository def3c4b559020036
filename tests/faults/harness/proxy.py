"""A Unix socket between a program and its PostgreSQL that is cut at the n-th message.

Messages of both sides are counted, each as it begins (a startup message has no type, the others
are a letter and a length). Cut means that both sides lose their connection: what was passed on
before it has arrived, the n-th has not, or half of it.
"""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress
from pathlib import Path


class Messages:
    """One side's bytes, cut into messages."""

    def __init__(self, *, begins_bare: bool) -> None:
        self._bare = begins_bare
        self._held = b""

    def add(self, data: bytes) -> list[bytes]:
        """The messages that are whole now."""
        self._held += data
        found: list[bytes] = []
        while True:
            head = 0 if self._bare else 1
            if len(self._held) < head + 4:
                return found
            size = head + int.from_bytes(self._held[head : head + 4], "big")
            if len(self._held) < size:
                return found
            found.append(self._held[:size])
            self._held, self._bare = self._held[size:], False


class Proxy:
    """Listens in `folder`; passes on to the server's socket. Cuts once, at message `at`."""

    def __init__(self, folder: Path, server: Path, at: int, *, halfway: bool) -> None:
        self.count = 0
        self._server = server
        self._at = at
        self._halfway = halfway
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(folder / ".s.PGSQL.5432"))
        self._listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            program, _ = self._listening.accept()
            threading.Thread(target=self._pass, args=(program,), daemon=True).start()

    def _pass(self, program: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        with program, server, selectors.DefaultSelector() as waiting, suppress(OSError):
            server.connect(str(self._server))
            waiting.register(program, selectors.EVENT_READ, (server, Messages(begins_bare=True)))
            waiting.register(server, selectors.EVENT_READ, (program, Messages(begins_bare=False)))
            while True:
                for ready, _ in waiting.select():
                    source = ready.fileobj
                    assert isinstance(source, socket.socket)
                    data = source.recv(65_536)
                    if not data:
                        return
                    other, messages = ready.data
                    for message in messages.add(data):
                        if not self._let_through(other, message):
                            return

    def _let_through(self, other: socket.socket, message: bytes) -> bool:
        self.count += 1
        if self.count == self._at:
            if self._halfway:
                other.sendall(message[: len(message) // 2])
            return False
        other.sendall(message)
        return True
