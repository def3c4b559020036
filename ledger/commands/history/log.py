"""`log`: the events as they were recorded, newest last."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

import click

from ledger.application import Ledger
from ledger.commands import options
from ledger.commands.entries import rows, sheet
from ledger.commands.exit_codes import INTERRUPTED
from ledger.commands.history.corrections import corrected_among, pair, pairs_sheet, sample
from ledger.commands.history.following import (
    check_can_follow,
    following,
    typical,
    with_room_to_grow,
)
from ledger.commands.history.log_filters import Asked, Narrowed, narrowing
from ledger.commands.ids import warn_of_unknown
from ledger.commands.session import Session
from ledger.commands.tree import Leaf
from ledger.errors import BadInput
from ledger.events.base import RecordedEvent
from ledger.terminal.output import Output
from ledger.terminal.sheets import Sheet, Style


@click.command(cls=Leaf)
@narrowing
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Only the newest N.")
@click.option(
    "--corrected", is_flag=True, help="Only events that a later one corrects or withdraws."
)
@click.option(
    "--corrections",
    is_flag=True,
    help="Only corrections, each beside the event that it corrects.",
)
@click.option("-f", "--follow", is_flag=True, help="Keep showing new events, until Ctrl-C.")
@options.as_of
@options.data(lines=True, paged=True)
@click.pass_obj
def log(
    session: Session,
    asked: Asked,
    limit: int | None,
    corrected: bool,
    corrections: bool,
    follow: bool,
    as_of: str | None,
    output: Output,
) -> None:
    """Show the events as recorded, newest last.

    --since, --until and --on select by when it happened in the studio, --recorded-since and
    --as-of by when it was recorded. An event is shown if it matches every filter.
    --format line gives the stored lines, byte for byte.

    \b
    studio-ledger log --tag space:stage-1 --since 2025-07-01 --limit 20
    studio-ledger log --recorded-since 2025-07-01 --as-of 2025-07-31 --actor ana
    studio-ledger log --text "led wall" --corrections
    studio-ledger log --follow --limit 0 --format jsonl
    """
    if follow:
        check_can_follow(output, as_of=as_of, corrected=corrected)
    # Only the plugin knows when its event held in the studio.
    ledger = session.open_to_look(bare=not asked.of_the_studio)
    until = options.resolve_as_of(ledger, as_of)
    head = ledger.log.head() if until is None else until
    narrowed = Narrowed(ledger, asked, until=head)
    if narrowed.after > head:
        raise BadInput(
            f"--recorded-since {asked.recorded_since} is after --as-of {as_of}",
            advice="Give the earlier one as --recorded-since",
        )
    also = _also(ledger, narrowed, corrected=corrected, corrections=corrections)
    shown = _Shown(ledger, output, corrections=corrections)
    past = narrowed.entries(limit, also)
    if follow:
        _follow(session, narrowed, past, also, shown)
        return
    with output.opened() as sink:
        count = sink.write(shown.sheet(past))
    warn_of_unknown(session, ledger, narrowed.tags)
    if count == 0:
        for hint in narrowed.hints():
            session.say(f"warning: {hint}")
    title(session, ledger, count, head, shown.zone)
    session.say_standing(head if until is None else ledger.log.head())


def _also(
    ledger: Ledger, narrowed: Narrowed, *, corrected: bool, corrections: bool
) -> Callable[[RecordedEvent], bool]:
    """Return the further filter: for corrections, corrected events, both, or none."""
    positions = None
    if corrected:
        positions = corrected_among(ledger.log, narrowed.entries(), until=narrowed.until)

    def also(entry: RecordedEvent) -> bool:
        if corrections and entry.corrects is None:
            return False
        return positions is None or entry.position in positions

    return also


def _follow(
    session: Session,
    narrowed: Narrowed,
    past: Iterator[RecordedEvent],
    also: Callable[[RecordedEvent], bool],
    shown: "_Shown",
) -> None:
    """Show past events, then new ones. Ctrl-C ends it without a message, with exit code 130."""
    warn_of_unknown(session, shown.ledger, narrowed.tags)
    session.say_standing(narrowed.until)
    try:
        with following(session, narrowed) as recorded:
            entries = chain(past, filter(also, recorded))
            with Output(shown.format).opened() as sink:
                sink.write(shown.sheet(entries, until=narrowed.until))
    except KeyboardInterrupt:
        session.exit_code = INTERRUPTED


class _Shown:
    """Events as a sheet: one by one, or each correction beside the event it corrects."""

    def __init__(self, ledger: Ledger, output: Output, *, corrections: bool) -> None:
        self.ledger = ledger
        self.format = output.format
        self.zone = ledger.opened.zone
        self._corrections = corrections

    def sheet(self, entries: Iterable[RecordedEvent], *, until: int | None = None) -> Sheet:
        """Return the sheet. With `until`, entries keep arriving after that position."""
        live = None if until is None else self._sample(until)
        log = self.ledger.log
        if self.format == "line":
            lines = stored_lines(self.ledger, self._with_corrected(entries))
            return Sheet((), (), self.zone, lines, sample=live)
        if self._corrections:
            pairs = (pair(log, entry) for entry in entries)
            made = pairs_sheet(pairs, self.zone, self.format, log)
        else:
            made = sheet(entries, self.zone, log=log)
        return Sheet(made.columns, made.rows, self.zone, sample=live)

    def _sample(self, until: int) -> list[Any]:
        if self.format != "table":
            return []
        newest = typical(self.ledger, until)
        if self._corrections:
            shown: Any = sample(newest, self.zone)
        else:
            shown = list(rows(newest, self.zone))
        type_at = None if self._corrections else 2
        return with_room_to_grow(shown, self.ledger, position=0, type=type_at)

    def _with_corrected(self, entries: Iterable[RecordedEvent]) -> Iterator[RecordedEvent]:
        """Yield the entries; with --corrections, each after the event it corrects."""
        for entry in entries:
            corrected = pair(self.ledger.log, entry).corrected if self._corrections else None
            if corrected is not None:
                yield corrected
            yield entry


def stored_lines(ledger: Ledger, entries: Iterable[RecordedEvent]) -> Iterator[bytes]:
    """The stored line of each event."""
    for entry in entries:
        yield from ledger.log.lines(after=entry.position - 1, until=entry.position)


def title(session: Session, ledger: Ledger, rows: int, head: int, zone: str) -> None:
    """Say what was shown, up to where, and in which zone."""
    last = next(ledger.log.stream(after=head - 1, until=head), None) if head else None
    if last is None:
        session.say("no event: nothing was recorded by then")
        return
    many = "no event" if rows == 0 else "1 event" if rows == 1 else f"{rows:,} events"
    session.say(f"{many}, {Style(zone).as_of(head, last.recorded_at)}")
