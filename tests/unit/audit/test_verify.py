"""`audit verify`: what it checks, its options, and what it reads.

`tests/faults/tampering` makes a change of each kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.application import Author, Ledger
from ledger.audit.formats.note import LOG
from ledger.audit.keys import make_key, open_key
from ledger.audit.refusals import NotCovered
from ledger.audit.verification.batches import Batch, batches
from ledger.audit.verification.checks import SHOWN, Lines, Positions, Result, Times
from ledger.audit.verification.index_check import Index
from ledger.audit.verification.verify import CHECKS
from ledger.auditing import Audit, AuditFolder
from ledger.commands.audit.verify import _NAMES
from ledger.decisions.projects import OpenProject
from ledger.events import STUDIO_EVENTS
from ledger.events.base import Registry
from ledger.log.rows import StoredRow, tags_of

WHO = Author("ana")


def project(n: int) -> OpenProject:
    return OpenProject(project=f"p-{n}", title=f"Titel {n} 片名", kind="short", on=date(2025, 1, 1))


@pytest.fixture
def audit(ledger_url: str, tmp_path: Path) -> Iterator[Audit]:
    """A ledger of twelve events; ten are signed."""
    with Ledger.create(ledger_url, origin="studio.example", author=WHO) as ledger:
        folder = AuditFolder(tmp_path / "studio.audit")
        made = Audit(ledger, folder, ledger_url)
        make_key(folder.key_file, "studio.example", LOG, None)
        for n in range(9):
            ledger.decide(project(n), WHO)
        made.sign(open_key(folder.key_file, str))
        for n in range(9, 11):
            ledger.decide(project(n), WHO)
        yield made


def verify(audit: Audit, **how: Any) -> dict[str, Result]:
    """The results by check."""
    log = audit.folder.public() if audit.folder.public_file.exists() else None
    return {r.check: r for r in audit.verify(audit.evidence(log), **how)}


def states(results: dict[str, Result]) -> dict[str, str]:
    return {name: result.state for name, result in results.items()}


def test_the_command_knows_every_check() -> None:
    assert tuple(CHECKS) == _NAMES


def test_every_check_is_told_with_its_time(audit: Audit) -> None:
    results = verify(audit)
    assert list(results) == list(CHECKS)
    unasked = {"outside", "witnesses", "views"}
    assert states(results) == {n: "not checked" if n in unasked else "ok" for n in CHECKS}
    assert results["tree"].found == "the root of 1 checkpoint; 2 events since are not signed yet"
    assert results["positions"].found == "#1 to #12, no gap"
    assert results["index"].found == "12 entries, those of the lines"
    assert all(result.seconds >= 0 for result in results.values())
    assert sum(result.seconds for result in results.values()) > 0


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_can_be_asked_for_alone(audit: Audit, name: str) -> None:
    assert list(verify(audit, wanted=[name])) == [name]


def test_without_a_key_it_says_what_could_not_be_asked(audit: Audit) -> None:
    audit.folder.public_file.unlink()
    results = verify(audit)
    for name in ("checkpoints", "tree", "hashes"):
        assert results[name].state == "not checked"
        assert "no public key was found" in results[name].found
    assert results["index"].state == "ok"


def test_a_daily_run_reads_what_came_since(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    stored = type(audit.ledger.log).stored

    def counted(log: Any, *window: int) -> Iterator[StoredRow]:
        for row in stored(log, *window):
            read.append(row[0])
            yield row

    pages = type(audit.ledger.log).stored_pages

    def counted_pages(log: Any, *window: int) -> Iterator[list[StoredRow]]:
        for page in pages(log, *window):
            read.extend(row[0] for row in page)
            yield page

    monkeypatch.setattr(type(audit.ledger.log), "stored", counted)
    monkeypatch.setattr(type(audit.ledger.log), "stored_pages", counted_pages)
    results = verify(audit, since_checkpoint=True)
    # The last signed line twice: for its time, which no later line may precede, and its hash.
    assert sorted(read) == [10, 10, 11, 12]
    assert results["tree"].found == "#10 is as it was signed; 2 events since"
    assert results["positions"].found == "#11 to #12, no gap"
    assert results["index"].found == "2 entries, those of the lines"
    assert "views" not in results
    assert "hashes" not in results


def test_a_daily_run_needs_a_checkpoint_and_its_hashes(audit: Audit) -> None:
    audit.folder.hashes.drop()
    assert verify(audit, since_checkpoint=True)["tree"].state == "not checked"
    audit.folder.checkpoints.path.unlink()
    with pytest.raises(NotCovered):
        verify(audit, since_checkpoint=True)


def test_what_was_signed_first_is_gone_from_the_file_of_checkpoints(audit: Audit) -> None:
    audit.folder.checkpoints.path.write_bytes(b"")
    results = verify(audit)
    assert results["tree"].state == "not checked"
    assert "a checkpoint is gone" in results["hashes"].found


# --- the checks of rows, with made-up rows --------------------------------------------------


def row(position: int, second: int = 0, type: str = "X", tags: str = "[]") -> StoredRow:
    return (position, f"2025-07-01T12:00:{second:02}.000000Z", type, tags, b"{}")


def result_of(check: Any, rows: Sequence[StoredRow]) -> Result:
    for batch in batches(iter(rows)):
        check.take(batch)
    made: Result = check.result()
    return made


def told(result: Result) -> list[tuple[int | None, str]]:
    return [(finding.position, finding.what) for finding in result.findings]


@pytest.mark.parametrize(
    ("positions", "wrong"),
    [
        ([1, 2, 3], []),
        ([], []),
        ([2, 3], [(1, "#1 is missing")]),
        ([1, 5, 6], [(2, "#2 to #4 are missing")]),
        ([0, 1, 2], [(0, "#0 is not a position of a log")]),
        ([-3, 2], [(-3, "#-3 is not a position of a log"), (1, "#1 is missing")]),
        ([1, *range(3, 600)], [(2, "#2 is missing")]),
    ],
)
def test_positions(positions: Sequence[int], wrong: list[tuple[int, str]]) -> None:
    result = result_of(Positions(), [row(n) for n in positions])
    assert told(result) == wrong
    assert result.state == ("bad" if wrong else "ok")


def test_positions_go_on_after_a_checkpoint() -> None:
    assert told(result_of(Positions(10), [row(12)])) == [(11, "#11 is missing")]
    assert result_of(Positions(10), []).found == "nothing after #10"


def test_times() -> None:
    assert result_of(Times(), [row(1, 5), row(2, 5), row(3, 6)]).state == "ok"
    back = result_of(Times(), [row(1, 5), row(2, 4), row(3, 6)])
    assert [position for position, _ in told(back)] == [2]
    odd = (1, "yesterday", "X", "[]", b"{}")
    assert "#1: 'yesterday' is not a recorded time" in result_of(Times(), [odd]).found
    none: Any = (1, None, "X", "[]", b"{}")
    assert result_of(Times(), [none]).found == "#1 has no recorded time"


def test_lines_take_damage_of_any_type() -> None:
    damaged: list[Any] = [
        (1, "2025-07-01T12:00:00.000000Z", "X", "[]", None),
        (2, "2025-07-01T12:00:00.000000Z", "X", None, b"{}"),
        (3, "2025-07-01T12:00:00.000000Z", "X", "[]", "text"),
        (4, 17, "X", "[]", b"{}"),
        (5, "2025-07-01T12:00:00.000000Z", "X", "[]", b"\xff"),
        (6, "2025-07-01T12:00:00.000000Z", "X", "[" * 5_000, b"{}"),
        (7, "2025-07-01T12:00:00.000000Z", "X", "[]", b'{"a":' * 50_000),
    ]
    result = result_of(Lines(Registry(STUDIO_EVENTS)), damaged)
    assert [position for position, _ in told(result)] == [1, 2, 3, 4, 5, 6, 7]


def test_many_findings_are_counted() -> None:
    result = result_of(Positions(), [row(2 * n) for n in range(1, 101)])
    assert len(result.findings) == SHOWN
    assert result.found == "#1 is missing, and 99 more"


def test_the_index_is_compared_however_it_is_wrong() -> None:
    rows = [row(n, tags=f'["a:{n}","b:{n}"]') for n in range(1, 600)]
    entries = [(f"{kind}:{n}", "X", n) for kind in "ab" for n in range(1, 600)]

    def read(after: int, until: int) -> Iterator[StoredRow]:
        return (one for one in rows if after < one[0] <= until)

    class Kept:
        def __init__(self, all: list[tuple[str, str, int]]) -> None:
            self.all = all

        def entries(self, _after: int = 0) -> Iterator[tuple[str, str, int]]:
            return iter(self.all)

        def count(self, _after: int = 0) -> int:
            return len(self.all)

        def found(self, after: int, until: int) -> int:
            carried = ((tag, r[2], r[0]) for r in read(after, until) for tag in tags_of(r[3]))
            return len(set(carried) & set(self.all))

    def compared(kept: list[tuple[str, str, int]]) -> list[tuple[int | None, str]]:
        return told(result_of(Index(Kept(kept), read), rows))

    assert compared(entries) == []
    assert compared(entries[1:]) == [(1, "the tag index lacks a:1 (X) of #1")]
    assert compared([*entries, ("c:300", "Y", 300)]) == [
        (300, "the tag index names c:300 (Y) at #300, which its line does not")
    ]
    # The same number of entries, but two have changed places.
    swapped = [("a:2", "X", 1) if e == ("a:1", "X", 1) else e for e in entries]
    assert len(compared(swapped)) == 2


def test_a_batch_with_damage_has_an_empty_line() -> None:
    damaged: Any = (2, "2025-07-01T12:00:00.000000Z", "X", "[]", None)
    assert [bool(line) for line in Batch([row(1), damaged]).lines] == [True, False]
