"""Tools to test decisions, rules and projections: stories, laws, and a ledger for one plugin.

    from ledger.testing import given, isolated_host, projection_contract

Stories need only the package itself. The contract and its drawn histories need hypothesis
and pytest (`studio-ledger[testing]`), and are loaded on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ledger.testing.history import BEGINNING, MemoryHistory
from ledger.testing.scenario import ACTOR, Outcome, Scenario, correcting, given, recorded

if TYPE_CHECKING:
    from ledger.testing.contract import projection_contract
    from ledger.testing.host import Host, isolated_host
    from ledger.testing.laws.contents import LawBroken
    from ledger.testing.strategies import events_of, studio_histories

__all__ = [
    "ACTOR",
    "BEGINNING",
    "Host",
    "LawBroken",
    "MemoryHistory",
    "Outcome",
    "Scenario",
    "correcting",
    "events_of",
    "given",
    "isolated_host",
    "projection_contract",
    "recorded",
    "studio_histories",
]

_LATER = {
    "projection_contract": "contract",
    "Host": "host",
    "isolated_host": "host",
    "LawBroken": "laws.contents",
    "events_of": "strategies",
    "studio_histories": "strategies",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(f"{__name__}.{_LATER[name]}")
    except ModuleNotFoundError as error:
        if error.name not in ("hypothesis", "pytest"):
            raise
        raise ModuleNotFoundError(
            f"{name} needs {error.name}. Install it: pip install 'studio-ledger[testing]'",
            name=error.name,
        ) from error
    return getattr(module, name)
