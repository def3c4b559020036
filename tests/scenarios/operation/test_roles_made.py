"""How a ledger on PostgreSQL gets its roles, and keeps to them."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.roles import address, admin, as_login, drop_roles, login, schema_of
from tests.terminal import Terminal, studio

# --- how they are made -------------------------------------------------------------------


def _rights(url: str) -> list[tuple[object, ...]]:
    """Every right that anybody has in the two schemas."""
    name = schema_of(url)
    return admin(
        url,
        "SELECT n.nspname, c.relname, c.relacl::text, n.nspacl::text FROM pg_namespace n LEFT JOIN"
        f" pg_class c ON c.relnamespace = n.oid WHERE nspname IN ('{name}', '{name}_views')"
        " ORDER BY 1, 2",
    )


def test_said_again_it_changes_nothing(owner: Terminal) -> None:
    before = _rights(owner.ledger)
    owner.must("roles")
    assert _rights(owner.ledger) == before
    everybody = [acl for row in before for acl in row[2:] if "{=" in str(acl) or ",=" in str(acl)]
    assert everybody == [], "PUBLIC may something"


def test_what_was_granted_beyond_it_is_taken_back(owner: Terminal) -> None:
    log = schema_of(owner.ledger)
    before = _rights(owner.ledger)
    admin(owner.ledger, "GRANT UPDATE, DELETE ON {}.event TO {}", log, f"{log}_writer")
    admin(owner.ledger, "GRANT SELECT ON {}.event TO PUBLIC", log)
    admin(owner.ledger, "GRANT CREATE ON SCHEMA {} TO {}", log, f"{log}_reader")
    assert _rights(owner.ledger) != before
    owner.must("roles")
    assert _rights(owner.ledger) == before


def test_a_dry_run_prints_the_sql_that_does_it(postgres_url: str) -> None:
    terminal = studio(postgres_url)
    printed = terminal.must("roles", "--dry-run").out
    name = schema_of(postgres_url)
    assert printed.startswith("BEGIN;\n")
    assert printed.endswith("COMMIT;\n")
    assert not admin(postgres_url, f"SELECT 1 FROM pg_roles WHERE rolname LIKE '{name}%'")
    try:
        with psycopg.connect(address(postgres_url), autocommit=True) as connection:
            connection.execute(printed.encode())
        by_hand = _rights(postgres_url)
        done = terminal.must("roles", "--json")
        assert _rights(postgres_url) == by_hand
        assert [row["role"] for row in done.data] == [
            f"{name}_writer", f"{name}_reader", f"{name}_projector"
        ]  # fmt: skip
    finally:
        drop_roles(postgres_url)


def test_a_new_ledger_has_them_at_once(postgres_url: str) -> None:
    terminal = Terminal(postgres_url)
    terminal.must("init", "--roles")
    try:
        with login(postgres_url, f"{schema_of(postgres_url)}_writer") as name:
            writer = Terminal(as_login(postgres_url, name))
            writer.must("site", "add", "main", "--name", "Main", "--zone", "UTC")
        again = terminal.run("init", "--roles")
        assert (again.code, again.err.endswith("its roles, run: roles\n")) == (1, True)
    finally:
        drop_roles(postgres_url)


def test_a_role_of_somebody_else_is_left_alone(postgres_url: str) -> None:
    terminal = Terminal(postgres_url)
    name = schema_of(postgres_url)
    admin(postgres_url, "CREATE ROLE {} NOLOGIN", f"{name}_reader")
    try:
        done = terminal.run("init", "--roles")
        assert done.code == 1
        assert f"the role {name}_reader exists already" in done.err
        assert terminal.run("log").code == 10, "the ledger is made with its roles, or not at all"
        terminal.must("init")
        assert terminal.run("roles").code == 1
        terminal.must("roles", "--prefix", f"{name}_b")
        assert not admin(postgres_url, f"SELECT 1 FROM pg_roles WHERE rolname = '{name}_writer'")
    finally:
        drop_roles(postgres_url, f"{name}_b")
        admin(postgres_url, "DROP ROLE {}", f"{name}_reader")


def test_two_ledgers_of_one_database_do_not_meet(owner: Terminal) -> None:
    other = Terminal(owner.ledger.replace(schema_of(owner.ledger), f"{schema_of(owner.ledger)}_b"))
    other.must("init", "--roles")
    try:
        with login(owner.ledger, f"{schema_of(owner.ledger)}_writer") as name:
            done = Terminal(as_login(other.ledger, name)).run("log")
            assert done.code == 74
            assert "permission denied" in done.err
    finally:
        drop_roles(other.ledger)
        for end in ("", "_views"):
            admin(other.ledger, "DROP SCHEMA IF EXISTS {} CASCADE", schema_of(other.ledger) + end)


def test_the_owner_need_be_no_superuser(postgres_url: str) -> None:
    with login(postgres_url, options="CREATEROLE") as name:
        database = admin(postgres_url, "SELECT current_database()")[0][0]
        admin(postgres_url, "GRANT CREATE ON DATABASE {} TO {}", database, name)
        terminal = Terminal(as_login(postgres_url, name))
        terminal.must("init", "--roles")
        terminal.must("roles")
        terminal.must("site", "add", "main", "--name", "Main", "--zone", "UTC")
        terminal.must("view", "spaces")
        with login(postgres_url, f"{schema_of(postgres_url)}_projector") as projector:
            Terminal(as_login(postgres_url, projector)).must("views", "rebuild")
        drop_roles(postgres_url)


def test_who_may_make_no_roles_is_told_what_to_do(postgres_url: str) -> None:
    with login(postgres_url) as name:
        database = admin(postgres_url, "SELECT current_database()")[0][0]
        admin(postgres_url, "GRANT CREATE ON DATABASE {} TO {}", database, name)
        terminal = Terminal(as_login(postgres_url, name))
        done = terminal.run("init", "--roles")
        assert done.code == 74
        assert "CREATEROLE, or a superuser" in done.err
        assert terminal.run("log").code == 10


@pytest.mark.parametrize("words", [("init", "--roles"), ("roles",), ("roles", "--dry-run")])
def test_a_file_has_none(sqlite_url: str, words: tuple[str, ...]) -> None:
    done = Terminal(sqlite_url).run(*words)
    assert (done.code, done.out) == (2, "")
    assert "a file has no roles" in done.err
    assert not Path(sqlite_url).exists()


def test_an_older_ledgers_guard_gets_its_path(postgres_url: str) -> None:
    terminal = studio(postgres_url)
    name = schema_of(postgres_url)
    admin(postgres_url, "ALTER FUNCTION {}.require_next_position() RESET ALL", name)
    asked = (
        f"SELECT proconfig FROM pg_proc WHERE pronamespace = '{name}'::regnamespace"
        " AND proname = 'require_next_position'"
    )
    assert admin(postgres_url, asked) == [(None,)]
    terminal.must("roles")
    try:
        assert admin(postgres_url, asked) == [(["search_path=pg_catalog, pg_temp"],)]
    finally:
        drop_roles(postgres_url)


def test_names_that_have_to_be_quoted(postgres_url: str) -> None:
    strange = """ö "x" 50% o'er"""
    ledger = postgres_url.replace(schema_of(postgres_url), "%C3%B6%20%22x%22%2050%25%20o%27er")
    terminal = Terminal(ledger)
    try:
        terminal.must("init", "--roles")
        terminal.must("roles")
        assert terminal.must("roles", "--json").data[0]["role"] == f"{strange}_writer"
        with login(postgres_url, f"{strange}_writer", f"{strange}_projector") as name:
            member = Terminal(as_login(ledger, name))
            member.must("site", "add", "main", "--name", "Main", "--zone", "UTC")
            member.must("view", "spaces")
    finally:
        drop_roles(postgres_url, strange)
        for end in ("", "_views"):
            admin(postgres_url, "DROP SCHEMA IF EXISTS {} CASCADE", strange + end)
