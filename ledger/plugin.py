"""Everything that a plugin imports, besides the events it handles.

    from ledger.plugin import Projection, Row, key, on, table, view

Importing it loads neither a database library nor the command line. `Struct` is the base of rows
that a view computes and no table holds: `class Idle(Struct, frozen=True)`.
"""

from msgspec import Struct

from ledger.decisions.base import Context, Decision, Rule
from ledger.decisions.bookings.calendar import FirmBooking, read_firm_bookings
from ledger.decisions.equipment.reserved import read_reservations
from ledger.decisions.past_tense import check_begun
from ledger.decisions.sites import read_space
from ledger.entities.bookings import FullBooking, standing_challenges
from ledger.entities.closures import Closure
from ledger.entities.equipment import (
    CUSTODY_FACTS,
    PLACE_FACTS,
    SERVICE_FACTS,
    CustodyFact,
    Item,
    PlaceFact,
    ServiceFact,
    outermost,
    steps,
)
from ledger.entities.floor_plans import FloorPlan
from ledger.entities.occupancy import Occupancy
from ledger.entities.projects import FullProject, Milestone
from ledger.entities.promises import Claim, Holder, KindBook
from ledger.entities.reservations import Reservation, SubHire
from ledger.entities.sites import Site
from ledger.entities.spaces import Space, SpaceFacts
from ledger.errors import (
    AlreadyExists,
    BadInput,
    BadTime,
    NothingChanges,
    Refused,
    UnknownId,
    UnreadableEvent,
)
from ledger.events.base import Event, Query, RecordedEvent, UnknownEvent, Upcaster
from ledger.events.equipment import Away, KindCount, Lot
from ledger.exchange import Exporter, Importer, Look, exporter, importer
from ledger.hookspecs import hookimpl
from ledger.projections import Place, Projection, Row, key, on, table, view
from ledger.projections.putting_right import Readings
from ledger.tags import check_id, check_text, mark, tag
from ledger.time.periods import (
    Days,
    Deadline,
    Moment,
    Period,
    When,
    check_day,
    month_bounds,
    start_of_day,
    zone,
)
from ledger.time.spans import Spans
from ledger.time.working_days import WorkingDay, parse_day_ends, working_days

__all__ = [
    "CUSTODY_FACTS",
    "PLACE_FACTS",
    "SERVICE_FACTS",
    "AlreadyExists",
    "Away",
    "BadInput",
    "BadTime",
    "Claim",
    "Closure",
    "Context",
    "CustodyFact",
    "Days",
    "Deadline",
    "Decision",
    "Event",
    "Exporter",
    "FirmBooking",
    "FloorPlan",
    "FullBooking",
    "FullProject",
    "Holder",
    "Importer",
    "Item",
    "KindBook",
    "KindCount",
    "Look",
    "Lot",
    "Milestone",
    "Moment",
    "NothingChanges",
    "Occupancy",
    "Period",
    "Place",
    "PlaceFact",
    "Projection",
    "Query",
    "Readings",
    "RecordedEvent",
    "Refused",
    "Reservation",
    "Row",
    "Rule",
    "ServiceFact",
    "Site",
    "Space",
    "SpaceFacts",
    "Spans",
    "Struct",
    "SubHire",
    "UnknownEvent",
    "UnknownId",
    "UnreadableEvent",
    "Upcaster",
    "When",
    "WorkingDay",
    "check_begun",
    "check_day",
    "check_id",
    "check_text",
    "exporter",
    "hookimpl",
    "importer",
    "key",
    "mark",
    "month_bounds",
    "on",
    "outermost",
    "parse_day_ends",
    "read_firm_bookings",
    "read_reservations",
    "read_space",
    "standing_challenges",
    "start_of_day",
    "steps",
    "table",
    "tag",
    "view",
    "working_days",
    "zone",
]
