"""Formats: a foreign file becomes commands, or the ledger becomes a foreign file.

An importer reads bytes and gives decisions, which then pass every rule, all or none. An
exporter looks at the ledger, up to one position, and gives bytes. Neither can write to the
ledger in any other way.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from ledger.decisions.base import Decision
from ledger.errors import BadInput, LedgerError
from ledger.events.base import Event, Query, RecordedEvent, type_names
from ledger.projections.faults import BadPlugin

if TYPE_CHECKING:
    from ledger.projections.querying.live_views import Answer

Numbered = tuple[int, Decision | Mapping[str, Any]]
"""A command and the line, or other place, of the file that it comes from. It is a decision, or the
content of a batch file's line: `{"do": "booking hold", "space": "stage-1", …}`."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


class Importer(Struct, frozen=True):
    """A format that commands can be read from, by the name that `import --format` takes."""

    name: str
    title: str
    read: Callable[[IO[bytes]], Iterable[Numbered]]

    def __call__(self, stream: IO[bytes]) -> Iterable[Numbered]:
        """Read, as the plain function does."""
        return self.read(stream)

    def decisions(self, stream: IO[bytes]) -> list[Numbered]:
        """Read all commands of a file, with their lines.

        Raises the importer's own `BadInput`, with the line added where it has none, and one that
        names the format where the importer fails in another way or gives other things.
        """
        found: list[Numbered] = []
        try:
            found.extend(self._checked(one) for one in self.read(stream))
        except LedgerError:
            raise
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            after = f" after line {found[-1][0]}" if found else ""
            raise BadInput(
                f"{self.name} cannot read this{after}: {type(error).__name__}: {error}",
                advice=f"Nothing was recorded; is it a file of the format {self.name}?",
            ) from error
        return found

    def _checked(self, one: Any) -> Numbered:
        match one:
            case (int() as line, Decision() | dict() as command):
                return line, command
        raise BadPlugin(
            f"the importer {self.name} gives {one!r}",
            advice='Yield (line, command), the command a decision or {"do": …}',
            subject=self.read,
        )


class Exporter(Struct, frozen=True):
    """A format that the ledger can be written in, by the name that `export --format` takes."""

    name: str
    title: str
    write: Callable[["Look"], Iterable[bytes]]

    def __call__(self, look: "Look") -> Iterable[bytes]:
        """Write, as the plain function does."""
        return self.write(look)

    def chunks(self, look: "Look") -> Iterator[bytes]:
        """The file, piece by piece. Raises `BadPlugin` for a piece that is not bytes."""
        for chunk in self.write(look):
            if not isinstance(chunk, bytes):
                raise BadPlugin(
                    f"the exporter {self.name} gives {type(chunk).__name__}",
                    advice="Yield bytes: text.encode()",
                    subject=self.write,
                )
            yield chunk


def importer(
    name: str, title: str
) -> Callable[[Callable[[IO[bytes]], Iterable[Numbered]]], Importer]:
    """Make a function an importer: `@importer("holds-csv", "Holds from a spreadsheet")`.

    It gets the file, open for reading bytes, and yields `(line, command)`: a decision, or the
    content of a batch file's line. It refuses unreadable input by raising `BadInput`, whose `where`
    is the place in the file (`error.where = "line 3"`).
    """
    _check_name("importer", name)
    return lambda read: Importer(name, title, read)


def exporter(name: str, title: str) -> Callable[[Callable[["Look"], Iterable[bytes]]], Exporter]:
    """Make a function an exporter: `@exporter("icalendar", "Firm bookings as a calendar")`.

    It gets a `Look` and yields bytes.
    """
    _check_name("exporter", name)
    return lambda write: Exporter(name, title, write)


def _check_name(what: str, name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > 40:
        raise BadPlugin(
            f"the {what} is named {name!r}", advice="Use up to 40 of a-z, 0-9 and -: holds-csv"
        )


class Log(Protocol):
    """The part of the log that a look needs."""

    def read(
        self,
        queries: Sequence[Query],
        *,
        after: int = 0,
        until: int | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[RecordedEvent]:
        """Return the events that match any of the queries; all events if there are none."""


class Look:
    """The ledger as an exporter sees it: the events up to a position, and every view as of it.

    `position` is the last event that counts, `zone` the clock that the ledger shows times on.
    """

    def __init__(
        self,
        log: Log,
        *,
        position: int,
        zone: str,
        ask: Callable[[str, Mapping[str, Any]], "Answer"],
    ) -> None:
        self.position = position
        self.zone = zone
        self._log = log
        self._ask = ask

    def events(self, *types: type[Event], tag: str | None = None) -> Iterator[RecordedEvent]:
        """The events, oldest first: of these types where any are named, with that tag."""
        narrowed = bool(types) or tag is not None
        query = Query(() if tag is None else (tag,), type_names(types))
        return self._log.read([query] if narrowed else [], until=self.position)

    def view(self, view: str, /, **parameters: Any) -> list[Any]:
        """The rows of a view, of any plugin in use. Raises `BadInput` where there is none."""
        return list(self._ask(view, parameters).rows)
