"""`apply`: commands from a file, all or none, or each for itself."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import IO, Any

import click

from ledger.application import Author, Ledger
from ledger.commands import options
from ledger.commands.each import Numbered, each_for_itself
from ledger.commands.entries import RECORDED_COLUMNS, sheet
from ledger.commands.output import Output
from ledger.commands.session import Session
from ledger.commands.sheets import Column, Sheet
from ledger.commands.tree import Leaf
from ledger.commands.writing import report
from ledger.companions import expanded
from ledger.decisions import STUDIO_DECISIONS
from ledger.decisions.keys import keys
from ledger.decisions.wire import MAX_LINE, Wire
from ledger.errors import BadInput, LedgerError, StorageFailure


@click.command(cls=Leaf)
@click.argument("file", metavar="FILE|-", required=False)
@click.option("--each", is_flag=True, help="Each for itself: go on after a refusal.")
@click.option(
    "--keys",
    "asked",
    metavar="COMMAND",
    help="Show the keys of a command, such as 'booking hold', or of all: 'all'.",
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
    """Carry out the commands of a JSON-lines file (- is stdin).

    A line is a command: its words in "do", its keys beside it (--keys COMMAND lists them).
    All are recorded as one batch, or none is. With --each they are recorded one by one,
    and one that is refused stops none of the others. Either way the whole file is read
    first, and of a file that cannot be read nothing is recorded.

    \b
    {"do": "project open", "project": "p-1", "title": "One", "kind": "feature", "on": "2025-01-02"}
    {"do": "booking hold", "space": "stage-1", "project": "p-1", "when": "2025-07-01..2025-07-14"}

    With --each, --request KEY becomes KEY/N for the command of line N: after an interruption
    the same call goes on where it stopped.
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
    Column("default", "Without it"),
)


def show_keys(session: Session, output: Output, asked: str) -> None:
    """The keys that a line may have: of a command, of all that begin with a word, of `all`."""
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
    """Record commands, all or none, or with `each` one by one; show what came of it."""
    if each:
        each_for_itself(session, ledger, numbered, output, author=author, dry_run=dry_run)
        return
    if not numbered:
        with output.opened() as sink:
            session.say("no command to carry out, nothing was recorded")
            sink.write(sheet((), ledger.opened.zone, columns=RECORDED_COLUMNS))
        return
    report(session, output, ledger, lambda: ledger.apply(numbered, author, dry_run=dry_run))


@contextmanager
def opened_input(file: str) -> Iterator[IO[bytes]]:
    """A file of input, or stdin for `-`. Raises `BadInput` for one that cannot be read."""
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
    """The lines, none longer than a command can be: a huge one is never held in memory.

    The error of a last line without an end says that the file may have been cut off.
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
                    f"a command takes at most {MAX_LINE:,} bytes, and this line is longer",
                    advice="Nothing was recorded; is it a file of JSON lines?",
                ),
            )
        if b"\0" in line or _is_no_text(line):
            raise _at(
                number,
                BadInput(
                    "this is no text in UTF-8",
                    advice="Nothing was recorded; is it a file of JSON lines?",
                ),
            )
        if not line.endswith(b"\n") and line.lstrip()[:1] == b"{" and line.rstrip()[-1:] != b"}":
            raise _at(
                number,
                BadInput(
                    "the file ends in the middle of a command",
                    advice="Nothing was recorded; fetch the whole file",
                ),
            )
        yield line


def _is_no_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return True
    return False


def _at(number: int, error: LedgerError) -> LedgerError:
    error.where = f"line {number}"
    return error
