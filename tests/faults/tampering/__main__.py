"""The owner of the database changes it, past the guards: is each change found and named?

`python -m tests.faults.tampering` prints the table in the docs. Each kind of change is made at
random places in a copy of one signed ledger, on SQLite and PostgreSQL, straight in the database or
the audit folder, with the triggers removed and put back. `audit verify` must find it and say what
it is. Changes that only a checkpoint kept elsewhere can show are marked; without that checkpoint
everything must look well, or the mark would be wrong.
"""

from __future__ import annotations

import argparse
import platform
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.tampering.attempts import KINDS, attempt
from tests.faults.tampering.kinds import Kind
from tests.faults.tampering.signed import PostgresCopies, SqliteCopies, make_original
from tests.postgres_server import postgres_server


def table(instances: int, kinds: Sequence[Kind], *, progress: bool = False) -> Iterator[str]:
    """Try every kind that often on each database; yield the table line by line."""
    yield "| what was done | found by | changes | found | named | needs an outside checkpoint |"
    yield "| --- | --- | ---: | ---: | ---: | --- |"
    with tempfile.TemporaryDirectory() as made, postgres_server() as url:
        original = make_original(Path(made))
        postgres = PostgresCopies(url, original)
        databases = (SqliteCopies(Path(made), original), postgres)
        total = found = named = 0
        for one in kinds:
            tried = []
            for copies in databases:
                for n in range(instances):
                    seed = f"{one.name} {copies.name} {n}"
                    tried.append(attempt(one, copies, original, seed))
                    if tried[-1].wrong:
                        print(f"{seed}: {tried[-1].wrong}", file=sys.stderr)
            if progress:
                print(f"{one.name}: {len(tried)}", file=sys.stderr)
            count = (len(tried), sum(t.found for t in tried), sum(not t.wrong for t in tried))
            total, found, named = total + count[0], found + count[1], named + count[2]
            mark = "yes" if one.outside else ""
            yield f"| {one.name} | {one.check} | {count[0]} | {count[1]} | {count[2]} | {mark} |"
        postgres.close()
    yield f"| **{len(kinds)} kinds** | | **{total:,}** | **{found:,}** | **{named:,}** | |"


def main() -> int:
    """Print the table; exit 1 if a change was not found, or was named wrongly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=40, help="changes of a kind and database")
    parser.add_argument("--kind", default="", help="only kinds with this in their name")
    given = parser.parse_args()
    kinds = [one for one in KINDS if given.kind in one.name]
    begun = time.monotonic()
    lines = []
    for text in table(given.instances, kinds, progress=True):
        print(text, flush=True)
        lines.append(text)
    print(
        f"\n{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, "
        f"Python {platform.python_version()}, {time.monotonic() - begun:,.0f} s. "
        "Printed by: make tamper"
    )
    counts = [re.findall(r"\*\*([\d,]+)\*\*", lines[-1])]
    return 0 if len(set(counts[0])) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
