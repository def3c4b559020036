"""Decisions as JSON: one object, its name in `do`, its parameters beside it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Union

import msgspec

from ledger.decisions.base import Decision
from ledger.decisions.keys import explain
from ledger.errors import BadInput, BadText, LedgerError
from ledger.times import Moment, When

_WRITTEN = (When, Moment)
_HALF_A_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MAX_LINE = 65_535
"""Bytes of one command in a batch file: none is larger than the events that it makes."""


def _from_text(type: type, value: Any) -> Any:
    if type not in _WRITTEN:
        raise NotImplementedError(type)
    if not isinstance(value, str):
        raise ValueError(value)  # what msgspec makes a ValidationError of
    return type.parse(value)


def _to_text(value: Any) -> Any:
    if isinstance(value, _WRITTEN):
        return str(value)
    raise NotImplementedError(type(value))


class Wire:
    """Reads and writes the decisions of a program: the studio's own and its plugins'."""

    def __init__(self, decisions: Sequence[type[Decision]]) -> None:
        self.commands = {one.words(): one for one in sorted(decisions, key=lambda d: d.words())}
        self._decoder: msgspec.json.Decoder[Decision] = msgspec.json.Decoder(
            Union[tuple(decisions)],  # noqa: UP007  # a union made at run time
            dec_hook=_from_text,
        )
        self._encoder = msgspec.json.Encoder(enc_hook=_to_text, order="deterministic")

    def encode(self, decision: Decision) -> bytes:
        """One line without its end."""
        return self._encoder.encode(decision)

    def decode(self, line: bytes) -> Decision:
        """The decision of a line. Raises `BadInput` for what is none."""
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
            raise _no_object("it is nested too deeply") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            why = str(error).removeprefix("JSON is malformed: ")
            if _HALF_A_PAIR.search(line) and ("surrogate" in why or line.rstrip().endswith(b"}")):
                why = "half of a surrogate pair, such as \\ud800, is no character"
            raise _no_object(why[:1].lower() + why[1:]) from None

    def check(self, decision: Decision) -> Decision:
        """The decision as it would come from a line, each value of its declared type.

        msgspec checks types where it decodes, not where Python calls: an event made of a
        wrong one could be recorded and never be read again. Works for any decision class,
        known to this wire or not. Raises `BadInput`, `BadText`.
        """
        try:
            line = self.encode(decision)
            return msgspec.json.decode(line, type=type(decision), dec_hook=_from_text)
        except msgspec.ValidationError as error:
            raise self._explain(line, type(decision)) from error
        except UnicodeEncodeError:  # half of a surrogate pair, from a terminal of another encoding
            raise BadText(
                f"{decision.words()}: a text holds a control character",
                advice="Remove line breaks and the like",
            ) from None
        except (TypeError, ValueError, OverflowError, NotImplementedError) as error:
            what = f"a value that cannot be written: {error}"
        name = type(decision).__name__
        raise BadInput(f"{decision.words()}: {what}", advice=f"Give {name} what it declares")

    def read(self, lines: Iterable[bytes]) -> Iterator[tuple[int, Decision]]:
        """The decisions of a batch file with their line numbers; blank lines are passed over."""
        for number, line in enumerate(lines, start=1):
            # A mark that some editors put before the text, and which is no part of it.
            line = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line  # noqa: PLW2901  # the same line
            if not line.strip():
                continue
            with NamingLine(number):
                decision = self.decode(line)
            yield number, decision

    def digest(self, decisions: Iterable[Decision]) -> str:
        """Which commands a request was: the first 16 hex digits of their SHA-256.

        What a field leaves at its default does not count, and neither does the order of the
        fields: a later version that adds an option still knows the repeat of an earlier one.
        """
        import hashlib

        sha = hashlib.sha256()
        for decision in decisions:
            asked = {"do": decision.words(), **_departures(decision)}
            sha.update(self._encoder.encode(asked) + b"\n")
        return sha.hexdigest()[:16]

    def named(self, name: Any) -> type[Decision]:
        """The command of that name. Raises `BadInput` with the nearest one."""
        if isinstance(name, str) and name in self.commands:
            return self.commands[name]
        from difflib import get_close_matches

        near = get_close_matches(str(name), self.commands, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"One of: {', '.join(self.commands)}"
        raise BadInput(
            "no command is named in 'do'" if name is None else f"there is no command {name!r}",
            advice=hint,
        )

    def _explain(self, line: bytes, command: type[Decision] | None = None) -> BadInput:
        asked = msgspec.json.decode(line)
        if not isinstance(asked, dict):
            return _no_object(f"it is {msgspec.json.encode(asked)[:20].decode(errors='replace')}")
        try:
            command = self.named(asked.get("do")) if command is None else command
        except BadInput as error:
            return error
        return explain(command.words(), command, asked, _read)


def _departures(decision: Decision) -> dict[str, Any]:
    """The fields that do not hold their default, by the name that they are written with."""
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


def _no_object(why: str) -> BadInput:
    return BadInput(
        f"this is no JSON object ({why})",
        advice='Write one a line, such as {"do": "project open", …}',
    )


class NamingLine:
    """What goes wrong inside says at which line of a batch; a single command has none, 0."""

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
