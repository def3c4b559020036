"""The few expressions that types and defaults are made of, evaluated without running a source."""

import ast
from enum import Enum
from importlib import import_module
from operator import or_
from typing import Any

from ledger.plugin_host.syntax import PLUGIN, Module, Opaque

_READABLE = ("typing", "datetime", "enum", "collections.abc", "builtins", PLUGIN, "ledger.events")
_ENUMS = ("enum.Enum", "enum.StrEnum", "enum.IntEnum")


class Scope:
    """The names of a module, as far as types and constants are concerned."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._made: dict[str, Any] = {}

    def type(self, node: ast.expr) -> Any:
        """Evaluate an annotation. Raises `Opaque`."""
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
            return None  # a view ignores it: only text has a meaning

    def value(self, node: ast.expr) -> Any:
        """Evaluate a constant expression. Raises `Opaque`."""
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
                raise Opaque(f"line {node.lineno}: {full} does not exist") from None
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
        """An `Enum` with the members of a local one; any other class counts by its name alone."""
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
