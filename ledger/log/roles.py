"""Roles of a ledger on PostgreSQL: who may record, who may read, who may keep the views.

Three group roles that nobody logs in as; a login role is given one: `GRANT studio_ledger_writer
TO ana`. Each has the least that its work needs, and nobody else (PUBLIC) has anything. None of
them owns the log, so none can change it, drop a guard or put another in its place: that is left
to the ledger's owner, who made it.

The views' schema belongs to the projector, so that one member can go on with what another began.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from ledger.errors import BadInput, Refused, StorageFailure
from ledger.log import schema
from ledger.log.failures import StorageErrors
from ledger.log.places import Place, postgres_engine
from ledger.log.statements import lock_statements

RIGHTS = {
    "writer": "records events, reads the log",
    "reader": "reads the log and the views",
    "projector": "keeps the views, reads the log",
}
"""What each role is for, by the end of its name."""

_NAME_BYTES = 63
ACTING = 16
"""The version of PostgreSQL from which on being a member and acting as the role are two rights."""


class RoleTaken(Refused):
    """A role of that name is there and is not this ledger's: roles belong to the whole server."""

    rule = "never-overwrite"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"there is a role {name} already, and it is not this ledger's",
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
        """`PREFIX_writer` and so on. Raises `BadInput` for what can name none."""
        names = [f"{prefix}_{end}" for end in RIGHTS]
        if not prefix or "\0" in prefix or max(len(n.encode()) for n in names) > _NAME_BYTES:
            raise BadInput(
                f"{prefix!r} cannot begin the name of a role",
                advice="Use at most 53 bytes: roles --prefix NAME",
            )
        if prefix.startswith("pg_"):
            raise BadInput(
                "names that begin with pg_ are PostgreSQL's own",
                advice="Use another: roles --prefix NAME",
            )
        return cls(*names)

    def by_end(self) -> list[tuple[str, str]]:
        """Each end with its name."""
        return [(end, getattr(self, end)) for end in RIGHTS]


@dataclass(frozen=True)
class Role:
    """One role as it is now: what it may, and which roles it was granted to."""

    name: str
    may: str
    members: tuple[str, ...]


def check_has_roles(place: Place) -> None:
    """Raise `BadInput` for a ledger in a file, which knows no roles."""
    if place.path is not None:
        raise BadInput(
            f"{place.where} is a file, and a file has no roles",
            advice=f"Its mode says who may read and write it: chmod 600 {place.where}",
        )


def add_roles(place: Place, prefix: str | None = None, *, dry_run: bool = False) -> list[str]:
    """Give a ledger its roles, or mend them; the statements that did it, or would.

    One transaction; said again it changes nothing. Raises `NoLedger`, `RoleTaken`, and
    `StorageFailure` where the login may not.
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
                f"you may not give {place.where} its roles: {words}",
                advice="It takes the ledger's owner with CREATEROLE, or a superuser: give him "
                "the statements of roles --dry-run",
            ) from error


def roles_of(place: Place, prefix: str | None = None) -> list[Role]:
    """The roles as they are, with their members. Raises `StorageFailure`."""
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
    """What gives the ledger its roles, as the database is now; each one can be run again.

    Everything that the roles have is taken away first, so that what somebody gave them
    beyond it is gone afterwards.
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
        # A ledger that an earlier version made: see `schema.GUARD_PATH`.
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
    """Make those that are not there. A remark on each says whose it is."""
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
            # The driver takes a single % for the mark of a parameter.
            literal = remark.replace("'", "''").replace("%", "%%")
            made += [
                f"CREATE ROLE {quote(role)} NOLOGIN",
                f"COMMENT ON ROLE {quote(role)} IS '{literal}'",
            ]
        elif found[role] != remark:
            raise RoleTaken(role)
    return made


def _membership(connection: Connection, projector: str) -> list[str]:
    """Whoever is no superuser has to be a projector to give the projector something."""
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
    """In this transaction be the group that a schema belongs to, where the login is in it.

    Whatever one member makes, another can then go on with, or drop. The statements that do the
    same in the next transactions; None where there is no such schema.
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
    """What `pg_has_role` calls the right to SET ROLE."""
    version = connection.dialect.server_version_info or (0,)
    return "SET" if int(version[0]) >= ACTING else "MEMBER"


def _owned(connection: Connection, views: str, projector: str) -> list[str]:
    """Let the views' schema, and what is in it already, belong to the projector."""
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
