"""Decisions as JSON objects, each with its name in `do` and its parameters beside it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Union

import msgspec

from ledger.decisions.base import Decision
from ledger.decisions.command_keys import explain
from ledger.errors import BadInput, BadText, LedgerError
from ledger.time.periods import Moment, When

_WRITTEN = (When, Moment)
_HALF_A_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MAX_LINE = 65_535
"""Bytes of one command in a batch file: a command is never larger than its events."""


def _from_text(type: type, value: Any) -> Any:
    if type not in _WRITTEN:
        raise NotImplementedError(type)
    if not isinstance(value, str):
        raise ValueError(value)  # msgspec turns it into a ValidationError
    return type.parse(value)


def _to_text(value: Any) -> Any:
    if isinstance(value, _WRITTEN):
        return str(value)
    raise NotImplementedError(type(value))


class Wire:
    """Reads and writes decisions: the studio's own and its plugins'."""

    def __init__(self, decisions: Sequence[type[Decision]]) -> None:
        self.commands = {one.words(): one for one in sorted(decisions, key=lambda d: d.words())}
        self._decoder: msgspec.json.Decoder[Decision] = msgspec.json.Decoder(
            Union[tuple(decisions)],  # noqa: UP007  # a union made at run time
            dec_hook=_from_text,
        )
        self._encoder = msgspec.json.Encoder(enc_hook=_to_text, order="deterministic")

    def encode(self, decision: Decision) -> bytes:
        """Return one line, without a line break."""
        return self._encoder.encode(decision)

    def decode(self, line: bytes) -> Decision:
        """Return the decision of a line. Raises `BadInput`."""
        if len(line) > MAX_LINE:
            raise BadInput(
                f"a command of {len(line):,} bytes is too long",
                advice=f"Use at most {MAX_LINE:,} bytes a line",
            )
        try:
            try:
                return self._decoder.decode(line)
            except (msgspec.ValidationError, LedgerError):
                raise self._explain(line) from None
        except RecursionError:
            raise _not_an_object("it is nested too deeply") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            why = str(error).removeprefix("JSON is malformed: ")
            if _HALF_A_PAIR.search(line) and ("surrogate" in why or line.rstrip().endswith(b"}")):
                why = "half of a surrogate pair, such as \\ud800, is not a character"
            raise _not_an_object(why[:1].lower() + why[1:]) from None

    def check(self, decision: Decision) -> Decision:
        """Return the decision as it would come from a line, each value of its declared type.

        msgspec checks types when it decodes, not when Python calls a constructor: an event
        with a wrong one could be recorded and never be read again. Works for any decision
        class, known to this wire or not. Raises `BadInput`, `BadText`.
        """
        try:
            line = self.encode(decision)
            return msgspec.json.decode(line, type=type(decision), dec_hook=_from_text)
        except msgspec.ValidationError as error:
            raise self._explain(line, type(decision)) from error
        except UnicodeEncodeError:  # half of a surrogate pair, from a terminal of another encoding
            raise BadText(
                f"{decision.words()}: a text holds a control character",
                advice="Remove line breaks and other control characters",
            ) from None
        except (TypeError, ValueError, OverflowError, NotImplementedError) as error:
            what = f"a value that cannot be written: {error}"
        name = type(decision).__name__
        raise BadInput(f"{decision.words()}: {what}", advice=f"Give {name} what it declares")

    def read(self, lines: Iterable[bytes]) -> Iterator[tuple[int, Decision]]:
        """Yield the decisions of a batch file with their line numbers; skip blank lines."""
        for number, line in enumerate(lines, start=1):
            # Some editors put this mark before the text.
            line = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line  # noqa: PLW2901  # the same line
            if not line.strip():
                continue
            with NamingLine(number):
                decision = self.decode(line)
            yield number, decision

    def digest(self, decisions: Iterable[Decision]) -> str:
        """Return the digest of a request's commands: 16 hex digits of their SHA-256.

        Fields at their default do not count, and neither does the order of the fields: a
        later version with one more option still recognizes a repeated request.
        """
        import hashlib

        sha = hashlib.sha256()
        for decision in decisions:
            asked = {"do": decision.words(), **_departures(decision)}
            sha.update(self._encoder.encode(asked) + b"\n")
        return sha.hexdigest()[:16]

    def named(self, name: Any) -> type[Decision]:
        """Return the command of that name. Raises `BadInput`, which suggests the nearest one."""
        if isinstance(name, str) and name in self.commands:
            return self.commands[name]
        from difflib import get_close_matches

        near = get_close_matches(str(name), self.commands, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"One of: {', '.join(self.commands)}"
        raise BadInput(
            "'do' names no command" if name is None else f"the command {name!r} is unknown",
            advice=hint,
        )

    def _explain(self, line: bytes, command: type[Decision] | None = None) -> BadInput:
        asked = msgspec.json.decode(line)
        if not isinstance(asked, dict):
            return _not_an_object(
                f"it is {msgspec.json.encode(asked)[:20].decode(errors='replace')}"
            )
        try:
            command = self.named(asked.get("do")) if command is None else command
        except BadInput as error:
            return error
        return explain(command.words(), command, asked, _read)


def _departures(decision: Decision) -> dict[str, Any]:
    """Return the fields that differ from their default, by their name in JSON."""
    return {
        field.encode_name: value
        for field in msgspec.structs.fields(decision)
        if (value := getattr(decision, field.name)) != _default(field)
    }


def _default(field: msgspec.structs.FieldInfo) -> Any:
    made = field.default_factory
    return field.default if made is msgspec.NODEFAULT else made()


def _read(value: Any, kind: Any) -> Any:
    return msgspec.convert(value, kind, dec_hook=_from_text)


def _not_an_object(why: str) -> BadInput:
    return BadInput(
        f"this is not a JSON object ({why})",
        advice='Write one per line, such as {"do": "project open", …}',
    )


class NamingLine:
    """Adds the line of a batch to the errors raised inside; line 0 is a single command."""

    __slots__ = ("_number",)

    def __init__(self, number: int) -> None:
        self._number = number

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._number and isinstance(error, LedgerError):
            error.where = f"line {self._number}"
