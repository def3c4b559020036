"""Everything that a plugin imports, besides the events it handles.

    from ledger.plugin import Projection, Row, key, on, table, view

Importing it loads neither a database library nor the command line. `Struct` is the base of rows
that a view computes and no table holds: `class Idle(Struct, frozen=True)`.
"""

from msgspec import Struct

from ledger.decisions.base import Context, Decision, Rule
from ledger.decisions.bookings.calendar import FirmBooking, read_firm_bookings
from ledger.decisions.past_tense import ANYWHERE_ON_EARTH, check_begun
from ledger.decisions.sites import read_space
from ledger.entities.bookings import FullBooking
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
from ledger.entities.projects import FullProject, Milestone
from ledger.entities.sites import Site
from ledger.entities.spaces import Space, SpaceFacts
from ledger.errors import (
    AlreadyExists,
    BadInput,
    NothingChanges,
    Refused,
    UnknownId,
    UnreadableEvent,
)
from ledger.events.base import Event, Query, RecordedEvent, UnknownEvent, Upcaster
from ledger.exchange import Exporter, Importer, Look, exporter, importer
from ledger.hookspecs import hookimpl
from ledger.projections import Place, Projection, Row, key, on, table, view
from ledger.tags import check_id, check_text, tag
from ledger.time.periods import (
    Days,
    Moment,
    Period,
    When,
    check_day,
    month_bounds,
    start_of_day,
    zone,
)

__all__ = [
    "ANYWHERE_ON_EARTH",
    "CUSTODY_FACTS",
    "PLACE_FACTS",
    "SERVICE_FACTS",
    "AlreadyExists",
    "BadInput",
    "Closure",
    "Context",
    "CustodyFact",
    "Days",
    "Decision",
    "Event",
    "Exporter",
    "FirmBooking",
    "FullBooking",
    "FullProject",
    "Importer",
    "Item",
    "Look",
    "Milestone",
    "Moment",
    "NothingChanges",
    "Period",
    "Place",
    "PlaceFact",
    "Projection",
    "Query",
    "RecordedEvent",
    "Refused",
    "Row",
    "Rule",
    "ServiceFact",
    "Site",
    "Space",
    "SpaceFacts",
    "Struct",
    "UnknownEvent",
    "UnknownId",
    "UnreadableEvent",
    "Upcaster",
    "When",
    "check_begun",
    "check_day",
    "check_id",
    "check_text",
    "exporter",
    "hookimpl",
    "importer",
    "key",
    "month_bounds",
    "on",
    "outermost",
    "read_firm_bookings",
    "read_space",
    "start_of_day",
    "steps",
    "table",
    "tag",
    "view",
    "zone",
]
