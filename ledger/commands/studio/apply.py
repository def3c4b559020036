"""`apply`: run commands from a file, all or none, or one by one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import IO, Any

import click

from ledger.application import Author, Ledger
from ledger.commands import options
from ledger.commands.entries import RECORDED_COLUMNS, sheet
from ledger.commands.session import Session
from ledger.commands.studio.each import Numbered, each_for_itself
from ledger.commands.studio.writing import report
from ledger.commands.tree import Leaf
from ledger.decisions import STUDIO_DECISIONS
from ledger.decisions.command_codec import MAX_LINE, Wire
from ledger.decisions.command_keys import keys
from ledger.errors import BadInput, LedgerError, StorageFailure
from ledger.sidecar_paths import expanded
from ledger.terminal.output import Output
from ledger.terminal.sheets import Column, Sheet


@click.command(cls=Leaf)
@click.argument("file", metavar="FILE|-", required=False)
@click.option("--each", is_flag=True, help="Run them one by one; continue after a refusal.")
@click.option(
    "--keys",
    "asked",
    metavar="COMMAND",
    help="Show the keys of a command, such as 'booking hold', or of 'all'.",
)
@options.recording
@options.data()
@click.pass_obj
def apply(
    session: Session,
    file: str | None,
    each: bool,
    asked: str | None,
    output: Output,
    reason: str | None,
    request: str | None,
    dry_run: bool,
) -> None:
    """Run the commands in a JSON Lines file (- is stdin).

    Each line is a command: its words in "do", its keys beside it (--keys COMMAND lists them).
    All are recorded as one batch, or none is. With --each they are recorded one by one,
    and a refused one does not stop the others. Either way the whole file is read first; if
    any line cannot be read, nothing is recorded.

    \b
    {"do": "project open", "project": "p-1", "title": "One", "kind": "feature", "on": "2025-01-02"}
    {"do": "booking hold", "space": "stage-1", "project": "p-1", "when": "2025-07-01..2025-07-14"}

    With --each, the command on line N gets the request key KEY/N of --request KEY: after an
    interruption, the same call continues where it stopped.
    """
    if asked is not None:
        show_keys(session, output, asked)
        return
    if file is None:
        raise click.UsageError("Missing argument 'FILE|-'.", click.get_current_context())
    author = session.author(reason=reason, request=request)
    session.needs(lambda host: host.load_for_writing(every=True), records=True)
    ledger = session.open()
    with opened_input(file) as lines:
        numbered = list(ledger.wire.read(_bounded(lines)))
    carry_out(session, ledger, numbered, output, author=author, each=each, dry_run=dry_run)


_KEYS = (
    Column("do", "Command", fixed=True),
    Column("key", "Key", fixed=True),
    Column("needed", "Needed"),
    Column("takes", "Takes", wrap=True),
    Column("default", "Default"),
)


def show_keys(session: Session, output: Output, asked: str) -> None:
    """Show the keys of a command, of all commands that begin with a word, or of `all`."""
    session.needs(lambda host: host.load_for_writing(every=True))
    wire = Wire((*STUDIO_DECISIONS, *session.extensions.decisions))
    words = " ".join(asked.split())
    found = [
        command
        for name, command in wire.commands.items()
        if words == "all" or name == words or name.startswith(f"{words} ")
    ]
    rows = (
        (command.words(), key.name, key.needed, key.takes, _plain(key.default))
        for command in found or [wire.named(asked)]
        for key in keys(command)
    )
    with output.opened() as sink:
        sink.write(Sheet(_KEYS, rows))


def _plain(default: Any) -> Any:
    return None if default == () else default


def carry_out(
    session: Session,
    ledger: Ledger,
    numbered: Numbered,
    output: Output,
    *,
    author: Author,
    each: bool,
    dry_run: bool,
) -> None:
    """Record commands, all or none, or with `each` one by one, and show the outcome."""
    if each:
        each_for_itself(session, ledger, numbered, output, author=author, dry_run=dry_run)
        return
    if not numbered:
        with output.opened() as sink:
            session.say("no commands to run; nothing was recorded")
            sink.write(sheet((), ledger.opened.zone, columns=RECORDED_COLUMNS))
        return
    report(session, output, ledger, lambda: ledger.apply(numbered, author, dry_run=dry_run))


@contextmanager
def opened_input(file: str) -> Iterator[IO[bytes]]:
    """Open an input file, or stdin for `-`. Raises `BadInput` if it cannot be read."""
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        lines = expanded(file).open("rb")
    except OSError as error:
        raise BadInput(
            f"{file!r} cannot be read: {(error.strerror or '').lower()}",
            advice="Name a file, or - for stdin",
        ) from None
    with lines:
        yield lines


def _bounded(lines: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines, limiting their length so that a huge one is never held in memory.

    If the last line is incomplete, the error says that the file is cut off.
    """
    for number in count(1):
        try:
            line = lines.readline(MAX_LINE + 2)
        except OSError as error:
            raise StorageFailure(
                f"line {number} cannot be read: {error.strerror}",
                advice="Nothing was recorded; check the file",
            ) from error
        if not line:
            return
        if len(line.rstrip(b"\r\n")) > MAX_LINE:
            raise _at(
                number,
                BadInput(
                    f"this line is longer than the limit of {MAX_LINE:,} bytes for a command",
                    advice="Nothing was recorded; is it a file of JSON lines?",
                ),
            )
        if b"\0" in line or not _is_text(line):
            raise _at(
                number,
                BadInput(
                    "this is not UTF-8 text",
                    advice="Nothing was recorded; is it a file of JSON lines?",
                ),
            )
        if not line.endswith(b"\n") and line.lstrip()[:1] == b"{" and line.rstrip()[-1:] != b"}":
            raise _at(
                number,
                BadInput(
                    "the file ends in the middle of a command",
                    advice="Nothing was recorded; get the complete file",
                ),
            )
        yield line


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _at(number: int, error: LedgerError) -> LedgerError:
    error.where = f"line {number}"
    return error
