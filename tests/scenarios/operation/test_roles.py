"""The roles of a ledger on PostgreSQL: each logs in, does its work, and can do nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.roles import address, admin, as_login, drop_roles, login, schema_of
from tests.terminal import Terminal, studio

ROW = "'2099-01-01T00:00:00.000000Z', 'A', '[]', ''"


@pytest.fixture(params=["writer", "reader", "projector"])
def role(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def somebody(owner: Terminal, role: str) -> Iterator[Terminal]:
    """Somebody who has that role alone."""
    with login(owner.ledger, f"{schema_of(owner.ledger)}_{role}") as name:
        yield Terminal(as_login(owner.ledger, name))


def _said(terminal: Terminal, statement: str) -> str:
    """The SQLSTATE that the server answers a statement with; empty where it does as it is told."""
    name = schema_of(terminal.ledger)
    text = sql.SQL(statement).format(
        log=sql.Identifier(name), views=sql.Identifier(f"{name}_views")
    )
    with psycopg.connect(address(terminal.ledger)) as connection:
        try:
            connection.execute(text)
        except psycopg.Error as error:
            return error.sqlstate or "?"
        finally:
            connection.rollback()
    return ""


DENIED = "42501"
FORBIDDEN = (
    "UPDATE {log}.event SET type = 'B' WHERE position = 2",
    "UPDATE {log}.event_tag SET tag = 'x:1'",
    "DELETE FROM {log}.event WHERE position = 9",
    "DELETE FROM {log}.event_tag",
    "TRUNCATE {log}.event",
    "TRUNCATE {log}.event, {log}.event_tag",
    "UPDATE {log}.ledger_format SET format = 2",
    "INSERT INTO {log}.ledger_format VALUES (2)",
    "DELETE FROM {log}.ledger_format",
    "DROP TABLE {log}.event CASCADE",
    "DROP TABLE {log}.event_tag",
    "DROP SCHEMA {log} CASCADE",
    "ALTER SCHEMA {log} RENAME TO gone",
    "ALTER TABLE {log}.event DISABLE TRIGGER ALL",
    "ALTER TABLE {log}.event DISABLE TRIGGER event_no_update",
    "DROP TRIGGER event_in_order ON {log}.event",
    "ALTER TABLE {log}.event DROP CONSTRAINT event_pkey",
    "ALTER TABLE {log}.event ADD COLUMN x int",
    "ALTER TABLE {log}.event OWNER TO CURRENT_USER",
    "ALTER TABLE {log}.event ENABLE ROW LEVEL SECURITY",
    "CREATE OR REPLACE FUNCTION {log}.refuse_change() RETURNS trigger LANGUAGE plpgsql"
    " AS $$ BEGIN RETURN NEW; END $$",
    "CREATE OR REPLACE FUNCTION {log}.require_next_position() RETURNS trigger LANGUAGE plpgsql"
    " AS $$ BEGIN RETURN NEW; END $$",
    "ALTER FUNCTION {log}.require_next_position() RESET ALL",
    "DROP FUNCTION {log}.refuse_change() CASCADE",
    "CREATE RULE quiet AS ON INSERT TO {log}.event DO INSTEAD NOTHING",
    "CREATE TRIGGER mine BEFORE INSERT ON {log}.event FOR EACH ROW"
    " EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()",
    "CREATE TABLE {log}.mine (n int)",
    "CREATE VIEW {log}.mine AS SELECT 1",
    "CREATE INDEX mine ON {log}.event (type)",
    "SET session_replication_role = replica",
    "COPY {log}.event FROM PROGRAM 'cat'",
    "COPY {log}.event TO PROGRAM 'cat'",
    "LOCK TABLE {log}.event IN ACCESS EXCLUSIVE MODE",
    "SET ROLE postgres",
)
"""What none of the roles may."""


def test_none_may(somebody: Terminal) -> None:
    before = somebody.lines()
    said = {statement: _said(somebody, statement) for statement in FORBIDDEN}
    assert said == dict.fromkeys(FORBIDDEN, DENIED)
    assert somebody.lines() == before


def test_its_owner_may(owner: Terminal) -> None:
    """The counterpart: what is denied above is no mistake in the statement."""
    said = {statement: _said(owner, statement) for statement in FORBIDDEN[:-1]}
    verbs = ("UPDATE {log}.event", "DELETE FROM {log}.event", "TRUNCATE")
    guarded = [statement for statement in FORBIDDEN if statement.startswith(verbs)]
    assert {s for s, state in said.items() if state == "P0001"} == set(guarded)
    assert DENIED not in said.values()
    assert not {state for s, state in said.items() if s not in guarded} - {"", "42804", "38000"}


INTO_THE_LOG = (
    f"INSERT INTO {{log}}.event VALUES (11, {ROW})",
    "INSERT INTO {log}.event_tag VALUES ('x:1', 'A', 11)",
)
INTO_THE_VIEWS = ("CREATE TABLE {views}.mine (n int)",)
MAY_WRITE = {"writer": INTO_THE_LOG, "reader": (), "projector": INTO_THE_VIEWS}


def test_each_role_writes_what_it_is_for_and_nothing_else(somebody: Terminal, role: str) -> None:
    for statement in (*INTO_THE_LOG, *INTO_THE_VIEWS):
        assert _said(somebody, statement) == ("" if statement in MAY_WRITE[role] else DENIED)


@pytest.mark.parametrize("role", ["writer"], indirect=True)
def test_a_writer_takes_the_next_position_alone(somebody: Terminal) -> None:
    for position in ("1", "10", "12", "0", "NULL"):
        said = _said(somebody, f"INSERT INTO {{log}}.event VALUES ({position}, {ROW})")
        assert (position, said) == (position, "P0001")


@pytest.mark.parametrize("role", ["writer"], indirect=True)
def test_a_writer_cannot_give_the_guard_another_arithmetic(somebody: Terminal) -> None:
    """A search path that puts `pg_catalog` last says what `=` is, but not to the guard."""
    superuser = as_login(somebody.ledger, "postgres")
    log, mine = schema_of(somebody.ledger), str(make_url(somebody.ledger).username)
    admin(superuser, "CREATE SCHEMA {} AUTHORIZATION {}", mine, mine)

    def insert() -> None:
        with psycopg.connect(address(somebody.ledger)) as connection:
            for statement in (
                "CREATE FUNCTION {0}.always(bigint, bigint) RETURNS boolean"
                " LANGUAGE sql IMMUTABLE AS 'SELECT true'",
                "CREATE OPERATOR {0}.= (LEFTARG = bigint, RIGHTARG = bigint,"
                " FUNCTION = {0}.always)",
                "SET search_path = {0}, pg_catalog",
                f"INSERT INTO {{1}}.event VALUES (99, {ROW})",
            ):
                names = sql.Identifier(mine), sql.Identifier(log)
                connection.execute(sql.SQL(statement).format(*names))
            connection.rollback()

    with pytest.raises(psycopg.errors.RaiseException, match="gapless"):
        insert()
    admin(superuser, "ALTER FUNCTION {}.require_next_position() RESET ALL", log)
    insert()  # so it would be, were the guard's own path not fixed


@pytest.mark.parametrize("role", ["writer"], indirect=True)
def test_copy_is_an_insert_and_guarded_like_one(somebody: Terminal) -> None:
    log = sql.Identifier(schema_of(somebody.ledger))
    with (
        psycopg.connect(address(somebody.ledger)) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="gapless"),
        connection.cursor().copy(sql.SQL("COPY {}.event FROM STDIN").format(log)) as copy,
    ):
        copy.write_row((99, "2099-01-01T00:00:00.000000Z", "A", "[]", b""))


@pytest.mark.parametrize("role", ["reader", "projector"], indirect=True)
def test_who_may_not_record_may_not_copy_either(somebody: Terminal) -> None:
    assert _said(somebody, "COPY {log}.event FROM STDIN") == DENIED


# --- what has to work --------------------------------------------------------------------

LOOKS = (
    ("log",), ("show", "2"), ("show", "stage-1"), ("view", "spaces"), ("view", "bookings"),
    ("views", "status"), ("doctor",), ("audit", "verify"), ("log", "--format", "line"),
)  # fmt: skip


def test_every_role_can_look(somebody: Terminal, role: str) -> None:
    for words in LOOKS:
        done = somebody.must(*words)
        assert done.out
        alone = "from the log alone" in done.err
        assert (words, alone) == (words, words[0] == "view" and role != "projector")


BOOK = ("booking", "hold", "stage-2", "wild", "--days", "2025-07-01..2025-07-14", "--confirm")


def test_a_writer_books_and_the_others_do_not(somebody: Terminal, role: str) -> None:
    done = somebody.run(*BOOK)
    if role == "writer":
        assert (done.code, "recorded #11 to #12" in done.err) == (0, True)
    else:
        assert done.code == 74
        assert "permission denied. Ask its owner for the rights" in done.err
    assert len(somebody.lines()) == (12 if role == "writer" else 10)


def test_what_one_projector_made_another_goes_on_with(owner: Terminal) -> None:
    group = f"{schema_of(owner.ledger)}_projector"
    with login(owner.ledger, group) as one, login(owner.ledger, group) as other:
        Terminal(as_login(owner.ledger, one)).must("view", "spaces")
        owner.must("space", "close", "stage-2", "--days", "2025-09-01..2025-09-03", "--kind",
                   "maintenance")  # fmt: skip
        second = Terminal(as_login(owner.ledger, other))
        assert "from the log alone" not in second.must("view", "closures").err
        second.must("views", "rebuild", "spaces")
        owner.must("views", "rebuild")
        assert second.must("view", "spaces", "--json").data


def test_a_reader_reads_tables_that_are_made_later(owner: Terminal) -> None:
    names = schema_of(owner.ledger)
    with login(owner.ledger, f"{names}_reader") as reader:
        owner.must("view", "spaces")
        terminal = Terminal(as_login(owner.ledger, reader))
        status = terminal.must("views", "status", "--json").data
        assert {row["projection"]: row["state"] for row in status}["spaces"] == "live"
        views = {r["check"]: r for r in terminal.must("audit", "verify", "--json").data}["views"]
        assert views["state"] == "ok"
        assert "1 projection" in views["found"]


def test_the_ledger_made_before_its_views_were_anybodys(postgres_url: str) -> None:
    """Tables that the owner's own questions have made go over to the projectors."""
    terminal = studio(postgres_url)
    terminal.must("view", "spaces")
    terminal.must("roles")
    try:
        with login(postgres_url, f"{schema_of(postgres_url)}_projector") as name:
            done = Terminal(as_login(postgres_url, name)).must("views", "rebuild")
            assert "rebuilt" in done.err
    finally:
        drop_roles(postgres_url)
