"""`audit key`: make the key that signs checkpoints, or a witness's, and show the public one."""

import os
import sys
from pathlib import Path

import click

from ledger.commands import audit_options as shared
from ledger.commands.session import Session
from ledger.commands.tree import Tree
from ledger.companions import expanded
from ledger.errors import BadInput


@click.group(cls=Tree)
def key() -> None:
    """The keys that sign checkpoints."""


@key.command("new")
@click.option(
    "--witness",
    metavar="NAME",
    help="A witness's key, with a name such as insurer.example/w1; needs --key, and no ledger.",
)
@click.option("--passphrase", is_flag=True, help="Encrypt it: asks for a passphrase.")
@shared.private_key
@shared.audit_dir
@click.pass_obj
def new(
    session: Session,
    witness: str | None,
    passphrase: bool,
    key_file: str | None,
    audit_dir: str | None,
) -> None:
    """Make the log's key, or with --witness that of a second party.

    The private key is written 0600 and never over another; the public key, one line, stands
    beside it and on stdout. Without --passphrase the private key is not encrypted. A passphrase
    may come from STUDIO_LEDGER_KEY_PASSPHRASE.

    \b
    studio-ledger audit key new
    studio-ledger audit key new --witness insurer.example/w1 --key insurer.key
    """
    from ledger.audit.keys import make_key, public_file
    from ledger.audit.note import COSIGNATURE
    from ledger.audit.refusals import KeyExists

    secret = _new_passphrase() if passphrase else None
    if witness is not None:
        if key_file is None:
            raise BadInput("a witness's key needs a place", advice="Name a file with --key")
        file = expanded(key_file)
        made = make_key(file, witness, COSIGNATURE, secret)
    else:
        audit = shared.open_audit(session, audit_dir)
        file = expanded(key_file) if key_file else audit.folder.key_file
        kept = audit.folder.public_file
        if public_file(file) != kept and os.path.lexists(kept):
            raise KeyExists(
                f"there is another public key at {kept}",
                advice="A further key needs an audit folder of its own: --audit-dir",
            )
        made = audit.make_key(file, secret)
        if public_file(file) != kept:
            _keep_public(kept, made.text)
    click.echo(made.text)
    session.say(f"private key: {file}, for its owner alone; keep a copy where nobody else comes")
    session.say(f"public key: {public_file(file)}; give it to whoever is to check")


@key.command("show")
@click.argument("file", required=False, metavar="[FILE]")
@shared.audit_dir
@click.pass_obj
def show(session: Session, file: str | None, audit_dir: str | None) -> None:
    """The log's public key, or the one in a file. It is what others check by."""
    from ledger.audit.keys import read_public

    found = read_public(file) if file else shared.folder_of(session, audit_dir).public()
    click.echo(found.text)


def _new_passphrase() -> str:
    given = os.environ.get(shared.PASSPHRASE)
    if given is None:
        if not sys.stdin.isatty():
            raise BadInput(
                "there is nobody to ask for a passphrase", advice=f"Give it in {shared.PASSPHRASE}"
            )
        prompt = "Passphrase of the new key"
        given = str(click.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True))
    if not given:
        raise BadInput("the passphrase is empty", advice="Give one, or leave --passphrase away")
    return given


def _keep_public(file: Path, text: str) -> None:
    """The public key goes to the audit folder too, where the private one lies elsewhere."""
    from ledger.errors import StorageFailure

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(f"{text}\n")
    except OSError as error:
        raise StorageFailure(
            f"{file} cannot be written: {(error.strerror or str(error)).lower()}",
            advice="Name another folder with --audit-dir",
        ) from error
