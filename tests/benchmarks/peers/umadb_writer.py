"""Peer (c), UmaDB, as a program for an environment that has `umadb` and nothing of ours.

`umadb_writer.py fill URL EVENTS` appends the events of a file, one JSON object a line, and
`umadb_writer.py write URL HOLDS` is a writer as `writer.py` is one.
"""

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import umadb


def main(what: str, url: str, file: str) -> None:
    """See the module."""
    client = umadb.Client(url)
    lines = Path(file).read_bytes().splitlines()
    if what == "fill":
        events = (_event(json.loads(line)) for line in lines)
        while batch := list(islice(events, 500)):
            client.append(batch)
        return
    holds = [json.loads(line) for line in lines]
    print("ready", flush=True)
    for line in sys.stdin:
        first, last = map(int, line.split())
        for hold in holds[first:last]:
            _take(client, hold)
        print("done", flush=True)


def _take(client: Any, hold: dict[str, Any]) -> None:
    query = umadb.Query(items=list(_items(hold)))
    while True:
        read = client.read(query=query)
        for _ in read:
            pass
        condition = umadb.AppendCondition(fail_if_events_match=query, after=read.head())
        try:
            client.append([_event(hold)], condition=condition)
        except umadb.IntegrityError:
            continue
        return


def _items(hold: dict[str, Any]) -> Iterator[Any]:
    asked = dict.fromkeys((q["tag"], tuple(q["types"])) for q in hold["questions"])
    for tag, types in asked:
        yield umadb.QueryItem(types=list(types), tags=[tag])


def _event(event: dict[str, Any]) -> Any:
    return umadb.Event(event["type"], event["data"].encode(), list(event["tags"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
