"""Whatever comes in from outside: a result or a refusal, in bounds, and nothing else happens."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from ledger.application import Ledger
from ledger.errors import InternalError
from tests.exports import made_line
from tests.fuzz.catalogue import SURFACES
from tests.fuzz.mutations import extremes, hostile
from tests.fuzz.targets import Attempt, Surface, Target
from tests.sources import ROOT


@pytest.fixture(scope="module", params=SURFACES)
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Target:
    """Each surface in turn, with a folder of its own."""
    return Target(SURFACES[request.param], tmp_path_factory.mktemp("surface"))


def test_some_seed_is_right(target: Target) -> None:
    """Else all that is tried would be refused for the same reason."""
    for seed in target.surface.seeds:
        target(seed)
    assert target.tally.accepted >= target.tally.refused


def test_it_is_taken_or_refused(target: Target) -> None:
    surface = target.surface

    @settings(max_examples=surface.examples)
    @given(hostile(surface.seeds, surface.words))
    def tried(data: bytes) -> None:
        target(data)

    tried()


@pytest.mark.parametrize(
    "target", [name for name, surface in SURFACES.items() if not surface.alike], indirect=True
)
def test_extremes_are_taken_or_refused(target: Target) -> None:
    for data in extremes(target.surface.seeds[0]).values():
        target(data)


# --- what would be found ------------------------------------------------------------------------


def _raises(_: Path) -> Attempt:
    """A reader of sizes that somebody wrote without a thought of what is no number."""
    return lambda data: int(data.decode().partition("\n")[0]) > 0


def _hoards(_: Path) -> Attempt:
    """A reader that makes room for as much as a length says."""
    return lambda data: bool(bytearray(1 << min(25, 12 + len(data))))


def _babbles(_: Path) -> Attempt:
    """A refusal that was never meant for a person."""

    def attempt(data: bytes) -> bool:
        raise InternalError("this cannot be")

    return attempt


PLANTED = {
    "_raises": "ValueError",
    "_hoards": "too much memory",
    "_babbles": "InternalError ends with 70",
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(name: str, tmp_path: Path) -> None:
    seeds = (b"12\nof them", b"1\n")
    surface = Surface(name, globals()[name], seeds)
    target = Target(surface, tmp_path)

    @settings(max_examples=60, phases=[Phase.generate])
    @given(hostile(seeds, (b"-1", b"x")))
    def tried(data: bytes) -> None:
        target.noting(data)

    tried()
    assert any(PLANTED[name] in kind for kind in target.tally.findings), target.tally


def _opened(project: str) -> bytes:
    text = {"do": "project open", "project": project, "title": "T", "kind": "feature"}
    return json.dumps({**text, "on": "2025-01-01"}).encode() + b"\n"


def _tile(data: bytes) -> bytes:
    """A tile of an export, with other bytes in it."""
    seeds = SURFACES["export, outsider's script"].seeds
    return next(seed for seed in seeds if len(seed) == 1 + 256 * 32)[:1] + data


Guards = dict[str, object]
FAULTS: dict[str, tuple[str, bytes, Guards]] = {
    "line": (
        "RecursionError",
        made_line(2).partition(b'"data":')[0] + b'"data":' + b"[" * 50_000,
        {"ledger.log.lines.RecursionError": KeyError},
    ),
    "checkpoint": (
        "written in another way",
        SURFACES["checkpoint"].seeds[0],
        {"ledger.audit.formats.note.Note.encode": lambda self: self.text},
    ),
    "settings file": (
        "RecursionError",
        b"a=" + b"[" * 5_000,
        {"ledger.commands.settings.RecursionError": KeyError},
    ),
    "export, outsider's script": (
        "ends with 0 after a change",
        _tile(b"another tile"),
        {
            "ledger.audit.exports.verify_export.check_manifest": lambda *_: iter(()),
            "ledger.audit.exports.verify_export.check_tiles": lambda *_: iter(()),
        },
    ),
    "apply": (
        "refused, and the ledger has changed",
        _opened("p-1") + _opened("wild"),
        {"ledger.application.Ledger.apply": lambda *given, **_: _one_after_the_other(*given)},
    ),
}
"""A surface, what is found there, with which input, and the guards that are taken away for it."""


def _one_after_the_other(ledger: Ledger, numbered: Any, author: Any, **_: Any) -> Any:
    """What `apply` must not be: it records up to the first that is refused."""
    for _, decision in numbered:
        outcome = ledger.decide(decision, author)
    return outcome


@pytest.mark.parametrize("name", FAULTS)
def test_a_guard_that_is_taken_away_is_missed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, data, guards = FAULTS[name]
    target = Target(SURFACES[name], tmp_path)
    target(data)
    for guard, instead in guards.items():
        monkeypatch.setattr(guard, instead, raising=False)
    target.noting(data)
    assert any(told in kind for kind in target.tally.findings), target.tally.findings.keys()


def test_the_program_prints_one_table_and_fails_where_it_finds(tmp_path: Path) -> None:
    """As `make fuzz` does it, on one surface for a second."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.fuzz",
            "--seconds",
            "1",
            "--engine",
            "hypothesis",
            "--surface",
            "text",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    head, _, row = done.stdout.splitlines()
    assert head.startswith("| surface | engine | inputs tried")
    name, engine, tried, refused, accepted, findings = row.strip("| ").split(" | ")
    assert (name, engine, findings) == ("text", "hypothesis", "0")
    numbers = [int(number.replace(",", "")) for number in (tried, refused, accepted)]
    assert numbers[0] == numbers[1] + numbers[2] > len(extremes(b""))


# --- what was found once ------------------------------------------------------------------------

ONCE = {
    "URL": (
        b"postgresql+psycopg://host/db?studio&sslmode=requi\xf2e",
        b"postgresql+psycopg://host/db?schema=\xff\xff",
        b"sqlite:///studio://1\xe599.db",
    ),
}


@pytest.mark.parametrize("name", ONCE)
def test_what_was_found_once_is_refused_or_taken(name: str, tmp_path: Path) -> None:
    target = Target(SURFACES[name], tmp_path)
    for data in ONCE[name]:
        target(data)
