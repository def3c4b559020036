"""The hooks: their signatures stay, and the docs have each with its signature and an example."""

from __future__ import annotations

import inspect
import re

import pytest

from ledger import hookspecs
from ledger.plugin_host.source import HOOKS as READ_FROM_SOURCE
from tests.sources import ROOT

FROZEN = {
    "ledger_projections": "() -> Iterable[type[Projection]]",
    "ledger_event_types": "() -> Iterable[type[Event]]",
    "ledger_decisions": "() -> Iterable[type[Decision]]",
    "ledger_rules": "() -> Iterable[Rule]",
    "ledger_importers": "() -> Iterable[Importer]",
    "ledger_exporters": "() -> Iterable[Exporter]",
}
"""Existing plugins rely on these. A hook may be added; none may change."""

PAGE = (ROOT / "docs/reference/hooks.md").read_text(encoding="utf-8")
HOWTO = {
    "ledger_projections": "add-a-view",
    "ledger_event_types": "add-an-event",
    "ledger_decisions": "add-a-command",
    "ledger_rules": "add-a-rule",
    "ledger_importers": "import-a-format",
    "ledger_exporters": "export-in-a-format",
}


def hooks() -> dict[str, str]:
    """Every hook of the module, with its signature as it is written."""
    source = inspect.getsource(hookspecs)
    found = re.findall(r"@hookspec\ndef (\w+)(\(.*\) -> [^:]+):", source)
    marked = {name for name in vars(hookspecs) if hasattr(getattr(hookspecs, name),
                                                          "studio_ledger_spec")}  # fmt: skip
    assert {name for name, _ in found} == marked
    return dict(found)


def section(hook: str) -> str:
    """The section of the reference on a hook."""
    (text,) = re.findall(rf"^## {hook}\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


def test_the_signatures_are_frozen() -> None:
    assert hooks() == FROZEN
    assert set(hookspecs.HOOKS) == set(FROZEN) == set(READ_FROM_SOURCE)


def test_the_reference_has_every_hook_and_no_other() -> None:
    assert re.findall(r"^## (ledger_\w+)$", PAGE, re.MULTILINE) == list(hooks())


@pytest.mark.parametrize("hook", FROZEN)
def test_a_hook_is_documented_with_its_signature_an_example_and_a_how_to(hook: str) -> None:
    text = section(hook)
    assert f"def {hook}{hooks()[hook]}\n" in text
    assert f"@hookimpl\ndef {hook}():" in text
    page = f"docs/howto/{HOWTO[hook]}.md"
    assert f"(../howto/{HOWTO[hook]}.md)" in text
    assert "<!-- file: plugins/" in (ROOT / page).read_text(encoding="utf-8")
    assert inspect.getdoc(getattr(hookspecs, hook))
