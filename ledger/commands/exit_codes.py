"""How a command ends: the one place that turns an exception into an exit code and a line.

0 done · 1 refused by a rule · 2 usage · 3 a verification found something · 4 conflict ·
5 a view is stale · 10 no ledger · 70 a bug · 74 the store failed · 130 interrupted.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import click

from ledger.errors import LedgerError

DONE, REFUSED, USAGE, FOUND, CONFLICT, STALE = range(6)
NO_LEDGER = 10
BUG = 70
STORE = 74
INTERRUPTED = 130


class ReaderGone(Exception):
    """The reader of stdout has closed it. click alone would end a broken pipe with exit 1."""


def run(command: Callable[[], Any], *, code: Callable[[], int], verbose: Callable[[], bool]) -> int:
    """Run a command and return the exit code. Any exception becomes one line on stderr.

    `code` gives the exit code if nothing is raised, or if the reader of stdout has closed it:
    `studio-ledger log | head` succeeds.
    """
    _let_every_character_pass()
    try:
        ended = command()
        sys.stdout.flush()
    except (ReaderGone, BrokenPipeError):
        _close_quietly()
        return code()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return DONE
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted")
        return INTERRUPTED
    except click.UsageError as error:
        return _fail(_usage(error), USAGE)
    except click.ClickException as error:
        return _fail(error.format_message(), error.exit_code)
    except LedgerError as error:
        return _ledger_error(error, verbose())
    except MemoryError:
        return _fail("out of memory. Ask for less at once", STORE)
    except Exception as error:  # noqa: BLE001  # an unforeseen error must still end in one line
        return _unexpected(error, verbose())
    return ended if isinstance(ended, int) and ended else code()


def told(error: LedgerError | click.ClickException) -> str:
    """Return the error in one line, for a prompt that continues after it."""
    if isinstance(error, click.UsageError):
        line = _usage(error)
    else:
        line = error.format_message() if isinstance(error, click.ClickException) else str(error)
    return " ".join(line.splitlines())


def _ledger_error(error: LedgerError, verbose: bool) -> int:
    if verbose:
        _tell_where()
    if error.exit_code == BUG:
        return _fail(f"{error}. This is a bug in studio-ledger{_hint(verbose)}", BUG)
    return _fail(str(error), error.exit_code)


def _unexpected(error: Exception, verbose: bool) -> int:
    if verbose:
        _tell_where()
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else "input or output failed: "
        return _fail(f"{place}{error.strerror[:1].lower()}{error.strerror[1:]}", STORE)
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return _fail(f"this is a bug in studio-ledger ({what}){_hint(verbose)}", BUG)


def _tell_where() -> None:
    import traceback

    traceback.print_exc()


def _hint(verbose: bool) -> str:
    return "" if verbose else ". To report it, run it again as: studio-ledger --verbose …"


def _usage(error: click.UsageError) -> str:
    """Return the message in one line, with a suggestion and where to read more."""
    # click lists the choices of a missing parameter on separate lines, with tabs
    message = error.format_message().rstrip(".").replace("\n\t", " ")
    if isinstance(error, click.NoSuchOption | click.exceptions.NoSuchCommand):
        name = str(getattr(error, "option_name", None) or getattr(error, "command_name", ""))
        kind = "option" if isinstance(error, click.NoSuchOption) else "command"
        message = f"there is no {kind} {name!r}"
        if error.ctx is not None and name.removeprefix("--") in _arguments(error.ctx.command):
            # In a file of commands the keys are named: hence `--space stage-1` for an argument.
            message += f". Give the {name.removeprefix('--')} without {name}"
        elif error.possibilities:
            message += f". Did you mean {' or '.join(error.possibilities)}?"
        elif error.ctx is not None and name in _options(error.ctx.find_root().command):
            root = error.ctx.find_root().info_name
            rest = error.ctx.command_path.removeprefix(f"{root} ")
            return f"{message} here: it goes before the command, {root} {name} … {rest}"
    if error.ctx is None:
        return message[:1].lower() + message[1:]
    end = "" if message.endswith("?") else "."
    return f"{message[:1].lower()}{message[1:]}{end} See: {error.ctx.command_path} --help"


def _options(command: click.Command) -> set[str]:
    return {name for param in command.params for name in param.opts}


def _arguments(command: click.Command) -> set[str]:
    found = (param.name for param in command.params if isinstance(param, click.Argument))
    return {name.replace("_", "-") for name in found if name}


def _fail(message: str, code: int) -> int:
    _say(f"error: {message}")
    return code


def _say(line: str) -> None:
    from ledger.terminal.tables import printable

    with suppress(OSError):  # stderr has no reader; the exit code is enough
        # The message may quote a file from outside, which must not control the terminal.
        sys.stderr.write(printable(" ".join(line.splitlines())) + "\n")
        sys.stderr.flush()


def _let_every_character_pass() -> None:
    """Show escapes on a terminal that cannot encode Chinese, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # a test's own stream accepts everything
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # TextIO may have none


def _close_quietly() -> None:
    """Send the interpreter's last flush to nothing: stdout has no reader."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
