"""The side bar lists each page once, under one reader, and each reader has what they need."""

from __future__ import annotations

import re

import pytest

from tests.sources import ROOT

INDEX = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
READERS = ("Admins", "Auditors", "Plugin authors", "Operators")
TREES = {
    caption: pages.split()
    for caption, pages in re.findall(
        r"^```{toctree}\n:caption: (.+)\n\n([^`]+)```", INDEX, re.MULTILINE
    )
}


def test_each_page_is_listed_under_one_reader() -> None:
    listed = [page for pages in TREES.values() for page in pages]
    folder = ROOT / "docs"
    there = {
        path.relative_to(folder).with_suffix("").as_posix()
        for path in folder.rglob("*.md")
        if "_build" not in path.parts
    }
    assert list(TREES) == [*READERS, "Contributors"]
    assert sorted(listed) == sorted(there - {"index"})


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_has_a_tutorial_first_then_how_tos_and_reference(reader: str) -> None:
    kinds = [page.split("/")[0] for page in TREES[reader] if "/" in page]
    assert kinds[0] == "tutorial"
    assert kinds.count("tutorial") == 1
    assert {"howto", "reference", "explanation"} < set(kinds)


def test_contributors_begin_with_contributing() -> None:
    assert TREES["Contributors"][0] == "contributing"
