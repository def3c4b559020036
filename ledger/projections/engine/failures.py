"""Failures of the view database, in words of their own.

No event is at stake there, so the log's words ("nothing was recorded") would be wrong: all that was
recorded is in the log, and views are rebuilt from it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from ledger.errors import LedgerError, NoLedger, NotALedger, StorageFailure
from ledger.log.store.failures import ODD, StorageErrors, file_errors

ANEW = "Delete it: views are rebuilt from the log"
_UNHARMED = "The recorded events are safe: only views are kept there."


@contextmanager
def view_errors(where: str) -> Iterator[None]:
    """Turn what the database or the disk raises into a `StorageFailure` that speaks of views.

    Errors that the log raises inside the block keep the log's own words.
    """
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        try:
            with file_errors(where), StorageErrors(where):
                raise
        except LedgerError as told:
            raise _of_views(told, where) from error


def _of_views(told: LedgerError, where: str) -> StorageFailure:
    if isinstance(told, NotALedger):
        return StorageFailure(f"{where} holds no views", advice=ANEW)
    if isinstance(told, NoLedger):
        return StorageFailure(
            f"the tables of {where} are gone: another program swapped or deleted them",
            advice="Ask again",
        )
    if told.message.endswith("is damaged") or told.advice == ODD:
        # Damage may show as anything: a table that already exists, a column that is missing.
        return StorageFailure(told.message, advice=ANEW)
    return StorageFailure(
        told.message, advice=told.advice.replace("Nothing was recorded.", _UNHARMED)
    )
