"""The sample bookings from first hold to wrap, as steps."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from ledger.demo.schedule import HABITS, Block, Closing
from ledger.demo.steps import BEGINS, Dice, Steps, after, at, days
from ledger.demo.titles import title

PRODUCERS = ("lin", "wang", "zhao", "sara", "tomas")
SOLD_AHEAD_FROM = date(2025, 8, 10)
"""Most bookings that begin after this day were requested in June 2025: it sold out early."""
HURRY_DAYS = 24
"""A booking requested fewer days ahead than this is confirmed the next morning."""


def record_closings(steps: Steps, closings: Iterable[Closing]) -> None:
    """Add the closures, entered two weeks ahead."""
    reasons = {
        "calibration": "sample: LED calibration between two productions",
        "maintenance": "sample: inspection of grid and fire doors",
    }
    for number, closing in enumerate(sorted(closings, key=lambda closing: closing.first), start=1):
        steps.add(
            at(after(closing.first, -14), 8),
            "chen",
            "space close",
            reason=reasons[closing.kind],
            closure=f"c-{number:02}",
            space=closing.space,
            when=days(closing.first, closing.last),
            kind=closing.kind,
        )


def record_bookings(steps: Steps, blocks: Iterable[Block], dice: Dice) -> None:
    """Add the steps of every block and its project."""
    by_project: dict[int, list[Block]] = {}
    for block in blocks:
        by_project.setdefault(block.project, []).append(block)
    for project_blocks in by_project.values():
        lives = [_Life(steps, block, dice) for block in project_blocks]
        # A pick-up in sold-out times may be requested before the first booking.
        lives[0].open_project(min(life.asked for life in lives))
        for life in lives:
            life.record(opens=life is lives[0], closes=life is lives[-1])


class _Life:
    """One block: who asks when, what intervenes, how the days are used."""

    def __init__(self, steps: Steps, block: Block, dice: Dice) -> None:
        self.steps, self.block, self.dice = steps, block, dice
        self.producer = PRODUCERS[block.number % len(PRODUCERS)]
        self.other = PRODUCERS[(block.number + 2) % len(PRODUCERS)]
        self.project = f"sample-{block.project:02}"
        self.booking = f"b-{block.number:03}"
        self.asked = self._ask_day()
        hurried = (block.first - self.asked).days < HURRY_DAYS
        self.rival = "none" if hurried else block.rival
        self.moves = block.fate == "moved" and not hurried
        shift = 1 if self.moves else 0
        self.first, self.last = after(block.first, shift), after(block.last, shift)

    def _ask_day(self) -> date:
        if self.block.first > SOLD_AHEAD_FROM and self.dice.chance(0.75):
            return after(date(2025, 6, 2), self.block.number % 20)
        # A space can be requested from the day after it was entered.
        since = HABITS[self.block.space].since
        entered = BEGINS if since == BEGINS else after(since, -40)
        return max(after(self.block.first, -self.dice.between(50, 85)), after(entered, 1))

    def record(self, *, opens: bool, closes: bool) -> None:
        """Add the booking from hold to end. The project's first and last also open and close it."""
        self._hold()
        confirmed = self._contest()
        if self.moves:
            self.steps.add(
                confirmed + timedelta(days=1),
                self.producer,
                "booking move",
                reason="sample: the lead actor is free a day earlier",
                booking=self.booking,
                when=days(self.block.first, self.block.last),
                plan=_plan(self.block.first, self.block.last),
            )
        if self.block.fate == "cancelled":
            self._cancel(confirmed, closes=closes)
        else:
            self._shoot(opens=opens, closes=closes)

    def open_project(self, day: date) -> None:
        """Open the project with its plans, on the day of its first booking request."""
        opened = at(day, 9, self.block.number % 50)
        self.steps.add(
            opened,
            self.producer,
            "project open",
            reason="sample",
            project=self.project,
            title=title(self.block.project),
            kind=self.block.kind,
            on=str(day),
        )
        planned = {
            "principal-photography": self.first,
            "picture-wrap": self.last,
            "delivery": after(self.last, 120),
        }
        for milestone, on in planned.items():
            self.steps.add(
                opened + timedelta(minutes=2),
                self.producer,
                "project plan",
                reason="sample",
                project=self.project,
                milestone=milestone,
                on=str(on),
            )

    def _hold(self) -> None:
        self.steps.add(
            at(self.asked, 10, self.block.number % 50),
            self.producer,
            "booking hold",
            reason="sample",
            booking=self.booking,
            space=self.block.space,
            project=self.project,
            when=days(self.first, self.last),
            plan=_plan(self.first, self.last),
        )

    def _contest(self) -> datetime:
        """Add the second hold, its challenge, the answer. Return when the booking was firm."""
        if self.rival == "none":
            hurried = (self.block.first - self.asked).days < HURRY_DAYS
            return self._confirm(at(after(self.asked, 1 if hurried else 12), 8))
        rival, second = f"rival-{self.block.number:03}", f"{self.booking}-second"
        begins = at(after(self.asked, 3), 10)
        self.steps.add(
            begins,
            self.other,
            "project open",
            reason="sample",
            project=rival,
            title=title(self.block.number % 99, "rival"),
            kind=self.block.kind,
            on=str(begins.date()),
        )
        self.steps.add(
            begins + timedelta(minutes=5),
            self.other,
            "booking hold",
            reason="sample",
            booking=second,
            space=self.block.space,
            project=rival,
            when=days(after(self.first, 1), self.last),
        )
        challenged = at(after(self.asked, 5), 9)
        if self.rival != "released":
            self.steps.add(
                challenged, self.other, "booking challenge", reason="sample", booking=second
            )
        if self.rival == "lapsed":
            firm = self._lose_and_win_back(second, challenged)
        else:
            firm = self._confirm(challenged + timedelta(hours=20))
            self.steps.add(
                firm + timedelta(hours=3),
                self.other,
                "booking release",
                reason="sample: the days are taken",
                booking=second,
            )
        self._close_project(rival, firm + timedelta(days=1), "cancelled", actor=self.other)
        return firm

    def _lose_and_win_back(self, second: str, challenged: datetime) -> datetime:
        """Let the challenge lapse: the challenger takes the days, then gives them up."""
        self.steps.add(
            challenged + timedelta(hours=50),
            self.other,
            "booking confirm",
            reason="sample: no answer within the time",
            booking=second,
        )
        again = challenged + timedelta(days=7)
        self.steps.add(
            again,
            self.other,
            "booking cancel",
            reason="sample: the shoot moves to another city",
            booking=second,
        )
        self.booking = f"{self.booking}-again"
        self.steps.add(
            again + timedelta(hours=2),
            self.producer,
            "booking hold",
            reason="sample: the days are free again",
            booking=self.booking,
            space=self.block.space,
            project=self.project,
            when=days(self.first, self.last),
            plan=_plan(self.first, self.last),
            confirm=True,
        )
        return again + timedelta(hours=2)

    def _confirm(self, moment: datetime) -> datetime:
        self.steps.add(
            moment, self.producer, "booking confirm", reason="sample", booking=self.booking
        )
        return moment

    def _cancel(self, confirmed: datetime, *, closes: bool) -> None:
        moment = max(confirmed + timedelta(days=2), at(after(self.block.first, -9), 15))
        if moment >= at(self.block.first, 0):
            moment = confirmed + timedelta(hours=1)
        self.steps.add(
            moment,
            self.producer,
            "booking cancel",
            reason="sample: the financing fell through",
            booking=self.booking,
        )
        if closes:
            self._close_project(self.project, moment + timedelta(days=5), "cancelled")

    def _shoot(self, *, opens: bool, closes: bool) -> None:
        first = self.block.first
        out = after(self.block.last, -2) if self.block.fate == "early" else self.block.last
        self.steps.add(
            at(first, 7, 30),
            self.producer,
            "booking start",
            reason="sample",
            booking=self.booking,
            on=str(first),
        )
        shooting = [day for day in _shoot_days(first, self.block.last) if day <= out]
        if opens and shooting:
            self._reach("principal-photography", shooting[0])
        for day in shooting:
            self._report(day)
        self.steps.add(
            at(out, 19),
            self.producer,
            "booking wrap",
            reason="sample",
            booking=self.booking,
            on=str(out),
        )
        if closes:
            delivered = after(out, self.dice.between(90, 150))
            self._reach("picture-wrap", out)
            self._reach("delivery", delivered)
            self._close_project(self.project, at(after(delivered, 10), 12), "completed")

    def _report(self, day: date) -> None:
        dice = self.dice
        hours = dice.between(17, 23) / 2
        planned = dice.between(12, 20)
        # In the samples, a virtual stage does more setups per hour.
        quick = 4 if self.block.space == "virtual-stage" else 0
        report: dict[str, Any] = {
            "booking": self.booking,
            "day": str(day),
            "setups_planned": planned,
            "setups_shot": planned + quick - dice.between(0, 4),
            "pages_planned_eighths": 2 * planned,
            "pages_shot_eighths": 2 * (planned + quick) - dice.between(0, 8),
            "shooting_hours": hours,
        }
        evening = at(day, 21)
        self.steps.add(evening, self.producer, "booking report", reason="sample", **report)
        if dice.chance(0.02):
            report["shooting_hours"] = hours + 0.5
            self.steps.add(
                evening + timedelta(days=1),
                self.producer,
                "booking report",
                reason="sample: half an hour of overtime was left out",
                corrects_report=True,
                **report,
            )

    def _reach(self, milestone: str, day: date) -> None:
        self.steps.add(
            at(day, 22),
            self.producer,
            "project reach",
            reason="sample",
            project=self.project,
            milestone=milestone,
            on=str(day),
        )

    def _close_project(
        self, project: str, moment: datetime, outcome: str, *, actor: str = ""
    ) -> None:
        self.steps.add(
            moment,
            actor or self.producer,
            "project close",
            reason="sample",
            project=project,
            on=str(moment.date()),
            outcome=outcome,
        )


def record_open_questions(steps: Steps) -> None:
    """Add what is undecided at the end: an open challenge, a hold that will expire."""
    wanted = (
        ("april-1", "stage-1", "2026-04-06..2026-04-24", None),
        ("april-2", "stage-1", "2026-04-13..2026-04-30", None),
        ("april-3", "virtual-stage", "2026-04-07..2026-04-18", "2026-03-20T18:00"),
    )
    for number, (name, space, when, expires_at) in enumerate(wanted):
        moment = at(date(2026, 3, 6), 10, 10 * number)
        steps.add(
            moment,
            PRODUCERS[number],
            "project open",
            reason="sample",
            project=f"sample-{name}",
            title=f"Sample {name.replace('-', ' ').capitalize()}: still looking for days 待定",
            kind="commercial",
            on=str(moment.date()),
        )
        steps.add(
            moment + timedelta(minutes=5),
            PRODUCERS[number],
            "booking hold",
            reason="sample",
            booking=f"b-{name}",
            space=space,
            project=f"sample-{name}",
            when=when,
            expires_at=expires_at,
        )
    steps.add(
        at(date(2026, 3, 10), 9),
        PRODUCERS[1],
        "booking challenge",
        reason="sample",
        booking="b-april-2",
    )


def _parts(first: date, last: date) -> dict[str, tuple[date, date]]:
    """Split the days: a fifth for prep, a day of pre-light, the shoot, a day of strike."""
    prep = max(1, (last - first).days // 5)
    light = after(first, prep)
    return {
        "prep": (first, after(light, -1)),
        "pre-light": (light, light),
        "shoot": (after(light, 1), after(last, -1)),
        "strike": (last, last),
    }


def _plan(first: date, last: date) -> list[dict[str, str]]:
    parts = _parts(first, last).items()
    return [{"first": str(a), "last": str(b), "type": part} for part, (a, b) in parts]


def _shoot_days(first: date, last: date) -> list[date]:
    """Return the shoot days: six a week, none on Sundays."""
    begins, ends = _parts(first, last)["shoot"]
    span = [after(begins, n) for n in range((ends - begins).days + 1)]
    return [day for day in span if day.weekday() != 6]
