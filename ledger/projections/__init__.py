"""The projection SDK: typed tables, handlers and views, folded live or as of a position.

Plugins import these names through `ledger.plugin`. SQLAlchemy is not imported until a view store is
opened.
"""

from ledger.projections.faults import BadPlugin, BadRow, NotStorable, ReadOnly
from ledger.projections.folds import Failure, Folded, Folding, HandlerFailed, Log, fold, replay
from ledger.projections.projection import Place, Projection, on
from ledger.projections.rows import Row, key
from ledger.projections.tables import Table, TableOf, table
from ledger.projections.views import Column, Parameter, View, view

__all__ = [
    "BadPlugin",
    "BadRow",
    "Column",
    "Failure",
    "Folded",
    "Folding",
    "HandlerFailed",
    "Log",
    "NotStorable",
    "Parameter",
    "Place",
    "Projection",
    "ReadOnly",
    "Row",
    "Table",
    "TableOf",
    "View",
    "fold",
    "key",
    "on",
    "replay",
    "table",
    "view",
]
