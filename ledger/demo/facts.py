"""The published facts, as steps. Each gives its source in its reason.

Where the source gives a month but the ledger needs a day, it is the first of the month,
and the reason says so.
"""

import tomllib
from datetime import date
from importlib.resources import files
from typing import Any

from ledger.demo.steps import BEGINS, Steps, after, at

PUBLISHED = date(2025, 7, 15)
BOOKER = "mei"
"""Who keeps the campus's calendar in the demo."""


def facts() -> dict[str, Any]:
    """Return the contents of `yongchuan.toml`."""
    return tomllib.loads((files("ledger.demo") / "yongchuan.toml").read_text(encoding="utf-8"))


def record_campus(steps: Steps, known: dict[str, Any]) -> None:
    """Add the site, its spaces by phase, and the LED system."""
    source = f"{known['source']['publisher']}, {known['source']['published_on']}"
    site = known["site"]
    steps.add(
        at(BEGINS, 8),
        BOOKER,
        "site add",
        reason=source,
        site=site["id"],
        name=site["name"],
        zone=site["time_zone"],
        local_name=site["name_zh"],
        place=site["place"],
        operator=site["operator"],
    )
    opened = {phase["id"]: first_day(phase["in_service"]) for phase in known["phase"]}
    for number, space in enumerate(known["space"]):
        since = opened[space["phase"]]
        steps.add(
            # A space is entered before it opens, so that its first days can be booked.
            at(max(BEGINS, after(since, -40)), 8, 10 + number),
            BOOKER,
            "space add",
            reason=f"{source}; in service in that month, the day is not given",
            space=space["id"],
            site=site["id"],
            name=space["id"].replace("-", " ").capitalize(),
            kind=space["kind"],
            area_m2=space["area_m2"],
            in_service_on=str(since),
            phase=space["phase"],
            # The stages of phase 1 are the most wanted: holders there have two days to answer.
            answer_within_hours=48 if space["phase"] == "phase-1" else None,
        )
    for item in known["equipment"]:
        steps.add(
            at(opened["phase-2"], 9),
            BOOKER,
            "equipment add",
            reason=source,
            equipment=item["id"],
            name=item["kind"],
            kind="LED volume",
            maker=item["developer"],
            home=item["home"],
            at_place=item["home"],
        )


def record_projects(steps: Steps, known: dict[str, Any]) -> None:
    """Add the real projects that the source names, entered on its day of publication.

    They get no made-up bookings: the ledger holds only what the source says.
    """
    source = f"{known['source']['publisher']}, {known['source']['published_on']}"
    for number, project in enumerate(known["project"]):
        milestone, day = _milestone(project)
        steps.add(
            at(PUBLISHED, 9, 5 * number),
            BOOKER,
            "project open",
            reason=f"{source}; entered when it was published, when it began is not given",
            project=project["id"],
            title=project["title"],
            kind=project["kind"],
            on=str(day or PUBLISHED),
        )
        if milestone and day:
            vague = isinstance(project.get("on"), str)
            steps.add(
                at(PUBLISHED, 9, 5 * number + 1),
                BOOKER,
                "project reach",
                reason=f"{source}; the day of the month is not given" if vague else source,
                project=project["id"],
                milestone=milestone,
                on=str(day),
            )


def first_day(month: str) -> date:
    """Return the first day of `YYYY-MM`."""
    return date.fromisoformat(f"{month}-01")


def _milestone(project: dict[str, Any]) -> tuple[str | None, date | None]:
    if "milestone" in project:
        return project["milestone"], first_day(project["on"])
    if "opening_ceremony_on" in project:
        return "opening-ceremony", project["opening_ceremony_on"]
    return None, None
