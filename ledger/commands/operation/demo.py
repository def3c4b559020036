"""`demo`: create the sample ledger and print a report of it."""

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from ledger.commands import options
from ledger.commands.session import Session
from ledger.commands.settings import DEFAULT_LEDGER
from ledger.commands.tree import Leaf
from ledger.terminal.heatmap import heat_map
from ledger.terminal.output import Output
from ledger.terminal.sheets import Column, Sheet, Style, can_encode, colours, terminal_bytes
from ledger.terminal.tables import Head, render, wrapped

if TYPE_CHECKING:
    from ledger.application import Ledger
    from ledger.projections.querying.live_views import Answer

SHOWN: dict[str, dict[str, Any]] = {
    "spaces": {},
    "utilization": {"since": "2023-05-01", "until": "2026-03-31"},
    "utilization-by-month": {"since": "2023-05-01", "until": "2026-03-31"},
    "utilization-total": {"since": "2023-05-01", "until": "2026-03-31"},
    "project-counts": {},
    "project-total": {},
    "booked-through": {},
    "holds": {},
    "equipment": {},
    "due-back": {},
    "efficiency": {},
    "claims": {},
    "expo": {},
}
"""The views of the demo and their parameters."""


@click.command(cls=Leaf)
@options.data()
@click.pass_obj
def demo(session: Session, output: Output) -> None:
    """Create a sample ledger at --ledger and show it.

    It holds what is publicly known of one real campus, and invented activity there, with
    "sample" in every title. It is the same on every run; a second run shows it again.

    \b
    studio-ledger --ledger demo.db demo
    """
    from ledger.demo.build import build, left_out

    progress = _Progress()
    with output.opened() as sink:
        try:
            ledger = build(session.where, extensions=session.extensions, told=progress.told)
        finally:
            progress.end()
        with ledger:
            missing = left_out(session.extensions)
            if missing:
                session.say(f"Left out, because no plugin in use adds it: {', '.join(missing)}.")
            if not session.plugins:
                session.say("Plugins are off, so there are no views to show.")
            elif output.format == "table" and output.file is None:
                for line in _report(ledger, _this_program(session)):
                    terminal_bytes().write(line.encode(_encoding(), "backslashreplace") + b"\n")
            else:
                answers = [ledger.view(name, params) for name, params in SHOWN.items()]
                sink.write(_as_data(answers))


class _Progress:
    """A progress bar on stderr, if that is a terminal."""

    def __init__(self) -> None:
        self._bar: Any = None

    def told(self, done: int, total: int) -> None:
        """Advance by one step."""
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            label = "Recording the life of a studio"
            self._bar = click.progressbar(length=total, label=label, file=sys.stderr)
            self._bar.__enter__()
        self._bar.update(1)

    def end(self) -> None:
        """Finish the bar."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)


def _this_program(session: Session) -> str:
    """Return the command line that starts this program on this ledger again."""
    started = Path(sys.argv[0])
    if started.suffix == ".py":
        program = f"python {quote(str(started))}"
    else:
        installed = shutil.which(started.name)
        known = installed is not None and started.exists() and Path(installed).samefile(started)
        program = started.name if known else quote(str(started))
    if session.where == DEFAULT_LEDGER:
        return program
    return f"{program} --ledger {quote(session.where)}"


def _encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "utf-8"


def _as_data(answers: Iterable["Answer"]) -> Sheet:
    """Return every view with its rows, for a program."""
    columns = [Column("view", "View"), Column("title", "Title"), Column("rows", "Rows")]
    return Sheet(columns, [(answer.view, answer.title, answer.rows) for answer in answers])


# --- the report ------------------------------------------------------------------------


def _report(ledger: "Ledger", program: str) -> Iterator[str]:
    answers = {name: ledger.view(name, params) for name, params in SHOWN.items()}
    style = Style(ledger.opened.zone, ascii_only=not can_encode("░▒▓█─…–·≥", _encoding()))
    last = ledger.log.last()
    position, recorded_at = last if last is not None else (0, None)
    yield from _opening(ledger, position, recorded_at, style)
    yield from _titled("The campus")
    yield from _table(
        answers["spaces"],
        style,
        {"name": "Space", "kind": "Kind", "area_m2": "Area (m²)", "phase": "Phase",
         "in_service_on": "In service since", "state": "State"},
    )  # fmt: skip
    yield from _utilization(answers, style)
    yield from _projects(answers, style)
    yield from _titled("How far ahead is each space booked?")
    yield from _table(
        answers["booked-through"],
        style,
        {"space": "Space", "booked_through": "Booked through", "booking": "By booking",
         "first_free": "First free day"},
    )  # fmt: skip
    yield from _holds(answers["holds"], style)
    yield from _equipment(answers["equipment"], style)
    yield from _titled("What is due back, and when?")
    yield from _table(
        answers["due-back"],
        style,
        {"equipment": "Equipment", "custodian": "Custodian", "booking": "Booking",
         "due_at": "Due at", "overdue": "Overdue"},
    )  # fmt: skip
    yield from _efficiency(answers["efficiency"], style)
    yield from _claims(answers["claims"], style)
    yield from _expos(answers["expo"])
    yield from _commands(program)


def _titled(title: str) -> Iterator[str]:
    yield ""
    yield f"\x1b[1m{title}\x1b[0m" if colours() else title
    yield ""


def _opening(
    ledger: "Ledger", position: int, recorded_at: datetime | None, style: Style
) -> Iterator[str]:
    site = next(iter(ledger.view("sites").rows), None)
    name = getattr(site, "name", ledger.opened.origin)
    local = getattr(site, "local_name", None)
    yield f"{name} {local}" if local else name
    yield f"A demo ledger of {position:,} events, the last recorded {style.text(recorded_at)}."
    yield "The campus is real, as described in China Daily, 2025-07-15."
    yield "Everything called a sample is made up."


def _utilization(answers: dict[str, "Answer"], style: Style) -> Iterator[str]:
    yield from _titled("How full was each space, month by month? (net: booked of available days)")
    by_month = answers["utilization-by-month"].rows
    months = sorted({row.month for row in by_month})  # type: ignore[attr-defined]  # a view's own row type
    shares = {(row.space, row.month): row.net for row in by_month}  # type: ignore[attr-defined]  # as above
    notes = {}
    spaces: list[str] = []
    for row in answers["utilization"].rows:
        use: Any = row
        spaces.append(use.space)
        share = "idle" if use.idle else _percent(use.net)
        notes[use.space] = f"{share:>5}  {use.occupied:>4,}/{use.available:,} d"
    yield from heat_map(
        spaces, months, shares, notes, coloured=colours(), ascii_only=style.ascii_only
    )
    yield ""
    totals: dict[str, Any] = {row.measure: row for row in answers["utilization-total"].rows}  # type: ignore[attr-defined]  # as above
    for measure in ("gross", "net", "shoot intensity", "area-weighted net"):
        total = totals[measure]
        yield (
            f"{measure.capitalize():<17} {_percent(total.value):>4}"
            f"  {total.numerator:>9,.0f} / {total.denominator:,.0f} {total.of}"
        )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _projects(answers: dict[str, "Answer"], style: Style) -> Iterator[str]:
    yield from _titled("How many projects?")
    counted = ("opened", "serviced", "closed", "active")
    by_year: dict[str, list[int]] = {}
    by_kind: dict[str, int] = {}
    for row in answers["project-counts"].rows:
        line: Any = row
        sums = by_year.setdefault(line.year, [0] * len(counted))
        by_year[line.year] = [s + getattr(line, c) for s, c in zip(sums, counted, strict=True)]
        by_kind[line.kind] = by_kind.get(line.kind, 0) + line.serviced
    total: Any = answers["project-total"].rows[0]
    rows: list[Sequence[Any]] = [(year, *sums) for year, sums in sorted(by_year.items())]
    rows.append(("all", *(getattr(total, c) for c in counted)))
    heads = ("Year", "Opened", "Serviced", "Closed", "Active at its end")
    yield from _lines(heads, rows, style)
    yield ""
    kinds = sorted(by_kind.items(), key=lambda item: (-item[1], item[0]))
    yield "Serviced by kind: " + ", ".join(f"{kind} {n}" for kind, n in kinds if n)


def _holds(answer: "Answer", style: Style) -> Iterator[str]:
    yield from _titled("Who is waiting for days?")
    heads = ("Space", "Rank", "Booking", "First", "Last", "Deadline")
    rows: list[Sequence[Any]] = []
    for row in answer.rows:
        hold: Any = row
        deadline = None
        if hold.answer_by is not None:
            deadline = f"answer by {style.text(hold.answer_by)[5:]}"
        elif hold.expires_at is not None:
            deadline = f"expires {style.text(hold.expires_at)[5:]}"
        rows.append((hold.space, hold.rank, hold.booking, hold.first, hold.last, deadline))
    yield from _lines(heads, rows, style)


def _equipment(answer: "Answer", style: Style) -> Iterator[str]:
    yield from _titled("Where are the LED volume and other equipment?")
    heads = ("Equipment", "Place", "Container", "Calibrated until")
    rows: list[Sequence[Any]] = []
    for row in answer.rows:
        item: Any = row
        until = item.calibrated_until
        valid = None if until is None else style.text(until)[:10]
        rows.append((item.equipment, item.place, item.container, valid))
    yield from _lines(heads, rows, style)


def _efficiency(answer: "Answer", style: Style) -> Iterator[str]:
    yield from _titled("What does a shooting hour yield, virtual against practical?")
    figures: list[Any] = list(answer.rows)
    rows = [
        (f.of, f"{f.per_hour:.2f} {f.unit}" if f.per_hour is not None else None,
         f.numerator, f.shooting_hours, f.days, f.bookings,
         f"{f.ratio:.2f}" if f.ratio is not None else None)
        for f in figures
    ]  # fmt: skip
    heads = ("Spaces", "Figure", "Sum", "Hours", "Days", "Bookings", "Ratio")
    yield from _lines(heads, rows, style)


def _claims(answer: "Answer", style: Style) -> Iterator[str]:
    yield from _titled("Which published figures does the ledger bear out?")
    claims: list[Any] = list(answer.rows)
    least = ">= " if style.ascii_only else "≥ "
    rows = [
        (c.claim, (least if c.comparison == "at-least" else "") + style.text(c.claimed),
         None if c.derived is None else style.text(c.derived), c.unit, c.verdict)
        for c in claims
    ]  # fmt: skip
    yield from _lines(("Claim", "Published", "Derived", "Unit", "Verdict"), rows, style)
    for claim in claims:
        if claim.verdict == "conflicts":
            yield from wrapped(f"{claim.claim}: {claim.parts}", 80)
    yield from wrapped(
        "Except for areas, the derived figures come from the sample bookings: they show how a "
        "figure is checked, and say nothing about the real campus.",
        80,
    )


def _expos(answer: "Answer") -> Iterator[str]:
    yield from _titled("Which expos, and what do they show?")
    for row in answer.rows:
        expo: Any = row
        shown = "; ".join(filter(None, (expo.technologies, expo.experiences)))
        yield from wrapped(
            f"{expo.title}, on record: exhibitors {expo.exhibitors}, themed areas "
            f"{expo.areas}, special sections {expo.sections}; {shown}",
            80,
        )


def _commands(program: str) -> Iterator[str]:
    yield from _titled("Try next")
    tries = {
        "view spaces --as-of 2024-01-01": "the campus as it was known then",
        "show b-april-2": "a hold that challenges another",
        "log --tag equipment:led-volume": "the history of the LED volume",
    }
    for command, shows in tries.items():
        yield f"  # {shows}"
        yield f"  {program} {command}"


def _table(answer: "Answer", style: Style, titles: dict[str, str]) -> Iterator[str]:
    rows = [[getattr(row, name) or None for name in titles] for row in answer.rows]
    return _lines(tuple(titles.values()), rows, style)


def _lines(heads: Sequence[str], rows: Sequence[Sequence[Any]], style: Style) -> Iterator[str]:
    numeric = [
        all(isinstance(row[n], int | float) and not isinstance(row[n], bool) for row in rows)
        for n in range(len(heads))
    ]
    return render(
        [Head(head, right) for head, right in zip(heads, numeric, strict=True)],
        [[style.text(value) for value in row] for row in rows],
        room=None,
        ascii_only=style.ascii_only,
    )
