"""Lines typed at a prompt, or read from a pipe.

On a terminal, the standard library's readline adds history and completion, if it is available.
"""

import sys
from collections.abc import Callable, Iterator
from types import ModuleType

from ledger.errors import BadInput

Complete = Callable[[str, str], list[str]]
"""Returns the completions of a word: (line before it, word)."""


def at_terminal() -> bool:
    """Whether stdin is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def piped_lines() -> Iterator[str]:
    """Yield the lines of a pipe or file; none if stdin is closed. Invalid UTF-8 is escaped."""
    if sys.stdin is None:
        return
    for line in sys.stdin.buffer:
        yield line.decode("utf-8-sig", "backslashreplace")


def typed_line(prompt: str) -> str | None:
    """Read a line from the terminal; None on Ctrl-D. Raises `BadInput` if it is not text."""
    sys.stdout.flush()
    try:
        if sys.stdout.isatty():
            return input(prompt)
        # stdout takes data: input() would mix the prompt into it
        sys.stderr.write(prompt)
        sys.stderr.flush()
        return input()
    except EOFError:
        sys.stderr.write("\n")
        return None
    except UnicodeDecodeError:
        raise BadInput("that line is not text", advice="Type UTF-8") from None


def complete_with(complete: Complete) -> None:
    """Complete words with that function from now on, if readline is available."""
    readline = _readline()
    if readline is None:
        return
    found: list[str] = []

    def nth(word: str, n: int) -> str | None:
        nonlocal found
        if n == 0:
            before = readline.get_line_buffer()[: readline.get_begidx()]
            found = [one for one in complete(before, word) if one.startswith(word)]
            found = [f"{one} " for one in found] if len(found) == 1 else found
        return found[n] if n < len(found) else None

    readline.set_completer_delims(" \t\n")
    readline.set_completer(nth)
    libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")


def _readline() -> ModuleType | None:
    try:
        import readline
    except ImportError:  # not on every system
        return None
    return readline
