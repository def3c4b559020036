"""A plugin as a third party would write it, with the calls that plugins usually make.

`test_wheel.py` type-checks it with `mypy --strict` against the installed wheel.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import IO, Annotated, Any, Literal

from ledger.events import BookingConfirmed, BookingHeld, ShootDayReported
from ledger.plugin import (
    AlreadyExists,
    BadInput,
    Context,
    Decision,
    Event,
    Exporter,
    Importer,
    Look,
    Period,
    Projection,
    RecordedEvent,
    Refused,
    Row,
    Rule,
    Struct,
    UnknownEvent,
    When,
    check_id,
    check_text,
    exporter,
    hookimpl,
    importer,
    key,
    on,
    read_firm_bookings,
    read_space,
    start_of_day,
    table,
    tag,
    view,
    zone,
)
from ledger.testing import given, isolated_host, projection_contract, recorded


class KeyGiven(Event, frozen=True):
    """Someone took the key of a space."""

    type_name = "keys.KeyGiven"

    space: str
    holder: str
    kind: str
    on: date

    def tags(self) -> tuple[str, ...]:
        """The space's key."""
        return (tag("key", self.space),)

    def effective(self) -> date:
        """The day on which the key changed hands."""
        return self.on


class KeyIsOut(Refused):
    """Someone has the key already."""

    rule = "one-key"


class GiveKey(Decision, frozen=True, tag="key give"):
    """Give the key of a space to someone."""

    space: str
    holder: Annotated[str, "Who takes it."]
    when: When
    kind: Annotated[Literal["day", "permanent"], "For how long."] = "day"

    def decide(self, ctx: Context) -> None:
        """Record `KeyGiven`. Raises `BadInput`, `AlreadyExists` or `KeyIsOut`."""
        space = read_space(ctx, check_id("space", self.space))
        period: Period = self.when.resolve(space.zone)
        if not space.in_service(period.days.first):
            raise BadInput(f"{space.id} is not in service", advice="Choose another day")
        last = ctx.last(tag("key", space.id), KeyGiven)
        if last is not None and isinstance(last.event, KeyGiven):
            if last.event.holder == self.holder:
                raise AlreadyExists("key", space.id, position=last.position)
            raise KeyIsOut(
                f"{last.event.holder} has the key of {space.id}",
                position=last.position,
                advice="Take it back first",
            )
        firm = [booking.project for booking in read_firm_bookings(ctx, space.id, period)]
        earlier = ctx.read([tag("key", space.id), tag("space", space.id)], KeyGiven, BookingHeld)
        ctx.record(
            KeyGiven(
                space=space.id,
                holder=check_text("holder", self.holder),
                kind=self.kind,
                on=period.days.first,
            ),
            corrects=earlier[-1].position if earlier and not firm else None,
        )


def not_too_long(ctx: Context, proposed: Sequence[Event]) -> None:
    """Refuse a hold of more than 60 days."""
    for event in proposed:
        if isinstance(event, BookingHeld) and (event.period.end - event.period.start).days > 60:
            raise KeyIsOut(f"{event.space} would be held too long", advice="Hold less")


class Day(Row):
    """The hours of one day of a booking."""

    booking: str = key()
    day: date = key()
    space: str = ""
    hours: float = 0.0
    reason: str | None = None


class Hours(Struct, frozen=True):
    """The hours of a space."""

    space: str
    hours: float


class CrewHours(Projection):
    """Shooting hours, by booking and day."""

    version = 2
    days = table(Day)

    @on(ShootDayReported)
    def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
        """Keep the newest report of a day."""
        day = self.days.edit(event.booking, event.day)
        day.space = event.space
        day.hours = event.shooting_hours or 0.0
        day.reason = entry.reason

    @on(BookingConfirmed, KeyGiven)
    def confirmed(self, event: BookingConfirmed | KeyGiven, entry: RecordedEvent) -> None:
        """Forget a day, then write it."""
        if isinstance(event, KeyGiven):
            return
        first = event.period.days.first
        if self.days.get(event.booking, first) is None:
            self.days.put(Day(booking=event.booking, day=first, space=event.space))
        else:
            self.days.delete(event.booking, first)

    @on("visits.VisitPlanned")
    def visited(self, event: UnknownEvent, entry: RecordedEvent) -> None:
        """Ignore a visit, whose type is another plugin's."""

    @view("Crew hours by day", units={"hours": "h"})
    def crew_hours(
        self, booking: Annotated[str | None, "only this booking"] = None, since: date | None = None
    ) -> list[Day]:
        """The hours of each day."""
        if self.at is not None:
            self.note(f"as of {self.at.day('Europe/Berlin')}, today {self.today('Europe/Berlin')}")
        now = self.now
        if since and now and now < start_of_day(since, zone("UTC").key):
            return []
        return self.days.rows(booking=booking)

    @view("Crew hours by space", titles={"space": "Where"})
    def space_hours(self) -> list[Hours]:
        """The hours of each space."""
        hours: dict[str, float] = {}
        for day in self.days.rows():
            hours[day.space] = hours.get(day.space, 0.0) + day.hours
        return [Hours(space, total) for space, total in sorted(hours.items())]


@importer("keys-list", "Keys, one a line")
def keys_list(stream: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """A command for each line."""
    for number, line in enumerate(stream, start=1):
        yield number, {"do": "key give", "space": line.decode().strip(), "holder": "Li"}


@exporter("keys", "Who has which key")
def keys_out(look: Look) -> Iterator[bytes]:
    """A line for each key."""
    for entry in look.events(KeyGiven, tag="key:stage-1"):
        if isinstance(entry.event, KeyGiven):
            yield f"{entry.position} {entry.event.holder} {look.zone}\n".encode()
    yield f"{len(list(look.view('crew-hours', booking='b-1')))} {look.position}\n".encode()


@hookimpl
def ledger_projections() -> Iterable[type[Projection]]:
    """Offer the projection."""
    return [CrewHours]


@hookimpl
def ledger_event_types() -> Iterable[type[Event]]:
    """Offer the event."""
    return [KeyGiven]


@hookimpl
def ledger_decisions() -> Iterable[type[Decision]]:
    """Offer the command."""
    return [GiveKey]


@hookimpl
def ledger_rules() -> Iterable[Rule]:
    """Offer the rule."""
    return [not_too_long]


@hookimpl
def ledger_importers() -> Iterable[Importer]:
    """Offer the importer."""
    return [keys_list]


@hookimpl
def ledger_exporters() -> Iterable[Exporter]:
    """Offer the exporter."""
    return [keys_out]


TestCrewHours = projection_contract(CrewHours, examples=5)


def test_a_key_is_given_once() -> None:
    """A story, as a plugin's own test tells it."""
    taken = KeyGiven(space="stage-1", holder="Li", kind="day", on=date(2025, 7, 1))
    assert recorded(taken)[0].position == 1
    give = GiveKey(space="stage-1", holder="Wu", when=When.parse("2025-07-01"))
    given(taken, rules=[not_too_long]).when(give).refused(Refused, saying="stage-1")
    with isolated_host(CrewHours) as host:
        host.record(taken)
        assert host.ask("crew-hours", as_of=1) == []
