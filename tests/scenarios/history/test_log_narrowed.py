"""The log narrowed: by what, by whom, by both clocks, by batch, request and text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event

from ledger.application import Author, Ledger
from ledger.commands.history.log_filters import Asked, Narrowed
from ledger.events import MilestonePlanned, ProjectOpened
from ledger.events.base import Event, Header
from ledger.time.periods import ManualClock
from tests.terminal import Terminal, studio

FIRST = datetime(2025, 7, 1, 6, tzinfo=UTC)


class CrateLost(Event, frozen=True):
    """An event of a plugin that is not there any more."""

    type_name = "crates.CrateLost"
    crate: str
    said: str

    def tags(self) -> tuple[str, ...]:
        return (f"crate:{self.crate}",)


@pytest.fixture
def terminal(ledger_url: str) -> Terminal:
    """A studio, on each database."""
    return studio(ledger_url)


def positions(terminal: Terminal, *words: str) -> list[int]:
    return [event["position"] for event in terminal.must("log", "--json", *words).data]


@pytest.fixture
def dated(ledger_url: str) -> Terminal:
    """A ledger of five events, one each noon of the first days of July in Shanghai."""
    clock = ManualClock(FIRST)
    zone = "Asia/Shanghai"
    with Ledger.create(
        ledger_url, origin="studio.example", zone_name=zone, author=Author("ana"), clock=clock
    ) as ledger:
        for day, title in enumerate(("狂野时代 🎬", "Café Résumé", "STRASSE", "night"), 2):
            clock.set(FIRST + timedelta(days=day - 1))
            opened = ProjectOpened(
                project=f"p-{day}", title=title, kind="feature", on=date(2025, 1, day)
            )
            header = Header(actor="Zoë", reason="Because of rain" if day == 5 else None)
            ledger.log.append([(opened, header)])
    return Terminal(ledger_url)


def test_recorded_time_has_a_lower_bound_beside_its_upper_one(dated: Terminal) -> None:
    assert positions(dated, "--recorded-since", "3") == [3, 4, 5]
    assert positions(dated, "--recorded-since", "3", "--as-of", "4") == [3, 4]
    assert positions(dated, "--recorded-since", "2025-07-02") == [2, 3, 4, 5]
    assert positions(dated, "--recorded-since", "2025-07-02", "--as-of", "2025-07-03") == [2, 3]
    # A minute as tables print it, on the ledger's clock, takes in what was recorded in it.
    assert positions(dated, "--recorded-since", "2025-07-03 14:00") == [3, 4, 5]
    assert positions(dated, "--recorded-since", "2025-07-03 14:01") == [4, 5]
    assert positions(dated, "--recorded-since", "2025-07-03T06:00:00Z") == [3, 4, 5]
    assert positions(dated, "--recorded-since", "2999-01-01") == []
    assert positions(dated, "--recorded-since", "2001-01-01") == [1, 2, 3, 4, 5]


def test_a_day_of_the_studio(terminal: Terminal) -> None:
    assert positions(terminal, "--on", "2025-07-14") == [7, 8]
    assert positions(terminal, "--on", "2025-07-15") == []
    assert positions(terminal, "--on", "2024-01-01") == [10]
    assert positions(terminal, "--on", "2025-08-01", "--type", "BookingHeld") == [9]
    assert positions(terminal, "--on", "2025-07-14", "--since", "2025-07-14") == [7, 8]
    assert positions(terminal, "--on", "2025-07-14", "--since", "2025-08-01") == []


def test_what_came_of_one_request_and_of_one_batch(terminal: Terminal) -> None:
    terminal.must("project", "open", "p-2", "--title", "Two", "--kind", "series", "--on",
                  "2025-01-01", "--request", "mail/7@é")  # fmt: skip
    lines = "".join(
        f'{{"do":"project plan","project":"p-2","milestone":"m-{n}","on":"2026-01-0{n}"}}\n'
        for n in (1, 2)
    )
    applied = terminal.must("apply", "-", "--json", stdin=lines)
    batch = applied.data[0]["batch"]
    assert positions(terminal, "--request", "mail/7@é") == [11]
    assert positions(terminal, "--request", unicodedata.normalize("NFD", "mail/7@é")) == [11]
    assert positions(terminal, "--batch", batch) == [12, 13]
    assert positions(terminal, "--batch", batch, "--text", "m-2") == [13]
    assert positions(terminal, "--batch", batch, "--limit", "1") == [13]
    assert positions(terminal, "--batch", batch, "--as-of", "12") == [12]


def test_texts_are_found_in_any_script_and_case(dated: Terminal) -> None:
    assert positions(dated, "--text", "狂野") == [2]
    assert positions(dated, "--text", "café") == [3]
    assert positions(dated, "--text", unicodedata.normalize("NFD", "RÉSUMÉ café")) == [3]
    assert positions(dated, "--text", "straße") == [4], "as Unicode folds it, on both databases"
    assert positions(dated, "--text", "zoË") == [2, 3, 4, 5], "the actor"
    assert positions(dated, "--text", "RAIN because") == [5], "the reason; words in any order"
    assert positions(dated, "--text", "project:p-4") == [4], "a tag"
    assert positions(dated, "--text", "project opened") == [2, 3, 4, 5], "the type in words"
    assert positions(dated, "--text", "%") == []
    assert positions(dated, "--text", "_") == []
    assert positions(dated, "--text", "rain", "--type", "LedgerOpened") == []
    assert positions(dated, "--text", "feature", "--limit", "2") == [4, 5]


def test_a_period_is_found_as_it_is_shown(terminal: Terminal) -> None:
    assert positions(terminal, "--text", "2025-07-01..2025-07-14") == [7, 8]
    assert positions(terminal, "--text", "3200") == [4], "a number"


def test_an_event_that_no_code_can_read_is_searched_as_it_is_stored(terminal: Terminal) -> None:
    with Ledger.open(terminal.ledger) as ledger:
        lost = CrateLost(crate="c-1", said="在车间 FOUND nowhere")
        ledger.log.append([(lost, Header(actor="ada"))])
    assert positions(terminal, "--text", "在车间 found") == [11]
    assert positions(terminal, "--type", "crates.CrateLost") == [11]
    assert positions(terminal, "--text", "crate lost") == [11]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--recorded-since", "99"), "--recorded-since: there is no #99. The log ends at #10"),
        (("--recorded-since", "soon"), "--recorded-since: 'soon' is neither"),
        (("--recorded-since", "9", "--as-of", "4"), "--recorded-since 9 is after --as-of 4"),
        (("--on", "2025-02-30"), "--on: '2025-02-30' is not a date"),
        (("--on", "2025-07-01..2025-07-03"), "--on: "),
        (("--batch", "a b"), "--batch: 'a b' is not a batch id"),
        (("--request", " "), "--request: ' ' is not a request key"),
        (("--text", "  "), "--text holds no words"),
        (("--tag", "stage-1"), "--tag: 'stage-1' is not a tag"),
        (("--type", "bookingconfirmd"), "Did you mean BookingConfirmed"),
        (("--limit", "-1"), "--limit"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_line(
    sqlite_url: str, words: tuple[str, ...], told: str
) -> None:
    done = studio(sqlite_url).run("log", *words)
    assert done.code == 2
    assert told in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--actor", "adda"), "no recent event is by 'adda'. Did you mean ada?"),
        (("--batch", "x-1"), "no event has the batch 'x-1'"),
        (("--request", "k-1"), "no event has the request 'k-1'"),
        (("--tag", "space:stage-11"), "Did you mean"),
    ],
)
def test_a_name_that_nobody_knows_is_told_with_the_empty_answer(
    sqlite_url: str, words: tuple[str, ...], told: str
) -> None:
    done = studio(sqlite_url).must("log", *words)
    assert done.out == ""
    assert told in done.err


# --- what it costs, in rows and not by the clock ---------------------------------------


MANY = 3_000


@pytest.fixture
def crowded(ledger_url: str) -> Iterator[Ledger]:
    """A log of thousands of events of one project, and three of another, in a batch."""
    with Ledger.create(ledger_url, origin="o", author=Author("ana")) as ledger:
        for project, count, batch in (("big", MANY, None), ("small", 3, "x-1"), ("big", 500, None)):
            ledger.log.append(
                [
                    (
                        MilestonePlanned(project=project, milestone=f"m-{n}", on=date(2025, 7, 1)),
                        Header(actor="ana", batch=batch, request=batch and f"k-{n}"),
                    )
                    for n in range(count)
                ]
            )
        yield ledger


class Rows:
    """Counts the statements that a ledger sends, and the rows that it gets."""

    def __init__(self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statements = self.decoded = 0
        recorder, decode = ledger.log._recorder, ledger.log.registry.decode

        def sent(*_: Any) -> None:
            self.statements += 1

        def decoded(*row: Any) -> Any:
            self.decoded += 1
            return decode(*row)

        sqlalchemy_event.listen(recorder._sessions.engine, "before_cursor_execute", sent)
        monkeypatch.setattr(ledger.log.registry, "decode", decoded)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (Asked(tags=("project:small",)), 3),
        (Asked(batch="x-1"), 3),
        (Asked(request="k-1"), 1),
        (Asked(batch="x-1", text="m-2"), 1),
        (Asked(tags=("project:small",), actor="ana", on=date(2025, 7, 1)), 3),
        (Asked(recorded_since=str(MANY + 500), tags=("project:small",)), 0),
    ],
)
def test_a_narrow_question_reads_few_rows(
    crowded: Ledger, monkeypatch: pytest.MonkeyPatch, asked: Asked, found: int
) -> None:
    rows = Rows(crowded, monkeypatch)
    narrowed = Narrowed(crowded, asked, until=crowded.log.head())
    assert len(list(narrowed.entries())) == found
    assert len(list(narrowed.entries(2))) == min(found, 2)
    assert rows.decoded <= 2 * 3 + 2, "the events, twice, and the first of the log"
    assert rows.statements <= 20


def test_the_newest_are_read_from_the_end(crowded: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Rows(crowded, monkeypatch)
    head = crowded.log.head()
    narrowed = Narrowed(crowded, Asked(text="m-499"), until=head)
    assert [entry.position for entry in narrowed.entries(1)] == [head]
    assert rows.decoded <= 2


def test_many_of_the_newest_are_the_same_as_the_end_of_all(crowded: Ledger) -> None:
    """More than are kept in memory: then the log is read from the first of them on."""
    narrowed = Narrowed(crowded, Asked(tags=("project:big",)), until=crowded.log.head())
    every = [entry.position for entry in narrowed.entries()]
    for limit in (0, 1, 1_000, 1_001, 2_500, MANY + 500, MANY + 501, 10_000):
        newest = [entry.position for entry in narrowed.entries(limit)]
        assert newest == (every[-limit:] if limit else []), limit
