"""The campus's published figures and its expo: commands of shipped plugins.

The figures are recorded as claims, not as facts: they are the source's, and the ledger derives
its own. Of the real expo, only what the source names is recorded; it names no exhibitors, so
none are recorded. The sample expo shows what a full record looks like.
"""

from typing import Any

from ledger.demo.facts import BOOKER, PUBLISHED
from ledger.demo.steps import Steps, after, at

HOST = "lin"


def record_claims(steps: Steps, known: dict[str, Any]) -> None:
    """Add the published figures, on their day of publication."""
    source = known["source"]
    claims = [*known["claim"], *_phases(known), *_expo_counts(known)]
    for number, claim in enumerate(claims):
        at_least = "at_least" in claim
        steps.add(
            at(PUBLISHED, 11, number),
            BOOKER,
            "claim record",
            reason="a published figure, kept apart from what the ledger derives",
            claim=claim["id"],
            metric=claim["metric"],
            subject=claim.get("subject"),
            value=str(claim["at_least"] if at_least else claim["value"]),
            comparison="at-least" if at_least else "equals",
            unit=claim["unit"],
            publisher=source["publisher"],
            published_on=str(source["published_on"]),
            source=source["title"],
            note=claim.get("note"),
        )


def _phases(known: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{phase['id']}-area",
            "metric": "phase area",
            "subject": phase["id"],
            "value": phase["area_m2"],
            "unit": "m2",
            "note": phase.get("note"),
        }
        for phase in known["phase"]
    ]


def _expo_counts(known: dict[str, Any]) -> list[dict[str, Any]]:
    expo = _real_expo(known)
    return [
        {
            "id": f"expo-{what}",
            "metric": f"expo {what}",
            "subject": expo["id"],
            "value": expo[field],
            "unit": what,
            "note": "only their number is given",
        }
        for what, field in (("areas", "themed_areas"), ("sections", "special_sections"))
    ]


def _real_expo(known: dict[str, Any]) -> dict[str, Any]:
    expo: dict[str, Any] = next(p for p in known["project"] if p["kind"] == "expo")
    return expo


def record_expos(steps: Steps, known: dict[str, Any]) -> None:
    """Add the real expo as far as it is known, then the sample."""
    expo, source = _real_expo(known), known["source"]
    reason = f"{source['publisher']}, {source['published_on']}"
    steps.add(
        at(PUBLISHED, 10),
        BOOKER,
        "expo announce",
        reason=f"{reason}; its days are not given",
        expo=expo["id"],
        title=expo["title"],
        venue=expo["held_at"],
        project=expo["id"],
    )
    shown = [("technology", title) for title in expo["technologies"]]
    shown += [("experience", title) for title in expo["experiences"]]
    for number, (kind, title) in enumerate(shown, start=1):
        steps.add(
            at(PUBLISHED, 10, number),
            BOOKER,
            "expo present",
            reason=reason,
            expo=expo["id"],
            kind=kind,
            title=title,
        )
    _record_sample(steps)


_AREAS = (("capture", "Sample area: capture 捕捉"), ("display", "Sample area: display 显示"))
_SECTIONS = (("students", "Sample section: student films"),)
_EXHIBITORS: tuple[dict[str, Any], ...] = (
    {"exhibitor": "sample-lidar", "name": "Sample Lidar Works", "area": "capture",
     "technologies": ["motion capture", "scanning"]},
    {"exhibitor": "sample-pixels", "name": "Sample Pixel Pitch 像素", "area": "display",
     "technologies": ["LED walls"]},
    {"exhibitor": "sample-film-school", "name": "Sample Film School", "area": "display",
     "section": "students", "technologies": ["virtual shooting", "LED walls"]},
    {"exhibitor": "sample-late", "name": "Sample Latecomer", "area": "capture",
     "technologies": ["drones"]},
)  # fmt: skip


def _record_sample(steps: Steps) -> None:
    """Add a made-up open house with exhibitors; one of them withdraws."""
    expo, begins = "sample-open-house-2025", after(PUBLISHED, 40)
    steps.add(
        at(begins, 9),
        HOST,
        "expo announce",
        reason="sample",
        expo=expo,
        title="Sample open house 2025 开放日",
        venue="set-studio-2",
        opens_on=str(after(begins, 60)),
        closes_on=str(after(begins, 61)),
    )
    parts = [("area", *area) for area in _AREAS] + [("section", *one) for one in _SECTIONS]
    for number, (kind, part, title) in enumerate(parts, start=1):
        moment = at(begins, 9, number)
        named: dict[str, Any] = {kind: part}
        steps.add(moment, HOST, f"expo {kind}", reason="sample", expo=expo, title=title, **named)
    for number, exhibitor in enumerate(_EXHIBITORS):
        moment = at(after(begins, 3 + 2 * number), 14)
        steps.add(moment, HOST, "expo register", reason="sample", expo=expo, **exhibitor)
    steps.add(
        at(after(begins, 30), 11),
        HOST,
        "expo withdraw",
        reason="sample: no crew on those days",
        expo=expo,
        exhibitor="sample-late",
    )
