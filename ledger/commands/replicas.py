"""The line about the replica that was read: which one, and how far behind it is."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.log.replicas import Standing


def in_words(standing: "Standing") -> str:
    """Describe a replica in one line; if its lag cannot be known, say so and why."""
    read = f"read from the replica {standing.where}"
    if standing.behind is not None:
        many = "1 event" if standing.behind == 1 else f"{standing.behind:,} events"
        return f"{read}, {many} behind" if standing.behind else f"{read}, up to date"
    return (
        f"{read}; its lag is unknown: {_known(standing)}. "
        f"The ledger itself cannot be read: {standing.unasked}"
    )


def _known(standing: "Standing") -> str:
    applied = standing.applied
    if applied is None:
        return "it does not report one"
    if not applied.follows:
        return "it follows no other server; perhaps it was promoted"
    last = "it has received no change since it started"
    if applied.seconds is not None:
        last = f"its last change is {_ago(applied.seconds)} old"
    rest = (
        "it has applied all it received"
        if applied.all_received
        else "it has received more than it has applied"
    )
    return f"{last}, and {rest}"


def _ago(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{max(seconds, 0):,.0f} s"
