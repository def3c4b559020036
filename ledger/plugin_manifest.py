"""What a plugin offers, with its types, read from its source: as good as imported, for looking.

Views and decisions are made again from their signatures, without their bodies, and then pass
through the very code that reads the imported ones; so a help, a listing and a refusal say the
same either way. Only names of the standard library's type modules and of `ledger` are
resolved; nothing of the plugin runs.
"""

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from importlib import import_module
from operator import or_
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import msgspec

from ledger.decisions.base import Decision
from ledger.plugin_finding import Found
from ledger.plugin_source import Item, Outline
from ledger.plugin_syntax import PLUGIN, Module, Opaque, evaluated, tag_of
from ledger.projections.faults import BadPlugin
from ledger.projections.questions import View, kebab

_READABLE = ("typing", "datetime", "enum", "collections.abc", "builtins", PLUGIN, "ledger.events")
_ENUMS = ("enum.Enum", "enum.StrEnum", "enum.IntEnum")


class Format(NamedTuple):
    """An importer or exporter, by its name."""

    name: str
    title: str


class Manifest:
    """What one plugin offers. Raises `BadPlugin` where it is wrong, `Opaque` where its source
    does not tell, each when that part is asked for."""

    def __init__(self, found: Found, outline: Outline, file: str) -> None:
        self.found = found
        self.outline = outline
        self._file = file

    @evaluated
    def projections(self) -> dict[str, tuple[View, ...]]:
        """The views of each projection, by the projection's name."""
        made: dict[str, tuple[View, ...]] = {}
        for item in self.outline.of("projection"):
            scope = Scope(item.module)
            name = _class_value(scope, item, "name") or kebab(item.name)
            made[name] = tuple(_views(item, name, self._file))
        return made

    @property
    def views(self) -> tuple[View, ...]:
        """Its views, in the order of the source."""
        return tuple(view for views in self.projections.values() for view in views)

    @evaluated
    def decisions(self) -> tuple[type[Decision], ...]:
        """Its decisions: their words, fields and help, without what they decide."""
        return tuple(_decision(item) for item in self.outline.of("decision"))

    @evaluated
    def event_types(self) -> tuple[str, ...]:
        """The names of its event types."""
        return tuple(
            _class_value(Scope(item.module), item, "type_name") or item.name
            for item in self.outline.of("event")
        )

    @evaluated
    def importers(self) -> tuple[Format, ...]:
        """The formats that it reads."""
        return tuple(_format(item, "importer") for item in self.outline.of("importer"))

    @evaluated
    def exporters(self) -> tuple[Format, ...]:
        """The formats that it writes."""
        return tuple(_format(item, "exporter") for item in self.outline.of("exporter"))

    def summary(self) -> dict[str, tuple[str, ...]]:
        """What it adds, for a list; what cannot be read is left out."""

        def read(part: Callable[[], Iterable[str]]) -> tuple[str, ...]:
            try:
                return tuple(part())
            except (Opaque, BadPlugin):
                return ()

        return {
            "views": read(lambda: (view.name for view in self.views)),
            "commands": read(lambda: (decision.words() for decision in self.decisions)),
            "formats": read(
                lambda: (one.name for one in dict.fromkeys((*self.importers, *self.exporters)))
            ),
            "events": read(lambda: self.event_types),
        }

    def names(self) -> frozenset[str]:
        """What nobody else may be named: projections, views, commands, event types, formats."""
        return frozenset(
            [
                *(f"projection {name}" for name in self.projections),
                *(f"view {view.name}" for view in self.views),
                *(f"command {decision.words()}" for decision in self.decisions),
                *(f"event {name}" for name in self.event_types),
                *(f"importer {one.name}" for one in self.importers),
                *(f"exporter {one.name}" for one in self.exporters),
            ]
        )


# --- evaluating the few expressions that types and defaults are made of ---------------------


class Scope:
    """The names of a module, as far as types and constants are concerned."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._made: dict[str, Any] = {}

    def type(self, node: ast.expr) -> Any:
        """What an annotation means. Raises `Opaque`."""
        match node:
            case ast.Constant(value=None):
                return None
            case ast.Constant(value=str() as text):
                return self.type(ast.parse(text, mode="eval").body)
            case ast.Name() | ast.Attribute():
                return self._named(node)
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return or_(self.type(left), self.type(right))
            case ast.Subscript(value=value, slice=inner):
                return self._subscript(self.type(value), inner)
            case ast.List(elts=parts):
                return [self.type(part) for part in parts]
        raise Opaque(f"line {node.lineno}: a type is computed")

    def _subscript(self, generic: Any, inner: ast.expr) -> Any:
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        from typing import Annotated, Literal

        if generic is Literal:
            return Literal[tuple(self.value(part) for part in parts)]
        if generic is Annotated:
            notes = tuple(self._note(part) for part in parts[1:])
            return Annotated[(self.type(parts[0]), *notes)]
        given = tuple(
            ... if isinstance(p, ast.Constant) and p.value is ... else self.type(p) for p in parts
        )
        return generic[given if len(given) > 1 else given[0]]

    def _note(self, node: ast.expr) -> Any:
        try:
            return self.value(node)
        except Opaque:
            return None  # of no meaning to a view: only a text is

    def value(self, node: ast.expr) -> Any:
        """What a constant expression is. Raises `Opaque`."""
        match node:
            case ast.Constant(value=value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.value(left) + self.value(right)
            case ast.Tuple(elts=parts):
                return tuple(self.value(part) for part in parts)
            case ast.List(elts=parts):
                return [self.value(part) for part in parts]
            case ast.Name() | ast.Attribute():
                return self._named(node)
            case ast.Call(func=func, args=args, keywords=[]):
                if self._module.dotted(func) in ("datetime.date", "datetime.timedelta"):
                    return self._named(func)(*(self.value(a) for a in args))
        raise Opaque(f"line {node.lineno}: a value is computed")

    def _named(self, node: ast.expr) -> Any:
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=member) if (
                owner in self._module.classes
            ):
                return getattr(self._named(node.value), member)
        full = self._module.dotted(node)
        source, _, name = full.rpartition(".")
        if not source:
            return self._local(name, node)
        if source in _READABLE or source.startswith("ledger.events."):
            try:
                return getattr(import_module(source), name)
            except (ImportError, AttributeError):
                raise Opaque(f"line {node.lineno}: {full} is not there") from None
        raise Opaque(f"line {node.lineno}: {full} is defined elsewhere")

    def _local(self, name: str, node: ast.expr) -> Any:
        if name not in self._made:
            module = self._module
            if name in module.classes:
                self._made[name] = self._enum(module.classes[name])
            elif name in module.values:
                self._made[name] = self._alias(module.values[name])
            elif hasattr(import_module("builtins"), name):
                self._made[name] = getattr(import_module("builtins"), name)
            else:
                raise Opaque(f"line {node.lineno}: {name} is not defined at the top")
        return self._made[name]

    def _alias(self, node: ast.expr) -> Any:
        try:
            return self.value(node)
        except Opaque:
            return self.type(node)

    def _enum(self, node: ast.ClassDef) -> Any:
        """An `Enum` with the members of a local one; of any other class the name alone counts."""
        full = [self._module.dotted(base) for base in node.bases]
        kind = next((name for name in full if name in _ENUMS), None)
        if kind is None:
            return _placeholder(node.name)
        members = [
            (target.id, self.value(part.value))
            for part in node.body
            if isinstance(part, ast.Assign)
            for target in part.targets
            if isinstance(target, ast.Name)
        ]
        base = getattr(import_module("enum"), kind.rpartition(".")[2])
        mixed = str if "str" in full else int if "int" in full else None
        made: type[Enum] = base(node.name, members, **({"type": mixed} if mixed else {}))
        return made


def _placeholder(name: str) -> type:
    return type(name, (), {})


# --- views ----------------------------------------------------------------------------------


class _Bound(NamedTuple):
    """What a view needs of its projection to read its own signature."""

    name: str
    tables: Mapping[str, Any]


def _views(item: Item, projection: str, file: str) -> Iterator[View]:
    members: dict[str, View | None] = {}  # one that is overridden keeps its place
    for module, node in item.lineage:
        scope = Scope(module)
        for method in node.body:
            if not isinstance(method, ast.FunctionDef):
                continue
            call = _mark(module, method, "view")
            made = None if call is None else _view(scope, method, call, projection, file)
            members[method.name] = made
    seen: dict[str, View] = {}
    for view in members.values():
        if view is None:
            continue
        if seen.setdefault(view.name, view) is not view:
            raise BadPlugin(
                f"{item.name} has two views named {view.name}",
                advice="Rename one",
                subject=view.method,
            )
        yield view


def _view(
    scope: Scope, method: ast.FunctionDef, call: ast.Call, projection: str, file: str
) -> View:
    title = _argument(scope, call, 0, "title")
    view = View(_signature(scope, method, file), title, {}, {})
    view.bind(_Bound(projection, {}))
    return view


def _signature(scope: Scope, node: ast.FunctionDef, file: str) -> FunctionType:
    """A function with the name, place, help and signature of another, and nothing inside."""

    def stub() -> None: ...

    taken = node.args
    plain = [*taken.posonlyargs, *taken.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(taken.defaults))
    pairs = [
        *zip(plain, [*defaults, *taken.defaults], strict=True),
        *zip(taken.kwonlyargs, taken.kw_defaults, strict=True),
    ]
    kinds = {id(a): inspect.Parameter.KEYWORD_ONLY for a in taken.kwonlyargs}
    parameters = [
        inspect.Parameter(
            arg.arg,
            kinds.get(id(arg), inspect.Parameter.POSITIONAL_OR_KEYWORD),
            default=inspect.Parameter.empty if default is None else scope.value(default),
        )
        for arg, default in pairs
    ]
    if taken.vararg is not None or taken.kwarg is not None:
        several = taken.vararg or taken.kwarg
        assert several is not None
        parameters.append(inspect.Parameter(several.arg, inspect.Parameter.VAR_KEYWORD))
    first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)])
    code: CodeType = stub.__code__.replace(
        co_filename=file, co_firstlineno=first, co_name=node.name
    )
    made = FunctionType(code, {}, node.name)
    made.__doc__ = ast.get_docstring(node, clean=False)
    made.__annotations__ = {
        arg.arg: scope.type(arg.annotation) for arg, _ in pairs if arg.annotation is not None
    }
    made.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect.signature looks at first
    return made


# --- decisions, formats ------------------------------------------------------------------------


def _decision(item: Item) -> type[Decision]:
    assert isinstance(item.node, ast.ClassDef)
    fields: dict[str, tuple[str, Any] | tuple[str, Any, Any]] = {}
    for module, node in item.lineage:
        scope = Scope(module)
        for part in node.body:
            if not isinstance(part, ast.AnnAssign) or not isinstance(part.target, ast.Name):
                continue
            if module.dotted(part.annotation) != "typing.ClassVar":
                fields[part.target.id] = _field(scope, part, part.target.id)
    made = msgspec.defstruct(
        item.name,
        list(fields.values()),
        bases=(Decision,),
        namespace={"__doc__": ast.get_docstring(item.node, clean=False)},
        tag=tag_of(item.node) or item.name,
        frozen=True,
        kw_only=True,
    )
    assert issubclass(made, Decision)
    return made


def _field(scope: Scope, part: ast.AnnAssign, name: str) -> tuple[str, Any] | tuple[str, Any, Any]:
    declared = scope.type(part.annotation)
    if part.value is None:
        return name, declared
    try:
        return name, declared, scope.value(part.value)
    except Opaque:
        return name, declared, None  # made anew for each: what it is, only the command needs


def _format(item: Item, kind: str) -> Format:
    call = _mark(item.module, item.node, kind)
    if call is None:
        raise Opaque(f"line {item.node.lineno}: {item.name} is no {kind} here")
    scope = Scope(item.module)
    return Format(_argument(scope, call, 0, "name"), _argument(scope, call, 1, "title"))


def _mark(module: Module, node: ast.ClassDef | ast.FunctionDef, name: str) -> ast.Call | None:
    """The call `@name(…)` above a definition."""
    for mark in node.decorator_list:
        if isinstance(mark, ast.Call) and module.dotted(mark.func) == f"{PLUGIN}.{name}":
            return mark
    return None


def _argument(scope: Scope, call: ast.Call, place: int, name: str) -> str:
    node = next((k.value for k in call.keywords if k.arg == name), None)
    if node is None and len(call.args) > place:
        node = call.args[place]
    value = None if node is None else scope.value(node)
    if not isinstance(value, str):
        raise Opaque(f"line {call.lineno}: the {name} is no text")
    return value


def _class_value(scope: Scope, item: Item, name: str) -> str:
    """A text that a class sets in its body; "" where it does not."""
    assert isinstance(item.node, ast.ClassDef)
    for part in item.node.body:
        match part:
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                return str(scope.value(value))
            case ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value) if (
                found == name
            ):
                return str(scope.value(value))
    return ""
