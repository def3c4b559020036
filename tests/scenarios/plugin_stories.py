"""What the scenarios of plugins share: the plugins that the docs show, and a folder of them."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from tests.sources import ROOT
from tests.terminal import Terminal


def shown(page: str, file: str) -> str:
    """The text of a file as a page of the docs shows it."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    (found,) = re.findall(rf"<!-- file: {re.escape(file)} -->\s*```\w+\n(.*?)```", text, re.DOTALL)
    return str(found)


def install(terminal: Terminal, **plugins: str) -> None:
    """Write one-file plugins beside the terminal's ledger."""
    folder = Path(terminal.ledger).parent / "plugins"
    folder.mkdir(exist_ok=True)
    for name, text in plugins.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")


ICALENDAR = shown("howto/export-in-a-format.md", "plugins/icalendar.py")
HOLDS_CSV = shown("howto/import-a-format.md", "plugins/holds_csv.py")
KEYS = shown("howto/add-a-command.md", "plugins/keys.py")
LONG_HOLDS = shown("howto/add-a-rule.md", "plugins/long_holds.py")
OPENINGS = shown("howto/add-a-view.md", "plugins/openings.py")
