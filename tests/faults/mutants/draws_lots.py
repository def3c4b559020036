"""MUTANT: a view shuffles what it answers. Caught by `purity`."""

import random

from ledger.events import EquipmentRegistered
from ledger.plugin import Projection, RecordedEvent, Row, key, on, table, view


class Item(Row):
    """A thing."""

    equipment: str = key()
    name: str = ""


class DrawsLots(Projection):
    """Something to check today."""

    items = table(Item)

    @on(EquipmentRegistered)
    def registered(self, event: EquipmentRegistered, entry: RecordedEvent) -> None:
        """Note it."""
        self.items.edit(event.equipment).name = event.name

    @view("What to check today")
    def checks_today(self) -> list[Item]:
        """Three of all things."""
        rows = self.items.rows()
        return random.sample(rows, min(3, len(rows)))
