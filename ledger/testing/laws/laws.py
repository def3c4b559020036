"""The laws that every projection keeps, each a function of a subject and a drawn case.

A broken law raises `LawBroken`, which says what is wrong and what to do about it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from ledger.events import UnknownEvent
from ledger.events.base import RecordedEvent
from ledger.events.standing import standing
from ledger.projections import Folding
from ledger.projections.engine.catching_up import Follower
from ledger.projections.engine.generations import Generations
from ledger.projections.engine.log_identity import History
from ledger.projections.engine.store import ViewStore
from ledger.testing.drawing.studio import stored
from ledger.testing.laws.contents import (
    LawBroken,
    Seen,
    ShownLog,
    ask,
    difference,
    fold_whole,
    look,
    refuse_failure,
    rows_of,
    settle,
)
from ledger.testing.laws.lost_changes import find_lost
from ledger.testing.laws.oracles import compare_with_oracle
from ledger.testing.laws.subjects import Case, Part, Subject, live_tables
from ledger.testing.laws.twins import seen_elsewhere
from ledger.testing.laws.watching import watching

_STATE = (
    "A projection may keep state only in the rows of its tables: a rebuild, an as-of answer "
    "and the next program see only those. Keep it in a row."
)


def must_equal(one: Seen, other: Seen, name_one: str, name_other: str, *, advice: str) -> None:
    """Raise `LawBroken` at the first difference."""
    found = difference(one, other, name_one=name_one, name_other=name_other)
    if found is not None:
        raise LawBroken(found, advice=advice)


# --- the laws ----------------------------------------------------------------------------


def replay(subject: Subject, case: Case) -> None:
    """The same history gives the same rows, however often it is replayed."""
    first = subject.whole(case.entries)
    again = look(fold_whole(subject.projection, case.entries), subject.parameters)
    must_equal(
        first,
        again,
        "in the first replay",
        f"in the second one{subject.remembered()}",
        advice=f"Something is left over from the first replay. {_STATE}",
    )


_BATCHES = (
    "The engine decides how many events come in one transaction, and that changes with its "
    "load. Let a handler use its event and its rows, not what is still unwritten."
)


def batches(subject: Subject, case: Case) -> None:
    """Following the log in batches of any size gives the same as a rebuild."""
    whole = subject.whole(case.entries)
    sizes = [part.batch for part in case.parts]
    for some in (sizes, [1] * len(case.entries)):
        pieces = look(fold_whole(subject.projection, case.entries, some), subject.parameters)
        name = f"in batches of {', '.join(map(str, some[:6]))} …"
        must_equal(whole, pieces, "in one batch", name, advice=_BATCHES)
    with live_tables(subject, case) as live:
        for part in case.parts:
            live.tables.catch_up(part.until)
        live.tables.catch_up(len(case.entries))
        seen = live.tables.look(subject.parameters)
    must_equal(whole, seen, "in a replay", "in tables that followed the log", advice=_BATCHES)


def restarts(subject: Subject, case: Case) -> None:
    """Stopping anywhere and continuing with a new program changes nothing."""
    whole = subject.whole(case.entries)
    with live_tables(subject, case) as live:
        for part in (*case.parts, Part(len(case.entries), 1_000)):
            subject.memory.restore()
            live.tables.restart(batch=part.batch)
            live.tables.catch_up(part.until)
        remembered = subject.remembered()
        seen = live.tables.look(subject.parameters)
    must_equal(
        whole,
        seen,
        "without a stop",
        f"stopped after {', '.join(f'#{p.until}' for p in case.parts)}, then continued{remembered}",
        advice=_STATE,
    )


def as_of(subject: Subject, case: Case) -> None:
    """As of an earlier position it answers as it did then, and continues undisturbed."""
    whole = subject.whole(case.entries)
    then: dict[int, Seen] = {}
    with live_tables(subject, case) as live:
        for part in case.parts:
            live.tables.catch_up(part.until)
            for until in then:
                _ask_as_of(subject, case, until, then)
            then[part.until] = live.tables.look(subject.parameters)
        live.tables.catch_up(len(case.entries))
        for until in then:
            _ask_as_of(subject, case, until, then)
        seen = live.tables.look(subject.parameters)
    must_equal(
        whole,
        seen,
        "without questions in between",
        f"after answers as of earlier positions{subject.remembered()}",
        advice=_STATE,
    )


def _ask_as_of(subject: Subject, case: Case, until: int, then: Mapping[int, Seen]) -> None:
    must_equal(
        then[until],
        look(fold_whole(subject.projection, case.entries[:until]), subject.parameters),
        f"when the log ended at #{until}",
        f"asked later as of #{until}{subject.remembered()}",
        advice=f"An as-of answer is a replay of the first events. {_STATE}",
    )


class _DiskFull(Exception):
    """A transaction that fails."""


def redelivery(subject: Subject, case: Case) -> None:
    """Events of a rolled-back transaction come again, and count once."""
    whole = subject.whole(case.entries)
    with live_tables(subject, case) as live:
        store = ViewStore(live.place)
        try:
            history = History(live.log)
            generations = Generations(store, live.log.registry, history)
            (generation,), _ = generations.prepare([subject.projection])
            follower = Follower(store, subject.projection, generation, history)
            for until in (*(part.until for part in case.parts), len(case.entries)):
                batch = case.entries[follower.position : until]
                if batch:
                    _fail_once(store, follower, batch)
        finally:
            store.close()
        seen = live.tables.look(subject.parameters)
    must_equal(
        whole,
        seen,
        "when every transaction succeeds at once",
        f"when each is rolled back once and comes again{subject.remembered()}",
        advice="A full disk, a lost race or a crash undoes a transaction's rows, and its "
        f"events come again. {_STATE}",
    )


def _fail_once(store: ViewStore, follower: Follower, batch: Sequence[RecordedEvent]) -> None:
    for last_try in (False, True):
        try:
            with store.writing() as connection:
                follower.apply(connection, batch)
                refuse_failure(follower.generation.failure)
                if not last_try:
                    raise _DiskFull
            follower.committed()
        except _DiskFull:
            follower.rolled_back()


def unknown_events(subject: Subject, case: Case) -> None:
    """Unreadable events break nothing: those of a removed plugin, or of a later version."""
    entries = [_unreadable(e) if n in case.unreadable else e for n, e in enumerate(case.entries)]
    subject.memory.restore()
    try:
        known = [entry for entry in entries if not isinstance(entry.event, UnknownEvent)]
        without = rows_of(fold_whole(subject.projection, known))
        projection = fold_whole(subject.projection, entries)
        look(projection, subject.parameters)
    except LawBroken as broken:
        passed = [e for e in entries if isinstance(e.event, UnknownEvent)]
        raise LawBroken(
            "Some events cannot be read: "
            + ", ".join(f"#{e.position} {e.type}" for e in passed)
            + f". The engine skips them, and then:{broken}",
            advice="A plugin may be removed, or a later version may have written an event. If a "
            "row that an earlier event would have made is missing, make it (edit does) or skip "
            "the event.",
        ) from None
    must_equal(
        without,
        rows_of(projection),
        "without the unreadable events",
        "with them",
        advice="Handle only the event types that you know.",
    )


def _unreadable(entry: RecordedEvent) -> RecordedEvent:
    position, at, type_name, tags, data = stored(entry)
    raw = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    payload = msgspec.json.encode({"payload": raw["payload"]})
    event = UnknownEvent(payload=msgspec.json.decode(payload, type=UnknownEvent).payload)
    unread = msgspec.structs.replace(entry.data, payload=event)
    return RecordedEvent(position, at, type_name, tags, unread)


def purity(subject: Subject, case: Case) -> None:
    """Handlers and views read no clock, use no chance, and do not leave the process."""
    failure: BaseException | None = None
    with watching(*subject.modules) as watch:
        try:
            subject.whole(case.entries)
        except LawBroken as broken:
            failure = broken
    if watch.noticed:
        raise LawBroken(
            "It asks what a projection must not:"
            + "".join(f"\n    {kind}: {asked}" for asked, kind in watch.noticed.items()),
            advice="Its rows must follow from the log alone, or a replay would not restore them. "
            "The time is entry.recorded_at, or the event's own; in a view, now is self.now and "
            "today self.today(zone). Record anything from outside in an event.",
        )
    if failure is not None:
        raise failure


def no_other_state(subject: Subject, case: Case) -> None:
    """A new program between any two events changes nothing: all state is in the tables."""
    whole = subject.whole(case.entries)
    changed: dict[str, None] = {}
    log = ShownLog(case.entries)
    folding = Folding(subject.projection.open(), history=log)
    for entry in case.entries:
        changed.update(dict.fromkeys(subject.memory.changed()))
        subject.memory.restore()
        opened = subject.projection.open(folding.tables)
        folding = Folding(opened, folding.position, history=log)
        refuse_failure(folding.apply([entry]))
    settle(folding)
    changed.update(dict.fromkeys(subject.memory.changed()))
    subject.memory.restore()
    place = folding.projection.at
    opened = subject.projection.open(folding.tables, at=place, sealed=True)
    hint = f"\n  Changed outside of its tables: {', '.join(changed)}" if changed else ""
    must_equal(
        whole,
        look(opened, subject.parameters),
        "by one program",
        f"by a new program for each event{hint}",
        advice=_STATE,
    )


def order_of_sets(subject: Subject, case: Case) -> None:
    """Other processes, with other hashes, time zones and languages, see the same."""
    one, other = seen_elsewhere(subject.projection, case.entries, subject.parameters)
    must_equal(
        one,
        other,
        "in one process",
        "in another, with other hashes of texts and another time zone",
        advice="A set of texts has a different order in each process: sort it before a loop, or "
        "keep a tuple or a dict. And name the zone when you turn an instant into a day: each "
        "machine has its own.",
    )


def views_answer(subject: Subject, case: Case) -> None:
    """Every view answers in its declared columns, twice the same, and writes nothing."""
    for until in (0, *(part.until for part in case.parts), len(case.entries)):
        projection = fold_whole(subject.projection, case.entries[:until])
        before = rows_of(projection)
        for name, view in subject.projection.views.items():
            rows = ask(projection, name, subject.parameters)
            _check_columns(name, {c.name: c.type for c in view.columns(rows)}, rows)
            if rows != ask(projection, name, subject.parameters):
                raise LawBroken(
                    f"The view {name} gives another answer when it is asked again.",
                    advice="Let it depend only on the rows and its parameters.",
                )
        must_equal(
            before,
            rows_of(projection),
            "before the views were asked",
            "after",
            advice="A view only reads. Write rows in a handler.",
        )


def _check_columns(view: str, columns: Mapping[str, Any], rows: Sequence[Struct]) -> None:
    for row in rows:
        values = msgspec.structs.asdict(row)
        if values.keys() != columns.keys():
            raise LawBroken(
                f"The view {view} declares the columns {', '.join(columns)} but answers with "
                f"{', '.join(values)}.",
                advice="Return rows of the type that the signature names.",
            )
        for name, value in values.items():
            try:
                msgspec.convert(msgspec.to_builtins(value), columns[name], strict=True)
            except (msgspec.ValidationError, TypeError) as error:
                raise LawBroken(
                    f"The view {view} answers with {name}={value!r}, which does not match the "
                    f"column's declared type: {error}",
                    advice=f"Declare every type that {name} can have, None included.",
                ) from None


def events_stay(subject: Subject, case: Case) -> None:
    """Handlers leave events unchanged, and put back the rows that they change."""
    before = [stored(entry) for entry in case.entries]
    subject.memory.restore()
    lost = find_lost(subject.projection, case.entries)
    for entry, then in zip(case.entries, before, strict=True):
        if stored(entry) != then:
            raise LawBroken(
                f"A handler changes the event #{entry.position} {entry.type}.",
                advice="Other plugins see the same object. Copy it before a change.",
            )
    if lost is not None:
        raise LawBroken(
            f"At #{lost.entry.position} {lost.entry.type} a handler changes {lost.field} of a row "
            f"of {lost.table} that get() or rows() gave it, and the change is lost.",
            advice=f"They return copies. Use self.{lost.table}.edit(key), or put() the copy back.",
        )


def oracles(subject: Subject, case: Case) -> None:
    """The views answer as their author's oracles do."""
    for name, oracle in subject.oracle.items():
        projection = fold_whole(subject.projection, case.entries)
        rows = ask(projection, name, subject.parameters)
        found = compare_with_oracle(rows, oracle(list(standing(case.entries))))
        if found is not None:
            raise LawBroken(
                f"The view {name} differs from its oracle: {found}",
                advice="One of the two is wrong. The history below is the shortest one found where "
                "they differ: work it out by hand.",
            )


Law = Callable[[Subject, Case], None]

LAWS: Mapping[str, Law] = {
    law.__name__: law
    for law in (
        replay,
        batches,
        restarts,
        as_of,
        redelivery,
        unknown_events,
        purity,
        no_other_state,
        order_of_sets,
        views_answer,
        events_stay,
        oracles,
    )
}
"""Every law by its name, which is also the name of its test: `test_replay`."""
