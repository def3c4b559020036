"""`import` and `export`: files of other programs, in formats that plugins add."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from ledger.commands import options
from ledger.commands.audit import audit_options
from ledger.commands.session import Session, current
from ledger.commands.tree import OUTPUT, Leaf, Shared
from ledger.errors import BadInput, LedgerError
from ledger.sidecar_paths import expanded
from ledger.terminal.output import Output

if TYPE_CHECKING:
    from ledger.application import Ledger
    from ledger.decisions.base import Decision
    from ledger.exchange import Exporter
    from ledger.plugin_host.host import Loaded, PluginHost
    from ledger.projections.querying.live_views import Answer


class FormatName(click.ParamType[str]):
    """The name of a format, completed from the sources of the plugins."""

    name = "NAME"

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the formats that begin with the typed text."""
        known = current(ctx).host.formats(self._kind)
        return [
            CompletionItem(name, help=one.title)
            for name, (one, _) in known.items()
            if name.startswith(incomplete)
        ]


def _missing(session: Session, kind: str, name: str | None) -> BadInput:
    known = session.host.formats(kind)
    listed = "; ".join(f"{n} ({one.title}, plugin {plugin})" for n, (one, plugin) in known.items())
    what = f"--format is missing: which {kind}?" if name is None else f"there is no {kind} {name!r}"
    near = get_close_matches(name or "", known, n=1)
    if near:
        return BadInput(what, advice=f"Did you mean {near[0]}?")
    return BadInput(what, advice=f"Use one of: {listed}" if known else f"No plugin has an {kind}")


# --- import ---------------------------------------------------------------------------------


@click.command("import", cls=Leaf)
@click.argument("file", metavar="FILE|-|FOLDER")
@click.option("--format", "name", type=FormatName("importer"), help="The format of the file.")
@click.option("--each", is_flag=True, help="Run them one by one; continue after a refusal.")
@options.recording
@click.option(
    "-o",
    "--output",
    "output_file",
    cls=Shared,
    section=OUTPUT,
    metavar="FILE",
    help="Write the data to this file, whole or not at all.",
)
@click.option("--json", "as_json", cls=Shared, section=OUTPUT, is_flag=True, help="As JSON.")
@audit_options.public_key_of_export
@audit_options.audit_dir
@click.pass_obj
def import_(
    session: Session,
    /,
    *,
    file: str,
    name: str | None,
    each: bool,
    as_json: bool,
    output_file: str | None,
    reason: str | None,
    request: str | None,
    dry_run: bool,
    public: str | None,
    audit_dir: str | None,
) -> None:
    """Run the commands in another program's file (- is stdin), or load an export.

    A plugin's importer turns the file into commands. They must pass every rule, and are
    recorded all or none, or with --each one by one, as with `apply`. Either way the whole file
    is read first; if any of it cannot be read, nothing is recorded.

    A folder must be an export (audit export): its lines become a new ledger at --ledger, byte
    for byte, with its checkpoints in the audit folder, whole or not at all. Its signatures are
    checked first, with --public.

    \b
    studio-ledger import --format holds-csv holds.csv --dry-run
    studio-ledger --ledger copy.db import studio-2025 --public studio.pub
    """
    from ledger.commands.studio.apply import carry_out, opened_input

    if expanded(file).is_dir():
        from ledger.commands.operation.export_import import take_export_over

        recorded = (name, each, reason, request, dry_run)
        if any(recorded):
            raise BadInput(
                f"{file} is a folder, and an export is loaded as it is",
                advice="Drop --format, --each, --reason, --request and --dry-run",
            )
        output = Output.of(None, as_json, output_file)
        take_export_over(session, expanded(file), public, audit_dir, output)
        return
    if public is not None:
        raise BadInput(f"{file} is not a folder", advice="Drop --public: it is for exports")
    author = session.author(reason=reason, request=request)
    output = Output.of(None, as_json, output_file)

    def wanted(host: "PluginHost") -> "Loaded":
        host.load_for_writing(every=True)
        return host.load_for_format("importer", name or "")

    session.needs(wanted, records=True)
    ledger = session.open()
    found = wanted(session.host).importers().get(name or "") if session.plugins else None
    if found is None:
        raise _missing(session, "importer", name)
    with opened_input(file) as stream:
        numbered = [(line, _checked(ledger, line, d)) for line, d in found.decisions(stream)]
    carry_out(session, ledger, numbered, output, author=author, each=each, dry_run=dry_run)


def _checked(ledger: "Ledger", line: int, command: "Decision | Mapping[str, Any]") -> "Decision":
    """Return the command as read back from a batch line, so that it passes the same checks."""
    import msgspec

    try:
        if isinstance(command, Mapping):
            return ledger.wire.decode(msgspec.json.encode(command))
        return ledger.wire.decode(ledger.wire.encode(command))
    except LedgerError as error:
        error.where = error.where or f"line {line}"
        raise


# --- export ---------------------------------------------------------------------------------


@click.command("export", cls=Leaf)
@click.option("--format", "name", type=FormatName("exporter"), help="The format to write.")
@options.as_of
@click.option(
    "-o",
    "--output",
    "output_file",
    cls=Shared,
    section=OUTPUT,
    metavar="FILE",
    help="Write to this file, whole or not at all.",
)
@click.pass_obj
def export(
    session: Session, /, *, name: str | None, as_of: str | None, output_file: str | None
) -> None:
    """Write the ledger in another program's format.

    A plugin's exporter reads events and views, as of now or --as-of.

    \b
    studio-ledger export --format icalendar -o bookings.ics
    """
    from ledger.exchange import Look

    output = Output.of("table", False, output_file)
    session.needs(lambda host: host.load_for_format("exporter", name or ""))
    ledger = session.open(read_only=True)
    loaded = session.host.load_for_format("exporter", name or "")
    found = loaded.exporters().get(name or "")
    if found is None:
        raise _missing(session, "exporter", name)
    position = options.resolve_as_of(ledger, as_of)
    position = ledger.log.head() if position is None else position
    now = ledger.seen_from(as_of)
    look = Look(
        ledger.log,
        position=position,
        zone=ledger.opened.zone,
        ask=lambda view, given: _ask(session, view, given, position, now),
    )
    with output.opened() as sink:
        written = sink.write_bytes(_named(found, look))
    where = "" if output.file is None else f" to {output.file}"
    session.say(f"{found.title}: {written:,} bytes{where}, as of #{position}")


def _ask(
    session: Session, view: str, given: Mapping[str, Any], position: int, now: datetime | None
) -> "Answer":
    """Ask a view as of the export's position, loading its plugin first."""
    from ledger.application import Ledger

    extensions = session.host.load_for_view(view).extensions()
    with Ledger.open(session.where, extensions=extensions, read_only=True) as ledger:
        return ledger.views.answer(view, given, as_of=position, now=now)


def _named(exporter: "Exporter", look: Any) -> Iterator[bytes]:
    """Yield the pieces. Report an exception of the exporter as a failure of its plugin."""
    pieces: Iterable[bytes] = exporter.chunks(look)
    try:
        yield from pieces
    except LedgerError:
        raise
    except (Exception, SystemExit) as error:
        from ledger.projections.faults import BadPlugin

        raise BadPlugin(
            f"the exporter {exporter.name} failed: {type(error).__name__}: {error}",
            advice="Nothing was changed; -v shows where",
            subject=exporter.write,
        ) from error
