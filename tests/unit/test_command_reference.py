"""docs/reference/commands-in-a-file.md says what the code says: every command, every key."""

from __future__ import annotations

import pytest

from docs.command_reference import MEANINGS, write_reference
from ledger.decisions import STUDIO_DECISIONS
from ledger.decisions.base import Decision
from tests.sources import ROOT

PAGE = (ROOT / "docs" / "reference" / "commands-in-a-file.md").read_text(encoding="utf-8")


def test_the_page_is_up_to_date() -> None:
    written: list[str] = []
    write_reference(written.append)
    _, _, after = PAGE.partition("]]] -->\n")
    assert after.partition("<!-- [[[end]]]")[0] == "".join(written), "run: make docs"


@pytest.mark.parametrize("command", STUDIO_DECISIONS, ids=lambda kind: kind.words())
def test_every_key_of_every_command_is_on_it(command: type[Decision]) -> None:
    assert f"\n## {command.words()}\n" in PAGE
    part = PAGE.partition(f"\n## {command.words()}\n")[2].partition("\n## ")[0]
    told = [line.split("`")[1] for line in part.splitlines() if line.startswith("| `")]
    assert tuple(told) == command.__struct_fields__


def test_no_meaning_is_of_a_key_that_is_gone() -> None:
    told = {key for command in STUDIO_DECISIONS for key in command.__struct_fields__}
    told |= {f"{c.words()}.{key}" for c in STUDIO_DECISIONS for key in c.__struct_fields__}
    assert set(MEANINGS) <= told
