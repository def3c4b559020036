"""`apply`: commands from a file, all or none, or each for itself."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO, Any

import click

from ledger.application import Author, Ledger
from ledger.commands import options
from ledger.commands.endings import CONFLICT, REFUSED
from ledger.commands.output import Output
from ledger.commands.session import Session
from ledger.commands.sheets import Column, Sheet
from ledger.commands.tree import Leaf
from ledger.commands.writing import nearest, report
from ledger.decisions.base import Decision
from ledger.decisions.wire import MAX_LINE
from ledger.errors import (
    BadInput,
    Conflict,
    LedgerError,
    Refused,
    StorageFailure,
    UnknownId,
)

Numbered = Sequence[tuple[int, Decision]]

_EACH = (
    Column("line", "Line", number=True),
    Column("do", "Command", fixed=True),
    Column("outcome", "Outcome", fixed=True),
    Column("first", "First #", number=True),
    Column("last", "Last #", number=True),
    Column("message", "Message", fold=True),
)


@click.command(cls=Leaf)
@click.argument("file", metavar="FILE|-")
@click.option("--each", is_flag=True, help="Each for itself: go on after a refusal.")
@options.recording
@options.data()
@click.pass_obj
def apply(
    session: Session,
    file: str,
    each: bool,
    output: Output,
    reason: str | None,
    request: str | None,
    dry_run: bool,
) -> None:
    """Carry out the commands of a JSON-lines file (- is stdin).

    A line is a command: its words in "do", its options beside it, with _ for -. All are
    recorded as one batch, or none is. With --each they are recorded one by one, and one
    that is refused stops none of the others. Either way the whole file is read first, and
    of a file that cannot be read nothing is recorded.

    \b
    {"do": "project open", "project": "p-1", "title": "One", "kind": "feature", "on": "2025-01-02"}
    {"do": "booking hold", "space": "stage-1", "project": "p-1", "when": "2025-07-01..2025-07-14"}

    With --each, --request KEY becomes KEY/N for the command of line N: after an interruption
    the same call goes on where it stopped.
    """
    author = session.author(reason=reason, request=request)
    session.needs(lambda host: host.load_for_writing(every=True), records=True)
    ledger = session.open()
    with opened_input(file) as lines:
        numbered = list(ledger.wire.read(_bounded(lines)))
    carry_out(session, ledger, numbered, output, author=author, each=each, dry_run=dry_run)


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
        _each(
            session,
            ledger,
            numbered,
            output,
            request=author.request,
            reason=author.reason,
            dry_run=dry_run,
        )
        return
    report(session, output, ledger, lambda: ledger.apply(numbered, author, dry_run=dry_run))


@contextmanager
def opened_input(file: str) -> Iterator[IO[bytes]]:
    """A file of input, or stdin for `-`. Raises `BadInput` for one that cannot be read."""
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        lines = Path(file).expanduser().open("rb")
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


# --- each for itself ------------------------------------------------------------------


def _each(
    session: Session,
    ledger: Ledger,
    numbered: Numbered,
    output: Output,
    *,
    request: str | None,
    reason: str | None,
    dry_run: bool,
) -> None:
    counted = {"recorded": 0, "repeated": 0, "refused": 0, "conflict": 0}

    def rows() -> Iterator[tuple[Any, ...]]:
        for number, decision in numbered:
            key = None if request is None else f"{request}/{number}"
            outcome, row = _one(session, ledger, decision, key, reason, dry_run)
            counted[outcome] += 1
            if counted["refused"]:
                session.exit_code = REFUSED
            elif counted["conflict"]:
                session.exit_code = CONFLICT
            yield (number, decision.words(), "would be recorded" if row[0] else outcome, *row[1:])

    with output.opened() as sink:
        try:
            sink.write(Sheet(_EACH, rows()))
        except StorageFailure as error:
            done = counted["recorded"] + counted["repeated"]
            raise StorageFailure(
                f"{error.message} (the first {done} of {len(numbered)} commands are done)",
                advice=error.advice,
            ) from error
    words = [f"{n} {outcome}" for outcome, n in counted.items() if n]
    prefix = "dry run, nothing recorded; would be: " if dry_run else ""
    session.say(prefix + (", ".join(words) or "no command in the file"))


def _one(
    session: Session,
    ledger: Ledger,
    decision: Decision,
    key: str | None,
    reason: str | None,
    dry_run: bool,
) -> tuple[str, tuple[Any, ...]]:
    """What came of one command: how it is counted, then dry or not, positions, message."""
    try:
        outcome = ledger.decide(
            decision, session.author(reason=reason, request=key), dry_run=dry_run
        )
    except UnknownId as error:
        return "refused", (False, None, None, str(nearest(ledger, error)))
    except (Refused, BadInput) as error:
        return "refused", (False, None, None, str(error))
    except Conflict as error:
        return "conflict", (False, None, None, str(error))
    positions = [entry.position for entry in outcome.events]
    if outcome.dry_run or not positions:
        return "recorded", (outcome.dry_run, None, None, "")
    kind = "repeated" if outcome.repeated else "recorded"
    return kind, (False, positions[0], positions[-1], "")
