"""Exports: their content to the letter of the formats, and that they are whole or not there."""

from __future__ import annotations

import ast
import sys
import tracemalloc
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

from ledger import export_import as taking_over
from ledger import processes
from ledger.application import Ledger
from ledger.audit.checkpoint_store import CheckpointFile, Kept
from ledger.audit.exports.export import FolderExists, Table, write_export
from ledger.audit.exports.export_reader import Exported
from ledger.audit.exports.tiles import tile_path
from ledger.audit.formats.note import LOG, Note, SigningKey
from ledger.audit.formats.proof import Proof
from ledger.audit.proving import prove_line
from ledger.audit.refusals import BadNote, Inconsistent, KeyExists, NotCovered, NotProved
from ledger.audit.tree import HashFiles
from ledger.auditing import AuditFolder
from ledger.errors import BadInput, LedgerExists, StorageFailure
from ledger.export_import import take_over
from tests.exports import ORIGIN, SCRIPT, check, made_line, made_lines, make_export, signed

SIZES = (1, 2, 255, 256, 257, 511, 512, 65_537)
KEY = SigningKey.generate(ORIGIN, LOG)


# --- tiles, computed from their definition ----------------------------------------------


def mth(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, over leaf hashes, to the letter."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\1" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def index_path(n: int) -> str:
    """The tile index of C2SP tlog-tiles: zero-padded 3-digit elements, all but the last with x."""
    digits = str(n)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    return "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])


@cache
def expected_tiles(size: int) -> dict[str, bytes]:
    """Every tile and entry bundle of a tree, as specified."""
    lines = list(made_lines(0, size))
    hashes = [sha256(b"\0" + line).digest() for line in lines]
    found = {}
    for start in range(0, size, 256):
        bundle = lines[start : start + 256]
        partial = f".p/{len(bundle)}" if len(bundle) < 256 else ""
        data = b"".join(bytes(divmod(len(line), 256)) + line for line in bundle)
        found[f"tile/entries/{index_path(start // 256)}{partial}"] = data
    level = 0
    while size >= 256**level:
        count = size // 256**level
        for n in range(-(-count // 256)):
            width = min(256, count - n * 256)
            partial = f".p/{width}" if width < 256 else ""
            span = 256**level
            nodes = (mth(hashes[(n * 256 + i) * span : (n * 256 + i + 1) * span])
                     for i in range(width))  # fmt: skip
            found[f"tile/{level}/{index_path(n)}{partial}"] = b"".join(nodes)
        level += 1
    return found


@pytest.mark.parametrize("size", SIZES)
def test_tiles_are_those_of_the_specification(size: int, tmp_path: Path) -> None:
    made = make_export(tmp_path / "out", [size])
    assert (made.folder / "lines.jsonl").read_bytes() == b"".join(
        line + b"\n" for line in made.lines
    )
    found = {name: (made.folder / name).read_bytes()
             for name in made.files if name.startswith("tile/")}  # fmt: skip
    assert found == expected_tiles(size)
    done = check(made.folder, "--key", made.vkey)
    assert (done.code, done.err) == (0, ""), done.out
    assert "BAD" not in done.out


@pytest.mark.parametrize(
    ("n", "path"),
    [(0, "000"), (999, "999"), (1000, "x001/000"), (1234067, "x001/x234/067")],
)
def test_the_path_of_a_tile(n: int, path: str) -> None:
    assert tile_path(3, n, 256) == f"tile/3/{path}"
    assert tile_path("entries", n, 7) == f"tile/entries/{path}.p/7"
    assert index_path(n) == path


def test_seventy_thousand_events_have_the_tiles_that_the_specification_counts() -> None:
    names = expected_tiles(70_000)
    assert sum(name.startswith("tile/0/") for name in names) == 273 + 1
    assert {"tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"} <= set(names)


# --- the folder --------------------------------------------------------------------------


def test_every_file_is_listed_by_its_hash_under_one_signature(tmp_path: Path) -> None:
    table = Table("bookings", b"booking\r\nb-1\r\n")
    made = make_export(tmp_path / "out", [3, 300], tables=[table, Table("claims", None, "broken")])
    note = Note.parse((made.folder / "manifest").read_bytes())
    assert note.verify([made.key.verifier])
    kind, origin, size, _root, *rows = note.text.decode().splitlines()
    assert (kind, origin, size) == ("studio-ledger/export/v1", ORIGIN, "300")
    assert rows == [f"{sha256((made.folder / name).read_bytes()).hexdigest()}  {name}"
                    for name in made.files if name != "manifest"]  # fmt: skip
    assert (made.folder / "verify_export.py").read_bytes() == SCRIPT.read_bytes()
    assert CheckpointFile(made.folder / "checkpoints").read() == made.kept
    csv = (made.folder / "views/bookings.csv").read_bytes()
    root = (made.folder / "checkpoint").read_text().splitlines()[2]
    assert csv == table.csv + f"# position 300 root {root}\r\n".encode()  # type: ignore[operator]  # it has one
    readme = (made.folder / "README.md").read_text()
    assert made.vkey in readme
    assert "- claims: broken" in readme
    assert made_line(300).split(b'"')[7].decode() in readme  # when the last event was recorded


@pytest.mark.parametrize("what", ["file", "folder", "empty folder", "dangling link"])
def test_nothing_is_written_over(what: str, tmp_path: Path) -> None:
    target = tmp_path / "out"
    if what == "file":
        target.write_text("mine")
    elif what == "dangling link":
        target.symlink_to(tmp_path / "nowhere")
    else:
        target.mkdir()
        if what == "folder":
            (target / "mine").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FolderExists, match="exists already"):
        make_export(target, [3])
    assert sorted(tmp_path.rglob("*")) == before


def test_without_a_checkpoint_there_is_nothing_to_export(tmp_path: Path) -> None:
    with pytest.raises(NotCovered, match="audit checkpoint"):
        write_export(tmp_path / "out", lines=made_lines, kept=Kept(), key=KEY, tables=())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("changed", [1, 5, 256, 257, 300])
def test_lines_that_were_not_signed_leave_nothing(changed: int, tmp_path: Path) -> None:
    lines = list(made_lines(0, 300))
    kept = Kept(tuple(signed(lines, size, KEY) for size in (4, 256, 300)))
    lines[changed - 1] = lines[changed - 1].replace(b"ada", b"eve")
    with pytest.raises(Inconsistent, match="Nothing was exported") as refused:
        write_export(tmp_path / "out", lines=lambda a, b: lines[a:b], kept=kept, key=KEY, tables=())
    assert refused.value.exit_code == 3
    assert refused.value.position is not None
    assert refused.value.position <= changed
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_lost_its_end_and_a_line_that_is_none_leave_nothing(tmp_path: Path) -> None:
    lines = list(made_lines(0, 300))
    kept = Kept((signed(lines, 300, KEY),))
    for broken in (lines[:299], [*lines[:7], b"x" * 65_536, *lines[8:]], [b"a\nb", *lines[1:]]):
        with pytest.raises(Inconsistent):
            write_export(
                tmp_path / "out",
                lines=lambda a, b, broken=broken: broken[a:b],  # type: ignore[misc]  # bound now
                kept=kept,
                key=KEY,
                tables=(),
            )
        assert list(tmp_path.iterdir()) == []


def test_what_interrupts_it_leaves_nothing(tmp_path: Path) -> None:
    def tables() -> Iterator[Table]:
        yield Table("bookings", b"booking\r\n")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_export(tmp_path / "out", [300], tables=tables())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StorageFailure, match="cannot be written"):
        make_export(tmp_path / "no" / "out", [3])


def test_memory_does_not_grow_with_the_events(tmp_path: Path) -> None:
    """Sixteen times the events take less than twice the memory: a name and hash per file."""

    def peak(size: int) -> int:
        kept = Kept((signed(list(made_lines(0, size)), size, KEY),))
        tracemalloc.start()
        write_export(tmp_path / str(size), lines=made_lines, kept=kept, key=KEY, tables=())
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)  # load and cache everything once
    assert peak(16_000) < 2 * peak(1_000)


# --- importing ------------------------------------------------------------------------------


def taken_over(where: str, exported: Exported, folder: AuditFolder) -> None:
    """Import it, with this audit folder."""
    take_over(where, exported, checkpoints=folder.checkpoints.path, public=folder.public_file)


@pytest.fixture(params=["alone", "beside"])
def examined(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines are checked in the process that writes them, or in another one."""
    beside = request.param == "beside"
    if beside and sys.platform != "linux":
        pytest.skip("elsewhere one process does all")
    monkeypatch.setattr(processes, "usable_processes", lambda: 1 + beside)
    monkeypatch.setattr(taking_over, "WORTH", 1)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize(
    ("size", "examined"),
    [*((size, "alone") for size in (1, 255, 256, 257, 65_537)), (1, "beside"), (2_500, "beside")],
    indirect=["examined"],
)
def test_an_export_taken_over_is_exported_the_same(
    size: int, examined: None, ledger_url: str, tmp_path: Path
) -> None:
    made = make_export(tmp_path / "out", [*([size // 2] if size > 1 else []), size])
    folder = AuditFolder(tmp_path / "audit")
    taken_over(ledger_url, Exported.open(made.folder, made.key.verifier), folder)
    with Ledger.open(ledger_url, read_only=True) as ledger:
        assert ledger.opened.origin == ORIGIN
        kept = folder.checkpoints.read()
        assert kept == made.kept
        write_export(tmp_path / "again", lines=ledger.log.lines, kept=kept, key=made.key, tables=())
    for name in made.files:
        assert (tmp_path / "again" / name).read_bytes() == (made.folder / name).read_bytes(), name
    assert folder.public() == made.key.verifier


def test_an_export_is_taken_over_by_the_right_key_alone(sqlite_url: str, tmp_path: Path) -> None:
    made = make_export(tmp_path / "out", [3, 300])
    with pytest.raises(BadNote, match="not signed by the key"):
        Exported.open(made.folder, SigningKey.generate("eve.example", LOG).verifier)
    (made.folder / "manifest").unlink()
    with pytest.raises(NotProved, match="manifest is not a file"):
        Exported.open(made.folder, made.key.verifier)


@pytest.mark.usefixtures("examined")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("fault", ["changed", "cut", "longer", "no line", "swapped"])
def test_changed_lines_make_no_ledger(fault: str, ledger_url: str, tmp_path: Path) -> None:
    made = make_export(tmp_path / "out", [3, 300])
    lines = list(made.lines)
    if fault == "changed":
        lines[276] = lines[276].replace(b"ada", b"eve")
    elif fault == "cut":
        del lines[256:]
    elif fault == "longer":
        lines.append(made_line(301))
    elif fault == "no line":
        lines[9] = b"\xff" * 70_000
    else:
        lines[4], lines[5] = lines[5], lines[4]
    (made.folder / "lines.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    folder = AuditFolder(tmp_path / "audit")
    with pytest.raises(NotProved):
        taken_over(ledger_url, Exported.open(made.folder, made.key.verifier), folder)
    with pytest.raises(LookupError):
        _head(ledger_url)
    assert list(folder.path.iterdir()) == []


def _head(where: str) -> int:
    from ledger.errors import NoLedger

    try:
        with Ledger.open(where, read_only=True) as ledger:
            return ledger.log.head()
    except NoLedger:
        raise LookupError from None


def test_what_is_there_stays(sqlite_url: str, tmp_path: Path) -> None:
    made = make_export(tmp_path / "out", [3, 300])
    other = make_export(tmp_path / "other", [5])
    exported = Exported.open(made.folder, made.key.verifier)
    folder = AuditFolder(tmp_path / "audit")
    taken_over(sqlite_url, exported, folder)
    with pytest.raises(LedgerExists):
        taken_over(sqlite_url, exported, folder)
    with pytest.raises(KeyExists, match="--audit-dir"):
        taken_over(
            str(tmp_path / "new.db"), Exported.open(other.folder, other.key.verifier), folder
        )
    assert not (tmp_path / "new.db").exists()
    assert _head(sqlite_url) == 300
    assert folder.checkpoints.read() == made.kept


@pytest.mark.usefixtures("examined")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_signed_lines_that_no_ledger_would_keep_are_no_ledger(
    sqlite_url: str, tmp_path: Path
) -> None:
    """The key's owner could sign anything, so imported lines are checked all the same."""
    lines = [made_line(1), made_line(2).replace(b'"2025-', b'"2024-')]
    made = make_export(tmp_path / "out", [2], lines=lines)
    with pytest.raises(BadInput, match="recorded before the previous line"):
        taken_over(
            sqlite_url, Exported.open(made.folder, made.key.verifier), AuditFolder(tmp_path / "a")
        )
    assert not Path(sqlite_url).exists()


# --- the script -----------------------------------------------------------------------------


def test_the_script_stands_alone() -> None:
    """It imports the standard library and cryptography, and Python 3.9 can read it."""
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 9))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
    assert {name.split(".")[0] for name in imported} == {
        "__future__", "argparse", "base64", "binascii", "collections", "cryptography", "datetime",
        "hashlib", "itertools", "json", "os", "re", "sys", "typing",
    }  # fmt: skip


@pytest.mark.parametrize("position", [1, 3, 256, 257, 300])
def test_a_proof_is_checked_alone_and_beside_an_export(position: int, tmp_path: Path) -> None:
    made = make_export(tmp_path / "out", [260, 300])
    newest = made.kept.signed[-1]
    proof = prove_line(lambda a, b: made.lines[a:b], position, newest, HashFiles(tmp_path / "none"))
    assert isinstance(proof, Proof)
    file = tmp_path / "booking.tlog-proof"
    file.write_bytes(proof.encode())
    alone = check("--proof", file, "--key", made.vkey)
    assert alone.code == 0, alone.out
    assert f"event #{position} of 300 of {ORIGIN}" in alone.out
    assert made.lines[position - 1].decode() in alone.out
    assert "ok   lines" not in alone.out
    beside = check(made.folder, "--proof", file, "--key", made.vkey)
    assert (beside.code, "ok   tiles" in beside.out) == (0, True), beside.out
    without_line = Proof(proof.index, proof.hashes, proof.signed)
    file.write_bytes(without_line.encode())
    assert check("--proof", file, "--key", made.vkey).code == 2


def test_every_bit_of_a_proof_counts(tmp_path: Path) -> None:
    made = make_export(tmp_path / "out", [3, 300])
    proof = prove_line(lambda a, b: made.lines[a:b], 9, made.kept.signed[-1], HashFiles(tmp_path))
    file, data = tmp_path / "p", proof.encode()
    for place in range(len(data)):
        file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        done = check("--proof", file, "--key", made.vkey)
        assert done.code in (2, 3), (place, data[place : place + 20])
        assert "this is event" not in done.out or "BAD" in done.out
