"""Mistakes on the command line: one command each, with a reason, and both are kept."""

from __future__ import annotations

import pytest

from ledger.application import Author, Extensions, Ledger
from ledger.decisions.correct import CorrectEntry, UndoEntry
from ledger.errors import BadInput
from ledger.events.base import Event, Header
from tests.terminal import Terminal, studio

WHY = ("--reason", "a slip of the keyboard")


@pytest.fixture
def terminal(ledger_url: str) -> Terminal:
    """A studio with the project `typo`, whose title is wrong."""
    terminal = studio(ledger_url)
    terminal.must(
        *("project", "open", "typo", "--title", "Nigth", "--kind", "feature"),
        *("--on", "2025-05-01"),
    )
    return terminal


def row(terminal: Terminal, *words: str, **which: str) -> dict[str, object]:
    """The one row of a view with these values."""
    rows = terminal.must("view", *words, "--json").data
    (found,) = (one for one in rows if which.items() <= one.items())
    return dict(found)


def head(terminal: Terminal) -> int:
    return int(terminal.must("log", "--json").data[-1]["position"])


def test_a_project_gets_its_right_title_and_both_are_kept(terminal: Terminal) -> None:
    refused = terminal.run("project", "change", "typo", "--title", "Night")
    assert (refused.code, "needs a reason" in refused.err) == (2, True)
    terminal.must("project", "change", "typo", "--title", "Night", *WHY)
    at = head(terminal)
    assert row(terminal, "projects", project="typo")["title"] == "Night"
    assert row(terminal, "projects", "--as-of", str(at - 1), project="typo")["title"] == "Nigth"
    history = terminal.must("blame", "project:typo", "--field", "title", "--json").data
    assert [(one["value"], one["corrects"]) for one in history] == [
        ("Nigth", None),
        ("Night", at - 1),
    ]
    assert "title Nigth → Night" in terminal.must("log", "--corrections").out
    assert f"corrects #{at - 1}" in terminal.must("diff", str(at - 1), str(at)).out
    again = terminal.run("project", "change", "typo", "--title", "Night", *WHY)
    assert again.code == 4 or "says so already" in again.err
    unknown = terminal.run("project", "change", "tpyo", "--title", "Night", *WHY)
    assert "Did you mean" in unknown.err
    nothing = terminal.run("project", "change", "typo", *WHY)
    assert (nothing.code, "no change is given" in nothing.err) == (2, True)
    assert head(terminal) == at


def test_a_closed_project_is_opened_again(terminal: Terminal) -> None:
    refused = terminal.run("project", "reopen", "typo", *WHY)
    assert "is open" in refused.err
    terminal.must("project", "close", "typo", "--on", "2025-06-01", "--outcome", "completed")
    terminal.must("project", "reopen", "typo", *WHY)
    assert row(terminal, "projects", project="typo")["state"] == "active"
    at = head(terminal)
    assert "taken back" in terminal.must("log", "--corrections").out
    assert "project closed taken back by ada" in terminal.must("diff", str(at - 1), str(at)).out
    assert f"undoes #{at - 1}" in terminal.must("show", str(at)).out
    terminal.must("undo", str(at), *WHY)
    assert row(terminal, "projects", project="typo")["state"] == "closed"
    assert "brought back" in terminal.must("log", "--corrections").out
    for field, wrong in (("on", "2025-04-01"), ("on", "2099-01-01"), ("outcome", "unclear")):
        closed = terminal.run("correct", str(at + 1), f"{field}={wrong}", *WHY)
        assert closed.code != 0, closed


def test_a_project_that_was_never_meant_is_gone_and_its_id_is_free(terminal: Terminal) -> None:
    at = head(terminal)
    terminal.must("undo", str(at), "--reason", "it was for another studio")
    assert "typo" not in terminal.must("view", "projects").out
    assert (
        terminal.run(
            "project", "close", "typo", "--on", "2025-06-01", "--outcome", "completed"
        ).code
        != 0
    )
    terminal.must(
        *("project", "open", "typo", "--title", "Tie", "--kind", "short", "--on", "2025-05-02")
    )
    assert row(terminal, "projects", project="typo")["title"] == "Tie"


def test_a_milestone_is_planned_and_reached_on_another_day(terminal: Terminal) -> None:
    terminal.must("project", "plan", "typo", "prep", "--on", "2025-07-01")
    plan = head(terminal)
    terminal.must("project", "reach", "typo", "prep", "--on", "2025-07-03")
    terminal.must("correct", str(plan), "on=2025-07-02", *WHY)
    terminal.must("correct", str(plan + 1), "on=2025-07-04", *WHY)
    found = row(terminal, "milestones", project="typo")
    assert (found["planned_on"], found["reached_on"]) == ("2025-07-02", "2025-07-04")
    early = terminal.run("correct", str(plan + 3), "on=2099-01-01", *WHY)
    assert "today is" in early.err
    terminal.must("correct", str(plan + 3), "milestone=delivery", *WHY)
    terminal.must("undo", str(plan + 4), *WHY)
    terminal.must("undo", str(plan + 5), *WHY)


def test_a_site_gets_its_right_clock_and_its_spaces_with_it(terminal: Terminal) -> None:
    site = terminal.must("view", "sites", "--json").data[0]
    terminal.must("site", "change", site["site"], "--zone", "Europe/Paris", *WHY)
    assert row(terminal, "sites", site=site["site"])["zone"] == "Europe/Paris"
    there = terminal.must("view", "spaces", "--site", site["site"], "--json").data
    spaces = {one["space"] for one in there}
    assert spaces
    for space in spaces:
        zones = terminal.must("blame", f"space:{space}", "--field", "zone", "--json").data
        assert zones[-1]["value"] == "Europe/Paris"
    assert terminal.run("site", "change", site["site"], "--zone", "Europe/Pariss", *WHY).code == 2
    told = terminal.must("site", "change", site["site"], "--day-ends", "06:00", *WHY)
    assert "day ends 06:00" in told.out
    assert terminal.run("site", "change", site["site"], "--day-ends", "25:00", *WHY).code == 2
    assert terminal.run("site", "change", "nowhere", "--name", "N", *WHY).code != 0


def test_a_space_was_in_service_earlier_and_larger(terminal: Terminal) -> None:
    first = next(
        event for event in terminal.must("log", "--json", "--type", "SpaceCommissioned").data
    )
    at, space = first["position"], first["payload"]["space"]
    terminal.must("correct", str(at), "in_service_on=2024-02-01", "area_m2=1234.5", *WHY)
    found = row(terminal, "spaces", space=space)
    assert (found["in_service_on"], found["area_m2"]) == ("2024-02-01", 1234.5)
    late = terminal.run("correct", str(head(terminal)), "in_service_on=2026-02-01", *WHY)
    assert "b-1" in late.err, "the booking of July has its room"
    assert terminal.run("correct", str(head(terminal)), "area_m2=-1", *WHY).code == 2


def test_a_closure_is_prolonged_and_moved_where_nobody_has_the_days(terminal: Terminal) -> None:
    terminal.must(
        *("space", "close", "stage-1", "--days", "2025-08-01..2025-08-03"),
        *("--kind", "maintenance", "--closure", "c1"),
    )
    terminal.must("space", "reclose", "c1", "--days", "2025-08-02..2025-08-06", *WHY)
    found = row(terminal, "closures", closure="c1")
    assert (found["first"], found["last"]) == ("2025-08-02", "2025-08-06")
    booked = terminal.run("space", "reclose", "c1", "--days", "2025-07-01..2025-08-06", *WHY)
    assert "b-1" in booked.err
    terminal.must("space", "reopen", "c1", "--on", "2025-08-04")
    at = head(terminal)
    cut = terminal.run("space", "reclose", "c1", "--days", "2025-08-02..2025-08-08", *WHY)
    assert f"undo {at}" in cut.err
    terminal.must("undo", str(at), *WHY)
    terminal.must("space", "reclose", "c1", "--days", "2025-08-02..2025-08-08", *WHY)
    terminal.must(
        *("space", "reclose", "c1", "--days", "2025-07-02..2025-08-08", "--despite-bookings"), *WHY
    )
    assert row(terminal, "closures", closure="c1")["last"] == "2025-08-08"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("correct", "x", "a=b"), 2),
        (("correct", "3"), 2),
        (("correct", "3", "title"), 2),
        (("correct", "3", "a=1", "a=2"), 2),
        (("correct", "999999999999999999999", "a=1"), 2),
        (("correct", "99", "a=1"), 2),
        (("undo", "0"), 2),
        (("undo", "1"), 4),
        (("undo", "99"), 2),
    ],
)
def test_bad_input_is_told_and_records_nothing(
    terminal: Terminal, words: tuple[str, ...], code: int
) -> None:
    before = head(terminal)
    done = terminal.run(*words, *WHY)
    assert done.code in (code, 1), done
    assert done.err.startswith("error: ") or "Usage" in done.err
    assert head(terminal) == before


def test_a_correction_is_given_in_a_file_and_only_once(terminal: Terminal) -> None:
    at = head(terminal)
    line = f'{{"do":"correct","position":{at},"to":{{"title":"Night"}}}}\n'
    for _ in range(2):
        terminal.must("apply", "-", "--request", "r-1", *WHY, stdin=line)
    assert head(terminal) == at + 1
    terminal.must("audit", "verify")


class CrateCounted(Event, frozen=True):
    """A plugin's event, which names a thing by its first tag."""

    type_name = "crates.CrateCounted"
    crate: str
    lenses: int

    def tags(self) -> tuple[str, ...]:
        return (f"crate:{self.crate}",)


def test_an_event_of_a_plugin_is_put_right_alike(sqlite_url: str) -> None:
    author = Author(actor="ana", reason="one was under another")
    extensions = Extensions(event_types=(CrateCounted,))
    with Ledger.create(sqlite_url, origin="o", author=author, extensions=extensions) as made:
        made.log.append([(CrateCounted(crate="a", lenses=3), Header(actor="ana"))])
        made.decide(CorrectEntry(position=2, to={"lenses": "4"}), author)
        (entry,) = made.log.read([], after=2)
        assert (entry.corrects, entry.event) == (2, CrateCounted(crate="a", lenses=4))
        made.decide(UndoEntry(position=3), author)
        made.decide(UndoEntry(position=4), author)
        with pytest.raises(BadInput, match="would be about crate:b"):
            made.decide(CorrectEntry(position=5, to={"crate": "b"}), author)
        with pytest.raises(BadInput, match="lenses"):
            made.decide(CorrectEntry(position=5, to={"lenses": "many"}), author)
        assert made.log.head() == 5


@pytest.mark.parametrize(("given", "where"), [("b-1", "show b-1"), ("", "log"), ("b 1", "log")])
def test_what_is_no_position_is_told_where_positions_are(
    terminal: Terminal, given: str, where: str
) -> None:
    done = terminal.run("undo", given, *WHY)
    assert done.code == 2
    assert f"is not a position. See the positions with: {where}\n" in done.err
