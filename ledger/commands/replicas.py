"""What is said of a replica that was read: which, and how far behind it is."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.log.replicas import Standing


def in_words(standing: "Standing") -> str:
    """One line for a person; what nobody can know is said to be unknown."""
    read = f"read from the replica {standing.where}"
    if standing.behind is not None:
        many = "1 event" if standing.behind == 1 else f"{standing.behind:,} events"
        return f"{read}, {many} behind" if standing.behind else f"{read}, as new as the ledger"
    return (
        f"{read}; how far behind it is, is unknown: {_known(standing)}. "
        f"The ledger itself cannot be asked: {standing.unasked}"
    )


def _known(standing: "Standing") -> str:
    applied = standing.applied
    if applied is None:
        return "it does not tell"
    if not applied.follows:
        return "it follows no other server; it was promoted, perhaps"
    last = "no change has come to it since it started"
    if applied.seconds is not None:
        last = f"its last change is {_ago(applied.seconds)} old"
    rest = (
        "all that has reached it is applied"
        if applied.all_received
        else ("more has reached it that is not applied yet")
    )
    return f"{last}, and {rest}"


def _ago(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{max(seconds, 0):,.0f} s"
