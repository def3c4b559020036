"""The rules of the studio, one file per noun. Pure: no clock, no I/O but the context's reads."""

from ledger.decisions.base import Decision
from ledger.decisions.booking_moves import MoveBooking
from ledger.decisions.bookings import ChallengeHolds, ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.custody import CheckIn, CheckOut, HandOver, ServiceEquipment
from ledger.decisions.equipment import (
    AddEquipment,
    MoveEquipment,
    PackEquipment,
    RetireEquipment,
    UnpackEquipment,
)
from ledger.decisions.shoot_days import (
    CancelBooking,
    ReportShootDay,
    StartBooking,
    WrapBooking,
)

STUDIO_DECISIONS: tuple[type[Decision], ...] = (
    PlaceHold,
    ChallengeHolds,
    ReleaseHold,
    ConfirmBookings,
    MoveBooking,
    StartBooking,
    ReportShootDay,
    WrapBooking,
    CancelBooking,
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
