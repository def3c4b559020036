"""A process of its own that works on a log, for the tests of races.

As arguments of `python -m tests.faults.programs.log_writer`:

    append URL NAME COUNT      COUNT appends of one to three events, unconditional
    race URL NAME ROUNDS       in each round try to be the first with the tag `round:N`
    watch URL UNTIL            print every position that a subscriber sees, up to UNTIL

It waits for a line on its standard input before it starts, so that all start together.
"""

from __future__ import annotations

import sys

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError

from ledger.log.recorder import SqlRecorder
from ledger.log.store.store_urls import Place
from ledger.log.stores import open_store
from ledger.time.periods import SystemClock


def append(recorder: SqlRecorder, name: str, count: int) -> None:
    """Print the last position of each append."""
    for n in range(count):
        events = [DCBEvent("Appended", b"%d" % n, [f"writer:{name}"]) for _ in range(n % 3 + 1)]
        print(recorder.append(events))


def race(recorder: SqlRecorder, name: str, rounds: int) -> None:
    """Print the rounds that were won."""
    for n in range(rounds):
        tag = f"round:{n}"
        nobody = DCBAppendCondition(DCBQuery([DCBQueryItem(["Won"], [tag])]))
        try:
            recorder.append([DCBEvent("Won", name.encode(), [tag])], nobody)
        except IntegrityError:
            continue
        print(n)


def watch(recorder: SqlRecorder, until: int) -> None:
    """Print what a subscriber sees."""
    with recorder.subscribe() as subscription:
        for entry in subscription:
            print(entry.position)
            if entry.position >= until:
                return


def main(task: str, url: str, *rest: str) -> None:
    """Open the log, wait for the start, do the task."""
    recorder = open_store(Place.parse(url), SystemClock())
    recorder.head()
    print("ready", flush=True)
    sys.stdin.readline()
    if task == "watch":
        watch(recorder, int(rest[0]))
    else:
        {"append": append, "race": race}[task](recorder, rest[0], int(rest[1]))
    recorder.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
