"""Every shipped projection passes the contract tests that plugin authors use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.plugin_host.host import PluginHost
from ledger.testing import projection_contract

EXAMPLES = 10
"""Histories for each law; the shipped plugins' own tests check more."""

PARAMETERS: Mapping[str, Mapping[str, Any]] = {}
"""Parameters for the views that require some; so far none."""

LOADED = PluginHost().load()


def test_every_shipped_plugin_is_here() -> None:
    """They are loaded as by a ledger, so that a new one is tested without being listed."""
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
