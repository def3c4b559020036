"""Find with Sybil what a docs page runs: console sessions, Python, and files to save.

An HTML comment directly above a block, hidden from the reader, changes what happens to it:

- `<!-- file: plugins/crew_hours.py -->` saves the block under that name in the page's folder;
- `<!-- not run: why -->` skips it.

`<!-- needs: PostgreSQL -->` on a line of its own asks for an empty place on a server.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import chdir
from pathlib import Path

from sybil import Document, Example, Region, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer
from sybil.typing import Evaluator

from tests.docs.console import Terminal

_BLOCKS = FencedCodeBlockLexer(r"[\w-]+", {"language": "language", "source": "source"})
_ABOVE = re.compile(r"<!--\s*(?P<what>file|not run):\s*(?P<rest>.*?)\s*-->\s*\Z")
_NEEDS_POSTGRESQL = "<!-- needs: PostgreSQL -->"
_run_python = PythonEvaluator()


def needs_postgresql(path: Path) -> bool:
    """Whether the page's examples run against a PostgreSQL server."""
    return _NEEDS_POSTGRESQL in path.read_text(encoding="utf-8").splitlines()


class Page:
    """A docs page and the folder that its examples share.

    `variables` are set in its terminal from the start.
    """

    def __init__(
        self, path: Path, base: Path, *, variables: Mapping[str, str] | None = None
    ) -> None:
        self._terminal = Terminal(base, variables=variables)
        self._document = Sybil(parsers=[self._runnable]).parse(path)

    def run(self) -> int:
        """Run every example in order and return their number; raise at the first that differs."""
        count = 0
        for example in self._document.examples():
            example.evaluate()
            count += 1
        return count

    def _runnable(self, document: Document) -> Iterable[Region]:
        for region in _BLOCKS(document):
            evaluator: Evaluator
            above = _ABOVE.search(document.text[: region.start])
            language = region.lexemes["language"]
            if above and above["what"] == "file":
                evaluator, region.parsed = self._save, (above["rest"], region.lexemes["source"])
            elif above or language not in ("console", "python"):
                continue
            else:
                evaluator = self._console if language == "console" else self._python
                region.parsed = region.lexemes["source"]
            region.evaluator = evaluator
            yield region

    def _save(self, example: Example) -> None:
        name, text = example.parsed
        target = self._terminal.folder / name
        assert self._terminal.folder in Path(os.path.normpath(target)).parents, name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def _console(self, example: Example) -> str | None:
        return self._terminal.run(example.parsed)

    def _python(self, example: Example) -> None:
        with chdir(self._terminal.folder):
            _run_python(example)
