"""Expos that the studio hosts: their themed areas and special sections, who exhibits what.

An expo is announced first; areas, sections, exhibitors, technologies and experiences are then
recorded as they become known. A technology may be an exhibitor's, or the expo's if its
owner is not known.
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal

from ledger.events import ProjectOpened
from ledger.plugin import (
    AlreadyExists,
    BadInput,
    Context,
    Decision,
    Event,
    Projection,
    RecordedEvent,
    Refused,
    Row,
    Struct,
    UnknownId,
    UnreadableEvent,
    check_day,
    check_id,
    check_text,
    key,
    on,
    table,
    tag,
    view,
)

PartKind = Literal["area", "section"]
PresentedKind = Literal["technology", "experience"]

OneExpo = Annotated[str | None, "only this expo"]


# --- events ------------------------------------------------------------------------------


class _ExpoEvent(Event, frozen=True):
    """Base of the events of an expo."""

    expo: str

    def tags(self) -> tuple[str, ...]:
        """The expo."""
        return (tag("expo", self.expo),)


class ExpoAnnounced(_ExpoEvent, frozen=True, kw_only=True):
    """An expo was announced. `project` is the ledger's project for it, where there is one."""

    type_name = "expo.ExpoAnnounced"
    title: str
    venue: str | None = None
    opens_on: date | None = None
    closes_on: date | None = None
    project: str | None = None

    def tags(self) -> tuple[str, ...]:
        """The expo and its project."""
        return (*super().tags(), *([tag("project", self.project)] if self.project else []))

    def effective(self) -> date | None:
        """Its first day."""
        return self.opens_on


class PartAdded(_ExpoEvent, frozen=True):
    """The expo has a themed area or a special section; `part` is its id within the expo."""

    type_name = "expo.PartAdded"
    part: str
    kind: PartKind
    title: str


class ExhibitorRegistered(_ExpoEvent, frozen=True, kw_only=True):
    """An exhibitor takes part, in that area and section, and shows these technologies."""

    type_name = "expo.ExhibitorRegistered"
    exhibitor: str
    name: str
    area: str | None = None
    section: str | None = None
    technologies: tuple[str, ...] = ()

    def tags(self) -> tuple[str, ...]:
        """The expo and the exhibitor."""
        return (*super().tags(), tag("exhibitor", self.exhibitor))


class ExhibitorWithdrawn(_ExpoEvent, frozen=True):
    """An exhibitor does not come after all."""

    type_name = "expo.ExhibitorWithdrawn"
    exhibitor: str

    def tags(self) -> tuple[str, ...]:
        """The expo and the exhibitor."""
        return (*super().tags(), tag("exhibitor", self.exhibitor))


class Presented(_ExpoEvent, frozen=True):
    """A technology or an experience is shown at the expo; whose it is, is not said."""

    type_name = "expo.Presented"
    kind: PresentedKind
    title: str


# --- refusals and what is known ----------------------------------------------------------


class KnownAlready(Refused):
    """The expo has that technology or experience on record."""

    rule = "expo-once"

    def __init__(self, expo: str, title: str, *, position: int) -> None:
        super().__init__(
            f"expo {expo!r} presents {title!r} already",
            position=position,
            advice="Nothing needs to be recorded",
        )
        self.expo, self.title = expo, title


class NotExhibiting(Refused):
    """An exhibitor cannot withdraw from an expo at which it does not exhibit."""

    rule = "expo-exhibits"

    def __init__(self, expo: str, exhibitor: str, *, position: int | None) -> None:
        super().__init__(
            f"{exhibitor!r} does not exhibit at expo {expo!r}",
            position=position,
            advice=f"See who does: view exhibitors --expo {expo}",
        )
        self.expo, self.exhibitor = expo, exhibitor


def _announced(ctx: Context, expo: str) -> None:
    """The expo is known. Raises `UnknownId`."""
    if ctx.last(tag("expo", expo), ExpoAnnounced) is None:
        raise UnknownId("expo", expo)


def _parts(ctx: Context, expo: str) -> dict[tuple[PartKind, str], int]:
    """The positions of the areas and sections of an expo, by kind and id."""
    found: dict[tuple[PartKind, str], int] = {}
    for entry in ctx.read(tag("expo", expo), PartAdded):
        if not isinstance(entry.event, PartAdded):
            raise UnreadableEvent(entry.type, position=entry.position)
        found[entry.event.kind, entry.event.part] = entry.position
    return found


def _exhibits(ctx: Context, expo: str, exhibitor: str) -> tuple[bool, int | None]:
    """Whether an exhibitor is at an expo, by which event."""
    exhibits, position = False, None
    for entry in ctx.read(tag("exhibitor", exhibitor), ExhibitorRegistered, ExhibitorWithdrawn):
        if not isinstance(entry.event, ExhibitorRegistered | ExhibitorWithdrawn):
            raise UnreadableEvent(entry.type, position=entry.position)
        if entry.event.expo == expo:
            exhibits = isinstance(entry.event, ExhibitorRegistered)
            position = entry.position
    return exhibits, position


# --- commands ----------------------------------------------------------------------------


class AnnounceExpo(Decision, frozen=True, tag="expo announce"):
    """Announce an expo that the studio hosts.

    Its days may be left out where they are not known. `project` is the id of the project
    that the expo is in this ledger.
    """

    expo: str
    title: str
    venue: Annotated[str | None, "Where it is held."] = None
    opens_on: Annotated[date | None, "Its first day."] = None
    closes_on: Annotated[date | None, "Its last day, included."] = None
    project: Annotated[str | None, "The project that it is in this ledger."] = None

    def decide(self, ctx: Context) -> None:
        """ExpoAnnounced. Raises `AlreadyExists`, `UnknownId` (project), `BadInput`."""
        check_id("expo", self.expo)
        for day in (self.opens_on, self.closes_on):
            if day is not None:
                check_day(day)
        if self.opens_on and self.closes_on and self.closes_on < self.opens_on:
            raise BadInput(
                f"the expo closes on {self.closes_on}, before it opens on {self.opens_on}",
                advice="Give a later --closes-on",
            )
        taken = ctx.last(tag("expo", self.expo), ExpoAnnounced)
        if taken is not None:
            raise AlreadyExists("expo", self.expo, position=taken.position)
        if self.project and ctx.last(tag("project", self.project), ProjectOpened) is None:
            raise UnknownId("project", self.project)
        ctx.record(
            ExpoAnnounced(
                expo=self.expo,
                title=check_text("title", self.title),
                venue=None if self.venue is None else check_text("venue", self.venue),
                opens_on=self.opens_on,
                closes_on=self.closes_on,
                project=self.project,
            )
        )


class AddArea(Decision, frozen=True, tag="expo area"):
    """Add a themed area to an expo."""

    expo: str
    area: str
    title: str

    def decide(self, ctx: Context) -> None:
        """PartAdded. Raises `UnknownId`, `AlreadyExists`."""
        _add_part(ctx, self.expo, "area", self.area, self.title)


class AddSection(Decision, frozen=True, tag="expo section"):
    """Add a special section to an expo."""

    expo: str
    section: str
    title: str

    def decide(self, ctx: Context) -> None:
        """PartAdded. Raises `UnknownId`, `AlreadyExists`."""
        _add_part(ctx, self.expo, "section", self.section, self.title)


def _add_part(ctx: Context, expo: str, kind: PartKind, part: str, title: str) -> None:
    check_id(kind, part)
    _announced(ctx, expo)
    taken = _parts(ctx, expo).get((kind, part))
    if taken is not None:
        raise AlreadyExists(kind, part, position=taken)
    ctx.record(PartAdded(expo=expo, part=part, kind=kind, title=check_text("title", title)))


class RegisterExhibitor(Decision, frozen=True, tag="expo register"):
    """Register an exhibitor for an expo, with the technologies that it shows.

    `area` and `section` are where in the expo it stands. An exhibitor keeps its id from one
    expo to the next.
    """

    expo: str
    exhibitor: str
    name: str
    area: Annotated[str | None, "The themed area where it stands."] = None
    section: Annotated[str | None, "The special section that it is in."] = None
    technologies: Annotated[tuple[str, ...], "The technologies that it shows."] = ()

    def decide(self, ctx: Context) -> None:
        """ExhibitorRegistered. Raises `UnknownId` (expo, area, section), `AlreadyExists`."""
        check_id("exhibitor", self.exhibitor)
        _announced(ctx, self.expo)
        parts = _parts(ctx, self.expo)
        wanted: tuple[tuple[PartKind, str | None], ...] = (
            ("area", self.area),
            ("section", self.section),
        )
        for kind, part in wanted:
            if part is not None and (kind, part) not in parts:
                raise UnknownId(kind, part, known=(id for k, id in parts if k == kind))
        exhibits, position = _exhibits(ctx, self.expo, self.exhibitor)
        if exhibits and position is not None:
            raise AlreadyExists("exhibitor", self.exhibitor, position=position)
        technologies = (check_text("technology", text) for text in self.technologies)
        ctx.record(
            ExhibitorRegistered(
                expo=self.expo,
                exhibitor=self.exhibitor,
                name=check_text("name", self.name),
                area=self.area,
                section=self.section,
                technologies=tuple(dict.fromkeys(technologies)),
            )
        )


class WithdrawExhibitor(Decision, frozen=True, tag="expo withdraw"):
    """Record that an exhibitor does not come to an expo after all."""

    expo: str
    exhibitor: str

    def decide(self, ctx: Context) -> None:
        """ExhibitorWithdrawn. Raises `UnknownId`, `NotExhibiting`."""
        _announced(ctx, self.expo)
        exhibits, position = _exhibits(ctx, self.expo, self.exhibitor)
        if not exhibits:
            raise NotExhibiting(self.expo, self.exhibitor, position=position)
        ctx.record(ExhibitorWithdrawn(expo=self.expo, exhibitor=self.exhibitor))


class PresentAtExpo(Decision, frozen=True, tag="expo present"):
    """Record a technology or an experience that an expo shows, whosever it is."""

    expo: str
    title: str
    kind: Annotated[PresentedKind, "Technology or experience."] = "technology"

    def decide(self, ctx: Context) -> None:
        """Presented. Raises `UnknownId`, `KnownAlready`."""
        title = check_text("title", self.title)
        _announced(ctx, self.expo)
        for entry in ctx.read(tag("expo", self.expo), Presented):
            if not isinstance(entry.event, Presented):
                raise UnreadableEvent(entry.type, position=entry.position)
            if (entry.event.kind, entry.event.title) == (self.kind, title):
                raise KnownAlready(self.expo, title, position=entry.position)
        ctx.record(Presented(expo=self.expo, kind=self.kind, title=title))


# --- what is kept ------------------------------------------------------------------------


class ExpoRow(Row):
    """An expo as it was announced."""

    expo: str = key()
    title: str = ""
    venue: str | None = None
    opens_on: date | None = None
    closes_on: date | None = None
    project: str | None = None


class Part(Row):
    """A themed area or a special section of an expo."""

    expo: str = key()
    kind: PartKind = key()
    part: str = key()
    title: str = ""


class Exhibitor(Row):
    """An exhibitor of an expo; withdrawn ones are gone."""

    expo: str = key()
    exhibitor: str = key()
    name: str = ""
    area: str | None = None
    section: str | None = None
    technologies: tuple[str, ...] = ()


class Highlight(Row):
    """A technology or an experience that the expo as a whole presents."""

    expo: str = key()
    kind: PresentedKind = key()
    title: str = key()


# --- what is answered --------------------------------------------------------------------


class ExpoLine(Struct, frozen=True):
    """An expo with what is on record of it. The names stand in the order of their ids.

    `technologies` are the exhibitors' and the expo's own, each once.
    """

    expo: str
    title: str
    venue: str | None
    opens_on: date | None
    closes_on: date | None
    project: str | None
    areas: int
    area_titles: str
    sections: int
    section_titles: str
    exhibitors: int
    technologies: str
    experiences: str


class ExhibitorLine(Struct, frozen=True):
    """An exhibitor at an expo, and what it shows. `area` and `section` are titles."""

    expo: str
    exhibitor: str
    name: str
    area: str | None
    section: str | None
    technologies: str


# --- the projection ----------------------------------------------------------------------


class Expo(Projection):
    """The expos with their parts, exhibitors and highlights."""

    version = 1
    expos = table(ExpoRow)
    parts = table(Part)
    registered = table(Exhibitor)
    highlights = table(Highlight)

    @on(ExpoAnnounced)
    def announced(self, event: ExpoAnnounced, entry: RecordedEvent) -> None:
        self.expos.put(
            ExpoRow(
                event.expo,
                event.title,
                event.venue,
                event.opens_on,
                event.closes_on,
                event.project,
            )
        )

    @on(PartAdded)
    def part_added(self, event: PartAdded, entry: RecordedEvent) -> None:
        self.parts.put(Part(event.expo, event.kind, event.part, event.title))

    @on(ExhibitorRegistered)
    def exhibitor_registered(self, event: ExhibitorRegistered, entry: RecordedEvent) -> None:
        self.registered.put(
            Exhibitor(
                event.expo,
                event.exhibitor,
                event.name,
                event.area,
                event.section,
                event.technologies,
            )
        )

    @on(ExhibitorWithdrawn)
    def exhibitor_withdrawn(self, event: ExhibitorWithdrawn, entry: RecordedEvent) -> None:
        self.registered.delete(event.expo, event.exhibitor)

    @on(Presented)
    def presented(self, event: Presented, entry: RecordedEvent) -> None:
        self.highlights.put(Highlight(event.expo, event.kind, event.title))

    # --- the views -----------------------------------------------------------------------

    @view("Which expos are hosted, and what do they show?")
    def expo(self, expo: OneExpo = None) -> list[ExpoLine]:
        """Every expo with its themed areas, special sections, exhibitors, technologies and
        experiences: what is on record, which may be less than was announced."""
        return [self._expo_line(row) for row in self.expos.rows(expo=expo)]

    @view("Who exhibits where, and what?")
    def exhibitors(
        self,
        expo: OneExpo = None,
        technology: Annotated[str | None, "only who shows this technology"] = None,
    ) -> list[ExhibitorLine]:
        """The exhibitors of each expo, with the technologies that they show."""
        titles = {(part.expo, part.kind, part.part): part.title for part in self.parts.rows()}
        wanted = None if technology is None else technology.casefold()
        return [
            ExhibitorLine(
                expo=row.expo,
                exhibitor=row.exhibitor,
                name=row.name,
                area=titles.get((row.expo, "area", row.area)) if row.area else None,
                section=titles.get((row.expo, "section", row.section)) if row.section else None,
                technologies=_listed(row.technologies),
            )
            for row in self.registered.rows(expo=expo)
            if wanted is None or wanted in map(str.casefold, row.technologies)
        ]

    def _expo_line(self, row: ExpoRow) -> ExpoLine:
        parts = self.parts.rows(expo=row.expo)
        areas = [part.title for part in parts if part.kind == "area"]
        sections = [part.title for part in parts if part.kind == "section"]
        exhibitors = self.registered.rows(expo=row.expo)
        shown = self.highlights.rows(expo=row.expo)
        technologies = [text for one in exhibitors for text in one.technologies]
        technologies += [one.title for one in shown if one.kind == "technology"]
        return ExpoLine(
            expo=row.expo,
            title=row.title,
            venue=row.venue,
            opens_on=row.opens_on,
            closes_on=row.closes_on,
            project=row.project,
            areas=len(areas),
            area_titles=_listed(areas),
            sections=len(sections),
            section_titles=_listed(sections),
            exhibitors=len(exhibitors),
            technologies=_listed(sorted(set(technologies))),
            experiences=_listed(one.title for one in shown if one.kind == "experience"),
        )


def _listed(names: Iterable[str]) -> str:
    return "; ".join(names)
