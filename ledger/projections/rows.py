"""Rows: the typed rows of a table, and the values that they can hold.

A row is a mutable Struct whose leading fields are its key. Everything that a column
holds is immutable, so that a copied row shares nothing with the one in the table.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from enum import Enum, StrEnum
from inspect import signature
from operator import attrgetter
from typing import Any, Generic, TypeVar, dataclass_transform

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec import inspect as msginspect
from msgspec.structs import astuple

from ledger.errors import LedgerError
from ledger.projections.column_values import (
    all_exactly,
    all_instants,
    all_integers,
    all_text,
    exactly,
    instant,
    integer,
    member,
    one_of,
    real,
    text,
)
from ledger.projections.faults import BadRow, NotStorable

Key = tuple[Any, ...]
"""The values of a row's key fields, in order."""

_encode = msgspec.json.Encoder(order="deterministic").encode
_UNFIT = (msgspec.MsgspecError, TypeError, ValueError, OverflowError, LedgerError)


def _missing() -> Any:
    raise TypeError("a row needs a value for each of its key fields")


def key() -> Any:
    """Mark a field as part of the row's key. Key fields come first and have no default."""
    return msgspec.field(default_factory=_missing)


@dataclass_transform(field_specifiers=(key, msgspec.field))
class Row(Struct, gc=False):
    """Base of the rows of a table. Subclass it; begin with the key fields.

    Every other field needs a default, since a row is created from its key alone. A field is `str`,
    `int`, `float`, `bool`, `date`, an aware `datetime`, a `Literal` or an `Enum`, or any of these
    `| None`, and gets a column of that type; tuples, frozen Structs (`Period`, `Days`) and other
    immutable values are kept as JSON. So no value refers back to its row, and the garbage collector
    need not track the rows.
    """


R = TypeVar("R", bound=Row)


class Kind(StrEnum):
    """How a column is stored."""

    TEXT = "text"
    INTEGER = "integer"
    REAL = "real"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"
    JSON = "json"


class Field(Struct, frozen=True):
    """A column: its name, how it is stored, the Python type, and whether None is a value."""

    name: str
    kind: Kind
    optional: bool
    type: Any
    enum: type[Enum] | None
    check: Callable[[Any], Any]
    """Return the value as a column keeps it; raise `ValueError` for what it cannot keep."""

    def to_store(self, value: Any) -> Any:
        """The value as a database driver takes it."""
        if value is None:
            return None
        if self.kind is Kind.JSON:
            return _encode(value).decode()
        return value.value if self.enum is not None else value

    def from_store(self, value: Any) -> Any:
        """Back from the database."""
        if value is None:
            return None
        if self.kind is Kind.JSON:
            return msgspec.json.decode(value, type=self.type)
        return self.enum(value) if self.enum is not None else value


class Layout(Generic[R]):
    """A row type as a table: its fields, key and order.

    Raises `NotStorable` for a row type that no table can hold.
    """

    def __init__(self, row_type: type[R]) -> None:
        if not _is_row(row_type):
            raise NotStorable(
                row_type, "", "is not a Row", advice="Write: class SpaceMonth(Row): …"
            )
        self.row_type = row_type
        self.fields = tuple(_fields(row_type))
        if any(p.kind is p.KEYWORD_ONLY for p in signature(row_type).parameters.values()):
            raise NotStorable(
                row_type, "", "has keyword-only fields", advice="Leave out kw_only=True"
            )
        self.keys = tuple(f.name for f in self.fields if f.name in _keys(row_type))
        self.names = tuple(f.name for f in self.fields)
        self._width = len(self.keys)
        self._fits = tuple(_FITS.get(field.check) for field in self.fields)
        self._decoders = {
            field.name: msgspec.json.Decoder(list[field.type])  # type: ignore[name-defined]  # a type made at run time
            for field in self.fields
            if field.kind is Kind.JSON
        }
        self._enum_key = any(f.enum for f in self.fields[: self._width])

    @property
    def signature(self) -> str:
        """Names and types of the columns as text: equal where old rows still fit."""
        return ",".join(
            f"{f.name}:{f.kind}{'?' if f.optional else ''}{'!' if f.name in self.keys else ''}"
            + (f"={f.type}" if f.kind is Kind.JSON else "")
            for f in self.fields
        )

    def key_of(self, row: R) -> Key:
        """The key of a row."""
        return astuple(row)[: self._width]  # key fields come first

    def keys_of(self, rows: Sequence[R]) -> Iterator[Key]:
        """The keys of rows, in turn."""
        return zip(*(map(attrgetter(name), rows) for name in self.keys), strict=True)

    def new(self, key: Key) -> R:
        """Make a row with that key and defaults. Raises `BadRow` for a key of the wrong length."""
        if len(key) != self._width:
            raise BadRow(
                f"{self.row_type.__name__} has the key ({', '.join(self.keys)}), not {key!r}",
                advice="Give one value for each key field",
            )
        return self.row_type(*key)

    def order(self, key: Key) -> Key:
        """The key as rows are sorted by it: enum members by their values."""
        if not self._enum_key:
            return key
        return tuple(part.value if isinstance(part, Enum) else part for part in key)

    def check(self, rows: Sequence[R]) -> None:
        """Convert the values to the form that a column keeps. Raises `BadRow`.

        Both stores go through it, so that a fold in memory and one on disk give equal rows.
        """
        # Nearly every column fits as a whole. Value by value, row `replay` of the benchmarks has
        # 0.88 of its rate.
        for field, fits in zip(self.fields, self._fits, strict=True):
            column = list(map(attrgetter(field.name), rows))
            there = [value for value in column if value is not None] if field.optional else column
            if fits is not None and fits(there):
                continue
            for row, value, kept in zip(rows, column, self._kept(field, column), strict=True):
                if kept is not value:
                    setattr(row, field.name, kept)

    def _kept(self, field: Field, column: Sequence[Any]) -> Sequence[Any]:
        """The values of a column as it keeps them. Raises `BadRow`."""
        if field.kind is Kind.JSON:
            try:
                found: list[Any] = self._decoders[field.name].decode(_encode(column))
            except _UNFIT:
                pass  # one by one, to say which it is
            else:
                return found
        return [self.keep(field, value) for value in column]

    def check_key(self, key: Key) -> None:
        """Raise `BadRow` for a key that no row can have."""
        if len(key) != self._width:
            self.new(key)
        for field, part in zip(self.fields, key, strict=False):
            self.keep(field, part)

    def keep(self, field: Field, value: Any) -> Any:
        """A value as its column keeps it. Raises `BadRow`."""
        if value is None and field.optional:
            return None
        try:
            return field.check(value)
        except _UNFIT as error:
            raise BadRow(
                f"{self.row_type.__name__}.{field.name} cannot hold {value!r}: {error}",
                advice=f"Its type is {_type_text(field.type)}",
            ) from None


_is_date, _is_truth = exactly(date), exactly(bool)

_FITS: dict[Callable[[Any], Any], Callable[[Sequence[Any]], bool]] = {
    text: all_text,
    integer: all_integers,
    instant: all_instants,
    _is_date: all_exactly(date),
    _is_truth: all_exactly(bool),
}
"""For a check of values, whether it would keep each value of a column as it is."""


def _is_row(declared: Any) -> bool:
    return isinstance(declared, type) and issubclass(declared, Row)


def _keys(row_type: type[Row]) -> frozenset[str]:
    return frozenset(
        f.name for f in msgspec.structs.fields(row_type) if f.default_factory is _missing
    )


def _fields(row_type: type[Row]) -> Iterator[Field]:
    keys = _keys(row_type)
    infos = msgspec.structs.fields(row_type)
    if not keys:
        raise NotStorable(
            row_type, "", "has no key", advice="Mark its leading fields: space: str = key()"
        )
    leading = {info.name for info in infos[: len(keys)]}
    for info in infos:
        if info.name in keys and info.name not in leading:
            raise NotStorable(
                row_type, info.name, "is a key after other fields", advice="Put key fields first"
            )
        if info.name.startswith("_") or info.name != info.encode_name:
            raise NotStorable(
                row_type,
                info.name,
                "is not a column name",
                advice="Use a plain name, without rename",
            )
        field = _field(row_type, info.name, info.type)
        if info.name in keys:
            if field.kind in (Kind.JSON, Kind.REAL) or field.optional:
                raise NotStorable(
                    row_type,
                    info.name,
                    f"is a key of type {_type_text(info.type)}",
                    advice="A key is str, int, bool, date, datetime, a Literal or an Enum",
                )
        else:
            _check_default(row_type, field, info)
        yield field


def _check_default(row_type: type[Row], field: Field, info: Any) -> None:
    if info.default is NODEFAULT and info.default_factory is NODEFAULT:
        raise NotStorable(
            row_type,
            field.name,
            "has no default",
            advice="A row is created from its key alone: give it one, or mark it key()",
        )
    default = info.default if info.default is not NODEFAULT else info.default_factory()
    if default is None and field.optional:
        return
    try:
        field.check(default)
    except _UNFIT:
        raise NotStorable(
            row_type,
            field.name,
            f"has the default {default!r}",
            advice=f"Its type is {_type_text(info.type)}",
        ) from None


def _field(row_type: type[Row], name: str, declared: Any) -> Field:
    try:
        info = msginspect.type_info(declared)
    except (TypeError, NameError) as error:
        raise NotStorable(
            row_type, name, f"has a type that msgspec cannot read ({error})", advice=_ADVICE
        ) from None
    optional = False
    if isinstance(info, msginspect.UnionType):
        others = tuple(t for t in info.types if not isinstance(t, msginspect.NoneType))
        optional = len(others) < len(info.types)
        if len(others) == 1:
            info = others[0]
    kind, enum, check = _storage(row_type, name, info, declared)
    return Field(name, kind, optional, declared, enum, check)


_ADVICE = (
    "Use str, int, float, bool, date, datetime, Literal, Enum, a tuple or a frozen Struct; "
    "instead of a list or dict, a tuple or rows of another table"
)


def _storage(
    row_type: type[Row], name: str, info: msginspect.Type, declared: Any
) -> tuple[Kind, type[Enum] | None, Callable[[Any], Any]]:
    match info:
        case msginspect.StrType():
            return Kind.TEXT, None, text
        case msginspect.BoolType():
            return Kind.BOOLEAN, None, _is_truth
        case msginspect.IntType():
            return Kind.INTEGER, None, integer
        case msginspect.FloatType():
            return Kind.REAL, None, real
        case msginspect.DateType():
            return Kind.DATE, None, _is_date
        case msginspect.DateTimeType():
            return Kind.INSTANT, None, instant
        case msginspect.LiteralType(values=values) if _uniform(values):
            is_text = isinstance(values[0], str)
            return (Kind.TEXT if is_text else Kind.INTEGER), None, one_of(frozenset(values))
        case msginspect.EnumType(cls=cls) if _uniform(tuple(m.value for m in cls)):
            is_text = isinstance(next(iter(cls)).value, str)
            return (Kind.TEXT if is_text else Kind.INTEGER), cls, member(cls)
    problem = _mutable(info, set())
    if problem:
        raise NotStorable(row_type, name, f"holds {problem}", advice=_ADVICE)
    decode = msgspec.json.Decoder(declared).decode
    return Kind.JSON, None, lambda value: decode(_encode(value))


def _uniform(values: tuple[Any, ...]) -> bool:
    return bool(values) and any(all(type(v) is t for v in values) for t in (str, int))


def _mutable(info: msginspect.Type, seen: set[type]) -> str:
    """Name a part of a type that can change unnoticed, or cannot be kept; empty for none."""
    match info:
        case msginspect.StructType(cls=cls, fields=fields):
            if not cls.__struct_config__.frozen:
                return f"{cls.__name__}, which is not frozen"
            if cls in seen:
                return ""
            return _first(_mutable(f.type, seen | {cls}) for f in fields)
        case msginspect.NamedTupleType(fields=fields):
            return _first(_mutable(f.type, seen) for f in fields)
        case msginspect.UnionType(types=types) | msginspect.TupleType(item_types=types):
            return _first(_mutable(t, seen) for t in types)
        case msginspect.VarTupleType(item_type=item) | msginspect.FrozenSetType(item_type=item):
            return _mutable(item, seen)
        case msginspect.CustomType(cls=cls):
            return f"{getattr(cls, '__name__', cls)}, which has no stored form"
        case _ if isinstance(info, _IMMUTABLE):
            return ""
    return f"a {type(info).__name__.removesuffix('Type').lower()}"


_IMMUTABLE = (
    msginspect.NoneType,
    msginspect.BoolType,
    msginspect.IntType,
    msginspect.FloatType,
    msginspect.StrType,
    msginspect.BytesType,
    msginspect.DateType,
    msginspect.DateTimeType,
    msginspect.TimeType,
    msginspect.TimeDeltaType,
    msginspect.UUIDType,
    msginspect.DecimalType,
    msginspect.EnumType,
    msginspect.LiteralType,
)


def _first(problems: Iterator[str]) -> str:
    return next((p for p in problems if p), "")


def _type_text(declared: Any) -> str:
    return declared.__name__ if isinstance(declared, type) else str(declared)
