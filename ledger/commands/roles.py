"""`roles`: who may record and read a ledger on PostgreSQL."""

import click

from ledger.commands import options
from ledger.commands.output import Output
from ledger.commands.session import Session
from ledger.commands.sheets import Column, Sheet
from ledger.commands.tree import Leaf

_COLUMNS = (
    Column("role", "Role", fixed=True),
    Column("may", "What it may"),
    Column("members", "Granted to", wrap=True),
)


@click.command(cls=Leaf)
@click.option(
    "--prefix",
    metavar="NAME",
    help="What their names begin with; another than the schema's name where that is taken.",
)
@click.option("--dry-run", is_flag=True, help="Print the SQL, for somebody else to run.")
@options.data()
@click.pass_obj
def roles(session: Session, prefix: str | None, dry_run: bool, output: Output) -> None:
    """Give the ledger its writer, its reader and its projector, or mend their rights.

    On PostgreSQL alone. They are groups: nobody logs in as one, a login is given one, as in
    GRANT studio_ledger_writer TO ana. Each may do the least that its work needs, PUBLIC
    nothing; what was granted to them beyond it is taken back. It takes the ledger's owner with
    CREATEROLE, or a superuser. Said again, it changes nothing.

    \b
    studio-ledger roles --dry-run | psql studios
    """
    from ledger.log.places import Place
    from ledger.log.roles import add_roles, roles_of

    place = Place.parse(session.where)
    done = add_roles(place, prefix, dry_run=dry_run)
    if dry_run:
        text = ";\n".join(("BEGIN", *done, "COMMIT"))
        with output.opened() as sink:
            sink.write_bytes([f"{text};\n".encode()])
        session.say("dry run, nothing was changed: this is what it takes")
        return
    found = roles_of(place, prefix)
    with output.opened() as sink:
        sink.write(Sheet(_COLUMNS, ((one.name, one.may, one.members) for one in found)))
    session.say(f"the ledger has its roles; give one to a login: GRANT {found[0].name} TO ana")
