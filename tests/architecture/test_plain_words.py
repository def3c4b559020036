"""Plain English in the code: phrases that read as a translation are not written again.

Each phrase alone is correct. Together they make a text that a reader has to decode.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources import named, python_files

CODE = python_files("ledger", "plugins")

TRANSLATED = (
    r"\b(?:some|no)body\b",
    r"\bwhoever\b",
    r"\bof whom\b",
    r"\bof which\b",
    r"\bthereof\b",
    r"\blook(?:s|ed|ing)? whether\b",
    r"\bleaves? away\b",
    r"\bputs? right\b",
    r"\bgo(?:es|ne)? on with\b",
    r"\bis no (?!longer\b|more\b)[a-z]+\b",
    r"\b(?:is|are) to be\b",
    r"\belse\.(?=\s|$)",
    r"\bin the same breath\b",
    r"\bat hand\b",
    r"\ba must\b",
    r"\bso many\b",
)
PHRASES = re.compile("|".join(TRANSLATED), re.IGNORECASE)
WHAT = re.compile(r"(?:^|[.:!?]\s+|\n\s*\n\s*)What (?![^.?]*\?)")
"""`What came of it.` is not a sentence; `What is free?` is a question."""


def texts(source: str) -> Iterator[tuple[int, str]]:
    """The comments and string constants of a module, each with its line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.removeprefix("#").strip()


def odd_phrases(source: str) -> list[tuple[int, str]]:
    """The phrases that a native writer would avoid, with their lines."""
    return [
        (line + text.count("\n", 0, found.start()), found[0].strip())
        for line, text in texts(source)
        for pattern in (PHRASES, WHAT)
        for found in pattern.finditer(text)
    ]


@pytest.mark.parametrize("path", CODE, ids=named)
def test_the_code_is_in_plain_words(path: Path) -> None:
    assert odd_phrases(path.read_text(encoding="utf-8")) == []


def test_an_odd_phrase_is_found() -> None:
    planted = (
        '"""What came of it."""\n# Look whether somebody was cut off.\nx = "it is no folder"\n'
    )
    assert odd_phrases(planted) == [
        (1, "What"),
        (3, "is no folder"),
        (2, "Look whether"),
        (2, "somebody"),
    ]
    fine = '"""What is free?"""\n# It is no longer there.\n'
    assert odd_phrases(fine) == []
