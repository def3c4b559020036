"""A fact is recorded after it happened: its day has begun where it happened."""

from datetime import date, datetime, timedelta

from ledger.decisions.base import Context
from ledger.entities.sites import Site
from ledger.errors import Refused
from ledger.events.ledgers import LedgerOpened
from ledger.events.sites import SITES, SpaceCommissioned
from ledger.tags import tag
from ledger.time.periods import check_day, zone

_LAST_CLOCK = timedelta(hours=-12)
"""No clock on earth is further behind UTC: a day that has begun there has begun everywhere."""


class DayToCome(Refused):
    """Something is said to have happened on a day that has not begun."""

    rule = "past-tense"

    def __init__(self, what: str, on: date, *, today: date, where: str) -> None:
        super().__init__(
            f"{what} on {on}: today is {today} {where}", advice="Record it when it has happened"
        )
        self.on, self.today = on, today


def check_begun(ctx: Context, what: str, on: date) -> None:
    """Check the day of a fact that has no place: it has begun at one of the ledger's sites.

    In a ledger without sites the ledger's own zone counts. Reads the registered sites, and only if
    the day has not begun everywhere. Raises `DayToCome`, `BadTime`.
    """
    check_day(on)
    if on <= (ctx.now + _LAST_CLOCK).date():
        return
    clocks = [
        (_today(ctx.now, site.zone), f"at site {site.id} ({site.zone})") for site in _sites(ctx)
    ]
    if not clocks:
        opened = ctx.last("ledger:opened", LedgerOpened)
        event = opened.event if opened is not None else None
        name = event.zone if isinstance(event, LedgerOpened) else "UTC"
        clocks.append((_today(ctx.now, name), f"in {name}, the ledger's zone"))
    today, where = max(clocks, key=lambda clock: clock[0])
    if on > today:
        raise DayToCome(what, on, today=today, where=where)


def check_begun_at(ctx: Context, what: str, on: date, *, space: str, zone_name: str) -> None:
    """Check the day of a fact in a space, which goes by that zone.

    Raises `DayToCome` with the site's name, `BadTime`.
    """
    check_day(on)
    today = _today(ctx.now, zone_name)
    if on > today:
        entry = ctx.last(tag("space", space), SpaceCommissioned)
        event = entry.event if entry is not None else None
        site = f"site {event.site}" if isinstance(event, SpaceCommissioned) else f"space {space}"
        raise DayToCome(what, on, today=today, where=f"at {site} ({zone_name})")


def _today(now: datetime, zone_name: str) -> date:
    return now.astimezone(zone(zone_name)).date()


def _sites(ctx: Context) -> list[Site]:
    found: dict[str, Site | None] = {}
    for entry in ctx.read(SITES, *Site.types()):
        for id in Site.ids(entry.event):
            found[id] = Site.after(found.get(id), entry)
    return [site for site in found.values() if site is not None]
