"""House rules that a reader would otherwise have to remember: names, sizes, docstrings, silence.

Each is a function over a source text, so that a planted breach can show that it is found.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from pathlib import Path

import pytest

from tests.sources import ROOT, definitions, named, parsed, python_files

CODE = python_files("ledger", "plugins")
EVERYTHING = [*CODE, *python_files("tests", "docs"), ROOT / "cli.py"]

FILE_LINES = 500
FOLDER_FILES = 20
FUNCTION_LINES = 70

LARGE: dict[str, str] = {
    "ledger/audit/exports/verify_export.py": "a file that stands alone, for outsiders",
    "plugins/ledger_calendar.py": "a plugin is one file, its views share one fold of the spaces",
    "plugins/ledger_utilization.py": "a plugin is one file, its figures share their terms",
    "plugins/ledger_equipment.py": "a plugin is one file, its views share the effective order",
    "plugins/ledger_reservations.py": "a plugin is one file, its views share what is claimed",
    "plugins/ledger_claims.py": "a plugin is one file: its events, commands and every metric",
    "plugins/ledger_expo.py": "a plugin is one file: its events, commands and views",
}
"""What may be larger, `file` or `file::function`, and why."""

EMPTY_WORDS = {"utils", "util", "helpers", "helper", "manager", "service", "common", "process"}
"""Names that say nothing of what is inside. `ServiceStarted` says it, and so does `InService`."""


def empty_names(path: Path, tree: ast.Module) -> list[str]:
    """A module or class whose name is, or ends in, an empty word."""
    classes = [node.name for node in definitions(tree) if isinstance(node, ast.ClassDef)]
    names = [path.stem, *(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name) for name in classes)]
    return [name for name in names if _is_empty(name.lower().split("_"))]


def _is_empty(words: list[str]) -> bool:
    if words[-2:] == ["in", "service"]:
        return False
    return words == ["base", "data"] or words[-1] in EMPTY_WORDS


def too_large(name: str, text: str) -> list[str]:
    """The file, or a function in it, beyond what one can read at a sitting."""
    found = [name] if text.count("\n") > FILE_LINES else []
    for node in definitions(ast.parse(text)):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if not isinstance(node, ast.ClassDef) and lines > FUNCTION_LINES:
            found.append(f"{name}::{node.name}")
    return found


def crowded(paths: list[Path]) -> list[str]:
    """The folders with more files beside each other than a reader takes in at one look."""
    counts = Counter(named(path.parent) for path in paths if path.name != "__init__.py")
    return [folder for folder, count in counts.items() if count > FOLDER_FILES]


def without_docstring(tree: ast.Module) -> list[str]:
    """The module, and each public class, function and own method, that says nothing about itself.

    A method of a class with bases may be one that the base explains.
    """
    found = [] if ast.get_docstring(tree) else ["the module"]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            found += [] if ast.get_docstring(node) or _is_overload(node) else [node.name]
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            found += [] if ast.get_docstring(node) else [node.name]
            if not node.bases:
                found += [
                    f"{node.name}.{method.name}"
                    for method in node.body
                    if isinstance(method, ast.FunctionDef)
                    and not method.name.startswith("_")
                    and not ast.get_docstring(method)
                    and not _is_overload(method)
                ]
    return found


def _is_overload(node: ast.FunctionDef) -> bool:
    """Whether another definition of the same function has the docstring."""
    marks = {ast.unparse(mark).split(".")[-1] for mark in node.decorator_list}
    return bool(marks & {"overload", "setter", "override"})


_SILENCE = re.compile(
    r"#\s*(?:type:\s*ignore(?:\[[^\]]*\])?"
    r"|noqa(?::\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?"
    r"|pragma:\s*no cover)(?P<reason>.*)"
)


def silent_silences(text: str) -> list[int]:
    """The lines that silence a check and do not say why on that line."""
    found = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and (silenced := _SILENCE.search(token.string)):
            words = re.findall(r"\w+", silenced["reason"])
            if len(words) < 2:  # "as above" is a reason too
                found.append(token.start[0])
    return found


@pytest.mark.parametrize("path", EVERYTHING, ids=named)
def test_a_file_keeps_the_house_rules(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert empty_names(path, parsed(path)) == [], "a name that says nothing"
    assert [large for large in too_large(named(path), text) if large not in LARGE] == []
    assert silent_silences(text) == [], "a silenced check without its reason on the line"


@pytest.mark.parametrize("path", CODE, ids=named)
def test_what_is_public_says_what_it_is(path: Path) -> None:
    assert without_docstring(parsed(path)) == []


def test_no_folder_is_crowded() -> None:
    assert crowded(EVERYTHING) == []
    assert crowded([ROOT / f"ledger/x/{n}.py" for n in range(21)]) == ["ledger/x"]


def test_what_may_be_large_still_is() -> None:
    still = {
        large
        for path in EVERYTHING
        for large in too_large(named(path), path.read_text(encoding="utf-8"))
    }
    assert set(LARGE) <= still, "no longer large: take it off the list"


_TEXTS = {".py", ".md", ".toml", ".txt", ".cfg", ".yml", ".yaml", ".json", ".jsonl", ".csv", ""}
_SOMEBODYS_FOLDER = re.compile(
    r"(?<![\w.~$}/])/(?:home|Users|root|work|workspace)/\w|(?<![\w.])/tmp/\w"
)


def _texts() -> list[Path]:
    folders = ("ledger", "plugins", "tests", "docs", ".ci")
    below = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    return [
        path
        for path in (*below, *ROOT.glob("*"))
        if path.is_file() and path.suffix in _TEXTS and not {"_build", ".git"} & {*path.parts}
    ]


def test_no_text_names_a_folder_of_the_machine_it_was_written_on() -> None:
    found = [
        f"{named(path)}:{number}"
        for path in _texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if _SOMEBODYS_FOLDER.search(line)
    ]
    assert found == []


def test_the_rules_can_fail() -> None:
    """A breach of each, planted."""
    tree = ast.parse("class BookingManager: ...")
    assert empty_names(Path("time_utils.py"), tree) == ["time_utils", "Booking_Manager"]
    fine = ast.parse("class ServiceStarted: ...\nclass NotInService: ...")
    assert empty_names(Path("equipment.py"), fine) == []
    assert too_large("a.py", "\n" * 501) == ["a.py"]
    assert too_large("a.py", "def long():\n" + "    1\n" * 70) == ["a.py::long"]
    public = "class A:\n  def b(self): ...\n  def _c(self): ...\ndef d(): ..."
    assert without_docstring(ast.parse(public)) == ["the module", "A", "A.b", "d"]
    code = "a()  # no" + "qa: S101\nb()  # no" + "qa: S101 - typed above, see there\n"
    assert silent_silences(code) == [1]
    assert silent_silences("a()  # type" + ": ignore[arg-type]\n") == [1]
    assert _SOMEBODYS_FOLDER.search("see /" + "home/ada/ledger")
    assert not _SOMEBODYS_FOLDER.search("PYTHON=/path/to/python3.12")
