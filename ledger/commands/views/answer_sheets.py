"""View answers, as a sheet and in words."""

import sys
import time
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, get_args

from ledger.commands.exit_codes import STALE
from ledger.commands.ids import FIRST_EVENTS
from ledger.commands.session import Session
from ledger.terminal.sheets import Column, Sheet, Style, can_encode

if TYPE_CHECKING:
    from ledger.projections.querying.live_views import Answer


def answer_sheet(answer: "Answer", zone: str) -> Sheet:
    """The rows of an answer."""
    names = [column.name for column in answer.columns]
    return Sheet(
        [
            Column(
                c.name,
                c.title,
                "" if c.unit == "ratio" else c.unit,  # a ratio has no unit to show
                number=_is(c.type, int, float),
                ratio=c.unit == "ratio",
                # Ids and days are never cut: the reader may type them back.
                fixed=c.key or c.name in FIRST_EVENTS or _is(c.type, date, datetime, bool),
            )
            for c in answer.columns
        ],
        # An empty text counts as no value.
        ([_or_nothing(getattr(row, name)) for name in names] for row in answer.rows),
        zone,
    )


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
