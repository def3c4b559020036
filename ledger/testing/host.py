"""A ledger of its own for one plugin, with nothing else in it: to command, record and ask."""

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
from ledger.plugin_host import PluginHost
from ledger.projections import BadPlugin, Projection
from ledger.projections.projection import ONE_FILE_PACKAGE
from ledger.projections.views import Answer
from ledger.testing.history import BEGINNING
from ledger.testing.scenario import ACTOR
from ledger.times import ManualClock


class Host:
    """One ledger in a temporary file, and the plugins that were asked for.

    `ledger` is the real thing; `clock` is yours to set. `extensions` are what the plugins
    add.
    """

    def __init__(self, ledger: Ledger, clock: ManualClock, extensions: Extensions) -> None:
        self.ledger = ledger
        self.clock = clock
        self.extensions = extensions

    def at(self, instant: datetime | str) -> "Host":
        """Set the clock. A text is ISO 8601 with an offset, such as `2025-06-01T08:00+08:00`."""
        value = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
        if value.tzinfo is None:
            raise ValueError(f"{instant} has no offset: whose clock is it?")
        self.clock.set(value)
        return self

    def command(
        self, *commands: Decision | dict[str, Any], actor: str = ACTOR, reason: str | None = None
    ) -> list[RecordedEvent]:
        """Command this, one after the other; the events that came of it.

        A command is a decision, or a dict as a line of a batch file has it
        (`{"do": "project open", …}`). Raises `Refused` where a rule says no, a plugin's too.
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
        """Record events as they are, past every rule: for those that no command makes."""
        return list(self.ledger.log.append([(event, Header(actor=actor)) for event in events]))

    def ask(self, view: str, *, as_of: int | str | None = None, **parameters: Any) -> list[Any]:
        """The rows of a view, live or as of a position or time.

        Raises `AssertionError` with the whole story where the view is stale, because a
        handler of the plugin raised.
        """
        answer = self.answer(view, as_of=as_of, **parameters)
        if answer.failure is not None:
            raise AssertionError(
                f"the view {view} is stale since #{answer.stale_since}: "
                f"{answer.failure.error}\n\n{answer.failure.traceback}"
            )
        return answer.rows

    def answer(self, view: str, *, as_of: int | str | None = None, **parameters: Any) -> Answer:
        """Like `ask`, with all that an answer says of itself: columns, position, staleness."""
        return self.ledger.view(view, parameters, as_of=None if as_of is None else str(as_of))


@contextmanager
def isolated_host(
    *plugins: type[Projection] | Path | str,
    zone: str = "UTC",
    now: datetime = BEGINNING,
    shipped: bool = False,
) -> Iterator[Host]:
    """A host with just these plugins, over a new ledger that is gone when the block ends.

    A plugin is a projection class, or the path of a one-file plugin, which is loaded as a
    ledger would load it: its events and rules come too. `shipped` adds the shipped plugins.
    Of a class, the event types that it handles are added.

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
            advice=f"Mend it. The whole story:\n{failure.traceback}",
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
