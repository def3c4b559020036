"""A replay at one place in the log, and how its answers are shown."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from ledger.commands import options
from ledger.commands.ids import tags_asked_for, warn_of_unknown
from ledger.commands.session import Session
from ledger.commands.tree import Leaf
from ledger.commands.views.answer_sheets import answer_sheet, progress, say_if_stale, title
from ledger.commands.views.view_options import asked_with, parameter_option
from ledger.commands.views.views import known_views, no_such_view
from ledger.errors import BadInput
from ledger.terminal.output import Output
from ledger.terminal.sheets import Column, Sheet, Style

if TYPE_CHECKING:
    from ledger.application import Ledger
    from ledger.projections.folds import Failure
    from ledger.projections.querying.replaying import Replay
    from ledger.projections.views import View

STANDINGS = (
    Column("projection", "Projection", fixed=True),
    Column("plugin", "Plugin"),
    Column("version", "Version", detail=True),
    Column("events", "Events", number=True),
    Column("rows", "Rows", number=True),
    Column("unread", "Unread", number=True),
    Column("position", "At #", number=True),
    Column("failure", "Failure", wrap=True),
)
CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""Settings of the root command, for commands that are typed at the prompt."""

_OUTPUTS = ("--json", "--format", "--output", "-o")


@dataclass
class Look:
    """A replay of an open ledger. `now`, if set, is the time at which its views are asked."""

    session: Session
    ledger: "Ledger"
    replay: "Replay"
    zone: str
    output: Output
    now: datetime | None = None

    # --- moving ------------------------------------------------------------------------

    def resolve(self, text: str) -> tuple[int, datetime | None]:
        """Return the position of a typed place, and the time at which its views are asked."""
        bare = text.removeprefix("#")
        text = bare if bare.isdecimal() else text
        return self.ledger.resolve_as_of(text), self.ledger.seen_from(text)

    def go(self, position: int, now: datetime | None = None) -> tuple[int, float]:
        """Move there, and report failures on the way; return the events folded, and the seconds."""
        before = {failure.projection for failure in self.replay.failures()}
        begun = time.perf_counter()
        folded = self.replay.go(position, progress("replaying"))
        seconds = time.perf_counter() - begun
        self.now = now
        self.say_stopped(f for f in self.replay.failures() if f.projection not in before)
        return folded, seconds

    def say_replayed(self, folded: int, seconds: float) -> None:
        """Say how long a replay took, and where it stands."""
        count = len(self.replay.projections)
        through = "1 projection" if count == 1 else f"{count} projections"
        events = "1 event" if folded == 1 else f"{folded:,} events"
        pace = f", {folded / seconds:,.0f} a second" if seconds and folded else ""
        self.session.say(
            f"Replayed {events} through {through} in {seconds:.2f} s{pace}: {self.place_words()}"
        )

    def say_stopped(self, failures: "Sequence[Failure] | Any") -> None:
        """Say why projections stopped; the others continued."""
        for failure in failures:
            self.session.say(
                f"{failure.projection} (plugin {failure.plugin}) stopped before "
                f"#{failure.position} {failure.type}: {failure.error}"
            )

    def place_words(self) -> str:
        """The position and recorded time of the replay."""
        place = self.replay.place
        if place is None:
            return "before the first event"
        return Style(self.zone).as_of(place.position, place.recorded_at)

    # --- views -------------------------------------------------------------------------

    def view(self, name: str) -> "View":
        """A view of this replay. Raises `BadInput`."""
        if name in self.replay.views:
            return self.replay.views[name]
        if name in known_views(self.session) or name in self.ledger.views.views:
            raise BadInput(
                f"view {name} belongs to a projection that this replay leaves out",
                advice="Run replay without --projection",
            )
        raise no_such_view(self.session, name)

    def read_view(self, words: Sequence[str]) -> "tuple[View, dict[str, Any], Output]":
        """Parse a typed view with its parameters, and its output.

        Raises `BadInput` or click's `UsageError`.
        """
        view = self.view(words[0])

        @options.data()
        def take(*, output: Output, **given: Any) -> tuple[dict[str, Any], Output]:
            return asked_with(given), output

        for parameter in reversed(view.parameters):
            take = parameter_option(parameter)(take)
        command = click.command(view.name, cls=Leaf, help=view.help or view.title)(take)
        with command.make_context(f"view {view.name}", list(words[1:]), **CONTEXT) as context:
            given, output = command.invoke(context)
        view.read(given)
        return view, given, output if names_output(words) else self.output

    def show_view(self, view: "View", given: dict[str, Any], output: Output) -> None:
        """Ask a view here, and show its answer as `view NAME` does."""
        answer = self.replay.answer(view.name, given, self.now)
        warn_of_unknown(self.session, self.ledger, tags_asked_for(given))
        self.session.say(title(answer, self.zone))
        with output.opened() as sink:
            sink.write(answer_sheet(answer, self.zone))
        say_if_stale(self.session, answer)

    # --- projections -------------------------------------------------------------------

    def show_standings(self, output: Output) -> None:
        """Show how each projection stands."""
        whole = output.format in ("json", "jsonl")
        rows = (
            (
                *(s.projection, s.plugin, s.version, s.handled, s.rows, s.unread, s.position),
                s.failure if whole or s.failure is None else _in_short(s.failure),
            )
            for s in self.replay.standings()
        )
        with output.opened() as sink:
            sink.write(Sheet(STANDINGS, rows, self.zone))


def names_output(words: Sequence[str]) -> bool:
    """Whether a line sets its own output."""
    return any(word.partition("=")[0] in _OUTPUTS or word.startswith("-o") for word in words)


def _in_short(failure: "Failure") -> str:
    return f"#{failure.position} {failure.type}: {failure.error}"
