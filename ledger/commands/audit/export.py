"""`audit export`: a folder for an outsider, with the script that checks it."""

import io
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from ledger.commands.audit import audit_options as shared
from ledger.commands.session import Session
from ledger.commands.tree import Leaf
from ledger.commands.views.answer_sheets import answer_sheet, progress
from ledger.sidecar_paths import expanded
from ledger.terminal.sheets import write

if TYPE_CHECKING:
    from ledger.application import Ledger
    from ledger.audit.exports.export import Table
    from ledger.projections.views import View


@click.command("export", cls=Leaf)
@click.argument("folder", metavar="FOLDER")
@shared.private_key
@shared.audit_dir
@click.pass_obj
def export(session: Session, folder: str, key_file: str | None, audit_dir: str | None) -> None:
    """Write a folder for an outsider: all lines, their tree, and a script that checks them.

    It holds the events up to the newest checkpoint, every checkpoint, the public key, as CSV
    the views that need no parameter, and a signed list of all files. It is written whole or not
    at all, and never overwrites anything. If the lines are not those that were signed, nothing
    is exported (exit 3). With --no-plugins it has no views.

    \b
    studio-ledger audit export studio-2025
    python -I studio-2025/verify_export.py
    """
    from ledger.audit.exports.export import check_free, write_export
    from ledger.auditing import Audit

    target = expanded(folder)
    check_free(target)
    extensions = session.extensions  # warns of each plugin that cannot be loaded
    ledger = session.open(read_only=True)
    audit = Audit(ledger, shared.folder_of(session, audit_dir), session.where)
    key = shared.open_private(expanded(key_file) if key_file else audit.folder.key_file)
    kept = audit.kept(key.verifier)
    size = kept.last.size if kept.last else 0
    written = write_export(
        target,
        lines=ledger.log.lines,
        kept=kept,
        key=key,
        tables=_tables(ledger, size) if extensions.projections else (),
        progress=progress("exporting"),
    )
    for name, why in written.left_out.items():
        session.say(f"warning: the view {name} was left out: {why}")
    session.say(f"exported {size:,} events to {target}: {written.files:,} files")
    newer = ledger.log.head() - size
    if newer:
        are = "1 newer event is" if newer == 1 else f"{newer:,} newer events are"
        session.say(f"{are} not in it. To include them, sign first: audit checkpoint")
    session.say(f"to check it: python -I {target / 'verify_export.py'}")


def _tables(ledger: "Ledger", position: int) -> "Iterator[Table]":
    """Yield the answer of each view that needs no parameter. Fold each projection once."""
    chosen = [
        view
        for view in ledger.views.views.values()
        if not any(parameter.required for parameter in view.parameters)
    ]
    chosen.sort(key=lambda view: (view.projection, view.name))
    for name, views in groupby(chosen, key=lambda view: view.projection):
        yield from _of_one(ledger, name, list(views), position)


def _of_one(ledger: "Ledger", name: str, views: "list[View]", position: int) -> "Iterator[Table]":
    from ledger.audit.exports.export import Table
    from ledger.errors import LedgerError
    from ledger.projections.folds import replay
    from ledger.projections.querying.answers import answer_of, ask

    told = progress(f"folding {name}")
    folded = replay(
        ledger.views.projections[name],
        ledger.log,
        position,
        None if told is None else lambda reached: told(reached, position),
    )
    for view in views:
        if folded.failure is not None:
            failure = folded.failure
            yield Table(view.name, None, f"#{failure.position} {failure.type}: {failure.error}")
            continue
        try:
            rows: Any = ask(view, folded.projection, {}, None)
            answer = answer_of(view, rows, folded, None)
            out = io.BytesIO()
            write(answer_sheet(answer, ledger.opened.zone), "csv", out)
        except LedgerError as error:
            yield Table(view.name, None, error.message)
        else:
            yield Table(view.name, out.getvalue())
