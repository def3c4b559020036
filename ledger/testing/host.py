"""A separate ledger for one plugin, with nothing else in it: to command, record and ask."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from ledger.application import Author, Extensions, Ledger, Outcome
from ledger.decisions.base import Decision
from ledger.errors import BadInput
from ledger.events import STUDIO_EVENTS
from ledger.events.base import Event, Header, RecordedEvent
from ledger.plugin_host.host import PluginHost
from ledger.projections import BadPlugin, Projection
from ledger.projections.projection import ONE_FILE_PACKAGE
from ledger.projections.querying.live_views import Answer
from ledger.testing.history import BEGINNING
from ledger.testing.scenario import ACTOR
from ledger.time.periods import ManualClock


class Host:
    """One ledger in a temporary file, with the given plugins.

    `ledger` is a real ledger; `clock` is yours to set. `extensions` are those of the plugins.
    """

    def __init__(self, ledger: Ledger, clock: ManualClock, extensions: Extensions) -> None:
        self.ledger = ledger
        self.clock = clock
        self.extensions = extensions

    def at(self, instant: datetime | str) -> "Host":
        """Set the clock, by a time or in ISO 8601 with an offset: `2025-06-01T08:00+08:00`."""
        value = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
        if value.tzinfo is None:
            raise ValueError(f"{instant} has no offset: whose clock is it?")
        self.clock.set(value)
        return self

    def command(
        self, *commands: Decision | dict[str, Any], actor: str = ACTOR, reason: str | None = None
    ) -> list[RecordedEvent]:
        """Give commands, one after the other, and return the recorded events.

        A command is a decision, or a dict like a line of a batch file
        (`{"do": "project open", …}`). Raises `Refused` if a rule says no, also a plugin's.
        """
        author = Author(actor=actor, reason=reason)
        recorded: list[RecordedEvent] = []
        for command in commands:
            decision = command
            if isinstance(decision, dict):
                decision = self.ledger.wire.decode(msgspec.json.encode(decision))
            outcome: Outcome = self.ledger.decide(decision, author)
            recorded += outcome.events
        return recorded

    def record(self, *events: Event, actor: str = ACTOR) -> list[RecordedEvent]:
        """Record events as they are, bypassing the rules: for events that no command makes."""
        return list(self.ledger.log.append([(event, Header(actor=actor)) for event in events]))

    def ask(self, view: str, *, as_of: int | str | None = None, **parameters: Any) -> list[Any]:
        """Return the rows of a view, live or as of a position or time.

        Raises `AssertionError` with the traceback if the view is stale because a handler of
        the plugin failed.
        """
        answer = self.answer(view, as_of=as_of, **parameters)
        if answer.failure is not None:
            raise AssertionError(
                f"the view {view} is stale since #{answer.stale_since}: "
                f"{answer.failure.error}\n\n{answer.failure.traceback}"
            )
        return answer.rows

    def answer(self, view: str, *, as_of: int | str | None = None, **parameters: Any) -> Answer:
        """Return the full answer of a view, with its columns, position and staleness."""
        return self.ledger.view(view, parameters, as_of=None if as_of is None else str(as_of))


@contextmanager
def isolated_host(
    *plugins: type[Projection] | Path | str,
    zone: str = "UTC",
    now: datetime = BEGINNING,
    shipped: bool = False,
) -> Iterator[Host]:
    """Provide a host with just these plugins, over a new ledger that ends with the block.

    A plugin is a projection class, or the path of a one-file plugin, which is loaded as a
    ledger loads it, with its events and rules. A class comes with the event types that it
    handles. `shipped` adds the shipped plugins.

    Raises `BadPlugin` for a plugin that cannot be loaded.
    """
    classes = [plugin for plugin in plugins if isinstance(plugin, type)]
    files = [Path(plugin) for plugin in plugins if not isinstance(plugin, type)]
    with tempfile.TemporaryDirectory(prefix="studio-ledger-") as temporary:
        folder = Path(temporary) / "plugins"
        folder.mkdir()
        for file in files:
            if not file.is_file():
                raise BadInput(f"no plugin {file}", advice="Give the path of its one file")
            shutil.copy(file, folder)
        with _modules_as_before(f"{ONE_FILE_PACKAGE}.{file.stem}" for file in files):
            extensions = _extensions(folder, shipped, classes)
            clock = ManualClock(now)
            with Ledger.create(
                str(Path(temporary) / "studio.db"),
                origin="studio.example",
                zone_name=zone,
                author=Author(actor=ACTOR),
                extensions=extensions,
                clock=clock,
            ) as ledger:
                yield Host(ledger, clock, extensions)


def _extensions(folder: Path, shipped: bool, classes: Sequence[type[Projection]]) -> Extensions:
    loaded = PluginHost(folders=[folder], packages=shipped).load()
    for failure in loaded.failures:
        raise BadPlugin(
            f"the plugin {failure.plugin} cannot be loaded: {failure.error}",
            advice=f"Fix it. The traceback:\n{failure.traceback}",
        )
    found = loaded.extensions()
    known = {*STUDIO_EVENTS, *found.event_types}
    own = dict.fromkeys(t for one in classes for t in one.event_types if t not in known)
    return msgspec.structs.replace(
        found,
        projections=(*found.projections, *classes),
        event_types=(*found.event_types, *own),
    )


@contextmanager
def _modules_as_before(names: Iterator[str]) -> Iterator[None]:
    before = {name: sys.modules.get(name) for name in names}
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
