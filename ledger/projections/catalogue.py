"""The projections and views of all plugins together; each name is used once."""

from collections.abc import Iterable
from typing import Any

from ledger.projections.faults import BadPlugin
from ledger.projections.projection import Projection
from ledger.projections.views import View


def by_name(projections: Iterable[type[Projection]]) -> dict[str, type[Projection]]:
    """Return projections by name, sorted. Raises `BadPlugin` for two of one name, naming both."""
    found: dict[str, type[Projection]] = {}
    for projection in projections:
        other = found.setdefault(projection.name, projection)
        if other is not projection:
            raise _clash("projection", projection.name, other, projection, projection)
    return dict(sorted(found.items()))


def views_by_name(projections: Iterable[type[Projection]]) -> dict[str, View]:
    """Return views by name, sorted. Raises `BadPlugin` for two of one name, naming both plugins."""
    found: dict[str, tuple[View, type[Projection]]] = {}
    for projection in projections:
        for view in projection.views.values():
            _, other = found.setdefault(view.name, (view, projection))
            if other is not projection:
                raise _clash("view", view.name, other, projection, view.method)
    return {name: view for name, (view, _) in sorted(found.items())}


def _clash(
    what: str, name: str, one: type[Projection], other: type[Projection], subject: Any
) -> BadPlugin:
    if one.plugin == other.plugin:
        return BadPlugin(
            f"the plugin {one.plugin} has two {what}s {name}: in {one.__name__} and in "
            f"{other.__name__}",
            advice="Rename one",
            subject=subject,
        )
    return BadPlugin(
        f"the plugins {one.plugin} and {other.plugin} both have a {what} {name}",
        advice=f"Rename one, or turn one off: plugin disable {other.plugin}",
        subject=subject,
    )
