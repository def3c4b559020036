"""Taking a decision: its own rules, and what holds for every decision whatever its command.

Equipment follows the bookings that it is for, and no more of it is promised than there is.
"""

from ledger.decisions.base import Context, Decision
from ledger.decisions.equipment.following import follow_bookings
from ledger.decisions.equipment.promises import keep_promises


def take(decision: Decision, ctx: Context) -> None:
    """Read, check and propose. Raises `Refused` where a rule says no."""
    before = len(ctx.proposals)
    decision.decide(ctx)
    follow_bookings(ctx, ctx.proposals[before:])
    keep_promises(ctx, ctx.proposals[before:])
