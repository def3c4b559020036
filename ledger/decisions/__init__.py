"""The rules of the studio, one file per noun. Pure: no clock, no I/O but the context's reads.

`STUDIO_DECISIONS` loads all of them on first use: help and completion need only one noun's.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ledger.decisions.all_decisions import STUDIO_DECISIONS

__all__ = ["STUDIO_DECISIONS"]


def __getattr__(name: str) -> Any:
    """Load the decisions when they are first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ledger.decisions.all_decisions import STUDIO_DECISIONS

    return STUDIO_DECISIONS
