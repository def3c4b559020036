"""A ledger checks what a program gives it: values of the declared types, and an as-of."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

import msgspec
import pytest

from ledger.application import Ledger
from ledger.decisions.base import Context, Decision
from ledger.decisions.bookings.holds import ConfirmBookings
from ledger.errors import BadInput, BadTime
from ledger.events import ProjectOpened
from ledger.events.base import UnknownEvent
from ledger.time.periods import ManualClock, When
from tests.unit.application.conftest import ADA, OPENED, STUDIO, project

# --- values of the wrong types -------------------------------------------------------

STAGE = STUDIO[1]
WRONG: list[tuple[Decision, str]] = [
    (msgspec.structs.replace(STAGE, kind=7), "space add: 'kind': 7 is not a text"),
    (msgspec.structs.replace(STAGE, area_m2="3200"), "'area_m2': \"3200\" is not a number"),
    (msgspec.structs.replace(STAGE, area_m2=float("nan")), "'area_m2': nan is not a number"),
    (msgspec.structs.replace(STAGE, name=None), "'name': null is not a text"),
    (msgspec.structs.replace(STAGE, name=object()), "cannot be written"),
    (msgspec.structs.replace(STAGE, name="\ud800"), "a text holds a control character"),
    (msgspec.structs.replace(STAGE, in_service_on=OPENED), '04:00:00Z" is not a day'),
    (msgspec.structs.replace(STUDIO[3], when=When("July")), "'July' is not a period"),
    (ConfirmBookings(booking=cast("Any", None)), "null is not a text or list of text"),
]


@pytest.mark.parametrize(("decision", "saying"), WRONG, ids=lambda value: str(value)[:40])
def test_a_value_of_the_wrong_type_is_not_recorded(
    ledger: Ledger, decision: Decision, saying: str
) -> None:
    ledger.apply(enumerate(STUDIO[:1], start=1), ADA)
    with pytest.raises(BadInput) as refused:
        ledger.decide(decision, ADA)
    assert saying in str(refused.value)
    assert refused.value.advice
    with pytest.raises(BadInput) as refused:
        ledger.apply([(1, project("dragon")), (12, decision)], ADA)
    assert str(refused.value).startswith("line 12: ")
    assert ledger.log.head() == 2


def test_what_is_recorded_can_be_read_and_is_of_the_declared_types(ledger: Ledger) -> None:
    lists = msgspec.structs.replace(STUDIO[4], booking=["b-1"])
    text = msgspec.structs.replace(STUDIO[3], when="2025-07-01..2025-07-10")
    outcome = ledger.apply(enumerate([*STUDIO[:3], text, lists], start=1), ADA)
    for proposed, stored in zip(outcome.events, ledger.log.stream(after=1), strict=True):
        assert not isinstance(stored.event, UnknownEvent)
        assert stored.event == proposed.event
    line = next(ledger.log.lines(after=2, until=3))
    assert b'"area_m2":3000.0' in line, "a number is written as one that has a fraction"


class Note(Decision, frozen=True, tag="note add"):
    """A command of a plugin, which the studio's own wire does not know."""

    about: str

    def decide(self, ctx: Context) -> None:
        """Closes nothing, opens something."""
        ctx.record(
            ProjectOpened(project=self.about, title="T", kind="feature", on=date(2025, 1, 1))
        )


def test_a_plugins_command_is_checked_as_well(ledger: Ledger) -> None:
    ledger.decide(Note(about="a"), ADA)
    with pytest.raises(BadInput, match=r"note add: 'about': 1 is not a text"):
        ledger.decide(Note(about=cast("Any", 1)), ADA)


# --- as of ---------------------------------------------------------------------------


@pytest.fixture
def week(ledger: Ledger, clock: ManualClock) -> Ledger:
    """#1 on 1 June at noon; #2, #3 and #4 each a day and nine hours after the one before.

    On the campus: 2 June 21:00, 4 June 06:00, 5 June 15:00.
    """
    for name in ("a", "b", "c"):
        clock.advance(timedelta(days=1, hours=9))
        ledger.decide(project(name), ADA)
    return ledger


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("1", 1),
        ("4", 4),
        (" 3 ", 3),
        ("2025-05-31", 0),
        ("2025-06-01", 1),
        ("2025-06-02", 2),
        ("2025-06-03", 2),  # in UTC #3 is of this day; on the campus it is of the next
        ("2025-06-04", 3),
        ("2025-12-31", 4),
        ("2025-06-02T20:59:59.999999", 1),
        ("2025-06-02T21:00", 2),
        ("2025-06-02T13:00Z", 2),
        ("2025-06-02t13:00z", 2),
        ("2025-06-02T14:59+02:00", 1),
        ("2025-06-02 21:00", 2),
        ("2025-06-02 15:00+02:00", 2),
        ("2025-06-02 20:59", 1),
        ("2025-06-02T15:00+02:00", 2),
    ],
)
def test_an_as_of_is_a_position(week: Ledger, text: str, position: int) -> None:
    assert week.resolve_as_of(text) == position


@pytest.mark.parametrize(
    ("text", "error", "saying"),
    [
        ("0", BadInput, "there is no #0. The log ends at #4"),
        ("5", BadInput, "there is no #5. The log ends at #4"),
        ("9" * 5000, BadInput, "The log ends at #4"),
        ("-1", BadTime, "'-1' could be days or positions"),
        ("", BadTime, "Write 2025-07-01T08:00"),
        ("someday", BadTime, "'someday' is neither"),
        ("2025-02-30", BadTime, "'2025-02-30' is not a date"),
        ("2025-06-02T25:00", BadTime, "is not a time"),
        ("2025-06-02T", BadTime, "nor a time"),
        ("20250602", BadInput, "there is no #20250602"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_bad_as_of_is_refused(
    week: Ledger, text: str, error: type[BadInput], saying: str
) -> None:
    with pytest.raises(error) as bad:
        week.resolve_as_of(text)
    assert saying in str(bad.value)
    assert len(str(bad.value)) < 200


def test_a_time_that_was_printed_means_what_was_recorded_in_its_minute(
    ledger: Ledger, clock: ManualClock
) -> None:
    """A table shows 12:03 for an event that was recorded at 12:03:31."""
    clock.advance(timedelta(minutes=3, seconds=31))
    ledger.decide(project("a"), ADA)
    assert ledger.resolve_as_of("2025-06-01 12:03") == 2
    assert ledger.resolve_as_of("2025-06-01T12:03:31") == 2
    assert ledger.resolve_as_of("2025-06-01T12:03:30") == 1
    assert ledger.resolve_as_of("2025-06-01 12:02") == 1
