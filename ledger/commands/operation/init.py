"""`init`: create a ledger."""

from pathlib import Path

import click

from ledger.commands import options
from ledger.commands.entries import RECORDED_COLUMNS, sentence, sheet
from ledger.commands.session import Session
from ledger.commands.tree import Leaf
from ledger.errors import LedgerExists, NoLedger
from ledger.events import LedgerOpened
from ledger.events.base import RecordedEvent, format_recorded_at
from ledger.events.ledgers import FORMAT
from ledger.terminal.output import Output


@click.command(cls=Leaf)
@click.option(
    "--origin",
    metavar="TEXT",
    help="Permanent name of the log.  [default: the file's name]",
)
@click.option(
    "--zone",
    default="UTC",
    show_default=True,
    metavar="ZONE",
    help="Time zone for showing times where no site sets one.",
)
@click.option(
    "--roles",
    is_flag=True,
    help="On PostgreSQL: also create its writer, reader and projector. See: roles",
)
@options.recording
@options.data()
@click.pass_obj
def init(
    session: Session,
    origin: str | None,
    zone: str,
    roles: bool,
    output: Output,
    reason: str | None,
    request: str | None,
    dry_run: bool,
) -> None:
    """Create a ledger at --ledger. Never overwrites anything.

    \b
    studio-ledger --ledger studio.db init --origin studio.example --zone Asia/Shanghai
    """
    from ledger.application import Ledger
    from ledger.log.store.roles import check_has_roles
    from ledger.log.store.store_urls import Place
    from ledger.time.periods import SystemClock
    from ledger.time.periods import zone as check_zone

    author = session.author(reason=reason, request=request)
    check_zone(zone)
    if roles:
        check_has_roles(Place.parse(session.where))
    opened = LedgerOpened(
        origin=origin or _default_origin(session.where), format=FORMAT, demo=False, zone=zone
    )
    repeated = False
    with output.opened() as sink:
        try:
            if dry_run:
                _refuse_existing(session)
                header = author.header(digest="", batch=None)
                now = format_recorded_at(SystemClock().now())
                entry = RecordedEvent.pending(1, now, opened, header, opened.tags())
            else:
                with Ledger.create(
                    session.where, origin=opened.origin, zone_name=zone, author=author, roles=roles
                ) as ledger:
                    entry = next(ledger.log.stream(until=1))
        except LedgerExists:
            first = _made_by(session, author.key, opened)
            if first is None:
                if roles:
                    raise LedgerExists(
                        session.where, advice="To give the existing ledger its roles, run: roles"
                    ) from None
                raise
            entry, repeated = first, True
        session.say(sentence([entry], repeated=repeated, dry_run=dry_run))
        sink.write(sheet([entry], zone, columns=RECORDED_COLUMNS, recorded=not dry_run))


def _default_origin(where: str) -> str:
    name = where.partition("?")[0].rstrip("/").rpartition("/")[2] if "://" in where else where
    return Path(name).stem or "studio-ledger"


def _refuse_existing(session: Session) -> None:
    try:
        session.open_bare()
    except NoLedger as error:
        if type(error) is NoLedger:
            return
    raise LedgerExists(session.where)


def _made_by(session: Session, key: str | None, wanted: LedgerOpened) -> RecordedEvent | None:
    """Return the ledger's first event if this same request made it, otherwise None."""
    if key is None:
        return None
    try:
        entry = next(session.open_bare().log.stream(until=1))
    except NoLedger:
        return None
    event = entry.event
    same = isinstance(event, LedgerOpened) and (event.origin, event.zone) == (
        wanted.origin,
        wanted.zone,
    )
    return entry if same and entry.request == key else None
