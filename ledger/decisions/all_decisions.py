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
from ledger.decisions.bookings.splits import GiveBackDays, MergeBookings, SplitBooking
from ledger.decisions.bookings.terms import ChangeBooking, RankHold
from ledger.decisions.correct import CorrectEntry, UndoEntry
from ledger.decisions.equipment.descriptions import ChangeEquipment
from ledger.decisions.equipment.fitness import PlanServicing, ServiceEquipment
from ledger.decisions.equipment.items import (
    AddEquipment,
    MoveEquipment,
    PackEquipment,
    RetireEquipment,
    UnpackEquipment,
)
from ledger.decisions.equipment.loans import (
    CheckIn,
    CheckOut,
    HandOver,
    LendEquipment,
    ProlongLoan,
)
from ledger.decisions.equipment.reservations import (
    DropSubHire,
    ReleaseEquipment,
    ReserveEquipment,
    SubHireEquipment,
)
from ledger.decisions.equipment.stocktaking import BuyStock, CountStock, FindStock, LoseStock
from ledger.decisions.project_corrections import ChangeProject, ReopenProject
from ledger.decisions.projects import (
    CloseProject,
    OpenProject,
    PlanMilestone,
    ReachMilestone,
    WithdrawMilestone,
)
from ledger.decisions.site_corrections import ChangeSite, RecloseSpace
from ledger.decisions.sites import AddSite
from ledger.decisions.spaces import AddSpace, ChangeSpace, CloseSpace, ReopenSpace, RetireSpace

STUDIO_DECISIONS: tuple[type[Decision], ...] = (
    AddSite,
    ChangeSite,
    AddSpace,
    CloseSpace,
    RecloseSpace,
    ReopenSpace,
    ChangeSpace,
    RetireSpace,
    OpenProject,
    ChangeProject,
    PlanMilestone,
    ReachMilestone,
    WithdrawMilestone,
    CloseProject,
    ReopenProject,
    PlaceHold,
    ChallengeHolds,
    ReleaseHold,
    ConfirmBookings,
    MoveBooking,
    ChangeBooking,
    RankHold,
    GiveBackDays,
    SplitBooking,
    MergeBookings,
    StartBooking,
    ReportShootDay,
    WrapBooking,
    CancelBooking,
    AddEquipment,
    ChangeEquipment,
    MoveEquipment,
    PackEquipment,
    UnpackEquipment,
    CheckOut,
    LendEquipment,
    ProlongLoan,
    CheckIn,
    HandOver,
    PlanServicing,
    ServiceEquipment,
    RetireEquipment,
    CountStock,
    LoseStock,
    FindStock,
    BuyStock,
    ReserveEquipment,
    ReleaseEquipment,
    SubHireEquipment,
    DropSubHire,
    CorrectEntry,
    UndoEntry,
)
"""Every command of the studio, by the name that a batch file uses."""
