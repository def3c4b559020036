"""All decisions of the studio."""

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ChallengeHolds, ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.shoot_days import (
    CancelBooking,
    ReportShootDay,
    StartBooking,
    WrapBooking,
)
from ledger.decisions.equipment.custody import CheckIn, CheckOut, HandOver, ServiceEquipment
from ledger.decisions.equipment.items import (
    AddEquipment,
    MoveEquipment,
    PackEquipment,
    RetireEquipment,
    UnpackEquipment,
)
from ledger.decisions.projects import (
    CloseProject,
    OpenProject,
    PlanMilestone,
    ReachMilestone,
    WithdrawMilestone,
)
from ledger.decisions.sites import AddSite
from ledger.decisions.spaces import AddSpace, ChangeSpace, CloseSpace, ReopenSpace, RetireSpace

STUDIO_DECISIONS: tuple[type[Decision], ...] = (
    AddSite,
    AddSpace,
    CloseSpace,
    ReopenSpace,
    ChangeSpace,
    RetireSpace,
    OpenProject,
    PlanMilestone,
    ReachMilestone,
    WithdrawMilestone,
    CloseProject,
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
