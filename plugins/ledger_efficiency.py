"""Efficiency: what a shooting hour brings on virtual stages, beside practical ones.

A figure is a sum divided by a sum, of all the reported shooting days that it covers: setups
by shooting hours, pages by shooting hours. It comes with both sums, with the number of days
and bookings behind it, and with its ratio to the baseline. Without shooting hours it is
undefined (None). A day that reports no shooting hours is left out of both sums, and counted:
what it shot would otherwise seem to have taken no time at all.
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal

from ledger.events import ShootDayReported
from ledger.plugin import Projection, RecordedEvent, Row, Space, Struct, key, on, table, view

VIRTUAL = ("virtual stage",)
PRACTICAL = ("stage", "set studio")

Since = Annotated[date | None, "first day"]
Until = Annotated[date | None, "last day, included"]
Kinds = Annotated[list[str] | None, "spaces of this kind on the day (default: virtual stage)"]
Baseline = Annotated[
    list[str] | None, "compare with spaces of this kind (default: stage and set studio)"
]
OneSpace = Annotated[str | None, "only this space"]

Output = Literal["setups", "pages"]
OUTPUTS: tuple[tuple[Output, str], ...] = (
    ("setups", "setups / h"),
    ("pages", "1/8 page / h"),
)


# --- what is kept ------------------------------------------------------------------------


class SpaceRow(Row):
    """A space, with the kind that it was on which days."""

    space: str = key()
    it: Space | None = None


class ShootDay(Row):
    """The latest report of a shooting day of a booking. Pages count in eighths."""

    booking: str = key()
    day: date = key()
    space: str = ""
    setups: int = 0
    pages_eighths: int = 0
    shooting_hours: float = 0.0


# --- what is answered --------------------------------------------------------------------


class Figure(Struct, frozen=True):
    """An output per shooting hour: `per_hour` is `numerator` / `shooting_hours`, in `unit`.

    `of` names the kinds of space that it is about. `days` and `bookings` are behind it;
    `days_without_hours` are not. `ratio` is to the baseline's figure.
    """

    output: Output
    role: Literal["compared", "baseline"]
    of: str
    days: int
    bookings: int
    numerator: int
    shooting_hours: float
    per_hour: float | None
    unit: str
    ratio: float | None
    days_without_hours: int


class SpaceFigure(Struct, frozen=True):
    """An output per shooting hour of one space; otherwise as `Figure`."""

    space: str
    kind: str
    output: Output
    days: int
    bookings: int
    numerator: int
    shooting_hours: float
    per_hour: float | None
    unit: str
    ratio: float | None
    days_without_hours: int


class _Sums(Struct):
    """The sums over some reports."""

    days: int
    bookings: int
    setups: int
    pages_eighths: int
    hours: float
    without_hours: int

    @classmethod
    def of(cls, reports: Iterable[ShootDay]) -> "_Sums":
        timed: list[ShootDay] = []
        untimed = 0
        for report in reports:
            if report.shooting_hours > 0:
                timed.append(report)
            else:
                untimed += 1
        return cls(
            days=len({(report.space, report.day) for report in timed}),
            bookings=len({report.booking for report in timed}),
            setups=sum(report.setups for report in timed),
            pages_eighths=sum(report.pages_eighths for report in timed),
            hours=sum(report.shooting_hours for report in timed),
            without_hours=untimed,
        )

    def numerator(self, output: Output) -> int:
        return self.setups if output == "setups" else self.pages_eighths

    def per_hour(self, output: Output) -> float | None:
        return self.numerator(output) / self.hours if self.hours else None


def _ratio(figure: float | None, baseline: float | None) -> float | None:
    """Undefined where either is, and where the baseline is 0."""
    return figure / baseline if figure is not None and baseline else None


# --- the projection ----------------------------------------------------------------------


class Efficiency(Projection):
    """The reported shooting days, and what kind each space was on which days."""

    version = 1
    spaces = table(SpaceRow)
    reports = table(ShootDay)

    @on(*Space.types())
    def space_event(self, event: Any, entry: RecordedEvent) -> None:
        row = self.spaces.edit(event.space)
        row.it = Space.after(row.it, entry)

    @on(ShootDayReported)
    def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
        # a corrected report names the same booking and day, and takes the row's place
        self.reports.put(
            ShootDay(
                event.booking,
                event.day,
                event.space,
                event.setups_shot,
                event.pages_shot_eighths,
                event.shooting_hours,
            )
        )

    # --- the views -----------------------------------------------------------------------

    @view(
        "What does a shooting hour bring on virtual stages, beside practical ones?",
        units={"shooting_hours": "h", "ratio": "ratio", "days": "d", "days_without_hours": "d"},
    )
    def efficiency(
        self,
        since: Since = None,
        until: Until = None,
        kind: Kinds = None,
        baseline: Baseline = None,
    ) -> list[Figure]:
        """Setups and pages shot per shooting hour, each with its sums and with the number of
        days and bookings behind it; first the compared kinds, then the baseline."""
        kinds, practical = tuple(kind or VIRTUAL), tuple(baseline or PRACTICAL)
        by_kind = self._by_kind(since, until)
        compared, base = (
            _Sums.of(report for one in dict.fromkeys(chosen) for report in by_kind.get(one, ()))
            for chosen in (kinds, practical)
        )
        figures = []
        for output, unit in OUTPUTS:
            against = base.per_hour(output)
            figures.append(_figure(output, unit, "compared", kinds, compared, against))
            figures.append(_figure(output, unit, "baseline", practical, base, against))
        return figures

    @view(
        "What does a shooting hour bring in each space?",
        units={"shooting_hours": "h", "ratio": "ratio", "days": "d", "days_without_hours": "d"},
    )
    def efficiency_by_space(
        self,
        since: Since = None,
        until: Until = None,
        space: OneSpace = None,
        baseline: Baseline = None,
    ) -> list[SpaceFigure]:
        """Every space and kind with a report, against the baseline of all practical stages."""
        by_kind = self._by_kind(since, until)
        practical = dict.fromkeys(baseline or PRACTICAL)
        base = _Sums.of(report for one in practical for report in by_kind.get(one, ()))
        groups: dict[tuple[str, str], list[ShootDay]] = {}
        for kind, reports in by_kind.items():
            for report in reports:
                if space in (None, report.space):
                    groups.setdefault((report.space, kind), []).append(report)
        return [
            SpaceFigure(
                space=name,
                kind=kind,
                output=output,
                days=sums.days,
                bookings=sums.bookings,
                numerator=sums.numerator(output),
                shooting_hours=sums.hours,
                per_hour=sums.per_hour(output),
                unit=unit,
                ratio=_ratio(sums.per_hour(output), base.per_hour(output)),
                days_without_hours=sums.without_hours,
            )
            for (name, kind), reports in sorted(groups.items())
            for sums in (_Sums.of(reports),)
            for output, unit in OUTPUTS
        ]

    def _by_kind(self, since: date | None, until: date | None) -> dict[str, list[ShootDay]]:
        """The reports of those days, by the kind that the space was on the day."""
        spaces = {row.space: row.it for row in self.spaces.rows() if row.it is not None}
        found: dict[str, list[ShootDay]] = {}
        for report in self.reports.rows():
            if (since is None or since <= report.day) and (until is None or report.day <= until):
                space = spaces.get(report.space)
                kind = space.facts_on(report.day).kind if space is not None else ""
                found.setdefault(kind, []).append(report)
        return found


def _figure(
    output: Output,
    unit: str,
    role: Literal["compared", "baseline"],
    kinds: Iterable[str],
    sums: _Sums,
    baseline: float | None,
) -> Figure:
    return Figure(
        output=output,
        role=role,
        of=" + ".join(dict.fromkeys(kinds)),
        days=sums.days,
        bookings=sums.bookings,
        numerator=sums.numerator(output),
        shooting_hours=sums.hours,
        per_hour=sums.per_hour(output),
        unit=unit,
        ratio=_ratio(sums.per_hour(output), baseline),
        days_without_hours=sums.without_hours,
    )
