"""Entities: what the ledger knows of one thing, field by field, and which event set each.

A view answers a question about the campus; an entity is one booking, item, project, space,
site or closure. Each has a frozen Struct and one step that folds its events (`folding`), for
decisions and projections as for `blame`: what a thing says otherwise after an event than before
it, that event has set. So "who says so?" and "what was it before?" have an answer for every
value, and two folds of one entity differ in exactly what was recorded in between. No plugin is
needed.
"""

from ledger.entities.changes import Change, EntityChanges, changes
from ledger.entities.facts import Entity, Fact, effective
from ledger.entities.reading import KINDS, Log, Records, read_records

__all__ = [
    "KINDS",
    "Change",
    "Entity",
    "EntityChanges",
    "Fact",
    "Log",
    "Records",
    "changes",
    "effective",
    "read_records",
]
