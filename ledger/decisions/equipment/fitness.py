"""Whether an item is fit for use: repair, calibration and quarantine, under way or planned.

Service of one kind is entered in the order in which it happened, and a start of any kind in order
with check-outs. An item that is out may still break, so its service may start then.
"""

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from ledger.decisions.base import Context, Decision
from ledger.decisions.equipment.counts import counted
from ledger.decisions.equipment.places import (
    check_happened,
    on_site,
    registered_by,
    resolve_where_it_is,
    zone_of,
)
from ledger.decisions.equipment.refusals import (
    CalibrationRunOut,
    InService,
    LaterEntryStands,
    PlannedAlready,
    ServiceNotOpen,
    ServiceNotPlanned,
)
from ledger.decisions.equipment.several import find_item
from ledger.entities.equipment import SERVICE_FACTS, CustodyFact, Item, ServiceFact
from ledger.errors import BadInput, BadTime, UnreadableEvent
from ledger.events.equipment import (
    PLANNED,
    SERVICE_KINDS,
    EquipmentCheckedOut,
    ServiceCompleted,
    ServiceKind,
    ServicePlanned,
    ServiceStarted,
)
from ledger.tags import tag
from ledger.time.periods import Deadline, Moment, When


def read_service(ctx: Context, item: str, kind: ServiceKind) -> ServiceFact | None:
    """The last fact of that kind of service. One question."""
    newest = ctx.last(tag("equipment", item, kind), *SERVICE_FACTS)
    return None if newest is None else ServiceFact.of(newest)


def check_fit(ctx: Context, item: str, at: datetime, *, to_retire: bool = False) -> None:
    """No service is open, and none was over only after `at`; the calibration has not run out,
    which does not matter to one that retires.

    Raises `InService`, `LaterEntryStands` and `CalibrationRunOut`.
    """
    for kind in SERVICE_KINDS:
        fact = read_service(ctx, item, kind)
        if fact is None:
            continue
        if fact.is_open:
            raise InService(item, kind, since=on_site(ctx, fact.at, item), position=fact.position)
        _check_not_before(ctx, item, at, fact)
        if fact.valid_until is not None and fact.valid_until <= at and not to_retire:
            until = on_site(ctx, fact.valid_until, item)
            raise CalibrationRunOut(item, until=until, position=fact.position)


def _check_not_before(
    ctx: Context, item: str, at: datetime, fact: CustodyFact | ServiceFact
) -> None:
    if at < fact.at:
        raise LaterEntryStands(
            item, on_site(ctx, at, item), later=on_site(ctx, fact.at, item), position=fact.position
        )


class ServiceEquipment(Decision, frozen=True, tag="equipment service"):
    """Take an item out of use for repair, calibration or quarantine; with `done`, end that.

    `until` is when it is expected to be done. `valid_until` is the end of what a calibration
    vouches for; a day means its end.
    """

    equipment: str
    kind: ServiceKind
    at: Moment | None = None
    done: bool = False
    until: Deadline | None = None
    valid_until: Deadline | None = None

    def decide(self, ctx: Context) -> None:
        """Raises `InService`, `ServiceNotOpen`, `LaterEntryStands` and others."""
        item = find_item(ctx, self.equipment)
        check_single(item)
        at = ctx.now if self.at is None else resolve_where_it_is(ctx, self.at, item.id)
        check_happened(ctx, at, item.id)
        registered_by(ctx, item, at)
        fact = read_service(ctx, item.id, self.kind)
        is_open = fact is not None and fact.is_open
        if fact is not None:
            if is_open and not self.done:
                raise InService(
                    item.id,
                    self.kind,
                    since=on_site(ctx, fact.at, item.id),
                    position=fact.position,
                )
            _check_not_before(ctx, item.id, at, fact)
        if self.done:
            if not is_open:
                position = None if fact is None else fact.position
                raise ServiceNotOpen(item.id, self.kind, position=position)
            if self.until is not None:
                raise BadInput("what is done has no expected end", advice="Leave out --until")
            self._record(
                ctx, item, ServiceCompleted, at, valid_until=self._valid_until(ctx, item, at)
            )
        else:
            self._valid_until(ctx, item, at)
            self._check_not_out_after(ctx, item.id, at)
            self._record(ctx, item, ServiceStarted, at, until=self._expected(ctx, item, at))

    def _record(
        self,
        ctx: Context,
        item: Item,
        event_type: type[ServiceStarted] | type[ServiceCompleted],
        at: datetime,
        **more: Any,
    ) -> None:
        event = event_type(
            equipment=item.id,
            at=at,
            kind=self.kind,
            equipment_kind=item.kind,
            **more,
        )
        ctx.record(replace(event, of_kind=counted(ctx, event, item.kind)))

    def _expected(self, ctx: Context, item: Item, at: datetime) -> datetime | None:
        if self.until is None:
            return None
        until = resolve_where_it_is(ctx, self.until, item.id)
        if until <= at:
            raise BadTime(
                f"the service is expected to end at {self.until}, not after it starts",
                advice="Give a later --until",
            )
        return until

    def _valid_until(self, ctx: Context, item: Item, at: datetime) -> datetime | None:
        if self.valid_until is None:
            return None
        if not self.done or self.kind != "calibration":
            raise BadInput(
                "only a calibration that is done is valid until a time",
                advice="Leave out --valid-until",
            )
        until = resolve_where_it_is(ctx, self.valid_until, item.id)
        if until <= at:
            raise BadTime(
                f"the calibration is valid until {self.valid_until}, not after it is done",
                advice="Give a later --valid-until",
            )
        return until

    def _check_not_out_after(self, ctx: Context, item: str, at: datetime) -> None:
        """It was not given out later: that would have been out of a service still open."""
        last = ctx.last(tag("equipment", item), EquipmentCheckedOut)
        if last is not None:
            _check_not_before(ctx, item, at, CustodyFact.of(last))


class PlanServicing(Decision, frozen=True, tag="equipment plan-service"):
    """Plan a service of an item for days or hours: it cannot be promised for them.

    With `drop` the plan is off.
    """

    equipment: str
    kind: ServiceKind
    when: When
    drop: bool = False

    def decide(self, ctx: Context) -> None:
        """Record `ServicePlanned`. Raises `UnknownId`, `PlannedAlready`, `ServiceNotPlanned`."""
        item = find_item(ctx, self.equipment)
        check_single(item)
        registered_by(ctx, item, ctx.now)
        period = self.when.resolve(zone_of(ctx, item.id))
        if period.end <= ctx.now and not self.drop:
            raise BadTime(
                f"{period} is over", advice="Record the service itself: equipment service"
            )
        known = {
            (event.kind, event.period): entry.position
            for entry in ctx.read(tag("equipment", item.id, PLANNED), ServicePlanned)
            for event in [_planned(entry)]
            if not event.dropped
        }
        dropped = {
            (event.kind, event.period)
            for entry in ctx.read(tag("equipment", item.id, PLANNED), ServicePlanned)
            for event in [_planned(entry)]
            if event.dropped and known.get((event.kind, event.period), 0) < entry.position
        }
        stands = (self.kind, period) in known and (self.kind, period) not in dropped
        if stands and not self.drop:
            raise PlannedAlready(
                item.id, self.kind, period=period, position=known[self.kind, period]
            )
        if self.drop and not stands:
            raise ServiceNotPlanned(item.id, self.kind, period=period, position=None)
        event = ServicePlanned(
            equipment=item.id,
            kind=self.kind,
            period=period,
            dropped=self.drop,
            equipment_kind=item.kind,
        )
        ctx.record(replace(event, of_kind=counted(ctx, event, item.kind)))


def _planned(entry: Any) -> ServicePlanned:
    if not isinstance(entry.event, ServicePlanned):
        raise UnreadableEvent(entry.type, position=entry.position)
    return entry.event


def check_single(item: Item) -> None:
    """Raises `BadInput` for a stock: what breaks of it is lost, and what is mended found."""
    if item.is_stock:
        raise BadInput(
            f"{item.id} is a stock, and service is kept of single items",
            advice="Take pieces that are broken out of the count: equipment count",
        )
