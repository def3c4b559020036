"""Changes made straight in the database."""

from __future__ import annotations

import json
import random
import re
import secrets
from datetime import date
from typing import Any

from ledger.application import Author, Ledger
from ledger.decisions.projects import OpenProject
from ledger.events import STUDIO_EVENTS
from ledger.log.rows import tags_of
from tests.faults.tampering.kinds import kind
from tests.faults.tampering.signed import EXTENSIONS, SIGNED, SINCE, SIZES, Copy


@kind("payload: a figure or a text changed", "tree")
def _payload(copy: Copy) -> str:
    position = copy.position()
    data = copy.data(position)
    name = copy.chance.choice(sorted(data["payload"]))
    data["payload"][name] = _another(data["payload"][name], copy.chance)
    copy.set_data(position, data)
    return rf"#{position}: its data"


@kind("header: the actor changed", "tree")
def _actor(copy: Copy) -> str:
    position = copy.position()
    copy.set_data(position, copy.data(position) | {"actor": f"eve-{copy.chance.random()}"})
    return rf"#{position}: its data"


@kind("header: the reason changed", "tree")
def _reason(copy: Copy) -> str:
    position = copy.position()
    data = copy.data(position)
    named = {"actor": data["actor"], "reason": f"another {copy.chance.random()}"}
    copy.set_data(position, named | {k: v for k, v in data.items() if k not in named})
    return rf"#{position}: its data"


@kind("header: the event that it corrects", "tree")
def _corrects(copy: Copy) -> str:
    position = copy.position()
    data = copy.data(position)
    data["corrects"] = copy.chance.randrange(1, position)
    order = ("actor", "reason", "request", "digest", "corrects", "batch", "schema", "payload")
    copy.set_data(position, {name: data[name] for name in order if name in data})
    return rf"#{position}: its data"


@kind("spaces put into the JSON, same meaning", "lines")
def _spaces(copy: Copy) -> str:
    position = copy.position()
    copy.set(position, tags=copy.row(position)[3].replace(",", ", ").replace("[", "[ "))
    return rf"#{position}"


@kind("type changed, index made to match", "tree")
def _type(copy: Copy) -> str:
    position = copy.position()
    type = copy.row(position)[2]
    names = [event_type.type_name for event_type in STUDIO_EVENTS]
    copy.set(position, type=copy.chance.choice([name for name in names if name != type]))
    copy.reindex(position)
    if "." in type:  # a plugin's type cannot be guessed
        return rf"#{position}: its data"
    return rf"#{position}: its type was changed: {type} was signed"


@kind("tag in the line and the index changed", "tree")
def _tag(copy: Copy) -> str:
    position = copy.position()
    tags = copy.row(position)[3]
    while "." in copy.row(position)[2] or "request:" not in tags:
        position = copy.position()
        tags = copy.row(position)[3]
    other = tags_of(tags)
    other[0] = f"{other[0].partition(':')[0]}:forged-{copy.chance.randrange(10**6)}"
    copy.set(position, tags=json.dumps(other, separators=(",", ":")))
    copy.reindex(position)
    return rf"#{position}: its tags were changed: \[.*\] was signed"


@kind("tag in the line changed, told by the lines alone", "lines")
def _tag_told(copy: Copy) -> str:
    position = copy.position()
    tags = tags_of(copy.row(position)[3])
    copy.set(position, tags=json.dumps([*tags[1:], "space:forged"], separators=(",", ":")))
    copy.reindex(position)
    if "." in copy.row(position)[2]:  # of a plugin's event, only the header's tags are known
        copy.set(position, tags='["space:forged"]')
    return rf"#{position}: its tags are not those of its event"


@kind("tag missing in the index alone", "index")
def _index_lacks(copy: Copy) -> str:
    position = copy.position()
    tag = copy.chance.choice(tags_of(copy.row(position)[3]))
    copy.database.execute("DELETE FROM event_tag WHERE position = ? AND tag = ?", position, tag)
    return rf"the tag index lacks {re.escape(tag)} \(.*\) of #{position}"


@kind("tag too many in the index alone", "index")
def _index_more(copy: Copy) -> str:
    position = copy.position()
    copy.database.execute(
        "INSERT INTO event_tag VALUES (?, ?, ?)", "space:forged", copy.row(position)[2], position
    )
    return rf"the tag index names space:forged \(.*\) at #{position}"


@kind("index moved to another event", "index")
def _index_moved(copy: Copy) -> str:
    position = copy.position()
    tag = copy.chance.choice(tags_of(copy.row(position)[3]))
    copy.database.execute(
        "UPDATE event_tag SET position = ? WHERE position = ? AND tag = ?",
        SIGNED + SINCE + 1,
        position,
        tag,
    )
    return rf"the tag index lacks {re.escape(tag)} \(.*\) of #{position}"


@kind("recorded time put back", "times")
def _time_back(copy: Copy) -> str:
    position = copy.position()
    copy.set(position, recorded_at="2001-02-03T04:05:06.000000Z")
    return rf"#{position}: it was recorded before"


@kind("recorded time moved within its neighbours", "tree")
def _time_between(copy: Copy) -> str:
    for _ in range(10_000):
        position = copy.position()
        before, here, after = (copy.row(position + by)[1] for by in (-1, 0, 1))
        if before < here < after:
            copy.set(position, recorded_at=copy.chance.choice((before, after)))
            return rf"#{position}: its data \(or its recorded time\)"
    raise AssertionError("no event stands between two other times")


@kind("two events exchanged", "tree")
def _exchanged(copy: Copy) -> str:
    one, other = sorted(copy.chance.sample(range(2, SIGNED), 2))
    rows = [copy.row(position) for position in (one, other)]
    for position, (_, recorded_at, type, tags, data) in zip((other, one), rows, strict=True):
        copy.set(position, recorded_at=recorded_at, type=type, tags=tags, data=data)
    for position in (one, other):
        copy.reindex(position)
    return rf"the events #{one} and #{other} were exchanged"


@kind("event removed from the middle", "positions")
def _removed(copy: Copy) -> str:
    position = copy.position()
    copy.remove(position)
    return rf"#{position} is missing"


@kind("event removed, those after it moved up", "tree")
def _closed_up(copy: Copy) -> str:
    position = copy.position(most=SIGNED - 2)
    copy.remove(position)
    for later in range(position + 1, SIGNED + SINCE + 1):
        copy.move(later, later - 1)
    return rf"the line at #{position} was removed"


@kind("event inserted, those after it moved down", "tree")
def _inserted(copy: Copy) -> str:
    position = copy.position(most=SIGNED - 2)
    _, recorded_at, type, tags, data = copy.row(position)
    for later in range(SIGNED + SINCE, position - 1, -1):
        copy.move(later, later + 1)
    forged = json.loads(data) | {"actor": "eve"}
    copy.database.execute(
        "INSERT INTO event VALUES (?, ?, ?, ?, ?)",
        position,
        recorded_at,
        type,
        tags,
        json.dumps(forged, ensure_ascii=False, separators=(",", ":")).encode(),
    )
    copy.reindex(position)
    return rf"a line was inserted at #{position}"


@kind("event put before the first", "positions")
def _before_first(copy: Copy) -> str:
    position = -copy.chance.randrange(0, 50)
    copy.database.execute(
        "INSERT INTO event VALUES (?, ?, ?, ?, ?)", position, *copy.row(copy.position())[1:]
    )
    return rf"#{position} is not a position of a log"


@kind("all positions shifted", "positions")
def _shifted(copy: Copy) -> str:
    by = copy.chance.randrange(1, 50)
    for table in ("event", "event_tag"):
        # In two steps, so that no position is taken twice on the way.
        copy.database.execute(f"UPDATE {table} SET position = position + 1000000")
        copy.database.execute(f"UPDATE {table} SET position = position - 1000000 + {by}")
    # Keep the first event: it names the ledger, which does not open without it.
    copy.database.execute("INSERT INTO event VALUES (1, ?, ?, ?, ?)", *copy.row(1 + by)[1:])
    return rf"#2 (is|to #{by} are) missing" if by > 1 else "the line|#"


@kind("events removed from the end", "tree")
def _cut_off(copy: Copy) -> str:
    last = copy.chance.randrange(SIZES[2], SIGNED)
    for position in range(last + 1, SIGNED + SINCE + 1):
        copy.remove(position)
    return rf"the log has {last} events, but the checkpoint {SIGNED}"


@kind("data that is not JSON", "lines")
def _no_json(copy: Copy) -> str:
    position = copy.position()
    copy.set(position, data=b"{" + copy.row(position)[4][: copy.chance.randrange(40)])
    return rf"#{position}"


@kind("guards removed and not put back", "guards")
def _no_guards(copy: Copy) -> str:
    copy.database.guards(there=False)
    return "guards are missing: event_in_order"


@kind("forked after a restore from an older copy", "tree")
def _forked(copy: Copy) -> str:
    last = copy.chance.randrange(SIZES[2], SIGNED)
    for position in range(last + 1, SIGNED + SINCE + 1):
        copy.remove(position)
    copy.database.guards(there=True)
    _go_on(copy.database.where, SIGNED + SINCE - last)
    copy.database.guards(there=False)
    return rf"#{last + 1}"


@kind("view: a row changed", "views", views=True)
def _view_row(copy: Copy) -> str:
    rows = copy.database.views("SELECT booking FROM {bookings__booked} ORDER BY booking")
    booking = copy.chance.choice(rows)[0]
    copy.database.views(
        "UPDATE {bookings__booked} SET project = ? WHERE booking = ?", "forged", booking
    )
    return rf"booked {re.escape(booking)}: project is forged"


@kind("view: a row removed", "views", views=True)
def _view_lacks(copy: Copy) -> str:
    rows = copy.database.views("SELECT booking FROM {bookings__booked} ORDER BY booking")
    booking = copy.chance.choice(rows)[0]
    copy.database.views("DELETE FROM {bookings__booked} WHERE booking = ?", booking)
    return rf"booked {re.escape(booking)} is missing"


@kind("view: progress moved", "views", views=True)
def _progress(copy: Copy) -> str:
    position = copy.chance.randrange(1, SIGNED)
    copy.database.views(
        "UPDATE {progress} SET position = ? WHERE projection = ?", position, "bookings"
    )
    return rf"bookings: its progress is at #{position}"


@kind("view: progress of another history", "views", views=True)
def _progress_tail(copy: Copy) -> str:
    copy.database.views(
        "UPDATE {progress} SET tail = ? WHERE projection = ?", secrets.token_hex(32), "bookings"
    )
    return "bookings: its progress is at #.* of a history other"


def _another(value: Any, chance: random.Random) -> Any:
    """A different value of the same type."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + chance.randrange(1, 9)
        case str() if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return date.fromordinal(date.fromisoformat(value).toordinal() + 1).isoformat()
        case str() if re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", value):
            return value[:-2] + chance.choice([c for c in "0123456789" if c != value[-2]]) + "Z"
        case str():
            return f"{value}-{chance.randrange(10)}"
        case {"end": end}:
            return value | {"end": _another(end, chance)}
    return [value, chance.random()]


def _go_on(where: str, count: int) -> None:
    """Record events with the program itself, as the other branch of a fork."""
    with Ledger.open(where, extensions=EXTENSIONS) as ledger:
        opened = [
            OpenProject(project=f"fork-{n}", title="Fork", kind="short", on=date(2025, 1, 1))
            for n in range(count)
        ]
        for decision in opened:
            ledger.decide(decision, Author("eve"))
