"""Claims: published figures, beside what the ledger had on record by that day.

A claim of a day D is compared with what was *recorded* by the end of D in the ledger's zone
and was *true* on D: neither a late entry nor what came afterwards makes it right or wrong.
So the tables below keep every version of what a figure is made of, each with the time of its
recording, and the view reads them up to the end of D. It does not matter when the claim
itself was entered.

A figure that the ledger holds nothing about cannot be derived, which is not a conflict.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from math import isclose, isfinite
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from ledger.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingMerged,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    LedgerOpened,
    ShootDayReported,
    SpaceChanged,
    SpaceCommissioned,
    SpaceDecommissioned,
)
from ledger.plugin import (
    AlreadyExists,
    BadInput,
    Context,
    Decision,
    Event,
    Projection,
    Readings,
    RecordedEvent,
    Refused,
    Row,
    Space,
    SpaceFacts,
    Struct,
    UnknownEvent,
    UnknownId,
    check_begun,
    check_id,
    check_text,
    key,
    on,
    start_of_day,
    table,
    tag,
    view,
)

_DAY = timedelta(days=1)
_UNSET = datetime(1970, 1, 1, tzinfo=UTC)  # every row is written whole: never seen

Comparison = Literal["equals", "at-least"]
Verdict = Literal["holds", "conflicts", "cannot be derived"]

VIRTUAL = ("virtual stage",)
PRACTICAL = ("stage", "set studio")

UNITS = {
    "site area": "m²",
    "phase area": "m²",
    "projects serviced": "projects",
    "booked through": "date",
    "shooting efficiency gain": "ratio",
    "expo exhibitors": "exhibitors",
    "expo areas": "areas",
    "expo sections": "sections",
}
"""The metrics that a ledger can derive, with their units. Others may be claimed all the same."""

NEEDS_SUBJECT = ("phase area", "expo exhibitors", "expo areas", "expo sections")


# --- events ------------------------------------------------------------------------------


class ClaimRecorded(Event, frozen=True, kw_only=True):
    """A publisher gave this figure on that day.

    `subject` is what it is about where the metric does not say so: the id of a site, of a
    phase, of an expo. `source` is where it can be read, `note` a remark about it.
    """

    type_name = "claims.ClaimRecorded"
    claim: str
    metric: str
    comparison: Comparison
    value: float | date
    unit: str
    publisher: str
    published_on: date
    source: str
    subject: str | None = None
    note: str | None = None

    def tags(self) -> tuple[str, ...]:
        """The claim."""
        return (tag("claim", self.claim),)

    def effective(self) -> date:
        """The day of its publication."""
        return self.published_on


class ClaimWithdrawn(Event, frozen=True):
    """A claim stands no longer: its publisher took it back, or it was entered by mistake."""

    type_name = "claims.ClaimWithdrawn"
    claim: str

    def tags(self) -> tuple[str, ...]:
        """The claim."""
        return (tag("claim", self.claim),)


# --- commands ----------------------------------------------------------------------------


class AlreadyWithdrawn(Refused):
    """A claim is withdrawn once."""

    rule = "claim-stands"

    def __init__(self, claim: str, *, position: int) -> None:
        super().__init__(
            f"claim {claim!r} is withdrawn already",
            position=position,
            advice="Record it anew under another id where it is made again",
        )
        self.claim = claim


class RecordClaim(Decision, frozen=True, tag="claim record"):
    """Record a published figure, to be compared with the ledger's own.

    `value` is a number, or a day for a metric of the unit date. With `at-least` anything
    from that number or day on holds; "over 50" of things that are counted is at least 51.
    `subject` is the site, phase or expo that the figure is about.
    """

    metric: str
    value: str
    publisher: str
    published_on: Annotated[date, "The day of its publication."]
    source: Annotated[str, "Where it can be read."]
    comparison: Annotated[Comparison, "How it is compared."] = "equals"
    unit: Annotated[str | None, "Of the value; that of the metric without it."] = None
    subject: Annotated[str | None, "The site, phase or expo that it is about."] = None
    note: Annotated[str | None, "A note about it."] = None
    claim: Annotated[str | None, "Its id [default: generated]."] = None

    def decide(self, ctx: Context) -> None:
        """ClaimRecorded. Raises `BadInput`, `AlreadyExists`, `DayToCome`."""
        metric = check_text("metric", self.metric)
        check_begun(ctx, "a claim published", self.published_on)
        if metric in NEEDS_SUBJECT and self.subject is None:
            raise BadInput(f"whose {metric} is not said", advice="Give its id as --subject")
        ctx.record(
            ClaimRecorded(
                claim=self._id(ctx),
                metric=metric,
                comparison=self.comparison,
                value=_value(metric, self.value),
                unit=_unit(metric, self.unit),
                publisher=check_text("publisher", self.publisher),
                published_on=self.published_on,
                source=check_text("source", self.source),
                subject=None if self.subject is None else check_id("subject", self.subject),
                note=None if self.note is None else check_text("note", self.note),
            )
        )

    def _id(self, ctx: Context) -> str:
        if self.claim is None:
            return ctx.new_id("claim", "cl")
        taken = ctx.last(tag("claim", check_id("claim", self.claim)))
        if taken is not None:
            raise AlreadyExists("claim", self.claim, position=taken.position)
        return self.claim


class WithdrawClaim(Decision, frozen=True, tag="claim withdraw"):
    """Let a claim stand no longer: it was taken back, or entered by mistake."""

    claim: str

    def decide(self, ctx: Context) -> None:
        """ClaimWithdrawn. Raises `UnknownId`, `AlreadyWithdrawn`."""
        newest = ctx.last(tag("claim", self.claim), ClaimRecorded, ClaimWithdrawn)
        if newest is None:
            raise UnknownId("claim", self.claim)
        if isinstance(newest.event, ClaimWithdrawn):
            raise AlreadyWithdrawn(self.claim, position=newest.position)
        ctx.record(ClaimWithdrawn(claim=self.claim))


def _value(metric: str, text: str) -> float | date:
    """A number, or a day; of the kind that the metric has where it is a known one."""
    number: float | None = None
    day: date | None = None
    try:
        number = float(text)
    except ValueError:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = None
    unit = UNITS.get(metric)
    if unit != "date" and number is not None and isfinite(number):
        return number
    if unit in (None, "date") and day is not None:
        return day
    what = "a day YYYY-MM-DD" if unit == "date" else "a number" if unit else "a number or a day"
    raise BadInput(f"{text!r} is not a value of {metric!r}", advice=f"Give {what}")


def _unit(metric: str, given: str | None) -> str:
    known = UNITS.get(metric)
    if given == "m2":
        given = "m²"
    if known is not None and given not in (None, known):
        raise BadInput(
            f"{metric!r} is derived in {known}, not in {given}", advice="Convert the value"
        )
    if known is None and given is None:
        raise BadInput(
            f"the unit of {metric!r} is not said",
            advice=f"Give --unit; derived are {', '.join(UNITS)}",
        )
    return known or check_text("unit", given or "")


# --- what is kept ------------------------------------------------------------------------


class Origin(Row):
    """The ledger's own zone: in it, a day of publication ends."""

    ledger: str = key()
    zone: str = "UTC"


class Claim(Row):
    """A claim that stands; its value is a number or a day."""

    claim: str = key()
    metric: str = ""
    subject: str | None = None
    comparison: Comparison = "equals"
    number: float | None = None
    day: date | None = None
    unit: str = ""
    publisher: str = ""
    published_on: date | None = None
    source: str = ""
    note: str | None = None
    position: int = 0


class SpaceVersion(Row):
    """A space after an event."""

    space: str = key()
    position: int = key()
    recorded_at: datetime = _UNSET
    it: Space | None = None


class StayVersion(Row):
    """A firm booking after an event; `last` is its last day, `moved_in` the one it began."""

    booking: str = key()
    position: int = key()
    recorded_at: datetime = _UNSET
    space: str = ""
    project: str = ""
    state: Literal["firm", "wrapped", "cancelled"] = "firm"
    last: date | None = None
    moved_in: date | None = None


class ReportVersion(Row):
    """A report of a shooting day; a later one of the same booking and day replaces it."""

    booking: str = key()
    day: date = key()
    position: int = key()
    recorded_at: datetime = _UNSET
    space: str = ""
    setups: int = 0
    shooting_hours: float = 0.0


class ExpoVersion(Row):
    """Something of an expo that is counted (`what` names the metric) came, or went."""

    expo: str = key()
    what: str = key()
    id: str = key()
    position: int = key()
    recorded_at: datetime = _UNSET
    there: bool = True


# --- what is answered --------------------------------------------------------------------


class ClaimLine(Struct, frozen=True):
    """A claim, and what the ledger says for the day of its publication.

    `derived` is None where it cannot be derived. `parts` are what it is made of, or why
    there is nothing to make it of.
    """

    claim: str
    metric: str
    subject: str | None
    published_on: date
    publisher: str
    comparison: Comparison
    claimed: float | date
    derived: float | date | None
    unit: str
    verdict: Verdict
    parts: str
    source: str
    note: str | None
    position: int


class _Derived(NamedTuple):
    """A figure and what it is made of; None where there is nothing to make it of."""

    value: float | date | None
    parts: str


# --- the projection ----------------------------------------------------------------------


class Claims(Projection):
    """The claims that stand, and every version of what their figures are made of."""

    version = 1
    origins = table(Origin)
    standing = table(Claim)
    spaces = table(SpaceVersion)
    stays = table(StayVersion)
    reports = table(ReportVersion)
    expos = table(ExpoVersion)

    @on(LedgerOpened)
    def ledger_opened(self, event: LedgerOpened, entry: RecordedEvent) -> None:
        self.origins.edit("").zone = event.zone

    @on(ClaimRecorded)
    def recorded(self, event: ClaimRecorded, entry: RecordedEvent) -> None:
        is_day = isinstance(event.value, date)
        self.standing.put(
            Claim(
                event.claim,
                event.metric,
                event.subject,
                event.comparison,
                None if is_day else event.value,  # type: ignore[arg-type]  # a day is not a number
                event.value if is_day else None,  # type: ignore[arg-type]  # and the other way
                event.unit,
                event.publisher,
                event.published_on,
                event.source,
                event.note,
                entry.position,
            )
        )

    @on(ClaimWithdrawn)
    def withdrawn(self, event: ClaimWithdrawn, entry: RecordedEvent) -> None:
        self.standing.delete(event.claim)

    @on(*Space.types())
    def space_event(self, event: Any, entry: RecordedEvent) -> None:
        versions = self.spaces.rows(space=event.space)
        after = Space.after(versions[-1].it if versions else None, entry)
        self.spaces.put(SpaceVersion(event.space, entry.position, entry.recorded_at, after))

    @on(
        BookingConfirmed,
        BookingRescheduled,
        BookingStarted,
        BookingWrapped,
        BookingCancelled,
        BookingMerged,
    )
    def booking_said(self, event: Any, entry: RecordedEvent) -> None:
        if isinstance(event, BookingRescheduled) and event.rank is not None:
            return  # still a hold
        stay = StayVersion(event.booking, entry.position, entry.recorded_at)
        stay.space, stay.project = event.space, event.project
        stay.last = event.period.days.last
        if isinstance(event, BookingStarted):
            stay.moved_in = event.on
        elif isinstance(event, BookingWrapped):
            stay.state, stay.moved_in = "wrapped", event.period.days.first
        elif isinstance(event, BookingCancelled | BookingMerged):
            stay.state = "cancelled"
        self.stays.put(stay)

    @on(ShootDayReported)
    def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
        self.reports.put(
            ReportVersion(
                event.booking,
                event.day,
                entry.position,
                entry.recorded_at,
                event.space,
                event.setups_shot,
                event.shooting_hours,
            )
        )

    def put_right(self, both: Readings) -> None:
        """Add versions from the correction on: what was on record before it is kept."""
        for entry in both.before:
            self._say_gone(entry.event, both.correction)
        for entry in both.retold():
            getattr(self, self.handlers[entry.type])(entry.event, entry)

    def _say_gone(self, event: Any, at: RecordedEvent) -> None:
        """Put a version that says of nothing what the event said; what stands follows it."""
        match event:
            case SpaceCommissioned() | SpaceChanged() | SpaceDecommissioned():
                self.spaces.put(SpaceVersion(event.space, at.position, at.recorded_at))
            case ShootDayReported():
                key = event.booking, event.day, at.position
                self.reports.put(ReportVersion(*key, at.recorded_at, event.space))
            case ClaimRecorded():
                self.standing.delete(event.claim)
            case ClaimWithdrawn() | UnknownEvent():
                pass
            case _ if type(event).type_name == "expo.ExhibitorRegistered":
                self._count(at, event.expo, "expo exhibitors", event.exhibitor, there=False)
            case _ if type(event).type_name == "expo.PartAdded":
                self._count(at, event.expo, f"expo {event.kind}s", event.part, there=False)
            case _ if hasattr(event, "booking"):
                stay = StayVersion(event.booking, at.position, at.recorded_at)
                stay.space, stay.project, stay.state = event.space, event.project, "cancelled"
                self.stays.put(stay)

    # The plugin of expos need not be there: its events are named, and nothing is imported.

    @on("expo.ExhibitorRegistered")
    def exhibitor_came(self, event: Any, entry: RecordedEvent) -> None:
        self._count(entry, event.expo, "expo exhibitors", event.exhibitor, there=True)

    @on("expo.ExhibitorWithdrawn")
    def exhibitor_went(self, event: Any, entry: RecordedEvent) -> None:
        self._count(entry, event.expo, "expo exhibitors", event.exhibitor, there=False)

    @on("expo.PartAdded")
    def part_came(self, event: Any, entry: RecordedEvent) -> None:
        self._count(entry, event.expo, f"expo {event.kind}s", event.part, there=True)

    def _count(self, entry: RecordedEvent, expo: str, what: str, id: str, *, there: bool) -> None:
        self.expos.put(ExpoVersion(expo, what, id, entry.position, entry.recorded_at, there))

    # --- the view ------------------------------------------------------------------------

    @view(
        "Which published figures does the ledger bear out?",
        titles={"parts": "Made of"},
        spare=("unit", "comparison", "note", "parts", "position"),
    )
    def claims(
        self,
        conflicts: Annotated[bool | None, "only claims that conflict, or only the others"] = None,
        metric: Annotated[str | None, "only claims of this metric"] = None,
        publisher: Annotated[str | None, "only claims of this publisher"] = None,
    ) -> list[ClaimLine]:
        """Each claim that stands, with what the ledger had on record by the end of the day
        of its publication; by that day, metric and id."""
        lines = [
            self._line(claim, claim.published_on)
            for claim in self.standing.rows(metric=metric, publisher=publisher)
            if claim.published_on is not None
        ]
        return sorted(
            (line for line in lines if conflicts in (None, line.verdict == "conflicts")),
            key=lambda line: (line.published_on, line.metric, line.claim),
        )

    def _line(self, claim: Claim, published_on: date) -> ClaimLine:
        claimed: float | date = claim.day or claim.number or 0.0
        origin = self.origins.get("")
        end = start_of_day(published_on + _DAY, origin.zone if origin else "UTC")
        derived = _DERIVE.get(claim.metric, _unknown)(self, claim, published_on, end)
        return ClaimLine(
            claim=claim.claim,
            metric=claim.metric,
            subject=claim.subject,
            published_on=published_on,
            publisher=claim.publisher,
            comparison=claim.comparison,
            claimed=claimed,
            derived=derived.value,
            unit=claim.unit,
            verdict=_verdict(claim.comparison, claimed, derived.value),
            parts=derived.parts,
            source=claim.source,
            note=claim.note,
            position=claim.position,
        )


def _verdict(comparison: Comparison, claimed: Any, derived: Any) -> Verdict:
    if derived is None:
        return "cannot be derived"
    if comparison == "at-least":
        holds = derived >= claimed
    elif isinstance(claimed, date):
        holds = derived == claimed
    else:
        holds = isclose(derived, claimed, rel_tol=1e-9)
    return "holds" if holds else "conflicts"


# --- deriving a metric, for a day D from what was recorded before the end of D -----------

V = TypeVar("V", SpaceVersion, StayVersion, ReportVersion, ExpoVersion)


def _known(rows: Iterable[V], end: datetime) -> Iterator[V]:
    """The versions that were recorded before that instant."""
    return (row for row in rows if row.recorded_at < end)


def _unknown(claims: Claims, claim: Claim, day: date, end: datetime) -> _Derived:
    return _Derived(None, "the ledger has no such metric")


def _spaces(claims: Claims, end: datetime) -> dict[str, Space]:
    """The spaces as they were known, by id."""
    found = {version.space: version.it for version in _known(claims.spaces.rows(), end)}
    return {id: space for id, space in found.items() if space is not None}


def _in_service(claims: Claims, day: date, end: datetime) -> list[tuple[Space, SpaceFacts]]:
    """The spaces that were in service on the day, closed or not, with their facts of it.

    Without the parts of others, whose area is that of the whole.
    """
    spaces = (space for space in _spaces(claims, end).values() if space.part_of is None)
    return [(space, space.facts_on(day)) for space in spaces if space.in_service(day)]


def _site_area(claims: Claims, claim: Claim, day: date, end: datetime) -> _Derived:
    spaces = _in_service(claims, day, end)
    spaces = [(space, facts) for space, facts in spaces if claim.subject in (None, space.site)]
    if not spaces:
        return _Derived(None, "no space was in service")
    if all(facts.area_m2 is None for _, facts in spaces):
        return _Derived(None, "no space in service has an area")
    by_phase: dict[str, float] = {}
    for _, facts in spaces:
        phase = facts.phase or "no phase"
        by_phase[phase] = by_phase.get(phase, 0.0) + (facts.area_m2 or 0.0)
    total = sum(by_phase.values())
    parts = f"spaces in service: {_sum_of(by_phase)} = {total:,.0f} m²"
    parts += _without_area([facts.area_m2 for _, facts in spaces])
    phases = {
        other.subject or "": other.number
        for other in claims.standing.rows(metric="phase area", publisher=claim.publisher)
        if other.published_on == claim.published_on and other.number is not None
    }
    if phases:
        parts += f"; phases as claimed: {_sum_of(phases)} = {sum(phases.values()):,.0f} m²"
    return _Derived(total, parts)


def _phase_area(claims: Claims, claim: Claim, day: date, end: datetime) -> _Derived:
    spaces = _in_service(claims, day, end)
    known = {space.id: facts.area_m2 for space, facts in spaces if facts.phase == claim.subject}
    areas = {id: area for id, area in known.items() if area is not None}
    if not known:
        return _Derived(None, f"no space of {claim.subject} was in service")
    if not areas:
        return _Derived(None, f"no space of {claim.subject} has an area")
    total = sum(areas.values())
    left_out = _without_area(list(known.values()))
    return _Derived(total, f"spaces in service: {_sum_of(areas)} = {total:,.0f} m²{left_out}")


def _without_area(areas: list[float | None]) -> str:
    none = areas.count(None)
    return f"; {none} without an area" if none else ""


def _sum_of(areas: dict[str, float]) -> str:
    return " + ".join(f"{name} {area:,.0f}" for name, area in sorted(areas.items()))


def _firm_stays(claims: Claims, end: datetime) -> list[StayVersion]:
    """Each firm booking as it was known, and the day on which it moved in."""
    stays: dict[str, StayVersion] = {}
    for version in _known(claims.stays.rows(), end):
        before = stays.get(version.booking)
        if before is not None and before.moved_in is not None:
            version.moved_in = before.moved_in
        stays[version.booking] = version
    return [stay for stay in stays.values() if stay.state != "cancelled"]


def _projects_serviced(claims: Claims, claim: Claim, day: date, end: datetime) -> _Derived:
    stays = _firm_stays(claims, end)
    if not stays:
        return _Derived(None, "no firm booking was on record")
    begun = [stay for stay in stays if stay.moved_in is not None and stay.moved_in <= day]
    projects = {stay.project for stay in begun}
    return _Derived(
        float(len(projects)),
        f"{len(projects):,} projects in {len(begun):,} bookings that had moved in, of "
        f"{len(stays):,} firm ones",
    )


def _booked_through(claims: Claims, claim: Claim, day: date, end: datetime) -> _Derived:
    last: dict[str, date] = {}
    for stay in _firm_stays(claims, end):
        if stay.state == "firm" and stay.last is not None and stay.last >= day:
            last[stay.space] = max(last.get(stay.space, stay.last), stay.last)
    if not last:
        return _Derived(None, "no day from then on was booked")
    spaces = {space.id for space, _ in _in_service(claims, day, end)}
    parts = (f"{space} {last.get(space, 'not booked')}" for space in sorted(spaces | set(last)))
    return _Derived(max(last.values()), "; ".join(parts))


def _efficiency_gain(claims: Claims, claim: Claim, day: date, end: datetime) -> _Derived:
    spaces = _spaces(claims, end)
    latest = {(r.booking, r.day): r for r in _known(claims.reports.rows(), end)}
    by_kind: dict[str, list[ReportVersion]] = {}
    for report in latest.values():
        if report.shooting_hours > 0:
            space = spaces.get(report.space)
            kind = space.facts_on(report.day).kind if space is not None else ""
            by_kind.setdefault(kind, []).append(report)
    rates, parts = [], []
    for kinds in (VIRTUAL, PRACTICAL):
        reports = [report for kind in kinds for report in by_kind.get(kind, ())]
        setups = sum(report.setups for report in reports)
        hours = sum(report.shooting_hours for report in reports)
        rates.append(setups / hours if hours else None)
        days = len({(report.space, report.day) for report in reports})
        bookings = len({report.booking for report in reports})
        parts.append(
            f"{' + '.join(kinds)}: {setups:,} setups / {hours:,.1f} h "
            f"({days:,} days, {bookings:,} bookings)"
        )
    virtual, practical = rates
    gain = virtual / practical - 1 if virtual is not None and practical else None
    return _Derived(gain, "; ".join(parts))


def _expo_count(claims: Claims, claim: Claim, day: date, end: datetime) -> _Derived:
    versions = _known(claims.expos.rows(expo=claim.subject, what=claim.metric), end)
    newest = {version.id: version.there for version in versions}
    what = claim.metric.removeprefix("expo ")
    if not newest:
        return _Derived(None, f"no {what} of {claim.subject} are on record")
    count = sum(newest.values())
    return _Derived(float(count), f"{count:,} {what} of {claim.subject} on record")


_DERIVE: dict[str, Callable[[Claims, Claim, date, datetime], _Derived]] = {
    "site area": _site_area,
    "phase area": _phase_area,
    "projects serviced": _projects_serviced,
    "booked through": _booked_through,
    "shooting efficiency gain": _efficiency_gain,
    "expo exhibitors": _expo_count,
    "expo areas": _expo_count,
    "expo sections": _expo_count,
}
