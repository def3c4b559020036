"""Races for equipment: `python -m tests.faults.equipment_races`.

64 processes have a firm booking each, on the same days, round after round, and want the only crane,
or three of forty cables of which 37 are promised, or a case or the camera in it. In every other
round the booking is a hold that has pencilled what it wants, and confirming it is the race. Prints
the table that the docs show, a line for each prize and database; exits 1 where a law was broken.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ledger.application import Author, Ledger
from ledger.events import BookingConfirmed, BookingHeld, EquipmentReserved, Event
from ledger.events.base import Header
from ledger.time.periods import Period, When
from tests.faults.printed import printed_by
from tests.faults.programs.racing import PATIENCE_S, ROUNDS_A_STAGE, command, round_days
from tests.faults.programs.racing_for_equipment import (
    PRIZES,
    Prize,
    Told,
    compete,
    is_by_confirming,
    of_round,
)
from tests.postgres_server import postgres_server

RACERS = 64
ZONE = "Asia/Shanghai"


@dataclass
class Race:
    """What came of it: by round what each racer was told, and the events that are stored."""

    prize: Prize
    rounds: int
    told: dict[int, list[Told]]
    events: list[Any]

    def promised(self) -> dict[int, Counter[str]]:
        """By round how many pieces of the prize each firm booking has, counted from the log."""
        firm = {one.booking for one in self.events if isinstance(one, BookingConfirmed)}
        found: dict[int, Counter[str]] = {number: Counter() for number in range(self.rounds)}
        for one in self.events:
            if not isinstance(one, EquipmentReserved) or one.booking not in firm:
                continue
            number = int(one.booking.split("-")[1])
            if one.equipment == of_round(number, self.prize.thing):
                found[number][one.booking] += one.quantity
        return found

    @property
    def beyond(self) -> int:
        """How many pieces were promised that are not there."""
        return sum(max(0, one.total() - self.prize.there) for one in self.promised().values())

    def broken_laws(self) -> Iterator[str]:
        """What is not as it must be; nothing, where all is well."""
        if self.beyond:
            yield f"{self.beyond} pieces are promised that are not there"
        if sorted(self.told) != list(range(self.rounds)):
            yield f"{len(self.told)} rounds of {self.rounds}"
        for number, has in self.promised().items():
            told = self.told.get(number, [])
            won = {f"b-{number}-{one.racer}" for one in told if one.kind == "won"}
            if len(won) != 1 or len(told) != RACERS:
                yield f"round {number}: {len(won)} of {len(told)} won"
            if won != set(has) - {f"b-{number}-before"}:
                yield f"round {number}: {sorted(won)} won, {sorted(has)} have it"
            for one in told:
                if one.kind == "won":
                    continue
                named = any(repr(winner) in one.message for winner in won)
                if one.kind != "refused" or not named:
                    yield f"round {number}: {one} was not told who has it"


def race(url: str, prize: Prize, rounds: int) -> Race:
    """Make a studio at a place, and run everybody."""
    _open_the_studio(url, prize, rounds)
    told = _run(url, prize, rounds)
    with Ledger.open(url) as ledger:
        return Race(prize, rounds, told, [entry.event for entry in ledger.log.stream()])


def _open_the_studio(url: str, prize: Prize, rounds: int) -> None:
    author = Author("admin")
    with Ledger.create(url, origin="test/race", author=author) as ledger:
        for fields in _commands(prize, rounds):
            ledger.decide(command(ledger, **fields), author)
        header = Header(actor="admin")
        for number in range(rounds):
            ledger.log.append([(event, header) for event in _bookings(prize, number)])


def _commands(prize: Prize, rounds: int) -> Iterator[dict[str, Any]]:
    yield {"do": "site add", "site": "campus", "name": "Campus", "zone": ZONE}
    yield {"do": "project open", "project": "the-race", "title": "The race", "kind": "feature",
           "on": "2020-01-01"}  # fmt: skip
    for number in range(0, rounds, ROUNDS_A_STAGE):
        hall = of_round(number, "hall")
        yield {
            "do": "space add", "space": hall, "site": "campus", "name": hall, "kind": "stage",
            "area_m2": 1500, "in_service_on": "2020-01-01", "capacity": RACERS + 1,
        }  # fmt: skip
        named = (one.partition("=")[0] for one in (prize.thing, *prize.wants))
        for item in dict.fromkeys(of_round(number, one) for one in named):
            quantity = prize.there if prize.there > 1 else None
            yield {
                "do": "equipment add", "equipment": item, "name": item, "kind": item,
                "at_place": hall, "quantity": quantity,
            }  # fmt: skip
        if "case" in prize.wants:
            yield {
                "do": "equipment pack", "equipment": of_round(number, prize.thing),
                "container": of_round(number, "case"),
            }  # fmt: skip


def _bookings(prize: Prize, number: int) -> Iterator[Event]:
    """The bookings of a round: all firm, or holds that have pencilled what they want."""
    period = When.parse(round_days(number)).resolve(ZONE)
    assert period.start.date() > date(2029, 1, 1)
    if prize.promised:
        yield from _booking(number, "before", period, firm=True, rank=1)
        yield _reserved(number, "before", period, prize.thing, prize.promised)
    for racer in range(RACERS):
        firm = not is_by_confirming(number)
        yield from _booking(number, str(racer), period, firm=firm, rank=racer + 1)
        if firm:
            continue
        wanted = prize.wanted(number, racer).partition("=")[0]
        for thing in dict.fromkeys((wanted, prize.thing)):
            yield _reserved(number, str(racer), period, thing, prize.number)


def _booking(number: int, name: str, period: Period, *, firm: bool, rank: int) -> Iterator[Event]:
    always: dict[str, Any] = {
        "booking": f"b-{number}-{name}",
        "space": of_round(number, "hall"),
        "project": "the-race",
        "period": period,
    }
    yield BookingHeld(**always, rank=rank)
    if firm:
        yield BookingConfirmed(**always)


def _reserved(number: int, name: str, period: Period, thing: str, quantity: int) -> Event:
    item, booking = of_round(number, thing), f"b-{number}-{name}"
    return EquipmentReserved(
        reservation=f"{booking}/{item}",
        booking=booking,
        equipment=item,
        equipment_kind=item,
        quantity=quantity,
        period=period,
        booking_period=period,
    )


def _run(url: str, prize: Prize, rounds: int) -> dict[int, list[Told]]:
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.programs.racing_for_equipment"])
    results, start = context.Queue(), context.Barrier(RACERS)
    racers = [
        context.Process(target=compete, args=(url, prize, n, rounds, start, results))
        for n in range(RACERS)
    ]
    told: dict[int, list[Told]] = defaultdict(list)
    try:
        for process in racers:
            process.start()
        for _ in range(RACERS * rounds):
            number, one = results.get(timeout=PATIENCE_S)
            told[number].append(one)
        for process in racers:
            process.join(PATIENCE_S)
            if process.exitcode != 0:
                raise RuntimeError(f"{process.name} ended with {process.exitcode}")
    finally:
        for process in racers:
            if process.is_alive():
                process.kill()
    return dict(told)


# --- as a command ----------------------------------------------------------------------

HEAD = (
    "| wanted | database | rounds | contenders | promised beyond what there is | got it "
    "| refused, told who has it | seconds |"
)


def main() -> int:
    """Race on both databases, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1_000)
    parser.add_argument("--folder", help="where the SQLite ledger is kept meanwhile")
    given = parser.parse_args()
    broken, first = 0, time.monotonic()
    print(HEAD)
    print("| --- | --- |" + " ---: |" * (HEAD.count("|") - 3), flush=True)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder, postgres_server() as server:
        where = server.replace("postgresql+psycopg", "postgresql")
        for n, prize in enumerate(PRIZES):
            for name, url in (
                ("SQLite", str(Path(folder) / f"races-{n}.db")),
                ("PostgreSQL", f"{where}&schema=races_{n}"),
            ):
                begun = time.monotonic()
                made = race(url, prize, given.rounds)
                for law in made.broken_laws():
                    broken += 1
                    print(f"{prize.name}, {name}: {law}", file=sys.stderr)
                kinds = Counter(one.kind for one in chain(*made.told.values()))
                print(
                    f"| {prize.name} | {name} | {given.rounds:,} | {RACERS} | {made.beyond} "
                    f"| {kinds['won']:,} | {kinds['refused']:,} "
                    f"| {time.monotonic() - begun:,.0f} |",
                    flush=True,
                )
    command = f"make races ROUNDS={given.rounds}"
    print(f"\n{printed_by(command, seed=1, seconds=time.monotonic() - first)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
