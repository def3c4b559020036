"""`doctor`: check that the ledger is sound. Read-only; loads no plugin."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from ledger.application import Ledger
from ledger.commands import options
from ledger.commands.audit import audit_options as shared
from ledger.commands.exit_codes import FOUND
from ledger.commands.operation import surroundings as around
from ledger.commands.operation.surroundings import Finding
from ledger.commands.session import Session
from ledger.commands.tree import Leaf
from ledger.commands.views.answer_sheets import progress
from ledger.errors import LedgerError, StorageFailure
from ledger.events import STUDIO_EVENTS
from ledger.events.base import RecordedEvent, UnknownEvent
from ledger.log.store.health import Health, examine
from ledger.log.store.store_urls import Place, sqlite_in_use
from ledger.terminal.output import Output
from ledger.terminal.sheets import Column, Sheet, Style
from ledger.time.periods import SystemClock

if TYPE_CHECKING:
    from ledger.audit.formats.note import VerifierKey
    from ledger.auditing import AuditFolder

COLUMNS = (
    Column("check", "Check", fixed=True),
    Column("state", "State", fixed=True),
    Column("found", "Found", wrap=True),
    Column("advice", "Advice", wrap=True),
)
_NEWEST = 1_000
"""How many of the newest events --quick reads."""


@click.command(cls=Leaf)
@click.option("--quick", is_flag=True, help=f"Read only the newest {_NEWEST:,} events.")
@click.option(
    "--checkpoint-age",
    "age",
    type=options.Written("AGE", around.parse_age),
    default=around.AGE,
    show_default=True,
    help="How long events may stay unsigned: 12h, 2d, 1w.",
)
@options.data()
@shared.public_key
@shared.audit_dir
@click.pass_obj
def doctor(
    session: Session,
    quick: bool,
    age: timedelta,
    output: Output,
    public: str | None,
    audit_dir: str | None,
) -> None:
    """Check the ledger: store, log, guards, views, and its surroundings. Loads no plugin.

    Its surroundings: who may read its files, what disk it is on, whether the clocks agree, and
    how long events have been unsigned. Nothing is changed.

    Every event is read. Exit code 3 means that something is bad; 10 that there is no
    ledger; 74 that it could not be read.
    """
    ledger = session.open_bare()
    findings = list(_findings(session, ledger, quick))
    findings += _around(session, ledger, age, public, audit_dir)
    states = [finding.state for finding in findings]
    if "bad" in states:
        session.exit_code = FOUND
    well = all(not finding.advice for finding in findings)
    columns = [replace(c, detail=c.name == "advice" and well) for c in COLUMNS]
    with output.opened() as sink:
        sink.write(Sheet(columns, findings))
    bad, warned = states.count("bad"), states.count("warn")
    if bad or warned:
        session.say(f"of {len(states)} checks, {bad} bad, {warned} with a warning")
    else:
        session.say(f"all {len(states)} checks passed")


def _findings(session: Session, ledger: Ledger, quick: bool) -> Iterator[Finding]:
    place = Place.parse(session.where)
    opened = ledger.opened
    zone = opened.zone
    demo = ", a demo" if opened.demo else ""
    yield Finding("ledger", "ok", f"{place.where}: {opened.origin}{demo}, times in {zone}")
    health = examine(session.where)
    yield _format(health.format, opened.format)
    yield from _store(place, health)
    if health.damage:
        yield Finding(
            "file", "bad", health.damage, "Keep the file as it is; restore a backup beside it"
        )
    if health.missing_triggers:
        yield Finding(
            "append-only guard",
            "bad",
            f"missing: {', '.join(health.missing_triggers)}",
            "They were removed: find out by whom, and compare with a backup",
        )
    else:
        yield Finding("append-only guard", "ok", "its triggers are in place")
    yield from _log(ledger, health, zone, quick)
    yield from _views(place, health.last)
    now = SystemClock().now()
    last = ledger.log.last()
    yield from around.clocks(None if last is None else last[1], health, now, zone)


def _around(
    session: Session, ledger: Ledger, age: timedelta, public: str | None, audit_dir: str | None
) -> Iterator[Finding]:
    """Check the files that belong to the ledger, and how far it is signed."""
    from ledger.projections.engine.store import views_place

    place = Place.parse(session.where)
    folder = shared.folder_of(session, audit_dir)
    if place.path is not None:
        yield around.permissions(place.path)
        yield from around.disk(place.path)
        yield from around.left_behind(place.path.parent)
    yield from around.modes_beside(views_place(place).path, folder)
    try:
        key = _key(folder, public)
    except LedgerError as error:
        yield Finding(
            "checkpoints",
            "bad",
            str(error),
            "Put the log's own public key there, or name it: --public",
        )
        return
    yield from around.checkpoints(ledger, folder, key, age, SystemClock().now())


def _key(folder: "AuditFolder", public: str | None) -> "VerifierKey | None":
    if public is None and not folder.public_file.exists():
        return None
    return shared.public_of(folder, public)


def _store(place: Place, health: Health) -> Iterator[Finding]:
    if place.path is None:
        yield Finding("database", "ok", f"PostgreSQL {health.server}")
        return
    sqlite = sqlite_in_use()
    where = f"SQLite {sqlite.version} of {sqlite.module}, journal mode {health.journal_mode}"
    if not sqlite.wal_reset_bug:
        yield Finding("database", "ok", where)
    elif health.journal_mode == "wal":
        yield Finding(
            "database",
            "bad",
            f"{where}: this SQLite can damage a write-ahead log that two programs use",
            "pip install pysqlite3, or open it for writing once while nothing else has it open",
        )
    else:
        yield Finding(
            "database",
            "ok",
            f"{where}: not safe with a write-ahead log, so none is used",
        )


def _format(stored: int, opened: int) -> Finding:
    """Compare the format that the store states with that of the log's first event."""
    if stored == opened:
        return Finding("format", "ok", f"format {stored}")
    return Finding(
        "format",
        "bad",
        f"format {stored}, but #1 says {opened}",
        "One of the two was changed: compare with a backup",
    )


def _log(ledger: Ledger, health: Health, zone: str, quick: bool) -> Iterator[Finding]:
    if health.events != health.last:
        yield Finding(
            "positions",
            "bad",
            f"{health.events:,} events, but the last is #{health.last}",
            "Events are missing: restore a backup",
        )
    else:
        yield Finding("positions", "ok", f"#1 to #{health.last} without a gap")
    last = ledger.log.last()
    if last is not None:
        yield Finding("last event", "ok", f"#{last[0]}, {Style(zone).text(last[1])} ({zone})")
    yield from _events(ledger, health.last, quick)


def _events(ledger: Ledger, head: int, quick: bool) -> Iterator[Finding]:
    """Read the events. Stop at the first that cannot be read."""
    after = max(0, head - _NEWEST) if quick else 0
    told, ours = progress("reading"), {event.type_name: event.schema for event in STUDIO_EVENTS}
    unknown: set[str] = set()
    unfit: list[RecordedEvent] = []
    try:
        for entry in ledger.log.stream(after=after):
            if told is not None and entry.position % _NEWEST in (0, head % _NEWEST):
                told(entry.position, head)
            if not isinstance(entry.event, UnknownEvent):
                continue
            if entry.schema <= ours.get(entry.type, 0):
                unfit.append(entry)
            else:
                unknown.add(entry.type)
    except StorageFailure as error:
        yield Finding("events", "bad", error.message, "Restore a backup beside it and compare")
        return
    read = f"the newest {head - after:,} read" if after else f"all {head:,} read"
    if unfit:
        some = ", ".join(f"#{entry.position} {entry.type}" for entry in unfit[:5])
        more = f" and {len(unfit) - 5:,} more" if len(unfit) > 5 else ""
        yield Finding(
            "events",
            "bad",
            f"{read}; not as this program writes them: {some}{more}",
            "They were changed: compare with a backup",
        )
    if unknown:
        types = ", ".join(sorted(unknown))
        read = f"{read}; kept but not understood: {types} (of plugins or a later version)"
    if unknown or not unfit:
        yield Finding("events", "ok", read, "To read all: doctor" if after else None)


def _views(place: Place, head: int) -> Iterator[Finding]:
    from ledger.projections.engine.store import kept_at, views_place

    kept = views_place(place)
    try:
        found = kept_at(kept)
    except LedgerError as error:
        yield Finding("views", "warn", error.message, error.advice or None)
        return
    if not found:
        yield Finding("views", "ok", "none yet; the first query builds them")
    for name, generations in sorted(found.items()):
        failure = next((g.failure for g in generations if g.failure), None)
        live = next((g for g in generations if g.live), None)
        if failure is not None:
            yield Finding(
                f"view tables: {name}",
                "warn",
                f"stopped at #{failure.position}: {failure.error}",
                "Run: views status; the ledger itself is intact",
            )
        elif live is not None:
            behind = head - live.position
            lag = f", {behind:,} behind; the next query catches up" if behind else ""
            yield Finding(f"view tables: {name}", "ok", f"at #{live.position}{lag}")
