"""docs/reference/views.md says what the shipped views are: no more, no less, in their words."""

from __future__ import annotations

import re

import pytest
from ledger_billing import Billing
from ledger_bookings import Bookings
from ledger_calendar import Calendar
from ledger_claims import Claims
from ledger_efficiency import Efficiency
from ledger_equipment import Equipment
from ledger_expo import Expo
from ledger_projects import Projects
from ledger_reservations import Reservations
from ledger_spaces import Spaces
from ledger_utilization import Utilization

from ledger.projections import View
from tests.sources import PLUGINS, ROOT

SHIPPED = (
    Spaces, Bookings, Calendar, Utilization, Billing, Projects, Equipment, Reservations,
    Efficiency, Claims, Expo,
)  # fmt: skip
VIEWS = {name: view for projection in SHIPPED for name, view in projection.views.items()}
PAGE = (ROOT / "docs" / "reference" / "views.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `([a-z-]+)`\n\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))


def cells(section: str, heading: str) -> list[list[str]]:
    """The rows of the table with that heading."""
    _, _, below = section.partition(f"| {heading} |")
    table = below.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table]


def test_the_page_has_every_view_in_order() -> None:
    assert list(SECTIONS) == list(VIEWS)


def test_every_plugin_that_has_views_is_on_the_page() -> None:
    named = set(re.findall(r"^Plugin `(\w+)`\.$", PAGE, re.MULTILINE))
    assert named == {projection.__module__ for projection in SHIPPED}
    assert named <= {path.stem for path in PLUGINS}


@pytest.mark.parametrize("view", VIEWS.values(), ids=lambda view: view.name)
def test_a_view_is_described_as_it_is(view: View) -> None:
    section = SECTIONS[view.name]
    assert section.replace("\n", " ").startswith(f"*{view.title}* ")
    options = {name: meaning for name, meaning, *_ in cells(section, "option | meaning")}
    assert options == {f"`--{p.name.replace('_', '-')}`": p.help for p in view.parameters}
    columns = [(name, unit) for name, unit, *_ in cells(section, "column | unit | meaning")]
    assert columns == [(f"`{c.name}`", c.unit) for c in view.columns()]


@pytest.mark.parametrize("view", VIEWS.values(), ids=lambda view: view.name)
def test_a_view_says_what_it_does_and_what_each_option_means(view: View) -> None:
    assert view.title.endswith("?")
    assert view.help
    assert all(parameter.help for parameter in view.parameters)
