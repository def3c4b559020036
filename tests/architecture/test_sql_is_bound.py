"""SQL is written out, or built by SQLAlchemy: what somebody typed reaches it as a parameter alone.

A text that begins as a statement does and has something put into it is told, wherever it stands;
and so is whatever is run that is neither a literal nor a statement made elsewhere. The few that
must be (a schema's name, a setting) are listed here, with what is put in and why that is safe.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.sources import definitions, named, parsed, python_files

SQL = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|GRANT|REVOKE|TRUNCATE|PRAGMA|ATTACH|VACUUM"
    r"|LOCK|SET|COMMENT|BEGIN|COPY|WITH|SHOW|REINDEX|ANALYZE|LISTEN|NOTIFY)\s"
)
"""How a statement begins. In capitals, as all of them are written here."""

RUN = {"exec_driver_sql", "execute", "executemany", "executescript", "text", "sql", "DDL"}
"""What runs a text, or makes a statement of it."""

BUILT = {
    "ledger/log/store/health.py::pragma": "the name of a pragma, which its callers write out",
    "ledger/log/store/store_urls.py::prepare": "how long a lock is waited for: a constant",
    "ledger/log/store/roles.py::_membership": "names of roles, quoted by SQLAlchemy",
    "ledger/log/store/roles.py::_owned": "names of schemas, tables and roles, quoted by SQLAlchemy",
    "ledger/log/store/roles.py::_roles": "names of roles, quoted by SQLAlchemy; a remark, escaped",
    "ledger/log/store/roles.py::act_as_owner": "the name of a role, quoted by SQLAlchemy",
    "ledger/log/store/roles.py::statements": "names of schemas and roles, quoted by SQLAlchemy",
    "ledger/log/store/schema.py::_postgres_triggers": "a schema's name, quoted by SQLAlchemy",
    "ledger/log/store/schema.py::_sqlite_triggers": "the names of our own tables",
    "ledger/log/store/schema.py::create": "the numbers of this format: constants",
    "ledger/log/store/statements.py::lock_statements": "a number, and a literal setting",
    "ledger/log/stores.py::_fill_file": "a journal mode, one of two",
    "ledger/log/stores.py::_settle_journal": "a journal mode, one of two, and a constant",
    "ledger/projections/engine/store.py::_prepare": "a journal mode, one of two",
    "ledger/projections/engine/store.py::hold": "names of our own tables, quoted by SQLAlchemy",
}
"""Where SQL is put together: what is put in, and why nobody else can say it."""


def built(tree: ast.Module) -> Iterator[ast.expr]:
    """Each text that begins as SQL does and has something put into it; each that is run so."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(args=[first, *_]) if _called(node) in RUN and _is_put_together(first):
                yield first
            case ast.Call(func=ast.Attribute(value=text, attr="format")) if _is_sql(text):
                yield node
            case ast.JoinedStr() | ast.BinOp() if _is_put_together(node) and _is_sql(node):
                yield node


def _is_sql(node: ast.expr) -> bool:
    return SQL.match(_beginning(node)) is not None


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _beginning(node: ast.expr) -> str:
    """The text that an expression begins with; "" where that is none."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=[first, *_]):
            return _beginning(first)
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod()):
            return _beginning(left)
    return ""


def _is_put_together(node: ast.expr) -> bool:
    match node:
        case ast.JoinedStr(values=parts):
            return any(isinstance(part, ast.FormattedValue) for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return not all(isinstance(one, ast.Constant) for one in (left, right))
        case ast.BinOp(op=ast.Mod()):
            return True
        case ast.Call(func=ast.Attribute(attr="format" | "join" | "replace")):
            return True
    return False


def within(tree: ast.Module) -> set[str]:
    """The functions that put SQL together, the innermost; `the module` for its own level."""
    lines = [node.lineno for node in built(tree)]
    found = set()
    for line in lines:
        around = [
            node
            for node in definitions(tree)
            if not isinstance(node, ast.ClassDef) and node.lineno <= line <= (node.end_lineno or 0)
        ]
        found.add(max(around, key=lambda node: node.lineno).name if around else "the module")
    return found


def test_sql_is_put_together_only_where_it_must_be() -> None:
    files = python_files("ledger", "plugins")
    found = {f"{named(file)}::{name}" for file in files for name in within(parsed(file))}
    assert found == set(BUILT)


@pytest.mark.parametrize(
    "text",
    [
        "def f(c, tag):\n    c.exec_driver_sql(f\"SELECT * FROM event_tag WHERE tag = '{tag}'\")",
        'def f(c, tag):\n    c.execute("SELECT position FROM event WHERE type = %s" % tag)',
        'def f(c, tag):\n    c.execute(text("DELETE FROM event WHERE tag = " + tag))',
        'def f(c, tag):\n    found = "SELECT {} FROM event".format(tag)\n    c.execute(found)',
        'def f(c, tag):\n    found = f"UPDATE event SET type = {tag}"\n    c.execute(found)',
        'def f(c, names):\n    c.execute(" UNION ".join(names))',
    ],
)
def test_a_planted_statement_is_found(text: str) -> None:
    assert within(ast.parse(text)) == {"f"}


def test_what_is_written_out_or_bound_is_none() -> None:
    text = 'def f(c, tag):\n    c.execute("SELECT 1 FROM event WHERE type = ?", (tag,))\n'
    assert (
        within(ast.parse(text + '    c.execute(select(a).where(b == tag))\n    f"Set {tag}"'))
        == set()
    )
