"""docs/reference/events.md says what the code says: every event, every field, every tag."""

from __future__ import annotations

from docs.event_reference import MEANINGS, section, type_text, write_reference
from ledger.events import STUDIO_EVENTS
from ledger.time.periods import Period
from tests.sources import ROOT

PAGE = (ROOT / "docs" / "reference" / "events.md").read_text(encoding="utf-8")


def test_the_page_is_up_to_date() -> None:
    written: list[str] = []
    write_reference(written.append)
    _, _, after = PAGE.partition("]]] -->\n")
    assert after.partition("<!-- [[[end]]]")[0] == "".join(written), "run: make docs"


def test_every_event_and_field_is_on_it() -> None:
    for event_type in STUDIO_EVENTS:
        assert f"\n### {event_type.type_name}\n" in PAGE
        part = PAGE.partition(f"\n### {event_type.type_name}\n")[2].partition("\n##")[0]
        fields = [line.split("`")[1] for line in part.splitlines() if line.startswith("| `")]
        assert tuple(fields) == event_type.__struct_fields__


def test_no_meaning_is_of_a_field_that_is_gone() -> None:
    fields = {field for t in STUDIO_EVENTS for field in t.__struct_fields__}
    fields |= {f"{t.type_name}.{field}" for t in STUDIO_EVENTS for field in t.__struct_fields__}
    assert set(MEANINGS) <= fields


def test_a_field_may_be_absent_or_several() -> None:
    assert type_text(str | None) == "text, or null"
    assert type_text(tuple[str, ...]) == "list of text"
    assert type_text(Period) == "period"


def test_a_section_shows_what_is_stored() -> None:
    event_type = STUDIO_EVENTS[1]
    line = '{"tags":["site:a"],"data":{"payload":{"site":"a"}}}'
    text = "\n".join(section(event_type, line))
    assert "tagged `site:a`" in text
    assert '"site": "a"' in text
