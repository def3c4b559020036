"""The recorder passes eventsourcing's own test case, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eventsourcing.dcb.tests import DCBRecorderTestCase

from ledger.log.recorder import SqlRecorder
from ledger.log.store.store_urls import Place
from ledger.log.stores import create_store
from ledger.time.periods import SystemClock


@pytest.fixture
def recorder(ledger_url: str) -> Iterator[SqlRecorder]:
    made = create_store(Place.parse(ledger_url), SystemClock(), lambda recorder, connection: None)
    yield made
    made.close()


class _Contract(DCBRecorderTestCase):
    __test__ = False

    def runTest(self) -> None:  # noqa: N802 - the name is unittest's
        """The base class has only helpers; pytest drives them."""


def test_append_and_read(recorder: SqlRecorder) -> None:
    _Contract()._test_append_read(recorder)


def test_append_and_subscribe(recorder: SqlRecorder) -> None:
    _Contract()._test_append_subscribe(recorder)
