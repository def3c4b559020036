"""Fixtures for pytest. In your `conftest.py`: `pytest_plugins = ["ledger.testing.fixtures"]`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ledger.testing.host import Host, isolated_host


@pytest.fixture
def plugin_host() -> Iterator[Callable[..., Host]]:
    """`isolated_host` for a whole test: `host = plugin_host(CrewHours)`."""
    with ExitStack() as stack:

        def enter(*plugins: Any, **options: Any) -> Host:
            return stack.enter_context(isolated_host(*plugins, **options))

        yield enter
