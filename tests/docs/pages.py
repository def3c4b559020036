"""What of a docs page runs, found by Sybil: console sessions, Python, and files to be saved.

An HTML comment right above a block, unseen by the reader, says what else to do with it:

- `<!-- file: plugins/crew_hours.py -->` saves the block under that name in the page's folder;
- `<!-- not run: why -->` leaves it alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import chdir
from pathlib import Path

from sybil import Document, Example, Region, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer
from sybil.typing import Evaluator

from tests.docs.console import Terminal

_BLOCKS = FencedCodeBlockLexer(r"[\w-]+", {"language": "language", "source": "source"})
_ABOVE = re.compile(r"<!--\s*(?P<what>file|not run):\s*(?P<rest>.*?)\s*-->\s*\Z")
_run_python = PythonEvaluator()


class Page:
    """A docs page and the folder that its examples share."""

    def __init__(self, path: Path, base: Path) -> None:
        self._terminal = Terminal(base)
        self._document = Sybil(parsers=[self._runnable]).parse(path)

    def run(self) -> int:
        """Run every example in order, the first that differs raising; how many there were."""
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
