"""A plugin's offers, with their types, read from its source instead of importing it.

Views and decisions are rebuilt from their signatures, without their bodies, and then pass through
the same code as imported ones, so help, lists and refusals are the same either way. Only names of
the standard library's type modules and of `ledger` are resolved; nothing of the plugin runs.
"""

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import msgspec

from ledger.decisions.base import Decision
from ledger.plugin_host.finding import Found
from ledger.plugin_host.scope import Scope
from ledger.plugin_host.source import Item, Outline
from ledger.plugin_host.syntax import PLUGIN, Module, Opaque, evaluated, tag_of
from ledger.projections.faults import BadPlugin
from ledger.projections.views import View, kebab


class Format(NamedTuple):
    """An importer or exporter, by its name."""

    name: str
    title: str


class Manifest:
    """The offers of one plugin. Each part, when asked for, raises `BadPlugin` where it is wrong and
    `Opaque` where the source does not show it."""

    def __init__(self, found: Found, outline: Outline, file: str) -> None:
        self.found = found
        self.outline = outline
        self._file = file

    @evaluated
    def projections(self) -> dict[str, tuple[View, ...]]:
        """The views of each projection, by the projection's name."""
        made: dict[str, tuple[View, ...]] = {}
        for item in self.outline.of("projection"):
            name = _projection_name(item)
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
        """Its offers, for a list; parts that cannot be read are left out."""

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
        """Names that no other plugin may use: projections, views, commands, events, formats."""
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


# --- views ----------------------------------------------------------------------------------


class _Bound(NamedTuple):
    """The part of a projection that a view needs to read its own signature."""

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
    """Make an empty function with the name, place, help and signature of another."""

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
    made.__doc__ = ast.get_docstring(node)
    made.__annotations__ = {
        arg.arg: scope.type(arg.annotation) for arg, _ in pairs if arg.annotation is not None
    }
    made.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect.signature looks at first
    return made


def _projection_name(item: Item) -> str:
    return _class_value(Scope(item.module), item, "name") or kebab(item.name)


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
        # Without its indentation, as 3.13 compiles it, whatever this Python does.
        namespace={"__doc__": ast.get_docstring(item.node)},
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
        return name, declared, None  # made for each instance: only the command needs the value


def _format(item: Item, kind: str) -> Format:
    call = _mark(item.module, item.node, kind)
    if call is None:
        raise Opaque(f"line {item.node.lineno}: {item.name} is not an {kind} here")
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
        raise Opaque(f"line {call.lineno}: the {name} is not text")
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
