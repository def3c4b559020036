"""`roles`: who may record in and read a ledger on PostgreSQL."""

import click

from ledger.commands import options
from ledger.commands.session import Session
from ledger.commands.tree import Leaf
from ledger.terminal.output import Output
from ledger.terminal.sheets import Column, Sheet

_COLUMNS = (
    Column("role", "Role", fixed=True),
    Column("may", "Rights"),
    Column("members", "Granted to", wrap=True),
)


@click.command(cls=Leaf)
@click.option(
    "--prefix",
    metavar="NAME",
    help="Prefix of the role names.  [default: the schema's name]",
)
@click.option("--dry-run", is_flag=True, help="Print the SQL instead of running it.")
@options.data()
@click.pass_obj
def roles(session: Session, prefix: str | None, dry_run: bool, output: Output) -> None:
    """Create the ledger's writer, reader and projector roles, or repair their rights.

    PostgreSQL only. They are group roles without login; grant one to a login, as in
    GRANT studio_ledger_writer TO ana. Each has only the rights that its work needs, PUBLIC has
    none; any other rights of theirs are revoked. Run it as the ledger's owner with CREATEROLE,
    or as a superuser. Running it again changes nothing.

    \b
    studio-ledger roles --dry-run | psql studios
    """
    from ledger.log.store.roles import add_roles, roles_of
    from ledger.log.store.store_urls import Place

    place = Place.parse(session.where)
    done = add_roles(place, prefix, dry_run=dry_run)
    if dry_run:
        text = ";\n".join(("BEGIN", *done, "COMMIT"))
        with output.opened() as sink:
            sink.write_bytes([f"{text};\n".encode()])
        session.say("dry run, nothing was changed; this is the SQL to run")
        return
    found = roles_of(place, prefix)
    with output.opened() as sink:
        sink.write(Sheet(_COLUMNS, ((one.name, one.may, one.members) for one in found)))
    session.say(f"the ledger has its roles; to give one to a login: GRANT {found[0].name} TO ana")
