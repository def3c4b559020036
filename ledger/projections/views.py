"""Views: named questions that a projection answers as rows; columns have titles and units.

A view is a typed method. Its parameters become options on the command line, the fields of its rows
become columns.
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, cast, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from ledger.errors import BadInput, BadTime
from ledger.projections.annotations import members, read_annotation
from ledger.projections.faults import DECLARED, BadPlugin, refuse_second
from ledger.time.periods import parse_date

_EMPTY = inspect.Parameter.empty
_YES, _NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


def kebab(name: str) -> str:
    """`CrewHours` and `crew_hours` as `crew-hours`."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name)
    return parts.replace("_", "-").lower().strip("-")


class Column(Struct, frozen=True):
    """A column of an answer. `unit` may be empty; `key` marks those that identify a row."""

    name: str
    title: str
    unit: str
    type: Any
    key: bool = False


class Parameter(Struct, frozen=True):
    """A parameter of a view: an option on the command line.

    `type` is str, int, float, bool, date, a `Literal` or an `Enum`; `many` marks a list of
    it, `optional` that None is allowed. `choices` are the texts of a Literal or Enum.
    """

    name: str
    type: Any
    required: bool
    default: Any
    optional: bool
    many: bool
    choices: tuple[str, ...]
    help: str

    def read(self, value: Any) -> Any:
        """Convert a value, given as text or already typed, to what the method takes.

        Raises `BadInput` for a value that does not fit.
        """
        if value is None and (self.optional or self.default is None):
            return None
        if self.many:
            values = [value] if isinstance(value, str) else value
            if not isinstance(values, Sequence):
                raise self._unfit(value)
            return [self._read_one(v) for v in values]
        return self._read_one(value)

    def _read_one(self, value: Any) -> Any:
        if self.choices:
            return self._choose(value)
        if not isinstance(value, str):
            if type(value) is int and self.type is float:
                return float(value)
            if type(value) is not self.type:
                raise self._unfit(value)
            return value
        if self.type is bool:
            if value.lower() not in _YES | _NO:
                raise self._unfit(value)
            return value.lower() in _YES
        try:
            return parse_date(value) if self.type is date else self.type(value)
        except BadTime as error:
            raise BadInput(f"{self.name}: {error.message}", advice=error.advice) from None
        except ValueError:
            raise self._unfit(value) from None

    def _choose(self, value: Any) -> Any:
        for member, text in zip(members(self.type), self.choices, strict=True):
            if value == text or (value == member and type(value) is type(member)):
                return member
        raise BadInput(
            f"{self.name}: {value!r} is not a choice",
            advice=f"Use one of {', '.join(self.choices)}",
        )

    def _unfit(self, value: Any) -> BadInput:
        what = {"str": "a text", "int": "a whole number", "float": "a number"}.get(
            self.type.__name__, "YYYY-MM-DD" if self.type is date else "yes or no"
        )
        return BadInput(f"{self.name}: {value!r} does not fit", advice=f"Give {what}")


class View:
    """A view of a projection, as the command line and the docs see it.

    `name` is what users call it, `title` the question that it answers.
    """

    def __init__(
        self,
        method: Callable[..., Any],
        title: str,
        units: Mapping[str, str],
        titles: Mapping[str, str],
    ) -> None:
        self.method = method
        setattr(self, DECLARED, True)
        self.name = kebab(method.__name__)
        self.title = title
        self.help = inspect.getdoc(method) or ""
        self.parameters: tuple[Parameter, ...] = ()
        self.projection = ""
        self._units, self._titles = units, titles
        self._row_type: type[Struct] | None = None
        self._keys: tuple[str, ...] = ()

    def __get__(self, instance: object | None, owner: type) -> Any:
        return self if instance is None else self.method.__get__(instance, owner)

    def bind(self, projection: Any) -> None:
        """Read the method's types, once its projection is complete. Raises `BadPlugin`."""
        self.projection = projection.name
        try:
            hints = get_type_hints(self.method, include_extras=True)
        except (NameError, TypeError) as error:
            raise BadPlugin(
                f"the view {self.name} has a type that cannot be read ({error})",
                advice="Import what its signature names",
                subject=self.method,
            ) from None
        parameters = list(inspect.signature(self.method).parameters.values())[1:]
        self.parameters = tuple(self._parameter(p, hints.get(p.name, str)) for p in parameters)
        tables = list(projection.tables.values())
        returned = hints.get("return")
        if returned is None and len(tables) == 1:
            self._row_type = tables[0].layout.row_type
        elif get_origin(returned) is list:
            (item,) = get_args(returned)
            if isinstance(item, type) and issubclass(item, Struct):
                self._row_type = item
        if returned is not None and self._row_type is None:
            raise BadPlugin(
                f"the view {self.name} returns {returned}",
                advice="Return rows: -> list[SpaceMonth]",
                subject=self.method,
            )
        for declared in tables:
            if declared.layout.row_type is self._row_type:
                self._keys = declared.layout.keys
        if self._row_type is not None:
            self.columns()

    def columns(self, rows: Sequence[Struct] = ()) -> tuple[Column, ...]:
        """Return the columns of an answer; from its rows where the signature does not say.

        Raises `BadPlugin` where a unit or a title names a column that is not there.
        """
        row_type = self._row_type or (type(rows[0]) if rows else None)
        if row_type is None:
            return ()
        fields = msgspec.structs.fields(row_type)
        unknown = ({*self._units, *self._titles}) - {f.name for f in fields}
        if unknown:
            raise BadPlugin(
                f"the view {self.name} has no column {min(unknown)!r}",
                advice=f"Its columns are {', '.join(f.name for f in fields)}",
                subject=self.method,
            )
        return tuple(
            Column(
                f.name,
                self._titles.get(f.name) or f.name.replace("_", " ").capitalize(),
                self._units.get(f.name, ""),
                f.type,
                f.name in self._keys,
            )
            for f in fields
        )

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the method's arguments from the values given by name, as text or typed.

        Raises `BadInput` for an unknown parameter, a missing one, or a value that does
        not fit.
        """
        known = {p.name: p for p in self.parameters}
        for name in given:
            if name not in known:
                raise BadInput(
                    f"view {self.name} takes no {name!r}",
                    advice=f"It takes {', '.join(known) or 'nothing'}",
                )
        arguments = {}
        for parameter in self.parameters:
            if parameter.name in given:
                try:
                    arguments[parameter.name] = parameter.read(given[parameter.name])
                except BadInput as error:
                    raise BadInput(
                        f"view {self.name}: {error.message}", advice=error.advice
                    ) from None
            elif parameter.required:
                raise BadInput(
                    f"view {self.name} needs {parameter.name}",
                    advice=f"Give it: {parameter.help or parameter.name}",
                )
        return arguments

    def call(self, projection: Any, given: Mapping[str, Any]) -> list[Struct]:
        """Ask an opened projection. Raises `BadInput` for parameters that do not fit."""
        rows = self.method(projection, **self.read(given))
        if not isinstance(rows, list) or not all(isinstance(row, Struct) for row in rows):
            raise BadPlugin(
                f"the view {self.name} returned {type(rows).__name__}, not a list of rows",
                advice="Return a list of Structs",
                subject=self.method,
            )
        return rows

    def _parameter(self, parameter: inspect.Parameter, hint: Any) -> Parameter:
        found = read_annotation(hint)
        fits = found.choices or (
            found.type in (str, int, float, bool, date) and not (found.many and found.type is bool)
        )
        if not fits or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise BadPlugin(
                f"the view {self.name} has a parameter {parameter.name} of type {found.text}",
                advice="Use str, int, float, bool, date, Literal, Enum, a list of one of them, "
                "or one of them | None",
                subject=self.method,
            )
        default = None if parameter.default is _EMPTY else parameter.default
        required = parameter.default is _EMPTY
        return Parameter(
            parameter.name, found.type, required, default, found.optional, found.many,
            found.choices, found.help,
        )  # fmt: skip


def view(
    title: str, *, units: Mapping[str, str] | None = None, titles: Mapping[str, str] | None = None
) -> Callable[[Callable[..., Any]], Any]:
    """Make a method a view: `@view("Crew hours by month", units={"hours": "h"})`.

    Its parameters become options; explain one with `Annotated[str | None, "only this space"]`. It
    returns a list of rows: of a table, or any Struct (annotate `-> list[Idle]`, so that the columns
    are known before it is asked). `units` and `titles` are by column name.
    """

    def make(method: Callable[..., Any]) -> Any:
        frame = inspect.currentframe()
        refuse_second(method, frame.f_back if frame is not None else None)
        # the class attribute is the View, the instance's is the bound method
        return cast(Any, View(method, title, dict(units or {}), dict(titles or {})))

    return make
