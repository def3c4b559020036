"""Every row, in the order of the table."""

from __future__ import annotations

from tests.benchmarks.measuring import Row
from tests.benchmarks.rows import (
    growth,
    in_bulk,
    one_writer,
    reading,
    several_writers,
    sizes,
    startup,
)

ROWS: tuple[Row, ...] = (
    one_writer.SQLITE,
    several_writers.POSTGRES_1,
    several_writers.POSTGRES_8,
    in_bulk.APPLY,
    in_bulk.IMPORT,
    reading.REPLAY,
    reading.AS_OF,
    reading.VERIFY,
    growth.LOG,
    growth.STAGE,
    growth.ITEM,
    growth.SHOW,
    growth.PROVE,
    growth.CATCH_UP,
    sizes.BYTES,
    startup.HELP,
    startup.COMPLETION,
    startup.WRITE_COLD,
    sizes.MEMORY,
)
