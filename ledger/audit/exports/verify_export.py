#!/usr/bin/env python3
"""Check an export of a ledger, without the program that made it.

    python -I verify_export.py [FOLDER] [--key VKEY] [--checkpoint FILE]... [--proof FILE]...

FOLDER is the export; by default the folder of this script, or none if only proofs are checked.
--key is the log's public key (text, or a file) from a source other than the export; without it,
the folder's own log.pub is used, which the maker of the folder could have made, too. --checkpoint
is a checkpoint that was kept elsewhere: the export must continue it. --proof is a proof of one
event. Exit code 0: all is well. 3: something is bad, and is named. 2: it could not be checked.

You need Python 3.9 or later and the package `cryptography`, for Ed25519; everything else is below,
and is meant to be read. An export consists of:

    lines.jsonl          the events, one per line; a line's bytes (no newline) are a leaf
    checkpoint(s)        signed notes (c2sp.org/signed-note) of origin, size and root of the tree
    tile/, tile/entries/ the same tree and lines as c2sp.org/tlog-tiles, for other programs
    views/*.csv          tables made from the events; the last row gives their position and root
    manifest             a signed note of the SHA-256 of every other file
    README.md, log.pub, verify_export.py

The tree is that of RFC 6962, section 2.1: a leaf's hash is SHA-256(0x00 line), a node's
SHA-256(0x01 left right), and the left side of a node has as many leaves as the largest power of 2
below their number. Change one byte of one line and the root changes; the root is what was signed.
This cannot show that what was recorded is true, or that the key's owner signed only one history. A
second one shows only against a checkpoint that was kept elsewhere: hence --checkpoint.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":  # do not import modules from the export's folder
    _here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.realpath(path or ".") != _here]

import argparse
import binascii
import json
import re
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import IO, NamedTuple

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    print("a package is missing. Install it: pip install cryptography", file=sys.stderr)
    sys.exit(2)

LONGEST_LINE = 65_535
LARGEST_NOTE = 65_536
LARGEST_LIST = 1 << 25  # bytes of `manifest`, and of `checkpoints`
MOST_FILES = 300_000  # enough for some 38,000,000 events
DEEPEST = 12  # folders within folders
SHOWN = 20  # problems that one check prints
NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


class Bad(Exception):
    """Something was checked and is wrong."""


class CannotCheck(Exception):
    """Something could not be checked."""


# --- signed notes, keys, checkpoints -------------------------------------------------------


class Note(NamedTuple):
    """A text and its signatures: (name of the key, 4 bytes of its id and the signature)."""

    text: bytes
    signatures: list[tuple[str, bytes]]


class Head(NamedTuple):
    """A checkpoint: the tree of the first `size` lines has this root. `what` names it in output."""

    what: str
    origin: str
    size: int
    root: bytes


def decode64(text: str) -> bytes:
    """Decode base64 in its one canonical form."""
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Bad(f"{text:.60} is not base64") from None
    if b64encode(raw).decode() != text:
        raise Bad(f"{text:.60} is not canonical base64")
    return raw


def parse_note(data: bytes) -> Note:
    """Parse a text, an empty line, and signature lines: `— NAME BASE64`."""
    text, between, lines = data.rpartition(b"\n\n")
    try:
        data.decode("utf-8")
        rows = lines.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise Bad("it is not UTF-8") from None
    if re.search(rb"[\x00-\x09\x0b-\x1f]", data):
        raise Bad("it holds a control character")
    if not between or rows.pop() != "" or not 1 <= len(rows) <= 100:
        raise Bad("it is not a signed note, or it breaks off")
    signatures = []
    for row in rows:
        dash, _, rest = row.partition(" ")
        name, _, signature = rest.partition(" ")
        if dash != "\u2014" or not name:
            raise Bad(f"{row:.60} is not a signature line")
        signatures.append((name, decode64(signature)))
    return Note(text + b"\n", signatures)


class Key:
    """A log's public key: NAME+ID+BASE64 of 0x01 and the 32 bytes of Ed25519."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.name, _, rest = self.text.partition("+")
        key_id, _, encoded = rest.partition("+")
        raw = decode64(encoded)
        if not self.name or len(raw) != 33 or raw[0] != 1:
            raise Bad(f"{self.text:.60} is not a log's public key: NAME+ID+BASE64")
        self.id = sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        if self.id.hex() != key_id:
            raise Bad(f"the id of the key {self.name:.60} does not match its bytes")
        self.public = raw[1:]

    def check(self, note: Note) -> None:
        """Raise `Bad` unless this key signed the text, once. Other signatures do not matter."""
        own = [sig for name, sig in note.signatures if name == self.name and sig[:4] == self.id]
        if len(own) != 1:
            raise Bad(f"it is not signed by {self.name}" if not own else "it is signed twice")
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(own[0][4:], note.text)
        except (InvalidSignature, ValueError):
            raise Bad(f"the signature of {self.name} is wrong") from None


def parse_head(what: str, origin: str, size: str, root: str) -> Head:
    """Parse the first three lines of a checkpoint, or of a manifest."""
    if not NUMBER.fullmatch(size) or int(size) >= 2**63:
        raise Bad(f"{size:.60} is not a number of events")
    if len(decode64(root)) != 32:
        raise Bad("its root does not have 32 bytes")
    return Head(what, origin, int(size), decode64(root))


def checked_head(what: str, data: bytes, key: Key) -> Head:
    """Parse a checkpoint that the key has signed."""
    note = parse_note(data)
    key.check(note)
    lines = note.text.decode().split("\n")
    if len(lines) < 4 or not all(lines[:-1]):
        raise Bad("it is not a checkpoint: origin, size, root")
    return parse_head(what, *lines[:3])


# --- the tree ------------------------------------------------------------------------------


def leaf_hash(line: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\0" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return sha256(b"\1" + left + right).digest()


class Tree:
    """The tree over lines that are added one by one; it holds only its right edge."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []  # the roots of the complete subtrees, from left to right
        self.rows: dict[int, list[bytes]] = defaultdict(list)  # every 8th level: a tile's hashes

    def add(self, line: bytes) -> None:
        """Append a leaf; each subtree that it completes becomes one hash."""
        node, level, index = leaf_hash(line), 0, self.size
        self.rows[0].append(node)
        while index % 2 == 1:
            node, level, index = node_hash(self.peaks.pop(), node), level + 1, index // 2
            if level % 8 == 0:
                self.rows[level // 8].append(node)
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree over the lines so far."""
        if not self.peaks:
            return sha256().digest()
        root = self.peaks[-1]
        for peak in self.peaks[-2::-1]:
            root = node_hash(peak, root)
        return root


def root_of_proof(line: bytes, index: int, size: int, siblings: list[bytes]) -> bytes:
    """The root that a proof leads to, from a line at an index (RFC 9162, 2.1.3.2)."""
    node, last, rest = leaf_hash(line), size - 1, siblings[::-1]
    while last > 0:
        if index % 2 == 1 or index < last:  # else it has no sibling and moves up unchanged
            if not rest:
                raise Bad("the proof is too short")
            node = node_hash(rest.pop(), node) if index % 2 else node_hash(node, rest.pop())
        index, last = index // 2, last // 2
    if rest:
        raise Bad("the proof is too long")
    return node


def tile_path(level: str, n: int, width: int) -> str:
    """The path of a tile: 1234067 is x001/x234/067; a tile that is not full adds its width."""
    path = f"{n % 1000:03d}"
    while n >= 1000:
        n //= 1000
        path = f"x{n % 1000:03d}/{path}"
    return f"tile/{level}/{path}" + (f".p/{width}" if width < 256 else "")


# --- the folder ----------------------------------------------------------------------------


class Export:
    """The files of a folder. Links and devices are not opened, and count as bad."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.files: set[str] = set()
        self.odd: list[str] = []
        rest = [""]
        while rest and len(self.files) + len(self.odd) <= MOST_FILES:
            below, count = rest.pop(), 0
            with os.scandir(os.path.join(folder, below) if below else folder) as entries:
                for entry in entries:
                    count += 1
                    path = below + entry.name
                    if entry.is_file(follow_symlinks=False):
                        self.files.add(path)
                    elif entry.is_dir(follow_symlinks=False) and path.count("/") < DEEPEST:
                        rest.append(path + "/")
                    else:
                        self.odd.append(f"{path} is neither a file nor a folder of an export")
                    if len(self.files) + len(self.odd) > MOST_FILES:
                        self.odd.append(f"there are more than {MOST_FILES:,} files")
                        break
            if below and not count:
                self.odd.append(f"{below} is an empty folder")

    def open(self, path: str) -> IO[bytes]:
        """Open a file of the export."""
        if path not in self.files:
            raise Bad(f"{path} is missing")
        return open(os.path.join(self.folder, path), "rb")

    def read(self, path: str, limit: int) -> bytes:
        """Read a small file whole."""
        with self.open(path) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise Bad(f"{path} is too large")
        return data

    def digest(self, path: str) -> str:
        """The SHA-256 of a file of any size."""
        hash = sha256()
        with self.open(path) as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                hash.update(piece)
        return hash.hexdigest()

    def lines(self) -> Iterator[bytes]:
        """Yield the events' lines, each with its newline if it has one."""
        with self.open("lines.jsonl") as file:
            rest = iter(lambda: file.readline(LONGEST_LINE + 1), b"")
            for position, line in enumerate(rest, start=1):
                if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                    raise Bad(f"lines.jsonl: #{position} is longer than a line may be")
                yield line


# --- the checks: each yields what is bad ---------------------------------------------------


def check_key(export: Export, key: Key) -> Iterator[str]:
    """The folder's own key is the one that is used."""
    if export.read("log.pub", LARGEST_NOTE).decode("utf-8", "replace").strip() != key.text:
        yield "log.pub is not the key that was given"


def check_checkpoints(export: Export, key: Key, heads: list[Head]) -> Iterator[str]:
    """All are signed, and each is larger; `checkpoint` is the last one. Adds to `heads`."""
    parts = export.read("checkpoints", LARGEST_LIST).split(b"\n\n")
    if len(parts) < 3 or len(parts) % 2 == 0 or parts[-1] != b"":
        yield "checkpoints breaks off"
    last: Head | None = None
    data = b""
    for n in range(len(parts) // 2):
        what = f"note {n + 1} of checkpoints"
        data = parts[2 * n] + b"\n\n" + parts[2 * n + 1] + b"\n"
        try:
            head = checked_head(what, data, key)
        except Bad as error:
            yield f"{what}: {error}"
            continue
        if last is not None and head.size <= last.size:
            yield f"{what} has {head.size:,} events, but the one before it {last.size:,}"
        heads.append(head)
        last = head
    if export.read("checkpoint", LARGEST_NOTE) != data:
        yield "checkpoint is not the last one of checkpoints"


def check_manifest(export: Export, key: Key, newest: Head) -> Iterator[str]:
    """It is signed, and lists exactly the files that exist, with their hashes."""
    yield from export.odd
    note = parse_note(export.read("manifest", LARGEST_LIST))
    key.check(note)
    kind, *rest = note.text.decode().split("\n")[:-1]
    if kind != "studio-ledger/export/v1" or not 3 <= len(rest) <= 3 + MOST_FILES:
        raise Bad("manifest is not that of an export")
    if parse_head(newest.what, *rest[:3]) != newest:
        yield "manifest is not for the newest checkpoint"
    listed: dict[str, str] = {}
    last = ""
    for row in rest[3:]:
        digest, _, path = row.partition("  ")
        if path <= last:
            raise Bad(f"manifest does not list each file once and in order: {path}")
        listed[path] = digest
        last = path
    for path in sorted({*listed, *export.files} - {"manifest"}):
        if path not in export.files:
            yield f"{path} is missing"
        elif path not in listed:
            yield f"{path} is not listed in manifest"
        elif export.digest(path) != listed[path]:
            yield f"{path} does not have the hash in manifest: it was changed"


LINE = re.compile(
    rb'\{"v":1,"position":(0|[1-9][0-9]{0,18}),"recorded_at":'
    rb'"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6})Z","type":"'
)
FIELDS = ["v", "position", "recorded_at", "type", "tags", "data"]


def recorded_time(line: bytes, position: int) -> bytes:
    """When a line was recorded. Raises `Bad` if it is malformed or for another position."""
    begins = LINE.match(line)
    if begins is None:
        raise Bad("it does not begin like a line of a ledger")
    if int(begins[1]) != position:
        raise Bad(f"it says that it is #{int(begins[1])}")
    try:
        datetime.fromisoformat(begins[2].decode())
        event = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Bad("it is not JSON in UTF-8, or its time does not exist") from None
    if list(event) != FIELDS or type(event["data"]) is not dict or type(event["tags"]) is not list:
        raise Bad(f"it does not have the fields {', '.join(FIELDS)}")
    return begins[2]


def check_lines(export: Export, size: int) -> Iterator[str]:
    """Each has the form of a line, positions have no gap, recorded times never go back."""
    before, position = b"", 0
    for line in export.lines():
        position += 1
        if position > size:
            yield f"lines.jsonl continues after #{size}, where the newest checkpoint ends"
            return
        try:
            time = recorded_time(line.rstrip(b"\n"), position)
            if time < before:
                raise Bad("it was recorded before the one before it")
            before = time
            if not line.endswith(b"\n"):
                raise Bad("it does not end in a newline")
        except Bad as error:
            yield f"lines.jsonl: #{position}: {error}"
    if position < size:
        yield f"lines.jsonl ends at #{position}, but the newest checkpoint covers {size:,} events"


def check_tree(export: Export, origin: str, heads: list[Head]) -> Iterator[str]:
    """At the size of every checkpoint the lines have the root that was signed."""
    tree, lines = Tree(), export.lines()
    fine: list[int] = []  # sizes at which the lines are those that were signed
    for head in sorted(heads, key=lambda head: head.size):
        if head.origin != origin:
            yield f"{head.what} is for the log {head.origin}, the newest checkpoint for {origin}"
            continue
        while tree.size < head.size:
            line = next(lines, None)
            if line is None:
                yield (
                    f"{head.what} covers {head.size:,} events, but lines.jsonl ends at "
                    f"#{tree.size}: lines were cut off, or the export is older"
                )
                return
            tree.add(line.rstrip(b"\n"))
            tree.rows.clear()  # only tiles need them
        if tree.root() == head.root:
            fine.append(head.size)
        else:
            until = max((size for size in fine if size < head.size), default=0)
            yield (
                f"{head.what}: the first {head.size:,} lines are not those that were signed"
                + (f"; up to #{until} they are" if until else "")
            )


def check_tiles(export: Export, size: int) -> Iterator[str]:
    """The tiles and entry bundles are exactly those of the lines."""
    tree, bundle, true = Tree(), [], set()
    for ended in islice(export.lines(), size):
        line = ended.rstrip(b"\n")
        tree.add(line)
        bundle.append(len(line).to_bytes(2, "big") + line)
        if tree.size % 256 and tree.size < size:
            continue
        complete = [("entries", 1, bundle)]
        complete += [(str(level), 256**level, row) for level, row in tree.rows.items()]
        for level, leaves, row in complete:  # each hash in the row is over `leaves` leaves
            if not row or (len(row) < 256 and tree.size < size):
                continue
            n = (tree.size - 1) // (256 * leaves)
            path = tile_path(level, n, len(row))
            true.add(path)
            try:
                same = same_parts(export.read(path, sum(map(len, row))), row)
                if same < len(row):
                    first = (256 * n + same) * leaves + 1
                    yield f"{path} is not that of lines.jsonl, from #{first} on"
            except Bad as error:
                yield str(error)
            row.clear()
    for path in sorted(path for path in export.files - true if path.startswith("tile/")):
        yield f"{path} does not belong to the tiles of {size:,} events"


def same_parts(data: bytes, parts: list[bytes]) -> int:
    """How many of the parts the data begins with; one less than all if more data follows."""
    start = 0
    for number, part in enumerate(parts):
        if data[start : start + len(part)] != part:
            return number
        start += len(part)
    return len(parts) if start == len(data) else len(parts) - 1


def check_views(export: Export, newest: Head) -> Iterator[str]:
    """The last row of each view says that it is as of the newest checkpoint."""
    footer = f"\n# position {newest.size} root {b64encode(newest.root).decode()}\r\n".encode()
    for path in sorted(path for path in export.files if path.startswith("views/")):
        with export.open(path) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - len(footer)))
            if file.read() != footer:
                yield f"{path} does not end with the newest checkpoint's position and root"


def check_newest(export: Export, key: Key, heads: list[Head]) -> Iterator[str]:
    """`checkpoint` is signed; only run if `checkpoints` has no good one. Adds to `heads`."""
    heads.append(checked_head("checkpoint", export.read("checkpoint", LARGEST_NOTE), key))
    yield from ()


def check_kept(what: str, data: bytes, key: Key, heads: list[Head]) -> Iterator[str]:
    """A checkpoint that was kept elsewhere is signed. Adds to `heads`."""
    heads.append(checked_head(what, data, key))
    yield from ()


def check_proof(what: str, data: bytes, key: Key, heads: list[Head]) -> Iterator[str]:
    """A proof (c2sp.org/tlog-proof) leads from its line to its checkpoint. Adds that to `heads`."""
    above, _, checkpoint = data.partition(b"\n\n")
    rows = above.decode("utf-8", "replace").split("\n")[::-1]
    if rows.pop() != "c2sp.org/tlog-proof@v1" or not 1 <= len(rows) <= 65:
        raise Bad(f"{what} is not a proof")
    if not rows[-1].startswith("extra "):
        raise CannotCheck(f"{what} does not hold the line that it proves")
    line = decode64(rows.pop()[6:])
    index = rows.pop() if rows else ""
    if not index.startswith("index ") or not NUMBER.fullmatch(index[6:]):
        raise Bad(f"{what} has no index")
    position = int(index[6:]) + 1
    head = checked_head(what, checkpoint, key)
    if position > head.size:
        raise Bad(f"{what}: #{position} is not among {head.size:,} events")
    siblings = [decode64(row) for row in rows[::-1]]
    if root_of_proof(line, position - 1, head.size, siblings) != head.root:
        raise Bad(f"{what} does not lead from its line to the root of the {head.size:,} events")
    recorded_time(line, position)
    heads.append(head)
    print(f"this is event #{position} of {head.size:,} of {shown(head.origin)}:")
    print(f"  {shown(line.decode())}")
    yield from ()


# --- running them --------------------------------------------------------------------------


def shown(text: str) -> str:
    """Escape what a terminal might obey in a text that may be hostile."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Report:
    """Runs checks and prints their problems. `bad` counts these."""

    def __init__(self) -> None:
        self.bad = 0

    def run(self, name: str, problems: Iterator[str], well: str) -> None:
        """Run a check; print `well` if it finds nothing."""
        before = self.bad
        try:
            for problem in problems:
                self._tell(name, problem, self.bad - before)
        except Bad as error:
            self._tell(name, str(error), self.bad - before)
        if self.bad - before > SHOWN:
            print(f"BAD  {name:<12} and {self.bad - before - SHOWN:,} more")
        if self.bad == before:
            print(f"ok   {name:<12} {shown(well)}", flush=True)

    def _tell(self, name: str, problem: str, told: int) -> None:
        self.bad += 1
        if told < SHOWN:
            print(f"BAD  {name:<12} {shown(problem)}")


def read_given(file: str, limit: int) -> bytes:
    """Read a file that was named on the command line."""
    with open(file, "rb") as opened:
        return opened.read(limit)


def choose_key(given: str | None, export: Export | None) -> Key:
    """The key that was given, or else the folder's own."""
    if given is not None:
        text = given
        if os.path.isfile(given):
            text = read_given(given, LARGEST_NOTE).decode("utf-8", "replace")
        try:
            return Key(text)
        except (Bad, ValueError) as error:
            raise CannotCheck(str(error)) from None
    if export is None:
        raise CannotCheck("a proof is checked with the log's public key. Give it: --key VKEY")
    own = export.read("log.pub", LARGEST_NOTE).decode("utf-8", "replace")
    try:
        key = Key(own)
    except Bad as error:
        raise Bad(f"log.pub is not a key: {error}") from None
    print(f"NOTE the key is the folder's own log.pub: {shown(key.text)}")
    print("     The maker of the folder could have made it. Compare it with the one that the log's")
    print("     owner gave you, or give that one: --key VKEY")
    return key


def check_folder(export: Export, key: Key, others: list[Head], report: Report) -> None:
    """Run all checks of an export. `others` are checkpoints from elsewhere."""
    heads: list[Head] = []
    report.run("key", check_key(export, key), key.text)
    report.run("checkpoints", check_checkpoints(export, key, heads), "signed, each after the last")
    if not heads:
        report.run("checkpoint", check_newest(export, key, heads), "signed")
    if not heads:
        print("the rest was not checked: it takes a good checkpoint")
        return
    newest = heads[-1]
    size, number = newest.size, len({head.size for head in (*heads, *others)})
    report.run("manifest", check_manifest(export, key, newest), f"{len(export.files):,} files")
    report.run("lines", check_lines(export, size), f"#1 to #{size}, in order of time")
    report.run(
        "tree",
        check_tree(export, newest.origin, [*heads, *others]),
        f"the lines have the root that was signed, for each of {number:,} checkpoints",
    )
    report.run("tiles", check_tiles(export, size), "made from these lines, none is missing")
    report.run("views", check_views(export, newest), f"as of #{size}")
    print(f"{shown(newest.origin)}: {size:,} events, root {b64encode(newest.root).decode()}")


def check_all(options: argparse.Namespace, report: Report) -> None:
    """Run the checks that the command line asks for."""
    folder = options.folder
    if folder is None and (options.checkpoint or not options.proof):
        folder = os.path.dirname(os.path.realpath(__file__))
    export = None if folder is None else Export(folder)
    try:
        key = choose_key(options.key, export)
    except Bad as error:
        report.run("key", iter([str(error)]), "")
        return
    others: list[Head] = []
    for file in options.proof:
        # A checkpoint, 63 hashes and a line in base64.
        data = read_given(file, LARGEST_NOTE + 120_000)
        report.run("proof", check_proof(file, data, key, others), file)
    for file in options.checkpoint:
        data = read_given(file, LARGEST_NOTE)
        report.run("kept", check_kept(file, data, key, others), f"{file} is signed")
    if export is not None:
        check_folder(export, key, others, report)


def main() -> int:
    """Read the command line, run the checks, and return the exit code."""
    parser = argparse.ArgumentParser(
        description="Check an export of a ledger, without the program that made it.",
        epilog="Exit code 0: all is well. 3: something is bad. 2: it could not be checked.",
    )
    parser.add_argument("folder", nargs="?", help="the export [default: the script's folder]")
    parser.add_argument("--key", metavar="VKEY", help="the log's public key, from elsewhere")
    more: dict[str, str] = {
        "--checkpoint": "a checkpoint that was kept elsewhere",
        "--proof": "a proof of one event",
    }
    for name, help in more.items():
        parser.add_argument(name, metavar="FILE", action="append", default=[], help=help)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a text stream
    report, stopped = Report(), ""
    try:
        check_all(parser.parse_args(), report)
        sys.stdout.flush()
    except CannotCheck as error:
        stopped = str(error)
    except BrokenPipeError:
        raise
    except OSError as error:
        stopped = f"{error.filename or 'output'}: {error.strerror}"
    except MemoryError:
        stopped = "there is not enough memory"
    if stopped:
        print(f"cannot check: {shown(stopped)}", file=sys.stderr)
    elif not report.bad:
        print("all is well")
    if report.bad:
        print(f"{report.bad:,} bad: this is not what was signed")
    return 3 if report.bad else 2 if stopped else 0


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except OSError:  # the output has nowhere to go: its reader is gone, or the disk is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 2
    sys.exit(code)
