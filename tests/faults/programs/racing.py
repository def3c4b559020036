"""What the racing processes do; the test that starts them counts what came of it."""

from __future__ import annotations

import random
from datetime import date, timedelta
from multiprocessing.synchronize import Barrier, Event
from time import sleep
from typing import Any, Protocol

from ledger.application import Author, Ledger
from ledger.decisions.base import Decision
from ledger.errors import LedgerError, Refused
from ledger.events import BookingConfirmed, MilestonePlanned
from ledger.events.base import Header

PATIENCE_S = 300
FIRST_DAY = date(2030, 1, 1)
ROUNDS_A_STAGE = 200


class Results(Protocol):
    """The end of a queue that a racer writes to."""

    def put(self, result: Any) -> None:
        """Hand a result to the test."""


def command(ledger: Ledger, **fields: Any) -> Decision:
    """A decision in the form of a batch file."""
    import json

    return ledger.wire.decode(json.dumps(fields).encode())


def round_stage(number: int) -> str:
    """The stage of one round: no booking may lie more than ten years ahead."""
    return f"stage-{1 + number // ROUNDS_A_STAGE}"


def round_days(number: int) -> str:
    """The days of one round; every round has days of its own, five rounds share a month."""
    first = FIRST_DAY + timedelta(days=6 * (number % ROUNDS_A_STAGE))
    return f"{first}..{first + timedelta(days=4)}"


def book_same_days(
    url: str, racer: int, rounds: int, start: Barrier, results: Results, seed: int = 1
) -> None:
    """In every round try to book the round's days, at the same moment as all the others.

    The seed draws the pauses of whoever lost to another.
    """
    random.seed(f"{seed} {racer}")
    with Ledger.open(url) as ledger:
        for number in range(rounds):
            wanted = command(
                ledger,
                do="booking hold",
                booking=f"b-{number}-{racer}",
                space=round_stage(number),
                project="the-race",
                when=round_days(number),
                confirm=True,
            )
            start.wait(PATIENCE_S)
            results.put((number, racer, *_attempt(ledger, wanted, f"racer-{racer}")))


def _attempt(ledger: Ledger, wanted: Decision, actor: str) -> tuple[str, int | None, str]:
    """What came of it, the position that won or stood in the way, and what was said."""
    try:
        events = ledger.decide(wanted, Author(actor)).events
        won = next(e.position for e in events if isinstance(e.event, BookingConfirmed))
        return "won", won, ""
    except Refused as refusal:
        return "refused", refusal.position, str(refusal)
    except LedgerError as error:
        return type(error).__name__, None, str(error)


def append_without_condition(
    url: str, writer: int, stop: Event, results: Results, pause_s: float = 0.005, seed: int = 1
) -> None:
    """Keep appending events that no racer reads; tells how many it appended.

    It pauses for as long on average, by the seed.
    """
    chance = random.Random(f"{seed} writer {writer}")
    header = Header(actor=f"writer-{writer}")
    count = 0
    with Ledger.open(url) as ledger:
        while not stop.is_set():
            event = MilestonePlanned(
                project=f"elsewhere-{writer}", milestone=f"day-{count}", on=FIRST_DAY
            )
            ledger.log.append([(event, header)])
            count += 1
            sleep(chance.uniform(0, 2 * pause_s))
    results.put(count)


def subscribe(url: str, last: Any, results: Results) -> None:
    """Follow the log from its beginning until the position that `last` comes to hold."""
    seen: list[int] = []
    with Ledger.open(url, read_only=True) as ledger, ledger.log.follow() as entries:
        for entry in entries:
            seen.append(entry.position)
            if entry.position == last.value:
                break
    results.put(seen)
