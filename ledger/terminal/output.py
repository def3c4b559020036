"""Where data goes: stdout, or a file that is written completely or not at all."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, get_args

from msgspec import Struct

from ledger.errors import BadInput, StorageFailure
from ledger.sidecar_paths import expanded
from ledger.terminal.sheets import Format, Sheet, terminal_bytes, write

_BY_SUFFIX: dict[str, Format] = {".json": "json", ".jsonl": "jsonl", ".csv": "csv"}
_SQLITE = b"SQLite format 3\0"


class Output(Struct, frozen=True):
    """The chosen format, and the file, if one was named.

    `paged`: on a terminal, output longer than the screen goes through the pager.
    """

    format: Format = "table"
    file: Path | None = None
    paged: bool = False

    @classmethod
    def of(
        cls, format: Format | None, as_json: bool, file: str | None, *, paged: bool = False
    ) -> "Output":
        """Read the options: without a format, the file's suffix decides. Raises `BadInput`."""
        if as_json and format not in (None, "json"):
            raise BadInput(f"--json and --format {format} exclude each other", advice="Give one")
        path = None if file is None or file == "-" else expanded(file)
        guessed = _BY_SUFFIX.get(path.suffix.lower(), "table") if path else "table"
        return cls(format="json" if as_json else format or guessed, file=path, paged=paged)

    @contextmanager
    def opened(self) -> Iterator["Sink"]:
        """Open a sink for one sheet. A file is created at once, so that a command that cannot
        write its data fails before it records anything; it takes its name at the end.

        Raises `BadInput` for a folder or a database, `StorageFailure` if writing fails.
        """
        if self.file is None:
            sys.stdout.flush()
            if self.paged and sys.stdout.isatty():
                from ledger.terminal.pager import paged

                with paged(terminal_bytes(), say=_say) as out:
                    yield Sink(self.format, out)
                return
            yield Sink(self.format, terminal_bytes())
            terminal_bytes().flush()
            return
        if self.file.exists() and not self.file.is_file():
            yield from self._straight()
            return
        _refuse_to_lose(self.file)
        building = self.file.with_name(f".{self.file.name}.{os.urandom(4).hex()}.new")
        try:
            with _file_errors(self.file):
                out = building.open("xb")
            try:
                yield Sink(self.format, out, self.file)
                with _file_errors(self.file):
                    out.flush()
                    os.fsync(out.fileno())
                    out.close()
                    os.replace(building, self.file)
            except BaseException:
                with suppress(OSError):  # the buffer fails again on a full disk
                    out.close()
                raise
        finally:
            with suppress(OSError):
                building.unlink(missing_ok=True)

    def _straight(self) -> Iterator["Sink"]:
        """Open a device or a pipe, which is written in place."""
        assert self.file is not None
        if self.file.is_dir():
            raise BadInput(f"{self.file} is a folder", advice="Name a file in it: -o FOLDER/FILE")
        with _file_errors(self.file):
            out = self.file.open("wb")
        with out:
            yield Sink(self.format, out, self.file)


class Sink:
    """Takes one sheet."""

    def __init__(self, format: Format, out: IO[bytes], file: Path | None = None) -> None:
        self.format = format
        self._out = out
        self._file = file

    @property
    def encoding(self) -> str:
        """The encoding of a table: the terminal's, or UTF-8 in a file."""
        own = getattr(sys.stdout, "encoding", None) if self._file is None else None
        return own or "utf-8"

    @property
    def to_file(self) -> bool:
        """Whether the data goes into a file."""
        return self._file is not None

    def write(self, sheet: Sheet) -> int:
        """Write a sheet; return the number of rows."""
        if self._file is None:
            return write(sheet, self.format, self._out, shown=True)
        with _file_errors(self._file):
            return write(sheet, self.format, self._out)

    def write_bytes(self, chunks: Iterable[bytes]) -> int:
        """Write bytes that are formatted already, piece by piece; return how many."""
        written = 0
        for chunk in chunks:
            if self._file is None:
                written += self._out.write(chunk)
                continue
            with _file_errors(self._file):
                written += self._out.write(chunk)
        return written


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _refuse_to_lose(file: Path) -> None:
    """Refuse to replace a database; a file of data may be replaced."""
    if file.is_file():
        with _file_errors(file), file.open("rb") as old:
            if old.read(len(_SQLITE)) == _SQLITE:
                raise BadInput(f"{file} is a database", advice="Name another file with -o")


@contextmanager
def _file_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFailure(
            f"{file} cannot be written: {(error.strerror or str(error)).lower()}",
            advice="Name another file with -o",
        ) from error


FORMATS = tuple(name for name in get_args(Format) if name != "line")
