"""Every shipped projection keeps the contract that the kit asks of anybody's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.plugin_host import PluginHost
from ledger.testing import projection_contract

EXAMPLES = 10
"""Histories for each law: the shipped plugins' own tests look closer."""

PARAMETERS: Mapping[str, Mapping[str, Any]] = {}
"""What the views are asked with that cannot do without; so far none."""

LOADED = PluginHost().load()


def test_every_shipped_plugin_is_here() -> None:
    """Loaded as a ledger loads them, so that a new one is held to the contract by itself."""
    assert not LOADED.failures
    assert {plugin.found.name for plugin in LOADED.plugins} >= {
        *("spaces", "bookings", "calendar", "utilization", "projects", "equipment")
    }


for _plugin in LOADED.plugins:
    for _projection in _plugin.projections:
        globals()[f"Test{_projection.__name__}"] = projection_contract(
            _projection,
            examples=EXAMPLES,
            parameters={n: p for n, p in PARAMETERS.items() if n in _projection.views},
        )
