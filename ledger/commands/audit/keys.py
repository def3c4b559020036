"""`audit key`: make the key of a log or a witness, and show the public key."""

import os
import sys
from pathlib import Path

import click

from ledger.commands.audit import audit_options as shared
from ledger.commands.session import Session
from ledger.commands.tree import Tree
from ledger.errors import BadInput
from ledger.sidecar_paths import expanded


@click.group(cls=Tree)
def key() -> None:
    """Make and show the keys that sign checkpoints."""


@key.command("new")
@click.option(
    "--witness",
    metavar="NAME",
    help="Make a witness's key with this name, such as insurer.example/w1. Needs --key, no ledger.",
)
@click.option("--passphrase", is_flag=True, help="Encrypt the private key; asks for a passphrase.")
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

    The private key is written with mode 0600 and never overwrites another. The public key, one
    line, is written beside it and to stdout. Without --passphrase the private key is not
    encrypted. The passphrase can come from STUDIO_LEDGER_KEY_PASSPHRASE.

    \b
    studio-ledger audit key new
    studio-ledger audit key new --witness insurer.example/w1 --key insurer.key
    """
    from ledger.audit.formats.note import COSIGNATURE
    from ledger.audit.keys import make_key, public_file
    from ledger.audit.refusals import KeyExists

    secret = _new_passphrase() if passphrase else None
    if witness is not None:
        if key_file is None:
            raise BadInput("a witness's key needs a file", advice="Name it: --key FILE")
        file = expanded(key_file)
        made = make_key(file, witness, COSIGNATURE, secret)
    else:
        audit = shared.open_audit(session, audit_dir)
        file = expanded(key_file) if key_file else audit.folder.key_file
        kept = audit.folder.public_file
        if public_file(file) != kept and os.path.lexists(kept):
            raise KeyExists(
                f"{kept} already holds another public key",
                advice="Name another audit folder for the new key: --audit-dir",
            )
        made = audit.make_key(file, secret)
        if public_file(file) != kept:
            _keep_public(kept, made.text)
    click.echo(made.text)
    session.say(f"private key: {file}; keep it secret, and keep a copy in a safe place")
    session.say(f"public key: {public_file(file)}; give it to those who check")


@key.command("show")
@click.argument("file", required=False, metavar="[FILE]")
@shared.audit_dir
@click.pass_obj
def show(session: Session, file: str | None, audit_dir: str | None) -> None:
    """Show the log's public key, or the one in a file. Others need it to check."""
    from ledger.audit.keys import read_public

    found = read_public(file) if file else shared.folder_of(session, audit_dir).public()
    click.echo(found.text)


def _new_passphrase() -> str:
    given = os.environ.get(shared.PASSPHRASE)
    if given is None:
        if not sys.stdin.isatty():
            raise BadInput(
                "no terminal to ask for a passphrase", advice=f"Set it in {shared.PASSPHRASE}"
            )
        prompt = "Passphrase of the new key"
        given = str(click.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True))
    if not given:
        raise BadInput("the passphrase is empty", advice="Give one, or drop --passphrase")
    return given


def _keep_public(file: Path, text: str) -> None:
    """Write the public key to the audit folder too, when the private key is kept elsewhere."""
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
