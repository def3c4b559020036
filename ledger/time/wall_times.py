"""Wall times, and the instants that they are by the zone rules of today."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache

from ledger.time.zones import zone

_MINUTE = timedelta(minutes=1)
_RESOLUTION = timedelta(microseconds=1)


@lru_cache(maxsize=8192)
def start_of_day(day: date, zone_name: str) -> datetime:
    """The first instant of a site-local day, in UTC.

    Where a clock change skips midnight, the day begins when the clocks resume; where it
    repeats midnight, at the first one.
    """
    return instant_of(datetime.combine(day, time()), None, zone_name)


def as_kept(local: datetime) -> datetime:
    """Return a local time as it is kept: with its offset, in whole minutes as JSON writes it."""
    offset = local.utcoffset() or timedelta()
    minutes = timezone(round(offset / _MINUTE) * _MINUTE)
    return local.replace(tzinfo=minutes, fold=0)


@lru_cache(maxsize=4096)
def instant_of(wall: datetime, offset: timedelta | None, zone_name: str) -> datetime:
    """The instant of a wall time, in UTC.

    The offset chooses where the clocks go back over the time, the first one by default. A time that
    the clocks jump over is the moment when they jump. So of two wall times the later is never the
    earlier instant, which keeps periods apart that were, except in an hour that happens twice.
    """
    early = wall.replace(tzinfo=zone(zone_name))
    late = early.replace(fold=1)
    before, after = early.utcoffset(), late.utcoffset()
    if before == after or before is None or after is None:
        return early.astimezone(UTC)
    if before > after:
        is_late = offset is not None and abs(offset - after) < abs(offset - before)
        return (late if is_late else early).astimezone(UTC)
    low, high = late.astimezone(UTC), early.astimezone(UTC)
    while high - low > _RESOLUTION:
        middle = low + (high - low) // 2
        if middle.astimezone(early.tzinfo).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def instant_of_kept(kept: datetime, zone_name: str) -> datetime:
    """The instant of a wall time as it is kept, in UTC, by the zone rules of today."""
    # Apart, since a cache takes 08:00+02:00 and 07:00+01:00 for the same.
    return instant_of(kept.replace(tzinfo=None), kept.utcoffset(), zone_name)
