"""View answers, as a sheet and in words."""

import sys
import time
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, get_args

from ledger.commands.exit_codes import STALE
from ledger.commands.ids import FIRST_EVENTS
from ledger.commands.session import Session
from ledger.terminal.sheets import Column, Sheet, Style, can_encode

if TYPE_CHECKING:
    from ledger.projections.querying.live_views import Answer


def answer_sheet(
    answer: "Answer", zone: str, beside: Mapping[str, Mapping[str, str]] | None = None
) -> Sheet:
    """The rows of an answer; `beside` has the names to show beside ids, by column and id."""
    names = [column.name for column in answer.columns]
    beside = {column: known for column, known in (beside or {}).items() if known}
    below = "project" if "project" in beside else ""  # a title has no room in a narrow table
    return Sheet(
        [
            Column(
                c.name,
                c.title,
                "" if c.unit == "ratio" else c.unit,  # a ratio has no unit to show
                number=_is(c.type, int, float),
                ratio=c.unit == "ratio",
                # Ids and days are never cut: the reader may type them back. A name beside its id
                # that a narrow table can spare is not spread over three lines of each row.
                fixed=c.name not in beside
                and not _is(c.type, datetime)
                and (
                    c.key
                    or c.name in FIRST_EVENTS
                    or _is(c.type, date, bool)
                    or (c.name == "name" and c.spare > 0)
                ),
                named=c.name in beside or _is(c.type, datetime),
                fold=c.name == below,
                keep=_is(c.type, datetime) and not c.spare,  # it is a deadline
                spare=c.spare,
            )
            for c in answer.columns
        ],
        # An empty text counts as no value.
        (
            [_or_nothing(_with_name(getattr(row, name), beside.get(name))) for name in names]
            for row in answer.rows
        ),
        zone,
    )


def _with_name(value: Any, names: Mapping[str, str] | None) -> Any:
    if isinstance(value, tuple) and names:
        return tuple(_with_name(one, names) for one in value)
    return f"{value} {names[value]}" if names and value in names else value


def _or_nothing(value: Any) -> Any:
    return None if value == "" else value


def title(answer: "Answer", zone: str) -> str:
    """The question, what the view assumed, and the position and time of the answer."""
    asked = answer.title if answer.title.endswith("?") else f"{answer.title}:"
    none = " None," if not answer.rows else ""
    assumed = "".join(f" {note}," for note in answer.notes)
    return f"{asked}{none}{assumed} {as_of_words(answer, zone)}"


def as_of_words(answer: "Answer", zone: str) -> str:
    """The position and recorded time of an answer."""
    if answer.recorded_at is None:
        return "before the first event"
    unread = f"; {answer.unread:,} events could not be read" if answer.unread else ""
    return f"{Style(zone).as_of(answer.as_of, answer.recorded_at)}{unread}"


def place_words(answer: "Answer", zone: str) -> str:
    """The position and its recorded time, in short."""
    if answer.recorded_at is None:
        return "the beginning"
    return f"#{answer.as_of} ({Style(zone).text(answer.recorded_at)})"


def _is(declared: Any, *wanted: type) -> bool:
    """Whether a column's type, or a member of its union, is one of these."""
    return any(kind in wanted for kind in get_args(declared) or (declared,))


def say_if_stale(session: Session, answer: "Answer") -> None:
    """Warn if the view's projection is quarantined, and set the exit code."""
    if answer.failure is not None:
        session.exit_code = STALE
        session.say(f"stale since #{answer.stale_since}: {answer.failure.error}. See: views status")


_BAR = 24
"""Width of the bar, in cells."""


def _bar(doing: str, position: int, head: int) -> str:
    """The progress line of a running fold."""
    full, empty = "█░" if can_encode("█░", sys.stderr.encoding or "ascii") else "#-"
    done = _BAR * position // head
    bar = full * done + empty * (_BAR - done)
    return f"{doing} {bar} {position / head:4.0%}  #{position:,} of #{head:,}"


def progress(doing: str = "catching up") -> Callable[[int, int], None] | None:
    """Return a function that shows the progress of a long fold; None without a terminal."""
    if not sys.stderr.isatty():
        return None
    begun = last = time.monotonic()

    def told(position: int, head: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - begun > 0.5 and (now - last > 0.1 or position >= head):
            last = now
            sys.stderr.write("\r\x1b[K" + ("" if position >= head else _bar(doing, position, head)))
            sys.stderr.flush()

    return told
