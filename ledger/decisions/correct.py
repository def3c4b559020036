"""`correct` and `undo`: one command for whatever a person recorded."""

from typing import Any

from ledger.decisions.base import Context, Decision
from ledger.decisions.bookings.judging import judge_booking
from ledger.decisions.corrections import (
    Judge,
    check_reason,
    find_mistake,
    put_right,
    read_values,
    take_back,
)
from ledger.decisions.equipment.judging import (
    judge_equipment,
    judge_reservation,
    judge_subhire,
)
from ledger.decisions.project_corrections import judge_project
from ledger.decisions.site_corrections import judge_closure, judge_site, judge_space

JUDGES: dict[str, Judge] = {
    "booking": judge_booking,
    "closure": judge_closure,
    "equipment": judge_equipment,
    "project": judge_project,
    "reservation": judge_reservation,
    "site": judge_site,
    "space": judge_space,
    "subhire": judge_subhire,
}
"""The rules of the studio's nouns. Entries of a noun without any cannot be corrected."""


class CorrectEntry(Decision, frozen=True, tag="correct"):
    """Put an entry right. `to` has the fields that were wrong, with the right values.

    The fields are those of the event (`show POSITION`). Days, times and periods are written as
    in any command; null or an empty text clears an optional field.
    """

    position: int
    to: dict[str, Any]

    def decide(self, ctx: Context) -> None:
        """Record the event again in the place of the mistake, and judge what stands then."""
        check_reason(ctx)
        mistake = find_mistake(ctx, self.position, JUDGES)
        put_right(ctx, mistake, read_values(ctx, mistake.event, self.to))


class UndoEntry(Decision, frozen=True, tag="undo"):
    """Take an entry back; of a correction or an undo, bring back what it replaced."""

    position: int

    def decide(self, ctx: Context) -> None:
        """Record that the entry stands no longer, and judge what stands then."""
        check_reason(ctx)
        take_back(ctx, find_mistake(ctx, self.position, JUDGES))
