"""Plugins that are damaged, or do damage: they are named, and nothing else stops."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import BadInput
from ledger.plugin_host.finding import Found, packaged, read_switches, source_file
from ledger.plugin_host.host import PluginHost

DECISION = (
    "from ledger.plugin import Decision\nclass Open(Decision, tag='hostile open'):\n    x: {}\n"
)


def host(folder: Path, source: bytes | str) -> PluginHost:
    data = source.encode() if isinstance(source, str) else source
    (folder / "hostile.py").write_bytes(data)
    return PluginHost(folders=[folder], packages=False)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (f"x: {'-' * 50_000}1", "MemoryError"),
        ("# coding: zlib", "LookupError"),
        ("# coding: none-such", "SyntaxError"),
        (b"\xff", "SyntaxError"),
        (b"\0", "ValueError"),
    ],
)
def test_a_source_that_cannot_be_parsed_is_told(
    tmp_path: Path, source: bytes | str, told: str
) -> None:
    plugins = host(tmp_path, source)
    ((found, problem),) = plugins.problems()
    assert found.name == "hostile"
    # Python 3.12 and later parse deeper, and have other words for their limits.
    assert told in problem or "Error" in problem


def test_classes_that_are_based_on_each_other_are_opaque(tmp_path: Path) -> None:
    """Rules that they may hide are not skipped."""
    source = "class A(B): pass\nclass B(A): pass\ndef ledger_rules(): return []\n"
    plugins = host(tmp_path, source)
    (found,) = plugins.found()
    assert "based on each other" in plugins.outline(found).opaque
    assert plugins.has_rules("hostile")


@pytest.mark.parametrize(
    "declared",
    [
        "Shade.DARK = Shade.DARK\nclass Shade(Anum):\n    DARK = 1",
        "'int |' = 1",
        "int[3] = 1",
        "int = 'a' + 1",
        "int = -'a'",
        "A = 1\nA = B\nB = A",
    ],
)
def test_a_type_that_cannot_be_evaluated_is_opaque(tmp_path: Path, declared: str) -> None:
    plugins = host(tmp_path, DECISION.format(declared))
    plugins.views()
    plugins.decision("hostile open")
    assert not list(plugins.problems())


def damaged(folder: Path, text: bytes, name: str = "hostile") -> None:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_bytes(text)


@pytest.mark.parametrize("text", [b"\xff", b"[studio_ledger]\nno equals sign\n"])
def test_a_package_with_damaged_metadata_is_named_and_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes
) -> None:
    before = {found.name for found in packaged()}
    damaged(tmp_path, text)
    monkeypatch.syspath_prepend(tmp_path)
    found = {one.name: one for one in packaged()}
    assert {*found} == before | {"hostile"}
    loaded = PluginHost().load()
    (failure,) = loaded.failures
    assert failure.plugin == "hostile"
    assert "plugin disable hostile" in failure.error


@pytest.mark.parametrize("module", ["x" * 5_000, "a\0b", "", ".", "..x", "a b"])
def test_a_module_that_no_file_can_be_has_no_source(module: str) -> None:
    assert source_file(Found("hostile", "package", module, "1", "hostile")) is None


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"disabled":' * 10_000, b"\xff", b'{"a":1}'])
def test_switches_that_cannot_be_read_are_refused(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "studio.plugins.json"
    file.write_bytes(text)
    with pytest.raises(BadInput, match="cannot be read"):
        read_switches(file)
