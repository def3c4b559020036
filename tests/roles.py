"""Login roles on the tests' PostgreSQL, made and dropped again."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url


def address(url: str) -> str:
    """A ledger's URL as the plain driver takes it."""
    place = make_url(url).set(drivername="postgresql").difference_update_query(["schema"])
    return place.render_as_string(hide_password=False)


def schema_of(url: str) -> str:
    """The schema of a ledger's URL."""
    return str(make_url(url).query["schema"])


def as_login(url: str, login: str) -> str:
    """The same place, for another login."""
    return make_url(url).set(username=login).render_as_string(hide_password=False)


def admin(url: str, statement: str, *names: str) -> list[Any]:
    """Run a statement as the superuser; each {} is a name."""
    with psycopg.connect(address(url), autocommit=True) as connection:
        done = connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
        return done.fetchall() if done.description else []


@contextmanager
def login(url: str, *groups: str, options: str = "") -> Iterator[str]:
    """A new login role that is in those groups; its name."""
    name = f"l_{secrets.token_hex(4)}"
    admin(url, f"CREATE ROLE {{}} LOGIN {options}", name)
    try:
        for group in groups:
            admin(url, "GRANT {} TO {}", group, name)
        yield name
    finally:
        admin(url, "DROP OWNED BY {} CASCADE", name)
        admin(url, "DROP ROLE {}", name)


def drop_roles(url: str, prefix: str | None = None) -> None:
    """Drop a ledger's roles and what they own."""
    for end in ("writer", "reader", "projector"):
        name = f"{prefix or schema_of(url)}_{end}"
        with psycopg.connect(address(url)) as connection:
            asked = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,))
            found = asked.fetchone()
        if found:
            admin(url, "DROP OWNED BY {} CASCADE", name)
            admin(url, "DROP ROLE {}", name)
