"""Roles of a ledger on PostgreSQL: one to record, one to read, one to keep the views.

They are group roles without a login; a login role is granted one: `GRANT studio_ledger_writer
TO ana`. Each has the least rights that its work needs, and PUBLIC has none. None of them owns
the log, so none can change it, or drop or replace a guard: only the ledger's owner, the role
that created it, can.

The projector owns the views' schema, so that each member can continue the work of another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from ledger.errors import BadInput, Refused, StorageFailure
from ledger.log.store import schema
from ledger.log.store.failures import StorageErrors
from ledger.log.store.statements import lock_statements
from ledger.log.store.store_urls import Place, postgres_engine

RIGHTS = {
    "writer": "records events, reads the log",
    "reader": "reads the log and the views",
    "projector": "keeps the views, reads the log",
}
"""The purpose of each role, by the end of its name."""

_NAME_BYTES = 63
ACTING = 16
"""The first version of PostgreSQL where membership does not imply the right to SET ROLE."""


class RoleTaken(Refused):
    """A role of that name exists and is not this ledger's: roles belong to the whole server."""

    rule = "never-overwrite"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the role {name} exists already and is not this ledger's",
            advice="Choose other names: roles --prefix NAME",
        )
        self.name = name


@dataclass(frozen=True)
class Roles:
    """The names of a ledger's roles."""

    writer: str
    reader: str
    projector: str

    @classmethod
    def named(cls, prefix: str) -> "Roles":
        """`PREFIX_writer` and so on. Raises `BadInput` for an unusable prefix."""
        names = [f"{prefix}_{end}" for end in RIGHTS]
        if not prefix or "\0" in prefix or max(len(n.encode()) for n in names) > _NAME_BYTES:
            raise BadInput(
                f"{prefix!r} cannot be the prefix of a role name",
                advice="Use at most 53 bytes: roles --prefix NAME",
            )
        if prefix.startswith("pg_"):
            raise BadInput(
                "names that begin with pg_ are reserved by PostgreSQL",
                advice="Use another: roles --prefix NAME",
            )
        return cls(*names)

    def by_end(self) -> list[tuple[str, str]]:
        """Pairs of an end and the role's full name."""
        return [(end, getattr(self, end)) for end in RIGHTS]


@dataclass(frozen=True)
class Role:
    """One role as it is now: what it may do, and the roles that it was granted to."""

    name: str
    may: str
    members: tuple[str, ...]


def check_has_roles(place: Place) -> None:
    """Raise `BadInput` for a ledger in a file, which has no roles."""
    if place.path is not None:
        raise BadInput(
            f"{place.where} is a file, and a file has no roles",
            advice=f"Its mode decides who may read and write it: chmod 600 {place.where}",
        )


def add_roles(place: Place, prefix: str | None = None, *, dry_run: bool = False) -> list[str]:
    """Create or repair a ledger's roles; return the statements that did it, or would.

    It takes one transaction, and changes nothing the second time. Raises `NoLedger`,
    `RoleTaken`, and `StorageFailure` if the login lacks the rights.
    """
    check_has_roles(place)
    assert place.url is not None
    tables = schema.tables(place.schema)
    engine = postgres_engine(place.url, read_only=False)
    try:
        with StorageErrors(place.where), engine.connect() as connection:
            for statement in lock_statements("postgresql", tables):
                connection.exec_driver_sql(statement)
            schema.check_format(connection, tables, place.where)
            wanted = statements(connection, place, prefix)
            if dry_run:
                connection.exec_driver_sql("ROLLBACK")
            else:
                carry_out(connection, place, wanted)
                connection.exec_driver_sql("COMMIT")
            return [statement.replace("%%", "%") for statement in wanted]
    finally:
        engine.dispose()


def carry_out(connection: Connection, place: Place, wanted: Sequence[str]) -> None:
    """Run the statements inside the caller's transaction. Raises `StorageFailure`."""
    for statement in wanted:
        try:
            connection.exec_driver_sql(statement)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", "") != "42501":
                raise
            words = str(error.orig).partition("\n")[0]
            raise StorageFailure(
                f"you are not allowed to create the roles of {place.where}: {words}",
                advice="It takes the ledger's owner with CREATEROLE, or a superuser: pass on "
                "the output of roles --dry-run",
            ) from error


def roles_of(place: Place, prefix: str | None = None) -> list[Role]:
    """The current roles with their members. Raises `StorageFailure`."""
    assert place.url is not None
    names = Roles.named(prefix or place.schema or "")
    engine = postgres_engine(place.url, read_only=True)
    try:
        with StorageErrors(place.where), engine.connect() as connection:
            return [
                Role(name, RIGHTS[end], tuple(connection.scalars(_MEMBERS, {"role": name})))
                for end, name in names.by_end()
            ]
    finally:
        engine.dispose()


_MEMBERS = sql(
    "SELECT m.rolname FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid"
    " JOIN pg_roles m ON m.oid = a.member WHERE r.rolname = :role GROUP BY 1 ORDER BY 1"
)


# --- statements ----------------------------------------------------------------------


def statements(connection: Connection, place: Place, prefix: str | None = None) -> list[str]:
    """The statements that create or repair the roles; each one can be repeated.

    They first revoke everything, so that any further rights of the roles are gone afterwards.
    """
    assert place.schema is not None
    quote = connection.dialect.identifier_preparer.quote
    views = f"{place.schema}_views"
    names = Roles.named(prefix or place.schema)
    writer, reader, projector = map(quote, (names.writer, names.reader, names.projector))
    log, kept = quote(place.schema), quote(views)
    three = f"{writer}, {reader}, {projector}"
    tables = ", ".join(f"{log}.{name}" for name in ("event", "event_tag", "ledger_format"))
    return [
        *_roles(connection, place.schema, names),
        *_membership(connection, names.projector),
        f"REVOKE ALL ON SCHEMA {log} FROM PUBLIC, {three}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {log} FROM PUBLIC, {three}",
        f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {log} FROM PUBLIC, {three}",
        # For a ledger made by an earlier version: see `schema.GUARD_PATH`.
        f"ALTER FUNCTION {log}.require_next_position() SET search_path = {schema.GUARD_PATH}",
        f"GRANT USAGE ON SCHEMA {log} TO {three}",
        f"GRANT SELECT ON {tables} TO {three}",
        f"GRANT INSERT ON {log}.event, {log}.event_tag TO {writer}",
        *_owned(connection, views, names.projector),
        f"REVOKE ALL ON SCHEMA {kept} FROM PUBLIC, {writer}, {reader}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {kept} FROM PUBLIC, {writer}, {reader}",
        f"GRANT USAGE ON SCHEMA {kept} TO {reader}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {kept} TO {reader}",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {projector} IN SCHEMA {kept} "
        f"GRANT SELECT ON TABLES TO {reader}",
    ]


def _roles(connection: Connection, name: str, names: Roles) -> list[str]:
    """Create the missing roles. A comment on each names its ledger."""
    quote = connection.dialect.identifier_preparer.quote
    database = str(connection.exec_driver_sql("SELECT current_database()").scalar_one())
    found = {
        row.rolname: row.remark
        for row in connection.execute(
            sql(
                "SELECT rolname, shobj_description(oid, 'pg_authid') AS remark FROM pg_roles"
                " WHERE rolname IN (:writer, :reader, :projector)"
            ),
            {"writer": names.writer, "reader": names.reader, "projector": names.projector},
        )
    }
    made = []
    for end, role in names.by_end():
        remark = f"studio-ledger: {end} of the ledger {name} in the database {database}"
        if role not in found:
            # To the driver a single % marks a parameter.
            literal = remark.replace("'", "''").replace("%", "%%")
            made += [
                f"CREATE ROLE {quote(role)} NOLOGIN",
                f"COMMENT ON ROLE {quote(role)} IS '{literal}'",
            ]
        elif found[role] != remark:
            raise RoleTaken(role)
    return made


def _membership(connection: Connection, projector: str) -> list[str]:
    """Make the login a projector unless it is or needs not be: only one can grant it objects."""
    row = connection.execute(
        sql(
            "SELECT current_user AS me, me.rolsuper OR coalesce((SELECT pg_has_role(p.oid, :right)"
            " FROM pg_roles p WHERE p.rolname = :projector), false) AS may"
            " FROM pg_roles me WHERE me.rolname = current_user"
        ),
        {"right": right_to_act(connection), "projector": projector},
    ).one()
    quote = connection.dialect.identifier_preparer.quote
    return [] if row.may else [f"GRANT {quote(projector)} TO {quote(row.me)}"]


def act_as_owner(connection: Connection, name: str) -> tuple[str, ...] | None:
    """For this transaction, act as the group that owns a schema, if the login is a member.

    One member can then continue with, or drop, what another created. Returns the statements
    that do the same in later transactions; None if the schema does not exist.
    """
    row = connection.execute(
        sql(
            "SELECT rolname, NOT rolcanlogin AND pg_has_role(r.oid, :right) AS acts"
            " FROM pg_roles r JOIN pg_namespace n ON n.nspowner = r.oid WHERE nspname = :name"
        ),
        {"name": name, "right": right_to_act(connection)},
    ).first()
    if row is None or not row.acts:
        return None if row is None else ()
    acting = f"SET LOCAL ROLE {connection.dialect.identifier_preparer.quote(row.rolname)}"
    connection.exec_driver_sql(acting)
    return (acting,)


def right_to_act(connection: Connection) -> str:
    """The name that `pg_has_role` has for the right to SET ROLE."""
    version = connection.dialect.server_version_info or (0,)
    return "SET" if int(version[0]) >= ACTING else "MEMBER"


def _owned(connection: Connection, views: str, projector: str) -> list[str]:
    """Make the projector the owner of the views' schema and the tables in it."""
    quote = connection.dialect.identifier_preparer.quote
    owner = connection.execute(
        sql("SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = :views"),
        {"views": views},
    ).scalar()
    if owner is None:
        return [f"CREATE SCHEMA {quote(views)} AUTHORIZATION {quote(projector)}"]
    others = connection.execute(
        sql(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE nspname = :views AND relkind = 'r' AND pg_get_userbyid(relowner) <> :projector"
            " ORDER BY relname"
        ),
        {"views": views, "projector": projector},
    ).scalars()
    moved = [
        f"ALTER TABLE {quote(views)}.{quote(table)} OWNER TO {quote(projector)}" for table in others
    ]
    if owner != projector:
        moved.insert(0, f"ALTER SCHEMA {quote(views)} OWNER TO {quote(projector)}")
    return moved
