"""The rules of the studio, one file per noun. Pure: no clock, no I/O but the context's reads.

`STUDIO_DECISIONS` loads all of them when it is asked for: a help or a completion needs one noun's.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ledger.decisions.studio import STUDIO_DECISIONS

__all__ = ["STUDIO_DECISIONS"]


def __getattr__(name: str) -> Any:
    """What Python asks for a name that is not here yet."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ledger.decisions.studio import STUDIO_DECISIONS

    return STUDIO_DECISIONS
