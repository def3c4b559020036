"""Decisions as JSON: one object, its name in `do`, its parameters beside it."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, Union

import msgspec

from ledger.decisions.base import Decision
from ledger.errors import BadInput, BadText, LedgerError
from ledger.times import Moment, When

_WRITTEN = (When, Moment)
MAX_LINE = 65_535
"""Bytes of one command in a batch file: none is larger than the events that it makes."""


def _from_text(type: type, value: Any) -> Any:
    if type in _WRITTEN and isinstance(value, str):
        return type.parse(value)
    raise NotImplementedError(type)


def _to_text(value: Any) -> Any:
    if isinstance(value, _WRITTEN):
        return str(value)
    raise NotImplementedError(type(value))


class Wire:
    """Reads and writes the decisions of a program: the studio's own and its plugins'."""

    def __init__(self, decisions: Sequence[type[Decision]]) -> None:
        self._names = sorted(decision.words() for decision in decisions)
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
            return self._decoder.decode(line)
        except msgspec.ValidationError as error:
            raise self._explain(line, str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise BadInput(
                "this is no JSON object",
                advice='Write one a line, such as {"do": "project open", …}',
            ) from None

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
            what = _in_words(str(error))
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
            if not line.strip():
                continue
            try:
                yield number, self.decode(line)
            except LedgerError as error:
                error.where = f"line {number}"
                raise

    def digest(self, decisions: Iterable[Decision]) -> str:
        """Which commands a request was: the first 16 hex digits of their SHA-256.

        What a field leaves at its default does not count, and neither does the order of the
        fields: a later version that adds an option still knows the repeat of an earlier one.
        """
        sha = hashlib.sha256()
        for decision in decisions:
            asked = {"do": decision.words(), **_departures(decision)}
            sha.update(self._encoder.encode(asked) + b"\n")
        return sha.hexdigest()[:16]

    def _explain(self, line: bytes, message: str) -> BadInput:
        try:
            asked = msgspec.json.decode(line)
        except msgspec.DecodeError:
            asked = None
        if isinstance(asked, dict) and asked.get("do") not in self._names:
            name = asked.get("do")
            near = get_close_matches(str(name), self._names, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"One of: {', '.join(self._names)}"
            what = "no command is named in 'do'" if name is None else f"no command {name!r}"
            return BadInput(what, advice=hint)
        return BadInput(_in_words(message), advice="Compare it with: apply --help")


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


def _in_words(message: str) -> str:
    """What msgspec says of a value, without its path language."""
    text = message.replace(" - at `$.", ", in `").replace(" - at `$`", "")
    return text[:1].lower() + text[1:]
