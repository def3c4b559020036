"""All that a plugin imports, besides the events it handles.

    from ledger.plugin import Projection, Row, key, on, table, view

Importing it loads neither a database library nor the command line. `Struct` is the base
of rows that a view makes up and no table holds: `class Idle(Struct, frozen=True)`.
"""

from msgspec import Struct

from ledger.decisions.base import Context, Rule
from ledger.errors import BadInput, Refused
from ledger.events.base import Event, Query, RecordedEvent, UnknownEvent, Upcaster
from ledger.hookspecs import hookimpl
from ledger.projections import Place, Projection, Row, key, on, table, view
from ledger.tags import tag
from ledger.times import Days, Moment, Period, month_bounds, start_of_day, zone

__all__ = [
    "BadInput",
    "Context",
    "Days",
    "Event",
    "Moment",
    "Period",
    "Place",
    "Projection",
    "Query",
    "RecordedEvent",
    "Refused",
    "Row",
    "Rule",
    "Struct",
    "UnknownEvent",
    "Upcaster",
    "hookimpl",
    "key",
    "month_bounds",
    "on",
    "start_of_day",
    "table",
    "tag",
    "view",
    "zone",
]
