"""Every surface that there is a target for. Imported late: what it imports may be instrumented."""

from __future__ import annotations

from tests.fuzz import files, formats, terminals

SURFACES = {
    surface.name: surface for surface in (*formats.SURFACES, *files.surfaces(), *terminals.SURFACES)
}
