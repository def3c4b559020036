"""One writer as a program of its own, told what to take: `writer.py ledger|dcb URL HOLDS`.

HOLDS is a file of `Hold`s, one a line. It says `ready`; then for each line `FIRST LAST` on its
standard input it takes those holds and says `done`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBQueryItem,
    DCBRecorder,
)
from eventsourcing.dcb.postgres_tt import PostgresDCBRecorderTT
from eventsourcing.persistence import IntegrityError
from eventsourcing.postgres import PostgresDatastore
from sqlalchemy.engine import make_url

from ledger.application import Ledger
from tests.benchmarks.holds import AUTHOR, Hold

Take = Callable[[Hold], object]


def ledger(where: str) -> Take:
    """Decide, as a command does."""
    opened = Ledger.open(where)
    return lambda hold: opened.decide(hold.decision, AUTHOR)


def dcb(where: str) -> Take:
    """Peer (b): one read of all that the decision asks, one append on condition."""
    recorder = dcb_recorder(where)

    def take(hold: Hold) -> None:
        items = dict.fromkeys((question.tag, question.types) for question in hold.questions)
        query = DCBQuery([DCBQueryItem(list(types), [tag]) for tag, types in items])
        event = DCBEvent(hold.type, hold.data.encode(), list(hold.tags))
        while True:
            read = recorder.read(query)
            list(read)
            try:
                recorder.append([event], DCBAppendCondition(query, read.head))
            except IntegrityError:
                continue
            return

    return take


def dcb_recorder(where: str, *, new: bool = False) -> DCBRecorder:
    """The library's recorder at a URL of SQLAlchemy; `new`: it has no tables there yet.

    Only one may make them: of several that do so at once the server turns some away.
    """
    url = make_url(where)
    recorder = PostgresDCBRecorderTT(
        PostgresDatastore(
            dbname=url.database or "",
            host=str(url.query["host"]),
            port="5432",
            user=url.username or "",
            password=url.password or "",
        ),
        events_table_name="bench",
    )
    if new:
        recorder.create_table()
    return recorder


WRITERS: dict[str, Callable[[str], Take]] = {"ledger": ledger, "dcb": dcb}


def main(kind: str, where: str, file: str) -> None:
    """See the module."""
    take = WRITERS[kind](where)
    lines = Path(file).read_bytes().splitlines()
    holds = [msgspec.json.decode(line, type=Hold) for line in lines]
    print("ready", flush=True)
    for line in sys.stdin:
        first, last = map(int, line.split())
        for hold in holds[first:last]:
            take(hold)
        print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
