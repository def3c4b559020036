"""The syntax of a module: its classes and functions, and where its names come from.

Only the standard library is needed here: `--help` reads plugins' sources.
"""

import ast
import re
from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any, TypeVar

T = TypeVar("T")

PLUGIN, EVENTS = "ledger.plugin", "ledger.events"

Definition = ast.ClassDef | ast.FunctionDef
_TELLING = {ast.Call, ast.ClassDef, ast.FunctionDef, ast.Import, ast.ImportFrom}
_TELLING_NOTHING = {ast.Name, ast.Constant, ast.Load, ast.Store}

_GOES_ON = {"", " ", "\t", ")", "]", "}", "#"}
"""The first characters of lines that do not end a class."""
_METHOD = re.compile(r"\s+(?:def |async def |@)").match


class Opaque(Exception):
    """The source does not show what it offers; the message is the reason."""


def evaluated(read: Callable[[Any], T]) -> "cached_property[T]":
    """A property that evaluates parts of a source, once; Python's own errors become `Opaque`."""

    @wraps(read)
    def reading(owner: Any) -> T:
        try:
            return read(owner)
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
            raise Opaque(f"it cannot be evaluated: {type(error).__name__}: {error}") from error
        except (SyntaxError, RecursionError, MemoryError) as error:
            raise Opaque(f"it cannot be read: {type(error).__name__}") from error

    return cached_property(reading)


class Module:
    """The syntax of one module: its classes, its functions, and where its names come from."""

    def __init__(self, name: str, tree: ast.Module, *, package: bool = False) -> None:
        self.name = name
        self.tree = tree
        self.origins: dict[str, str] = {}
        self.values: dict[str, ast.expr] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        self.functions: dict[str, ast.FunctionDef] = {}
        self._package = name if package else name.rpartition(".")[0]
        for statement in tree.body:
            self._take(statement)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """The calls, definitions and imports, outer ones first; a list of commands needs none."""
        found: list[Any] = []
        level: list[Any] = [self.tree]
        while level:  # as ast.walk, which takes twice as long for all the names and constants
            found += [node for node in level if node.__class__ in _TELLING]
            below: list[Any] = []
            for node in level:
                for part in vars(node).values():
                    if part.__class__ is list:
                        below += part
                    elif isinstance(part, ast.AST):
                        below.append(part)
            level = [
                part
                for part in below
                if isinstance(part, ast.AST) and part.__class__ not in _TELLING_NOTHING
            ]
        return found

    def _take(self, statement: ast.stmt) -> None:
        match statement:
            case ast.ClassDef(name=name):
                self.classes[name] = statement
            case ast.FunctionDef(name=name):
                self.functions[name] = statement
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.values[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self.values[name] = value
            case ast.Import() | ast.ImportFrom():
                self._take_import(statement)
            case ast.If() | ast.Try():
                for node in ast.walk(statement):
                    if isinstance(node, ast.Import | ast.ImportFrom):
                        self._take_import(node)

    def _take_import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                self.origins[bound] = alias.name if alias.asname else bound
            return
        source = self.absolute(node)
        for alias in node.names:
            self.origins[alias.asname or alias.name] = f"{source}.{alias.name}"

    def absolute(self, node: ast.ImportFrom) -> str:
        """The full name of the module that a `from … import` names."""
        if not node.level:
            return node.module or ""
        parts = self._package.split(".")
        base = ".".join(parts[: len(parts) - node.level + 1])
        return ".".join(part for part in (base, node.module or "") if part)

    def dotted(self, node: ast.expr) -> str:
        """The full name that an expression means, such as `ledger.plugin.view`; "" for others."""
        match node:
            case ast.Name(id=name):
                return self.origins.get(name, name)
            case ast.Attribute(value=value, attr=attribute):
                before = self.dotted(value)
                return f"{before}.{attribute}" if before else ""
            case ast.Subscript(value=value):
                return self.dotted(value)
        return ""


def without_bodies(text: str) -> ast.Module:
    """Parse a source with each class cut before its first method.

    Functions have neither names nor bodies, except where one may be a hook.

    Each class is parsed by itself, and must match a class in the rest of the source, since text may
    only look like a class. Where they do not match, the whole source is parsed. Raises what
    `ast.parse` raises.
    """
    rest, classes, left_out = _taken_apart(text.splitlines(), hooks="hook" in text)
    if any("\n".join(left_out).count(quotes) % 2 for quotes in ('"""', "'''")):
        return ast.parse(text)  # a class began or ended inside a text
    try:
        tree = ast.parse("\n".join(rest))
        heads = [ast.parse("\n".join(lines)).body for lines in classes]
    except (SyntaxError, ValueError):
        return ast.parse(text)
    places = [n for n, statement in enumerate(tree.body) if isinstance(statement, ast.ClassDef)]
    if len(places) != len(heads):
        return ast.parse(text)
    for place, head in zip(places, heads, strict=True):
        match tree.body[place], head:
            case ast.ClassDef(name=name, decorator_list=marks), [ast.ClassDef() as whole] if (
                whole.name == name
            ):
                whole.decorator_list = marks
                tree.body[place] = whole
            case _:
                return ast.parse(text)
    return tree


def _taken_apart(lines: list[str], *, hooks: bool) -> tuple[list[str], list[list[str]], list[str]]:
    """Split a source: with stubs for classes, the classes up to a method, and what is left out."""
    rest: list[str] = []
    classes: list[list[str]] = []
    left_out: list[str] = []
    into = rest
    for line in lines:
        if line.startswith("class "):
            rest.append(f"class {re.split('[^a-zA-Z0-9_]', line[6:], maxsplit=1)[0]}: pass")
            classes.append([])
            into = classes[-1]
        elif not hooks and line.startswith(("def ", "async def ")):
            rest.append("def _(): pass")
            into = left_out
        elif line[:1] not in _GOES_ON:
            into = rest
        elif into is not rest and into is not left_out and _METHOD(line):
            into.append("    pass")  # where nothing comes before it
            into = left_out
        into.append(line)
    return rest, classes, left_out


def tag_of(node: Definition) -> str:
    """The words of a decision class: its `tag`; "" where it has none of its own."""
    for keyword in node.keywords if isinstance(node, ast.ClassDef) else ():
        match keyword:
            case ast.keyword(arg="tag", value=ast.Constant(value=str() as words)):
                return words
    return ""


def short_help(node: Definition) -> str:
    """The first line of a docstring."""
    text = ast.get_docstring(node) or ""
    return text.partition("\n")[0].strip()
