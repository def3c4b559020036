"""The sample campus in spring 2026: a divided studio, a weekly series, an overrun, a correction."""

from datetime import date

from ledger.demo.facts import BOOKER
from ledger.demo.steps import Steps, after, at, days

HALVES = ("set-studio-2a", "set-studio-2b")


def record_spring(steps: Steps, site: str) -> None:
    """Add the steps of the spring."""
    _divide(steps, site)
    _book_every_week(steps)
    _overrun(steps)


def _divide(steps: Steps, site: str) -> None:
    for number, half in enumerate(HALVES):
        steps.add(
            at(date(2026, 2, 16), 9, number),
            BOOKER,
            "space add",
            reason="sample: a wall on wheels divides the studio from April on",
            space=half,
            site=site,
            name=f"Sample half {half[-1].upper()}",
            kind="set studio",
            area_m2=1000,
            in_service_on="2026-04-01",
            part_of="set-studio-2",
        )


def _book_every_week(steps: Steps) -> None:
    asked = at(date(2026, 2, 17), 14)
    _open(steps, "talk", "Sample Talk 周三夜谈", "series", asked.date())
    for week in range(9):  # one by one, since a batch gets an id that differs on each run
        steps.add(
            asked,
            "sara",
            "booking hold",
            reason="sample: a talk show on Wednesdays",
            booking=f"b-talk-{week + 1}",
            job="b-talk",
            space=HALVES[0],
            project="sample-talk",
            when=str(after(date(2026, 4, 1), 7 * week)),
            confirm=True,
        )


def _overrun(steps: Steps) -> None:
    asked = date(2026, 2, 18)
    stays = (
        ("late", "Sample Late: the long godbye", date(2026, 3, 2), date(2026, 3, 6)),
        ("next", "Sample Next: on the dot", date(2026, 3, 7), date(2026, 3, 13)),
    )
    for number, (name, title, first, last) in enumerate(stays):
        _open(steps, name, title, "commercial", asked)
        steps.add(
            at(asked, 11, number),
            "tomas",
            "booking hold",
            reason="sample",
            booking=f"b-{name}",
            space="set-studio-1",
            project=f"sample-{name}",
            when=days(first, last),
            confirm=True,
        )
        steps.add(
            at(first, 7, 30),
            "tomas",
            "booking start",
            reason="sample",
            booking=f"b-{name}",
            on=str(first),
        )
    steps.add(
        at(date(2026, 3, 7), 20),
        "tomas",
        "booking wrap",
        reason="sample: the strike took a day longer",
        booking="b-late",
        on="2026-03-07",
    )
    steps.add(
        at(date(2026, 2, 19), 9),
        "tomas",
        "project change",
        reason="sample: a letter was missing",
        project="sample-late",
        title="Sample Late: the long goodbye",
    )


def _open(steps: Steps, name: str, title: str, kind: str, day: date) -> None:
    steps.add(
        at(day, 10),
        BOOKER,
        "project open",
        reason="sample",
        project=f"sample-{name}",
        title=title,
        kind=kind,
        on=str(day),
    )
