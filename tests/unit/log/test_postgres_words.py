"""Messages of PostgreSQL and its driver are replaced by our own."""

from __future__ import annotations

import subprocess
import sys

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import OperationalError

from ledger.errors import StorageFailure
from ledger.log.store.failures import StorageErrors
from tests.sources import ROOT

_WARNS = """
import logging
from sqlalchemy import make_url
from ledger.log.store.store_urls import postgres_engine
postgres_engine(make_url("postgresql+psycopg://ana@/nothing"), read_only=True)
logging.getLogger("psycopg").warning("error ignored terminating: the connection is lost")
"""


def test_the_drivers_own_warnings_are_not_shown() -> None:
    """It warns of a broken pipeline when a server dies; our own message says so already."""
    done = subprocess.run(
        [sys.executable, "-c", _WARNS], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize(
    ("raised", "said", "advice"),
    [
        (
            errors.SerializationFailure,
            "cancelled the query to keep up with the primary",
            "Try again",
        ),
        (errors.ReadOnlySqlTransaction, "it is read-only here", "Write to the primary server"),
        (errors.AdminShutdown, "is starting or stopping", "Try again in a moment"),
    ],
)
def test_messages_from_a_replica(raised: type[psycopg.Error], said: str, advice: str) -> None:
    with pytest.raises(StorageFailure) as failure, StorageErrors("the ledger"):
        raise OperationalError("SELECT 1", {}, raised())
    assert said in failure.value.message
    assert failure.value.advice.startswith(advice)
