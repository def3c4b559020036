"""The rules of the studio, one file per noun. Pure: no clock, no I/O but the context's reads."""

from ledger.decisions.base import Decision
from ledger.decisions.custody import CheckIn, CheckOut, HandOver, ServiceEquipment
from ledger.decisions.equipment import (
    AddEquipment,
    MoveEquipment,
    PackEquipment,
    RetireEquipment,
    UnpackEquipment,
)

STUDIO_DECISIONS: tuple[type[Decision], ...] = (
    AddEquipment,
    MoveEquipment,
    PackEquipment,
    UnpackEquipment,
    CheckOut,
    CheckIn,
    HandOver,
    ServiceEquipment,
    RetireEquipment,
)
"""Every command of the studio, by the name that a batch file uses."""
