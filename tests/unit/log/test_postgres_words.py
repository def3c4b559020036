"""What PostgreSQL and its driver say, in our words alone."""

from __future__ import annotations

import subprocess
import sys

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import OperationalError

from ledger.errors import StorageFailure
from ledger.log.failures import StorageErrors
from tests.sources import ROOT

_WARNS = """
import logging
from sqlalchemy import make_url
from ledger.log.places import postgres_engine
postgres_engine(make_url("postgresql+psycopg://nobody@/nothing"), read_only=True)
logging.getLogger("psycopg").warning("error ignored terminating: the connection is lost")
"""


def test_the_drivers_own_warnings_do_not_stand_beside_ours() -> None:
    """It warns of a pipeline that broke, where a server dies: we say so ourselves."""
    done = subprocess.run(
        [sys.executable, "-c", _WARNS], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize(
    ("raised", "said", "advice"),
    [
        (errors.SerializationFailure, "broke off what was being read", "Ask again"),
        (errors.ReadOnlySqlTransaction, "it is read-only here", "Write to the primary server"),
        (errors.AdminShutdown, "is starting or stopping", "Try again in a moment"),
    ],
)
def test_what_a_replica_says(raised: type[psycopg.Error], said: str, advice: str) -> None:
    with pytest.raises(StorageFailure) as failure, StorageErrors("the ledger"):
        raise OperationalError("SELECT 1", {}, raised())
    assert said in failure.value.message
    assert failure.value.advice.startswith(advice)
