"""A plugin's offers, read from its source without running it.

An `Outline` holds the syntax of the classes and functions that the host would find. Where the
source does not show them (a class made by a call, a hook that computes its answer), it is `opaque`,
with the reason, and only importing the plugin tells for certain.

Only the standard library is needed here: `--help` reads outlines.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ledger.plugin_host.syntax import EVENTS, PLUGIN, Definition, Module, Opaque, without_bodies

KINDS = {"Projection": "projection", "Event": "event", "Decision": "decision"}
FORMATS = ("importer", "exporter")
HOOKS = {
    "ledger_projections": "projection",
    "ledger_event_types": "event",
    "ledger_decisions": "decision",
    "ledger_rules": "rule",
    "ledger_importers": "importer",
    "ledger_exporters": "exporter",
}
"""Each hook and the kind of thing that it gives."""

UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""Errors of Python's parser; the last is for an expression that is nested too deeply."""

_UNREADABLE_CALLS = {"exec", "eval", "globals", "__import__", "setattr", "type", "defstruct"}
_MAKERS = {*KINDS, "view", *FORMATS}

Read = Callable[[str], str | None]
"""The source of a module of the same package, by its full name; None where there is none."""


class Item(NamedTuple):
    """Something that a plugin offers: its syntax, and the module that it is in.

    `lineage` of a class: itself and the plugin's own classes that it is based on, bases first.
    """

    name: str
    node: Definition
    module: Module
    lineage: tuple[tuple[Module, ast.ClassDef], ...] = ()


class Outline(NamedTuple):
    """A plugin's offers, by kind. `imports` are the modules that it imports, full names; `handled`
    the event types of other plugins that it names in `@on`.

    `error` says why the source cannot be parsed. An opaque plugin has the offers that could be
    read, and may have more.
    """

    items: dict[str, tuple[Item, ...]]
    imports: frozenset[str] = frozenset()
    handled: frozenset[str] = frozenset()
    hooks: tuple[str, ...] = ()
    opaque: str = ""
    error: str = ""

    def of(self, kind: str) -> tuple[Item, ...]:
        """Its offers of a kind: `projection`, `event`, `decision`, `importer` or `exporter`."""
        return self.items.get(kind, ())

    @property
    def has_rules(self) -> bool:
        """Whether it may have rules, which every write must then pass."""
        return "ledger_rules" in self.hooks or bool(self.opaque)


def outline(text: str, name: str, read: Read, *, package: bool = False) -> Outline:
    """Read the offers of a plugin's module from its source."""
    try:
        module = Module(name, ast.parse(text), package=package)
    except UNPARSABLE as error:
        return Outline({}, hooks=_perhaps(text), error=f"{type(error).__name__}: {error}")
    try:
        return _outline(module, _Reader(module, read))
    except RecursionError:
        return Outline({}, hooks=_perhaps(text), opaque="its classes are based on each other")


def decisions(text: str, name: str, read: Read, *, package: bool = False) -> tuple[Item, ...]:
    """Read only the decisions of an outline, for a list of commands.

    With the whole outline a `--help` takes 1.12 times as long. Methods are not read: an error in
    one is reported when the command is called.
    """
    try:
        module = Module(name, without_bodies(text), package=package)
    except UNPARSABLE:
        return ()
    reader = _Reader(module, read)
    try:
        return reader.offered("ledger_decisions", dict(reader.hooks()))
    except (Opaque, RecursionError):
        return ()


def _perhaps(text: str) -> tuple[str, ...]:
    """The hook that every write needs, where a text only mentions it."""
    return ("ledger_rules",) if "ledger_rules" in text else ()


def _outline(module: Module, reader: "_Reader") -> Outline:
    try:
        reader.check(module)
        opaque = ""
    except Opaque as why:
        opaque = str(why)
    implemented = dict(reader.hooks())
    items: dict[str, tuple[Item, ...]] = {}
    for hook, kind in HOOKS.items():
        if kind == "rule":
            continue
        try:
            items[kind] = reader.offered(hook, implemented)
        except Opaque as why:
            opaque = opaque or str(why)
    return Outline(
        items, frozenset(_imports(module)), frozenset(_handled(module)), tuple(implemented), opaque
    )


def _handled(module: Module) -> Iterator[str]:
    for node in module.nodes:
        if isinstance(node, ast.Call) and module.dotted(node.func) == f"{PLUGIN}.on":
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def _imports(module: Module) -> Iterator[str]:
    for node in module.nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = module.absolute(node)
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


class _Reader:
    """Reads one plugin: its module, and those of its package that it takes classes from."""

    def __init__(self, module: Module, read: Read) -> None:
        self.module = module
        self._read = read
        self._others: dict[str, Module | None] = {}

    # --- kinds of classes -----------------------------------------------------------

    def kind(self, module: Module, node: ast.ClassDef) -> str:
        """`projection`, `event` or `decision`; "" for any other class."""
        for base in node.bases:
            full = module.dotted(base)
            if not full:
                raise Opaque(f"line {node.lineno}: the base of {node.name} is computed")
            found = self._kind_of(module, full, node)
            if found:
                return found
        return ""

    def _kind_of(self, module: Module, full: str, node: ast.ClassDef) -> str:
        source, _, name = full.rpartition(".")
        if source == PLUGIN:
            return KINDS.get(name, "")
        if source.startswith(EVENTS):
            return "event" if name[:1].isupper() else ""
        if not source:
            local = module.classes.get(name)
            if local is not None and local is not node:
                return self.kind(module, local)
            if name in module.values:
                raise Opaque(f"line {node.lineno}: the base of {node.name} is computed")
            return ""
        other = self.other(source)
        if other is not None and name in other.classes:
            return self.kind(other, other.classes[name])
        if _is_neutral(source):
            return ""
        raise Opaque(f"line {node.lineno}: {node.name} is based on {full}")

    def other(self, name: str) -> Module | None:
        """A module of the same package."""
        top = self.module.name.partition(".")[0]
        if name.partition(".")[0] != top or "." not in self.module.name + "." + name:
            return None
        if name not in self._others:
            text = self._read(name)
            try:
                self._others[name] = None if text is None else Module(name, ast.parse(text))
            except UNPARSABLE:
                self._others[name] = None
        return self._others[name]

    # --- what is offered -------------------------------------------------------------

    def offered(
        self, hook: str, implemented: dict[str, ast.FunctionDef | None]
    ) -> tuple[Item, ...]:
        """Return what the hook gives, or what the module defines where it has no such hook."""
        if hook in implemented:
            return tuple(self.hooked(implemented[hook]))
        return tuple(self.defined(HOOKS[hook]))

    def defined(self, kind: str) -> Iterator[Item]:
        """The module's own definitions of a kind, in order; `_Private` ones are left out."""
        module = self.module
        if kind in FORMATS:
            for function in module.functions.values():
                if self.format_call(module, function, kind) and not function.name.startswith("_"):
                    yield Item(function.name, function, module)
            return
        for node in module.classes.values():
            if node.name.startswith("_") or self.kind(module, node) != kind:
                continue
            if kind == "projection" and not self._handles(module, node):
                continue  # a base for others
            yield self._item(module, node)

    def _item(self, module: Module, node: Definition) -> Item:
        lineage = self.lineage(module, node) if isinstance(node, ast.ClassDef) else ()
        return Item(node.name, node, module, tuple(lineage))

    def _handles(self, module: Module, node: ast.ClassDef) -> bool:
        for holder, one in self.lineage(module, node):
            for method in one.body:
                if isinstance(method, ast.FunctionDef) and any(
                    isinstance(mark, ast.Call) and holder.dotted(mark.func) == f"{PLUGIN}.on"
                    for mark in method.decorator_list
                ):
                    return True
        return False

    def lineage(self, module: Module, node: ast.ClassDef) -> list[tuple[Module, ast.ClassDef]]:
        """Return a class and the plugin's own classes that it is based on, bases first."""
        found: list[tuple[Module, ast.ClassDef]] = []
        for base in reversed(node.bases):
            source, _, name = module.dotted(base).rpartition(".")
            holder = self.other(source) if source else module
            if holder is not None and name in holder.classes and holder.classes[name] is not node:
                found += self.lineage(holder, holder.classes[name])
        return [*found, (module, node)]

    def format_call(self, module: Module, function: ast.FunctionDef, kind: str) -> ast.Call | None:
        """The call that makes a function an importer or exporter."""
        for mark in function.decorator_list:
            if isinstance(mark, ast.Call) and module.dotted(mark.func) == f"{PLUGIN}.{kind}":
                return mark
        return None

    # --- hooks -------------------------------------------------------------------------

    def hooks(self) -> Iterator[tuple[str, ast.FunctionDef | None]]:
        """The hooks that the module implements; those that it imports have no syntax here."""
        for name, origin in self.module.origins.items():
            if name in HOOKS and not origin.startswith(PLUGIN):
                yield name, None
        for function in self.module.functions.values():
            for mark in function.decorator_list:
                call = mark.func if isinstance(mark, ast.Call) else mark
                if self.module.dotted(call) == f"{PLUGIN}.hookimpl":
                    yield _spec_name(mark) or function.name, function

    def hooked(self, function: ast.FunctionDef | None) -> Iterator[Item]:
        """Yield what a hook gives, where it is a single `return` of names."""
        if function is None:
            raise Opaque("a hook is imported")
        body = [s for s in function.body if not _is_docstring(s)]
        match body:
            case [ast.Return(value=ast.List(elts=names) | ast.Tuple(elts=names))]:
                return iter([self._named(name, function) for name in names])
        raise Opaque(f"line {function.lineno}: {function.name} computes its answer")

    def _named(self, node: ast.expr, function: ast.FunctionDef) -> Item:
        source, _, name = self.module.dotted(node).rpartition(".")
        holder = self.other(source) if source else self.module
        if holder is not None:
            found: Definition | None = holder.classes.get(name) or holder.functions.get(name)
            if found is not None:
                return self._item(holder, found)
        raise Opaque(f"line {node.lineno}: {function.name} gives what is made elsewhere")

    # --- whether the source tells everything ---------------------------------------------

    def check(self, module: Module) -> None:
        """Raise `Opaque` for code that could offer something that no class or function shows."""
        marks = {
            id(mark.func if isinstance(mark, ast.Call) else mark)
            for node in module.nodes
            if isinstance(node, ast.ClassDef | ast.FunctionDef)
            for mark in node.decorator_list
        }
        top = {id(node) for node in module.tree.body}
        for node in module.nodes:
            if isinstance(node, ast.Call):
                self._check_call(module, node, marks)
            elif isinstance(node, ast.ClassDef):
                self._check_class(module, node, id(node) in top)
            elif isinstance(node, ast.FunctionDef) and id(node) not in top:
                self._check_function(module, node)
            elif isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                raise Opaque(f"line {node.lineno}: import *")

    def _check_call(self, module: Module, node: ast.Call, marks: set[int]) -> None:
        called = module.dotted(node.func)
        short = called.rpartition(".")[2]
        if short in _UNREADABLE_CALLS and not (short == "type" and len(node.args) == 1):
            raise Opaque(f"line {node.lineno}: {short}(…) can make what the source does not show")
        if called.startswith(f"{PLUGIN}.") and short in _MAKERS and id(node.func) not in marks:
            raise Opaque(f"line {node.lineno}: {short} is called, not written above a definition")
        if short in ("isinstance", "issubclass", "cast", "TypeVar"):
            return
        for argument in (*node.args, *(k.value for k in node.keywords)):
            full = module.dotted(argument)
            source, _, name = full.rpartition(".")
            made_of = source == PLUGIN and name in KINDS
            local = module.classes.get(name) if not source else None
            if made_of or (local is not None and self.kind(module, local) == "projection"):
                raise Opaque(f"line {node.lineno}: a class may be made of {name}")

    def _check_function(self, module: Module, node: ast.FunctionDef) -> None:
        for mark in node.decorator_list:
            call = mark.func if isinstance(mark, ast.Call) else mark
            if module.dotted(call) in {f"{PLUGIN}.{name}" for name in (*FORMATS, "hookimpl")}:
                raise Opaque(f"line {node.lineno}: {node.name} is not at the top of the module")

    def _check_class(self, module: Module, node: ast.ClassDef, at_top: bool) -> None:
        kind = self.kind(module, node)
        if not kind:
            return
        if not at_top:
            raise Opaque(f"line {node.lineno}: {node.name} is not at the top of the module")
        if node.decorator_list or any(k.arg in (None, "metaclass") for k in node.keywords):
            raise Opaque(f"line {node.lineno}: {node.name} is changed as it is made")
        if kind == "projection":
            for part in node.body:
                if isinstance(part, ast.If | ast.For | ast.While | ast.With | ast.Try):
                    raise Opaque(f"line {part.lineno}: the body of {node.name} is computed")


def _spec_name(mark: ast.expr) -> str:
    if isinstance(mark, ast.Call):
        for keyword in mark.keywords:
            if keyword.arg == "specname" and isinstance(keyword.value, ast.Constant):
                return str(keyword.value.value)
    return ""


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_neutral(source: str) -> bool:
    """Whether a module's classes are neither projections, events nor decisions."""
    top = source.partition(".")[0]
    return top in sys.stdlib_module_names or top in ("msgspec", "ledger")
