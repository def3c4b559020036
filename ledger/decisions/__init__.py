"""The rules of the studio, one file per noun. Pure: no clock, no I/O but the context's reads."""

from ledger.decisions.base import Decision

STUDIO_DECISIONS: tuple[type[Decision], ...] = ()
"""Every command of the studio, by the name that a batch file uses."""
