"""An export as an outsider meets it: one that means harm, and Python without this project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import cryptography
import pytest

from ledger.audit.exports.export import Table, manifest_text
from ledger.audit.formats.checkpoint import Checkpoint
from ledger.audit.formats.note import Note, SigningKey
from ledger.audit.proving import prove_line
from ledger.audit.tree import HashFiles
from tests.exports import ORIGIN, SCRIPT, Made, check_as_program, make_export

SIZE = 600


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """An export that no test changes."""
    tables = [Table("bookings", b"booking,space\r\nb-1,stage-1\r\n")]
    return make_export(tmp_path_factory.mktemp("export") / "out", [300, SIZE], tables=tables)


@pytest.fixture
def copy(whole: Made, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(whole.folder, tmp_path / "copy")


# --- hostile folders, as an outsider meets them --------------------------------------------


def hostile(folder: Path, key: SigningKey, rows: str, head: Checkpoint) -> None:
    """A manifest that the key has signed, with these rows."""
    text = manifest_text(head, {}) + rows.encode()
    (folder / "manifest").write_bytes(Note.sign(text, key).encode())


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", "tile/../../secret", "a//b", ".", "", "x" * 5_000]
)
def test_a_manifest_leads_nowhere_else(path: str, whole: Made, copy: Path) -> None:
    secret = copy.parent / "secret"
    secret.write_text("secret")
    hostile(copy, whole.key, f"{sha256(b'secret').hexdigest()}  {path}\n",
            whole.kept.signed[-1].checkpoint)  # fmt: skip
    done = check_as_program(copy, "--key", whole.vkey)
    assert (done.code, done.err) == (3, ""), done.out
    assert "is missing" in done.out or "does not list" in done.out


def test_links_are_not_followed(whole: Made, copy: Path) -> None:
    """Also one to a folder above, which would never end."""
    shutil.move(copy / "tile", copy.parent / "tile")
    (copy / "tile").symlink_to(copy.parent / "tile")
    (copy / "views" / "round").symlink_to(copy)
    done = check_as_program(copy, "--key", whole.vkey)
    assert (done.code, done.err) == (3, "")
    for name in ("tile is neither", "views/round is neither", "tile/0/000 is missing"):
        assert name in done.out


def test_what_is_huge_is_not_held(whole: Made, copy: Path) -> None:
    """Larger than all memory there is: each check reads what it must, and no more."""
    for name in ("manifest", "checkpoint", "checkpoints", "log.pub"):
        data = (copy / name).read_bytes()
        os.truncate(copy / name, 1 << 29)
        done = subprocess.run(
            ["sh", "-c", 'ulimit -v 400000; exec "$0" -I "$@"', sys.executable, SCRIPT, copy,
             "--key", whole.vkey],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (3, ""), done.stdout
        assert name in done.stdout
        (copy / name).write_bytes(data)
    with (copy / "lines.jsonl").open("ab") as lines:
        lines.truncate(1 << 29)
    done = subprocess.run(
        ["sh", "-c", 'ulimit -v 400000; exec "$0" -I "$@"', sys.executable, SCRIPT, copy],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (3, "")
    assert "#601" in done.stdout


@pytest.mark.parametrize(
    "size", ["9223372036854775807", "9223372036854775808", "9" * 5_000, "-1", "1e3", ""]
)
def test_sizes_that_no_log_has(size: str, whole: Made, copy: Path) -> None:
    root = whole.kept.signed[-1].note.text.decode().splitlines()[2]
    note = Note.sign(f"{ORIGIN}\n{size}\n{root}\n".encode(), whole.key)
    (copy / "checkpoint").write_bytes(note.encode())
    (copy / "checkpoints").write_bytes(note.encode() + b"\n")
    done = check_as_program(copy, "--key", whole.vkey)
    assert (done.code, done.err) == (3, ""), done.out
    assert "checkpoint" in done.out


def test_folders_that_never_end(whole: Made, copy: Path) -> None:
    deep = copy / "/".join(["d"] * 200)
    deep.mkdir(parents=True)
    (deep / "file").write_text("x")
    done = check_as_program(copy, "--key", whole.vkey)
    assert (done.code, done.err) == (3, "")
    assert "is neither a file nor a folder of an export" in done.out


def test_names_that_are_no_text(whole: Made, copy: Path) -> None:
    Path(os.fsdecode(os.fsencode(copy) + b"/\xff\xfe\n")).write_bytes(b"x")
    done = check_as_program(copy, "--key", whole.vkey, env={"LC_ALL": "C"})
    assert (done.code, done.err) == (3, "")
    assert "\\udcff\\udcfe\\n is not listed" in done.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nowhere",), "nowhere: No such file"),
        (("out", "--key", "nonsense"), "nonsense is no"),
        (("out", "--key", "a+b+ü"), "is not base64"),
        (("out", "--checkpoint", "nowhere"), "nowhere: No such file"),
        (("--proof", "nowhere", "--key", "VKEY"), "nowhere: No such file"),
        (("--proof", "out/log.pub"), "Give it: --key"),
        (("out", "--what"), "unrecognized arguments"),
    ],
)
def test_what_cannot_be_checked_is_not_called_bad(
    words: tuple[str, ...], says: str, whole: Made
) -> None:
    given = [whole.vkey if word == "VKEY" else word for word in words]
    done = check_as_program(*given, cwd=whole.folder.parent)
    assert done.code == 2, done.out
    assert says in done.err
    assert "Traceback" not in done.err


def test_a_reader_who_goes_is_no_error(whole: Made) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$0" -I "$1" "$2" | head -n 1; exec "$0" -I "$1" "$2" >/dev/full',
         sys.executable, SCRIPT, whole.folder],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout.startswith("NOTE")
    assert "Traceback" not in done.stderr
    assert "roken" not in done.stderr
    assert done.returncode == 2
    assert "output: No space left" in done.stderr


# --- where this project is not ---------------------------------------------------------------


@pytest.fixture(scope="module")
def outsider(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python of its own that has `cryptography` and nothing else of ours."""
    folder = tmp_path_factory.mktemp("outsider") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    ours = Path(cryptography.__file__).parent.parent
    for one in ("cryptography", *(path.name for path in ours.glob("_cffi_backend*"))):
        (packages / one).symlink_to(ours / one)
    return folder / "bin" / "python"


def test_an_outsider_checks_an_export_and_a_proof(
    whole: Made, outsider: Path, tmp_path: Path
) -> None:
    for name in ("ledger", "msgspec", "sqlalchemy", "click"):
        code = f"import cryptography, {name}"
        gone = subprocess.run(
            [outsider, "-I", "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert f"No module named {name!r}" in gone.stderr
    own = whole.folder / "verify_export.py"
    done = check_as_program(python=outsider, script=own, cwd=tmp_path)
    assert (done.code, done.err) == (0, ""), done.out
    assert done.out.endswith("all is well\n")
    newest = whole.kept.signed[-1]
    proof = prove_line(lambda a, b: whole.lines[a:b], 12, newest, HashFiles(tmp_path / "none"))
    (tmp_path / "booking.tlog-proof").write_bytes(proof.encode())
    done = check_as_program(
        "--proof", "booking.tlog-proof", "--key", whole.vkey,
        python=outsider, script=own, cwd=tmp_path,
    )  # fmt: skip
    assert (done.code, done.err) == (0, ""), done.out
    assert "event #12 of 600" in done.out


def test_an_outsider_without_cryptography_is_told_what_to_install(
    whole: Made, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    done = check_as_program(
        python=tmp_path / "bare/bin/python", script=whole.folder / "verify_export.py"
    )
    assert (done.code, done.out) == (2, "")
    assert "pip install cryptography" in done.err


def test_a_module_in_the_folder_is_not_taken_for_pythons_own(
    whole: Made, copy: Path, tmp_path: Path
) -> None:
    """Also where somebody leaves `-I` away."""
    for name in ("json", "base64", "hashlib", "argparse", "cryptography"):
        (copy / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    done = subprocess.run(
        [sys.executable, "verify_export.py"], capture_output=True, text=True, check=False, cwd=copy
    )
    assert (done.returncode, done.stderr) == (3, "")
    assert "base64.py is not listed" in done.stdout
    assert not (tmp_path / "ran").exists()
