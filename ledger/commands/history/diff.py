"""`diff`: changes between two places in the log, in things and in views."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from ledger.commands import options
from ledger.commands.exit_codes import STALE
from ledger.commands.history.field_text import plain_value
from ledger.commands.history.report import Report, late_days
from ledger.commands.ids import FIRST_EVENTS, find_tag, warn_of_unknown
from ledger.commands.session import Session
from ledger.commands.tree import Leaf
from ledger.commands.views.answer_sheets import progress, say_if_stale
from ledger.commands.views.row_changes import comparison_sheet
from ledger.commands.views.views import no_such_view
from ledger.entities import Change, EntityChanges, changes, effective
from ledger.errors import BadInput, LedgerError
from ledger.tags import check_tag
from ledger.terminal.output import Output, Sink
from ledger.terminal.sheets import Column, Sheet, Style, can_encode, colours, room
from ledger.terminal.tables import wrapped

if TYPE_CHECKING:
    from ledger.application import Ledger
    from ledger.projections.querying.live_views import Comparison
    from ledger.projections.views import View

_COLUMNS = (
    *(Column(name, name) for name in ("part", "kind", "id", "field", "change", "before", "after")),
    *(Column(name, name) for name in ("position", "type", "actor", "recorded_at", "effective")),
    *(Column(name, name) for name in ("late_days", "reason", "corrects", "known_since", "via")),
    *(Column(name, name) for name in ("positions", "row", "differences")),
)
"""Columns of JSON lines and CSV: a line for each field of a thing, and each row of a view."""

_SHOWN = 8
"""Most rows of a view in a report; `--view NAME` shows all."""

_WIDE = 100
"""Width of a report in a file, in cells."""


class _Found(NamedTuple):
    """Changed things, compared views, and views that could not be compared."""

    things: Sequence[EntityChanges]
    views: Mapping[str, "Comparison"]
    failed: Mapping[str, LedgerError]


@click.command(cls=Leaf)
@click.argument("before", metavar="A")
@click.argument("after", metavar="[B]", required=False)
@click.option("--entities", is_flag=True, help="Only the things.")
@click.option("--views", "figures", is_flag=True, help="Only the views.")
@click.option(
    "--view",
    "names",
    multiple=True,
    metavar="NAME",
    help="Of the views, only this one; repeatable.",
)
@click.option(
    "--tag",
    "tags",
    multiple=True,
    metavar="TAG|ID",
    help="Only what events with this tag are about; repeat to require all.",
)
@options.data()
@click.pass_obj
def diff(
    session: Session,
    before: str,
    after: str | None,
    entities: bool,
    figures: bool,
    names: tuple[str, ...],
    tags: tuple[str, ...],
    output: Output,
) -> None:
    """Show what changed between two places in the log: in each thing, and in each view.

    A and B are positions, dates or recorded times; B defaults to now. A thing is shown if an
    event in between is about it. A view is shown if it has no required parameter; with
    --tag, if it takes the thing as a parameter.

    \b
    studio-ledger diff 2025-07-01 2025-07-31
    studio-ledger diff 812 --entities --tag space:stage-1
    """
    wanted = figures or bool(names) or not entities
    if wanted and not session.plugins and (figures or names):
        raise BadInput("views come from plugins", advice="Drop --no-plugins")
    ledger = session.open(read_only=True) if wanted else session.open_bare()
    first, last = _ends(ledger, before, after)
    asked_tags = _tags(ledger, tags)
    asked = _views(session, ledger, names, asked_tags) if wanted else {}
    told = progress()
    compared = ledger.views.compare_all(asked, first, last, progress=told) if asked else {}
    found = _Found(
        [] if figures and not entities else changes(ledger.log, first, last, asked_tags),
        {n: c for n, c in compared.items() if not isinstance(c, LedgerError)},
        {n: c for n, c in compared.items() if isinstance(c, LedgerError)},
    )
    _title(session, ledger, found, first, last)
    with output.opened() as sink:
        _write(sink, ledger, found, (before, after), first, last, whole=bool(names))
    warn_of_unknown(session, ledger, asked_tags)
    for comparison in found.views.values():
        say_if_stale(session, comparison.after)
    for error in found.failed.values():
        session.exit_code = STALE
        session.say(f"not compared: {error.message}")


# --- what is asked -----------------------------------------------------------------------


def _ends(ledger: "Ledger", before: str, after: str | None) -> tuple[int, int]:
    """Return the positions of A and B. Raises `BadInput` if B is the earlier one."""
    with options.named("A"):
        first = ledger.resolve_as_of(before)
    with options.named("B"):
        last = ledger.log.head() if after is None else ledger.resolve_as_of(after)
    if last < first:
        # Read backwards, "rescheduled by ana" would not be true.
        raise BadInput(f"A (#{first}) is after B (#{last})", advice="Give the earlier one first")
    return first, last


def _tags(ledger: "Ledger", given: Sequence[str]) -> tuple[str, ...]:
    with options.named("--tag"):
        return tuple(check_tag(t) if ":" in t else find_tag(ledger, t) for t in given)


def _views(
    session: Session, ledger: "Ledger", names: Sequence[str], tags: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return the views to compare, each with the parameters that the tags give."""
    known = ledger.views.views
    for name in names:
        if name not in known and session.host.switched_off(f"view {name}") is not None:
            raise no_such_view(session, name)
        with options.named("--view"):
            ledger.views.view(name)
    things = [t.partition(":")[::2] for t in tags]
    found: dict[str, dict[str, Any]] = {}
    for name in names or known:
        given = _given(known[name], things)
        missing = [p.name for p in known[name].parameters if p.required and p.name not in given]
        if missing and names:
            session.say(f"not compared: view {name} needs {', '.join(missing)}")
        elif not missing and (not tags or given):
            found[name] = given
    return found


def _given(view: "View", things: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Pass the tags as parameters, which are named after kinds of things; all must fit."""
    takes = {p.name: p for p in view.parameters}
    fit = all(kind in takes and kind in FIRST_EVENTS and "@" not in id for kind, id in things)
    return {kind: [id] if takes[kind].many else id for kind, id in things} if fit else {}


# --- what is shown -----------------------------------------------------------------------


def _title(session: Session, ledger: "Ledger", found: _Found, first: int, last: int) -> None:
    zone = ledger.opened.zone
    changed = {name: c for name, c in found.views.items() if c.changes}
    things, views = len(found.things), len(changed)
    told = [f"{things:,} thing{'s' * (things != 1)}"] if things else []
    told += [f"{views} view{'s' * (views != 1)}"] if views else []
    many = " and ".join(told) + " changed" if told else "nothing changed"
    ends = (_place(ledger, position, zone) for position in (first, last))
    session.say(f"{many} between {' and '.join(ends)}, {zone}")


def _place(ledger: "Ledger", position: int, zone: str) -> str:
    if position == 0:
        return "the beginning"
    return f"#{position} ({Style(zone).text(_recorded_at(ledger, position))})"


def _recorded_at(ledger: "Ledger", position: int) -> Any:
    entry = next(ledger.log.stream(after=position - 1, until=position), None)
    return None if entry is None else entry.recorded_at


def _write(
    sink: Sink,
    ledger: "Ledger",
    found: _Found,
    typed: tuple[str, str | None],
    first: int,
    last: int,
    *,
    whole: bool,
) -> None:
    zone = ledger.opened.zone
    if sink.format == "table":
        _write_report(sink, found, typed, zone, whole=whole)
    elif sink.format == "json":
        data = {
            "before": {"position": first, "recorded_at": _recorded_at(ledger, first)},
            "after": {"position": last, "recorded_at": _recorded_at(ledger, last)},
            "entities": list(_things(found, zone)),
            "views": list(_rows(found)),
            "failed": [{"view": n, "error": e.message} for n, e in found.failed.items()],
        }
        text = msgspec.json.encode(data, enc_hook=str)
        sink.write_bytes([msgspec.json.format(text, indent=2), b"\n"])
    else:
        names = [column.name for column in _COLUMNS]
        lines = (
            *({"part": "entity", **thing} for thing in _things(found, zone)),
            *({"part": "view", "kind": r.pop("view"), **r} for r in _rows(found)),
        )
        sink.write(Sheet(_COLUMNS, ([line.get(n) for n in names] for line in lines), zone))


def _things(found: _Found, zone: str) -> Iterator[dict[str, Any]]:
    for thing in found.things:
        for change in thing.changes:
            yield _fact(thing, change, zone)


def _fact(thing: EntityChanges, change: Change, zone: str) -> dict[str, Any]:
    """A field of a thing, for programs: the event that set it, and those in between."""
    fact, entry = change.fact, change.fact.entry
    return {
        "kind": thing.entity.kind,
        "id": thing.entity.id,
        "field": change.field,
        "change": change.change,
        "before": plain_value(change.before),
        "after": plain_value(change.after),
        "position": entry.position,
        "type": entry.type,
        "actor": entry.actor,
        "recorded_at": entry.recorded_at,
        "effective": effective(fact),
        "late_days": late_days(fact, zone),
        "reason": entry.reason,
        "corrects": entry.corrects,
        "known_since": fact.known,
        "via": fact.via,
        "positions": sorted({step.entry.position for step in change.steps}),
    }


def _rows(found: _Found) -> Iterator[dict[str, Any]]:
    for name, comparison in found.views.items():
        for change in comparison.changes:
            yield {
                "view": name,
                "row": change.row,
                "change": change.change,
                "differences": change.differences,
            }


def _write_report(
    sink: Sink, found: _Found, typed: tuple[str, str | None], zone: str, *, whole: bool
) -> None:
    to_file = sink.to_file
    encoding = "utf-8" if to_file else sys.stdout.encoding or "utf-8"
    style = Style(zone, ascii_only=not can_encode("→", encoding))
    wide = _WIDE if to_file else room() or _WIDE
    bold = colours() and not to_file

    def put(line: str) -> None:
        sink.write_bytes([line.encode(encoding, "backslashreplace") + b"\n"])

    for line in Report(style).lines(found.things, wide, bold=bold):
        put(line)
    begun = bool(found.things)
    for name, comparison in found.views.items():
        count = len(comparison.changes)
        if not count:
            continue
        if begun:
            put("")
        begun = True
        heading = f"View {name}: {count:,} row{'s' * (count > 1)} changed"
        for line in wrapped(heading, wide):
            put(f"\x1b[1m{line}\x1b[0m" if bold else line)
        shown = comparison if whole else _first_rows(comparison)
        sink.write(comparison_sheet(shown, zone, "table"))
        if len(shown.changes) < count:
            ends = " ".join(end for end in typed if end is not None)
            more = f"and {count - len(shown.changes):,} more: diff {ends} --views --view {name}"
            for line in wrapped(more, wide):
                put(line)


def _first_rows(comparison: "Comparison") -> "Comparison":
    return msgspec.structs.replace(comparison, changes=comparison.changes[:_SHOWN])
