"""Whatever is changed in an export, `verify_export.py` finds it and names it; and it never breaks.

Each fault is planted in a copy of a whole export, and the copy is checked.
"""

from __future__ import annotations

import os
import random
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.audit.exports.export import Table, manifest_text
from ledger.audit.formats.checkpoint import Checkpoint
from ledger.audit.formats.note import LOG, Note, SigningKey
from tests.exports import (
    ORIGIN,
    Made,
    check,
    made_line,
    made_lines,
    make_export,
    signed,
)

SIZE = 600
TABLES = (
    Table("bookings", b"booking,space\r\nb-1,stage-1\r\nb-2,stage-2\r\n"),
    Table("spaces", "space,name\r\nstage-1,一号棚\r\n".encode()),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """An export that no test changes."""
    folder = tmp_path_factory.mktemp("export") / "out"
    made = make_export(folder, [1, 256, 300, SIZE], tables=TABLES)
    done = check(made.folder, "--key", made.vkey)
    assert done.code == 0, done.out
    return made


@pytest.fixture
def copy(whole: Made, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(whole.folder, tmp_path / "copy")


def found_bad(folder: Path, vkey: str, *names: str) -> str:
    """Check a folder that is bad, with the key given and without; what was said."""
    for words in ((folder, "--key", vkey), (folder,)):
        done = check(*words)
        assert done.code == 3, done.out
        bad = "\n".join(line for line in done.out.splitlines() if line.startswith("BAD "))
        for name in names:
            assert name in bad, done.out
        assert "all is well" not in done.out
    return bad


def lines_of(folder: Path) -> list[bytes]:
    return (folder / "lines.jsonl").read_bytes().split(b"\n")[:-1]


# --- every file, one by one ------------------------------------------------------------


def test_every_file_that_is_changed_is_named(whole: Made, copy: Path) -> None:
    for name in whole.files:
        file = copy / name
        data = file.read_bytes()
        for changed in (data + b"\n", data[:-1], b"", data.replace(b"a", b"b", 1), b"\xff\0" * 9):
            if changed != data:
                file.write_bytes(changed)
                found_bad(copy, whole.vkey, name)
        file.write_bytes(data)
    assert check(copy).code == 0


def test_every_file_that_is_missing_is_named(whole: Made, copy: Path) -> None:
    for name in whole.files:
        file = copy / name
        data = file.read_bytes()
        file.unlink()
        found_bad(copy, whole.vkey, name)
        file.write_bytes(data)
    assert check(copy).code == 0


def test_every_file_that_is_something_else_is_named(
    whole: Made, copy: Path, tmp_path: Path
) -> None:
    """A folder, a link to the very bytes outside, a pipe that nobody writes into."""
    for name in whole.files:
        file = copy / name
        kept = tmp_path / "kept"
        file.rename(kept)
        file.mkdir()
        found_bad(copy, whole.vkey, name)
        file.rmdir()
        file.symlink_to(kept)
        found_bad(copy, whole.vkey, name)
        file.unlink()
        os.mkfifo(file)
        found_bad(copy, whole.vkey, name)
        file.unlink()
        kept.rename(file)
    assert check(copy).code == 0


def test_every_file_that_is_added_is_named(whole: Made, copy: Path) -> None:
    folders = {str(Path(name).parent) for name in whole.files}
    added = [*(f"{folder}/more" for folder in folders), "tile/2/000.p/1", "tile/x", ".hidden",
             "views/more.csv", "base64.py", "a\x1b[31m", "tile/0/000.p/255"]  # fmt: skip
    for name in added:
        file = copy / name
        made = not file.parent.exists()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
        shown = name.removeprefix("./").replace("\x1b", "\\x1b")
        found_bad(copy, whole.vkey, shown)
        file.unlink()
        if made:
            found_bad(copy, whole.vkey, shown.rpartition("/")[0])  # an empty folder
            file.parent.rmdir()
            if not any(file.parent.parent.iterdir()):
                file.parent.parent.rmdir()
    assert check(copy).code == 0


def test_every_two_files_that_are_swapped_are_named(whole: Made, copy: Path) -> None:
    names = whole.files
    for name, other in zip(names, [*names[1:], names[0]], strict=True):
        one, two = (copy / name).read_bytes(), (copy / other).read_bytes()
        if one == two:  # the checkpoints of an export that has one
            continue
        (copy / name).write_bytes(two)
        (copy / other).write_bytes(one)
        # Without a key nothing can be said of the others, once log.pub is none.
        found_bad(copy, whole.vkey, *({name, other} & {"log.pub"} or {name, other}))
        said = check(copy, "--key", whole.vkey).out
        assert name in said, said
        assert other in said, said
        (copy / name).write_bytes(one)
        (copy / other).write_bytes(two)
    assert check(copy).code == 0


def test_every_line_that_is_changed_moved_or_lost_is_named(whole: Made, copy: Path) -> None:
    file = copy / "lines.jsonl"
    lines = lines_of(copy)
    for position in (1, 2, 255, 256, 257, 300, 301, 512, 599):
        index = position - 1
        faults = {
            "changed": [*lines[:index], lines[index].replace(b"ada", b"eve"), *lines[index + 1 :]],
            "lost": [*lines[:index], *lines[index + 1 :]],
            "twice": [*lines[:position], *lines[index:]],
            "swapped": [*lines[:index], lines[index + 1], lines[index], *lines[index + 2 :]],
            "no JSON": [*lines[:index], lines[index][:-1], *lines[index + 1 :]],
        }
        for fault, changed in faults.items():
            file.write_bytes(b"".join(line + b"\n" for line in changed))
            said = found_bad(copy, whole.vkey, "lines.jsonl")
            at = {f"#{position}", f"#{position + 1}"} if fault == "twice" else {f"#{position}"}
            assert any(f"{one} " in f"{said} " or f"{one}:" in said for one in at), (fault, said)


def test_one_byte_in_each_of_many_places(whole: Made, copy: Path) -> None:
    """Drawn evenly over the files first, so that small ones are not forgotten."""
    draw = random.Random(20_251_127)
    for _ in range(300):
        name = draw.choice(whole.files)
        file = copy / name
        data = file.read_bytes()
        place = draw.randrange(len(data))
        file.write_bytes(
            data[:place] + bytes([data[place] ^ draw.randrange(1, 256)]) + data[place + 1 :]
        )
        said = found_bad(copy, whole.vkey, name)
        if name == "lines.jsonl":
            position = data[:place].count(b"\n") + 1
            assert f"#{position}" in said, said
        file.write_bytes(data)
    assert check(copy).code == 0


# --- by somebody with a key ------------------------------------------------------------------


def resign(folder: Path, key: SigningKey, checkpoint: Checkpoint) -> None:
    """Sign the folder as it is."""
    hashes = {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest"
    }
    note = Note.sign(manifest_text(checkpoint, hashes), key)
    (folder / "manifest").write_bytes(note.encode())


def test_an_export_under_another_key_is_bad_to_whoever_knows_the_key(
    whole: Made, tmp_path: Path
) -> None:
    lines = [line.replace(b"ada", b"eve") for line in whole.lines]
    forged = make_export(tmp_path / "forged", [SIZE], lines=lines)
    assert check(forged.folder, "--key", whole.vkey).code == 3
    believed = check(forged.folder)
    assert believed.code == 0  # which is what is said plainly:
    assert "NOTE the key is the folder's own log.pub" in believed.out


def test_a_second_history_is_shown_by_a_checkpoint_that_was_kept(
    whole: Made, tmp_path: Path
) -> None:
    """Its owner signs it with the one key: it is whole in itself."""
    lines = [*whole.lines[:400], *(line.replace(b"ada", b"eve") for line in whole.lines[400:])]
    forged = make_export(tmp_path / "forged", [300, SIZE], lines=lines, key=whole.key)
    assert check(forged.folder, "--key", whole.vkey).code == 0
    kept = tmp_path / "kept"
    kept.write_bytes(whole.kept.signed[-1].encode())
    done = check(forged.folder, "--key", whole.vkey, "--checkpoint", kept)
    assert done.code == 3
    assert f"{kept}: the first 600 lines are not those that were signed" in done.out
    assert "up to #300 they are" in done.out
    kept.write_bytes(whole.kept.signed[-2].encode())  # what came before the fork
    assert check(forged.folder, "--key", whole.vkey, "--checkpoint", kept).code == 0


def test_a_log_that_was_cut_off_is_shown_by_a_checkpoint_that_was_kept(
    whole: Made, tmp_path: Path
) -> None:
    cut = make_export(tmp_path / "cut", [1, 300], key=whole.key)
    kept = tmp_path / "kept"
    kept.write_bytes(whole.kept.signed[-1].encode())
    done = check(cut.folder, "--key", whole.vkey, "--checkpoint", kept)
    assert done.code == 3
    assert "covers 600 events, but lines.jsonl ends at #300" in done.out


def test_a_kept_checkpoint_of_another_log_or_key_is_bad(whole: Made, tmp_path: Path) -> None:
    other = Checkpoint("other.example", 1, whole.kept.signed[0].root)
    stranger = SigningKey.generate(ORIGIN, LOG)
    for data, says in (
        (Note.sign(other.text, whole.key).encode(), "is for the log other.example"),
        (signed(whole.lines, 1, stranger).encode(), f"not signed by {ORIGIN}"),
        (b"\0" * 70_000, "it"),
        (b"", "it is not a signed note"),
    ):
        (tmp_path / "kept").write_bytes(data)
        done = check(whole.folder, "--key", whole.vkey, "--checkpoint", tmp_path / "kept")
        assert (done.code, says in done.out) == (3, True), done.out


def test_whatever_the_key_signs_must_be_true(whole: Made, copy: Path) -> None:
    """A tile, a view, a line: the manifest lists them as they are, and they are wrong."""
    newest = whole.kept.signed[-1].checkpoint
    for name, change in (
        ("tile/0/001", lambda data: data[:64] + bytes(32) + data[96:]),
        ("tile/1/000.p/2", lambda data: data[::-1]),
        ("tile/entries/002.p/88", lambda data: data.replace(b"ada", b"eve", 1)),
        ("views/spaces.csv", lambda data: data.replace(b"position 600", b"position 599")),
        ("checkpoint", lambda _: whole.kept.signed[0].encode()),
    ):  # type: tuple[str, Callable[[bytes], bytes]]
        data = (copy / name).read_bytes()
        (copy / name).write_bytes(change(data))
        resign(copy, whole.key, newest)
        said = found_bad(copy, whole.vkey, name)
        assert name != "tile/0/001" or "from #259 on" in said
        (copy / name).write_bytes(data)
    (copy / "tile/0/more").write_bytes(b"x")
    resign(copy, whole.key, newest)
    found_bad(copy, whole.vkey, "tile/0/more does not belong to the tiles of 600 events")
    (copy / "tile/0/more").unlink()
    resign(copy, whole.key, whole.kept.signed[0].checkpoint)
    found_bad(copy, whole.vkey, "manifest is not for the newest checkpoint")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"v":1,"position":3}', "does not begin like a line"),
        (made_line(3).replace(b'"tags":[', b'"tags":[' + b"[" * 30_000), "not JSON"),
        (made_line(3).replace(b'"data"', b'"date"'), "does not have the fields"),
        (made_line(3).replace("一".encode(), b"\xe4\xb8"), "not JSON in UTF-8"),
        (made_line(3).replace(b"2025-01", b"2025-13"), "its time does not exist"),
        (made_line(3).replace(b"2025-", b"2024-"), "recorded before the one before it"),
        (made_line(4), "it says that it is #4"),
        (made_line(3).replace(b'"payload"', b'"n":' + b"9" * 60_000 + b',"payload"'), "not JSON"),
    ],
)
def test_signed_lines_must_be_lines(line: bytes, says: str, tmp_path: Path) -> None:
    lines = list(made_lines(0, 5))
    lines[2] = line
    made = make_export(tmp_path / "out", [5], lines=lines)
    said = found_bad(made.folder, made.vkey, "lines.jsonl: #3")
    assert says in said
