"""Lines that somebody types at a prompt, or that come from a pipe.

On a terminal the standard library's readline gives history and completion, where there is one.
"""

import sys
from collections.abc import Callable, Iterator
from types import ModuleType

from ledger.errors import BadInput

Complete = Callable[[str, str], list[str]]
"""What may stand in place of the word that is being typed: (line before it, word)."""


def at_terminal() -> bool:
    """Whether a person types: stdin is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def piped_lines() -> Iterator[str]:
    """The lines of a pipe or a file; none where stdin is closed. Bytes that are no UTF-8 show."""
    if sys.stdin is None:
        return
    for line in sys.stdin.buffer:
        yield line.decode("utf-8-sig", "backslashreplace")


def typed_line(prompt: str) -> str | None:
    """A line from the terminal; None at its end, Ctrl-D. Raises `BadInput` for what is no text."""
    sys.stdout.flush()
    try:
        if sys.stdout.isatty():
            return input(prompt)
        # data goes elsewhere: input() would write the prompt among it
        sys.stderr.write(prompt)
        sys.stderr.flush()
        return input()
    except EOFError:
        sys.stderr.write("\n")
        return None
    except UnicodeDecodeError:
        raise BadInput("that line is no text", advice="Type UTF-8") from None


def complete_with(complete: Complete) -> None:
    """Complete words by that function from now on, where there is a readline."""
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
