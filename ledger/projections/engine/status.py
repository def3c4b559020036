"""The status of projections: how far their tables have come, and what stopped them."""

from typing import Literal

from msgspec import Struct

from ledger.projections.engine.store import Generation
from ledger.projections.folds import Failure
from ledger.projections.projection import Projection

State = Literal["new", "live", "rebuilding", "quarantined", "absent"]


class Status(Struct, frozen=True):
    """The status of one projection.

    `lag_positions` is how many events it has still to apply. `rebuilt_to` is how far the next
    tables have come, where a rebuild is unfinished: the next question continues it. `absent`: its
    plugin is not loaded. Tables of another history are ignored.
    """

    projection: str
    plugin: str
    version: int
    state: State
    position: int
    lag_positions: int
    rebuilt_to: int | None
    unread: int
    failure: Failure | None


def status_of(
    name: str, projection: type[Projection] | None, found: list[Generation], head: int
) -> Status:
    """Return the status of a projection, loaded or not, from its generations and the log's head."""
    live = next((g for g in found if g.live), None)
    following = [g for g in found if not g.live]
    failure = next((g.failure for g in found if g.failure), None)
    state: State = "live"
    if projection is None:
        state = "absent"
    elif failure is not None:
        state = "quarantined"
    elif following:
        state = "rebuilding"
    elif live is None:
        state = "new"
    position = live.position if live is not None else 0
    return Status(
        name,
        projection.plugin if projection is not None else "",
        projection.version if projection is not None else live.version if live else 0,
        state,
        position,
        max(head - position, 0),
        following[-1].position if following else None,
        live.unread if live is not None else 0,
        failure,
    )
