"""The program itself, as it is called: words from a shell, files of commands from a stranger.

Words are those of a real command line: between them stands a NUL, which no word can hold. Each
call runs within this process, ends with a documented exit code, and changes nothing if it is
refused.
"""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from types import FrameType

from ledger.commands.exit_codes import BUG, DONE
from tests.fuzz.targets import CODES, Attempt, Finding, Surface
from tests.terminal import Done, Terminal, studio

ENDLESS = 60
"""Seconds after which a call is taken for one that never ends."""

_OURS = {
    f"{file}{end}"
    for file in ("studio.db", "studio.views.db", "kept")
    for end in ("", "-wal", "-shm", "-journal")
}
"""What may lie beside a ledger that nothing was done to but look at it."""

_LEDGER = (
    "SELECT (SELECT count(*) FROM event), (SELECT max(position) FROM event), "
    "(SELECT count(*) FROM event_tag), (SELECT sum(length(data)) FROM event)"
)


class Campus:
    """A studio whose ledger is put back after each command that recorded something."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "studio.db"
        self._kept = folder / "kept"
        studio(str(self.file))
        sqlite3.connect(self.file).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
        shutil.copy(self.file, self._kept)
        self._before = self._state()
        self._terminal = Terminal(str(self.file))

    def run(self, words: list[str], stdin: bytes = b"") -> Done:
        """A command, of which only the documented may come."""
        with chdir(self.folder), _in_the_end(words):
            done = self._terminal.run(*words, stdin=stdin)
            if done.code == BUG:
                done = self._terminal.run("--verbose", *words, stdin=stdin)
                raise Finding(_raised(done.err), " ".join(words)[:80])
        self._check(done, words)
        return done

    def _check(self, done: Done, words: list[str]) -> None:
        """The code is a documented one, the words are for a person, nothing else has changed."""
        if done.code not in {DONE, *CODES}:
            raise Finding(f"ends with {done.code}", f"{words[:2]}")
        if "Traceback (most" in done.err and "-v" not in words and "--verbose" not in words:
            raise Finding("shows a traceback", f"{words[:2]}")
        changed = self._state() != self._before
        left = {file.name for file in self.folder.iterdir()} - _OURS
        if changed or left:
            self._put_back(left)
        if done.code != DONE and "--each" not in words:
            if changed:
                raise Finding("refused, and the ledger has changed", f"{words[:2]}: {done.code}")
            if left:
                raise Finding("refused, and leaves files", f"{words[:2]}: {done.code}, {left}")

    def _put_back(self, left: Iterable[str]) -> None:
        for name in left:
            file = self.folder / name
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        for file in self.folder.glob("studio.*"):
            file.unlink()
        shutil.copy(self._kept, self.file)

    def _state(self) -> tuple[int, ...]:
        connection = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)
        try:
            found: tuple[int, ...] = connection.execute(_LEDGER).fetchone()
        finally:
            connection.close()
        return found


def _raised(err: str) -> str:
    """Where it was raised, and what: our own last place in a traceback, and its last line."""
    places = re.findall(r'File ".*?/(?:ledger|plugins)/([\w/]+)\.py", line \d+, in (\w+)', err)
    what = [line for line in err.splitlines() if re.match(r"[\w.]+(Error|Exception)\b", line)]
    place = ".".join(places[-1]) if places else "?"
    return f"{place}: {what[-1] if what else err[-200:]}"


@contextmanager
def _in_the_end(words: list[str]) -> Iterator[None]:
    def late(_signal: int, _frame: FrameType | None) -> None:
        raise Finding(f"does not end within {ENDLESS} s", " ".join(words)[:80])

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(ENDLESS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


# --- words --------------------------------------------------------------------------------------

_NOT_TRIED = ("-f", "--follow", "~")
"""What waits for more, or means another folder."""

_ZONE = re.compile(r"[A-Z][A-Za-z_]+/[A-Z][A-Za-z_]+")


def as_words(data: bytes) -> list[str]:
    """The words of a command line, as Python gets them: what is no UTF-8 is kept apart in each.

    Nothing is written elsewhere (no word names another folder) and nobody waits for ever.
    """
    words = [word.decode("utf-8", "surrogateescape") for word in data.split(b"\0")]
    inside = [word if _ZONE.fullmatch(word) else word.replace("/", "_") for word in words]
    return [word for word in inside if word != ".." and not word.startswith(_NOT_TRIED)]


def _called(*first: str) -> Callable[[Path], Attempt]:
    """Calls of commands that begin with these words."""

    def opened(folder: Path) -> Attempt:
        campus = Campus(folder)
        return lambda data: campus.run([*first, *as_words(data)]).code == DONE

    return opened


def _looking(folder: Path) -> Attempt:
    """What only looks: the first byte says which command."""
    campus = Campus(folder)
    commands = ("log", "show", "blame", "diff", "export", "views")

    def attempt(data: bytes) -> bool:
        command = commands[data[0] % len(commands)] if data else "log"
        return campus.run([command, *as_words(data[1:])]).code == DONE

    return attempt


def _shell(text: str, first: int | None = None) -> bytes:
    words = "\0".join(word.replace("~", " ") for word in text.split()).encode()
    return words if first is None else bytes([first]) + words


_VIEWS = tuple(
    map(
        _shell,
        (
            "bookings --space stage-1 --json",
            "spaces --on 2025-07-01 --format csv",
            "utilization --since 2025-07-01 --until 2025-07-31 --kind stage",
            "calendar --since 2025-07-01 --until 2025-07-31 --format jsonl",
            "projects --as-of 5",
            "equipment --at 2025-07-01T08:00 --json",
            "bookings --explain b-1 --as-of 9",
        ),
    )
)
_LOOKS = (
    _shell("--tag space:stage-1 --limit 3 --json", 0),
    _shell("--type BookingHeld --since 2025-07-01 --until 2025-07-02T08:00", 0),
    _shell("--text 狂野 --actor ada --as-of 9 --recorded-since 2 --format line", 0),
    _shell("--on 2025-07-01 --batch b --request r", 0),
    _shell("7 --json", 1),
    _shell("space:stage-1 --as-of 2025-07-01", 1),
    _shell("booking:b-1", 2),
    _shell("3 8 --json", 3),
    _shell("2025-01-01 2025-07-01~12:00", 3),
    _shell("--format icalendar --as-of 3", 4),
    _shell("status --json", 5),
)
_DEEDS = tuple(
    map(
        _shell,
        (
            "booking hold stage-2 wild --days 2025-09-01..2025-09-03 --plan 2025-09-01=prep",
            "booking hold stage-2 wild --from 2025-03-30T01:30 --to 2025-03-30~03:30+01:00",
            "booking start b-1 --on 2025-07-01",
            "booking release b-2 --reason rain --request r-1",
            "space close stage-2 --days 2025-09-01 --kind maintenance --dry-run",
            "site add west --name West --zone Asia/Shanghai --answer-within-hours 48",
            "project open p-1 --title 永川 --kind feature --on 2025-01-01",
            "equipment move led-a --to stage-2 --at 2025-01-01T08:00+08:00",
            "init --zone Asia/Shanghai",
            "plugin disable expo",
        ),
    )
)
_OPTIONS = (
    b"\0--days\0", b"\0--as-of\0", b"\0--tag\0", b"\0--json\0", b"\0--format\0csv", b"\0--space\0",
    b"\0--on\0", b"\0--since\0", b"\0--until\0", b"\0--at\0", b"\0--limit\0", b"\0--explain\0",
    b"\0", b"--", b"..", b"2025-07-01", b"9999-12-31", b"0001-01-01", b"1e308", b"nan", b"inf",
    b"stage-1", b"wild", b"b-1", b"booking:b-1", b"space:stage-1@2025-07", b"\0--help",
    "\u0661".encode(), b"--view-x", b"\0--request\0", b"\0--reason\0",
)  # fmt: skip


# --- files of commands --------------------------------------------------------------------------


def _applied(*how: str) -> Callable[[Path], Attempt]:
    def opened(folder: Path) -> Attempt:
        campus = Campus(folder)
        return lambda data: campus.run(["apply", "-", *how], stdin=data).code == DONE

    return opened


_COMMANDS = (
    b'{"do":"project open","project":"p-1","title":"\xe6\xb0\xb8",'
    b'"kind":"feature","on":"2025-01-01"}\n'
    b'{"do":"booking hold","space":"stage-2","project":"p-1","when":"2025-09-01..2025-09-14"}\n',
    b'{"do":"booking start","booking":"b-1","on":"2025-07-01"}\n',
    b'{"do":"booking release","booking":"b-2"}\n\n'
    b'{"do":"space close","space":"stage-2","when":"2025-10-01..2025-10-02","kind":"blackout"}\n',
    b'{"do":"equipment move","equipment":"led-a","to":"stage-2","at":"2025-01-01T08:00+08:00"}\n',
    b'{"do":"site add","site":"w","name":"W","zone":"Europe/Berlin","answer_within_hours":48}\n',
    b'{"do":"space add","space":"s-9","site":"main","name":"S","kind":"hall","area_m2":1e3,'
    b'"in_service_on":"2024-01-01","capacity":4}',
)
_KEYS = (
    b'{"do":"', b'"do":', b'"when":', b'"on":', b'"title":', b'"project":', b"1e400",
    b'"capacity":', b"9223372036854775808", b"-0", b"true", b'"2025-02-30"', b'"2025-07-01"',
    b"\\ud83c", b"\\udfac", b"}\n{", b'"plan":[{"first":"2025-09-01","kind":"prep"}]',
    b"[[[[", b'{"a":{"a":', b'"booking hold"', b"\r\n", b"\\n", b"{}\n",
)  # fmt: skip

ARGUMENTS = 100_000
"""Bytes of a command line; Linux takes 131,072 in a word."""


def _line(
    name: str, opened: Callable[[Path], Attempt], seeds: tuple[bytes, ...], alike: str = ""
) -> Surface:
    return Surface(
        name, opened, seeds, _OPTIONS,
        fixed=24 << 20, factor=200, longest=ARGUMENTS, examples=15, alike=alike,
    )  # fmt: skip


def _file(name: str, *how: str, alike: str = "") -> Surface:
    return Surface(
        name, _applied(*how), _COMMANDS, _KEYS,
        fixed=24 << 20, factor=100, examples=15, alike=alike,
    )  # fmt: skip


SURFACES = (
    _line("view and its parameters", _called("view"), _VIEWS),
    _line("log, show, blame, diff, …", _looking, _LOOKS, alike="view and its parameters"),
    _line("commands that record", _called(), _DEEDS, alike="view and its parameters"),
    _file("apply"),
    _file("apply --each", "--each", "--request", "import-1", alike="apply"),
    _file("apply --dry-run", "--dry-run", alike="apply"),
)
