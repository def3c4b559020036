"""Answers: the rows of a view, their position in the log, and the events behind them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from ledger.errors import LedgerError
from ledger.projections.engine.store import Generation
from ledger.projections.folds import Failure, Folded
from ledger.projections.projection import Projection, ask_at, notes_of
from ledger.projections.querying.comparing import RowChange
from ledger.projections.querying.explaining import Cause
from ledger.projections.views import Column, View


class Answer(Struct, frozen=True):
    """The rows of a view, as of one position in the log.

    The rows are as of the event at position `as_of`, recorded at `recorded_at` (0 and None before
    the first). `stale_since` is the first event that the projection could not apply, None unless it
    is quarantined; `failure` then says why. `unread` counts events skipped because today's code
    cannot read them. `notes` say what the view assumed where the question did not say.
    """

    view: str
    title: str
    columns: tuple[Column, ...]
    rows: list[Struct]
    as_of: int
    recorded_at: datetime | None
    stale_since: int | None = None
    failure: Failure | None = None
    unread: int = 0
    notes: tuple[str, ...] = ()


class Rows(list[Struct]):
    """The rows that a view returned, with its notes."""

    notes: tuple[str, ...] = ()


class Explanation(Struct, frozen=True):
    """The events behind the rows of `answer`, in order; `answer` has those rows alone.

    Causes without a row mean that the row is gone.
    """

    answer: Answer
    causes: tuple[Cause, ...]


class Comparison(Struct, frozen=True):
    """The differences in a view between two positions in the log."""

    before: Answer
    after: Answer
    changes: tuple[RowChange, ...]


class ViewFailed(LedgerError):
    """A view's own method raised: a fault of its plugin, not of the ledger."""

    def __init__(self, plugin: str, view: str, error: BaseException) -> None:
        super().__init__(
            f"the view {view} of the plugin {plugin} failed: {type(error).__name__}: {error}",
            advice="The ledger is unharmed; fix the plugin",
        )
        self.plugin, self.view = plugin, view


def ask(
    view: View, projection: Projection, given: Mapping[str, Any], now: datetime | None = None
) -> Rows:
    """Ask an opened projection, at `now`. Raises `ViewFailed` where the view itself raises."""
    ask_at(projection, now)
    try:
        rows = Rows(view.call(projection, given))
        rows.notes = notes_of(projection)
        return rows
    except (LedgerError, SQLAlchemyError):
        raise  # a failing database is not the view's fault
    except (Exception, SystemExit) as error:
        raise ViewFailed(projection.plugin, view.name, error) from error


def answer_of(
    view: View, rows: Rows, folded: Folded[Any] | Generation, failure: Failure | None
) -> Answer:
    """Make an answer of the rows and the position they are as of."""
    stale = None
    if failure is not None:
        # a rebuild may have failed early while the old tables had got further
        stale = max(failure.position, folded.position + 1)
    return Answer(
        view.name,
        view.title,
        view.columns(rows),
        list(rows),
        folded.position,
        folded.recorded_at,
        stale,
        failure,
        folded.unread,
        rows.notes,
    )


def rows_there_are(answer: Answer, text: Callable[[Any], str]) -> str:
    """Advice where no row has the wanted key: the first few keys that there are."""
    if not answer.rows:
        return "The view has no rows as of then"
    name = answer.rows[0].__struct_fields__[0]
    first = list(dict.fromkeys(text(getattr(row, name)) for row in answer.rows))
    return f"Its rows begin with {', '.join(first[:5])}{' …' if len(first) > 5 else ''}"
