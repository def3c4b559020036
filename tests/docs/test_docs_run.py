"""Every command and program in the docs and the README runs, and shows what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.console import Terminal, matches, steps
from tests.docs.pages import Page, needs_postgresql
from tests.sources import ROOT, named

PAGES = [
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *(path for path in sorted((ROOT / "docs").rglob("*.md")) if "_build" not in path.parts),
]


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_a_page_runs(path: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    variables = {}
    if needs_postgresql(path):
        variables["STUDIO_LEDGER"] = request.getfixturevalue("postgres_url")
    Page(path, tmp_path, variables=variables).run()


def test_a_session_is_read_as_a_terminal_shows_it() -> None:
    first, second = steps("$ cat <<END\n> one\n> END\none\n\ntwo\n$ true")
    assert first.command == "cat <<END\none\nEND"
    assert first.shows == ("one", "", "two")
    assert second == steps("$ true")[0].__class__("true", (), 6)


@pytest.mark.parametrize(
    ("shown", "written", "same"),
    [
        ("#1 held\n", ("#1 held",), True),
        ("#1 held   \n\n", ("#1 held",), True),
        ("#1 held\n", ("#2 held",), False),
        ("#1 held\n#2 confirmed\n", ("#1 held",), False),
        ("", (), True),
        ("something\n", (), False),
        ("a\nb\nc\n", ("a", "...", "c"), True),
        ("a\nc\n", ("a", "...", "c"), True),
        ("a\nb\nd\n", ("a", "...", "c"), False),
        ("#12 at 10:00\n", ("#... at 10:00",), True),
        ("#12\nat 10:00\n", ("#... at 10:00",), False),
    ],
)
def test_the_wildcard_stands_for_no_more_than_it_says(
    shown: str, written: tuple[str, ...], same: bool
) -> None:
    assert matches(shown, written) is same


def test_a_terminal_keeps_its_folder_and_variables(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    assert terminal.run("$ mkdir a && cd a && export WHO=ada") is None
    assert terminal.run('$ echo "$WHO in $(basename "$PWD")" | tr a-z A-Z\nADA IN A') is None
    assert terminal.run("$ (exit 3)\n$ echo $?\n3") is None


def test_a_difference_is_reported(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    assert "and the page says:\ntwo" in (terminal.run("$ echo one\ntwo") or "")
    assert "failed with 3" in (terminal.run("$ (exit 3)\n$ true") or "")


def test_a_page_saves_files_runs_python_and_fails_where_it_should(tmp_path: Path) -> None:
    text = """
<!-- file: notes/today.txt -->
```text
stage 1
```

```console
$ cat notes/today.txt
stage 1
```

```python
from pathlib import Path
assert Path("notes/today.txt").read_text() == "stage 1\\n"
```

<!-- not run: it would never end -->
```console
$ false
```
"""
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    assert Page(page, tmp_path / "one").run() == 3
    page.write_text(text.replace("$ cat notes/today.txt\nstage 1", "$ cat notes/today.txt"))
    with pytest.raises(AssertionError, match="line 7"):
        Page(page, tmp_path / "two").run()
