"""Every ending has its exit code, and says one line."""

from __future__ import annotations

from collections.abc import Callable

import click
import pytest

from ledger import errors
from ledger.commands import cli
from ledger.commands.exit_codes import ReaderGone, run


def _raise(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


def _end(error: BaseException | None, code: int = 0, verbose: bool = False) -> int:
    command = (lambda: None) if error is None else _raise(error)
    return run(command, code=lambda: code, verbose=lambda: verbose)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UnknownId("space", "x"), 1),
        (errors.BadInput("what"), 2),
        (click.UsageError("what"), 2),
        (errors.Conflict(attempts=3), 4),
        (errors.StaleView("stale"), 5),
        (errors.NoLedger("none"), 10),
        (errors.InternalError("broken"), 70),
        (ValueError("broken"), 70),
        (RecursionError(), 70),
        (errors.StorageFailure("full"), 74),
        (OSError(28, "No space left on device"), 74),
        (MemoryError(), 74),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
    ],
)
def test_an_error_ends_in_its_code_and_one_line(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _end(error) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert ("bug in studio-ledger" in shown.err) == (code == 70)


def test_without_an_error_the_command_says_its_code() -> None:
    assert _end(None) == 0
    assert _end(None, code=3) == 3
    assert _end(ReaderGone(), code=3) == 3
    assert _end(BrokenPipeError()) == 0


def test_verbose_says_where_it_happened(capsys: pytest.CaptureFixture[str]) -> None:
    assert _end(ValueError("broken"), verbose=True) == 70
    assert "Traceback" in capsys.readouterr().err


def test_a_message_of_several_lines_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert _end(errors.BadInput("one\ntwo")) == 2
    assert capsys.readouterr().err == "error: one two\n"


def test_the_choices_of_what_is_missing_stand_in_the_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shell = click.Argument(["shell"], type=click.Choice(["bash", "zsh"]))
    _end(click.MissingParameter(param=shell))
    assert "Choose from: bash, zsh" in capsys.readouterr().err


def test_what_is_typed_as_an_option_and_is_none_is_said_how_to_give(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["booking", "hold", "--space", "stage-1"], prog_name="studio-ledger")
    assert ended.value.code == 2
    assert "Give the space without --space" in capsys.readouterr().err
