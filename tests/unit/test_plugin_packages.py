"""Entry points read from the path: what the library finds, or None."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterable
from importlib.metadata import Distribution, entry_points
from pathlib import Path

import pytest

from ledger.plugin_host.finding import GROUP, packaged
from ledger.plugin_host.packages import Point, points_of


def library() -> list[Point]:
    """The entry points that `importlib.metadata` finds."""
    return [
        Point(p.name, p.value, p.dist.name, p.dist.version)
        for p in entry_points(group=GROUP)
        if p.dist is not None
    ]


def package(
    folder: Path,
    points: bytes | None,
    *,
    info: str = "acme_crew-1.2.dist-info",
    metadata: str = "Metadata-Version: 2.1\nName: Acme.Crew\nVersion: 1.2\n\nName: none\n",
) -> None:
    """The metadata of a package, as an installer leaves it in a folder of the path."""
    made = folder / info
    made.mkdir(parents=True)
    if points is not None:
        (made / "entry_points.txt").write_bytes(points)
    name = "METADATA" if info.endswith(".dist-info") else "PKG-INFO"
    (made / name).write_text(metadata, encoding="utf-8")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is first on the path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_what_is_installed_here_is_what_the_library_finds() -> None:
    assert points_of(GROUP) == library()


SOUND = (
    b"[studio_ledger]\ncrew = acme_crew\nlights=acme_crew.lights:plugin\n",
    b"# of us\r\n\r\n[console_scripts]\r\nacme = acme:run\r\n[studio_ledger]\r\n crew =a = b\r\n",
    b"no section = here\n[studio_ledger]\n\xe8\x88\x9e\xe5\x8f\xb0 = acme_crew\n[other]\nx = y\n",
    b"lines of no section\n[other]\nx = y\n",
    b"[studio_ledger]\n[ studio_ledger ]\ncrew = acme_crew\n",
    b"",
    None,
)


@pytest.mark.parametrize("points", SOUND)
@pytest.mark.parametrize("info", ["acme_crew-1.2.dist-info", "Acme.Crew.egg-info"])
def test_a_sound_package_is_read_as_the_library_reads_it(
    path: Path, points: bytes | None, info: str
) -> None:
    package(path, points, info=info)
    assert points_of(GROUP) == library()


def test_of_two_packages_of_one_name_the_first_on_the_path_counts(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(path, b"[studio_ledger]\ncrew = first\n")
    package(tmp_path / "later", b"[studio_ledger]\ncrew = later\n", info="Acme.Crew.egg-info")
    package(tmp_path / "later", b"[studio_ledger]\nown = later\n", info="own-1.dist-info")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "later"), str(tmp_path / "none")])
    found = points_of(GROUP)
    assert found == library()
    assert found is not None
    assert [p.value for p in found if p.name in ("crew", "own")] == ["first", "later"]


@pytest.mark.parametrize(
    ("points", "metadata"),
    [
        (b"[other]\nno value\n", "Name: a\nVersion: 1\n"),
        (b"\xff", "Name: a\nVersion: 1\n"),
        (b"[studio_ledger]\ncrew = acme_crew\n", "Version: 1\n\nName: in the description\n"),
    ],
)
def test_a_damaged_package_is_left_to_the_library(path: Path, points: bytes, metadata: str) -> None:
    package(path, points, metadata=metadata)
    assert points_of(GROUP) is None


def test_an_archive_on_the_path_is_left_to_the_library(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(tmp_path / "whole", b"[studio_ledger]\ncrew = acme_crew\n")
    archive = tmp_path / "acme.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for file in filter(Path.is_file, (tmp_path / "whole").rglob("*")):
            opened.write(file, file.relative_to(tmp_path / "whole").as_posix())
    monkeypatch.setattr(sys, "path", [str(archive), *sys.path])
    assert points_of(GROUP) is None
    assert "crew" in {found.name for found in packaged()}


def test_a_foreign_finder_is_left_to_the_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Finder:
        @staticmethod
        def find_distributions(context: object) -> Iterable[Distribution]:
            return ()

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    assert points_of(GROUP) is None
