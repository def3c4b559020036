"""A package, so that what tests share has one name: `from tests.postgres_server import …`."""
