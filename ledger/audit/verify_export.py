#!/usr/bin/env python3
"""Check an export of a ledger, without the program that made it.

    python -I verify_export.py [FOLDER] [--key VKEY] [--checkpoint FILE]... [--proof FILE]...

FOLDER is the export; without it the folder of this script, or none where only proofs are checked.
--key is the log's public key (text, or a file) as you got it from elsewhere; without it the
folder's own log.pub is believed, which whoever made the folder could have made, too. --checkpoint
is a checkpoint that somebody kept elsewhere: the export must continue it. --proof is a proof of
one event. Exit code 0: all is well. 3: something is bad, and is named. 2: it could not be checked.

You need Python 3.9 or later and the package `cryptography`, for Ed25519; everything else is below,
and is meant to be read. What an export is made of:

    lines.jsonl          the events, one a line; the bytes of a line (no newline) are a tree's leaf
    checkpoint(s)        signed notes (c2sp.org/signed-note) of origin, size and root of the tree
    tile/, tile/entries/ the same tree and lines as c2sp.org/tlog-tiles, for other programs
    views/*.csv          tables that were made from the events; the last row says as of which
    manifest             a signed note of the SHA-256 of every other file
    README.md, log.pub, verify_export.py

The tree is that of RFC 6962, section 2.1: a leaf's hash is SHA-256(0x00 line), a node's
SHA-256(0x01 left right), and the left side of a node has the largest power of 2 of leaves that is
less than all. Change one byte of one line and the root changes; the root is what was signed. What
this cannot show: that what was recorded is true, and that the key's owner signed nothing else. If
he signed two histories, only a checkpoint that was kept elsewhere shows it: hence --checkpoint.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":  # a module that lies in an export must not be taken for Python's own
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
    print("cannot check without a package. Install it: pip install cryptography", file=sys.stderr)
    sys.exit(2)

LONGEST_LINE = 65_535
LARGEST_NOTE = 65_536
LARGEST_LIST = 1 << 25  # bytes of `manifest`, and of `checkpoints`
MOST_FILES = 300_000  # enough for some 38,000,000 events
DEEPEST = 12  # folders within folders
SHOWN = 20  # what is bad, of one check
NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


class Bad(Exception):
    """Something was checked, and is not as it must be."""


class CannotCheck(Exception):
    """Something could not be checked."""


# --- signed notes, keys, checkpoints -------------------------------------------------------


class Note(NamedTuple):
    """A text, and who signed it: (name of the key, 4 bytes of its id and the signature)."""

    text: bytes
    signatures: list[tuple[str, bytes]]


class Head(NamedTuple):
    """What a checkpoint says: the tree of the first `size` lines has this root. `what` names it."""

    what: str
    origin: str
    size: int
    root: bytes


def decode64(text: str) -> bytes:
    """Base64 in its one canonical form."""
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Bad(f"{text:.60} is not base64") from None
    if b64encode(raw).decode() != text:
        raise Bad(f"{text:.60} is not base64 as it must be written")
    return raw


def parse_note(data: bytes) -> Note:
    """The text, an empty line, then lines of signatures: `— NAME BASE64`."""
    text, between, lines = data.rpartition(b"\n\n")
    try:
        data.decode("utf-8")
        rows = lines.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise Bad("it is not UTF-8") from None
    if re.search(rb"[\x00-\x09\x0b-\x1f]", data):
        raise Bad("it holds a control character")
    if not between or rows.pop() != "" or not 1 <= len(rows) <= 100:
        raise Bad("it is no signed note, or breaks off")
    signatures = []
    for row in rows:
        dash, _, rest = row.partition(" ")
        name, _, signature = rest.partition(" ")
        if dash != "\u2014" or not name:
            raise Bad(f"{row:.60} is no line of a signature")
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
            raise Bad(f"{self.text:.60} is no public key of a log: NAME+ID+BASE64")
        self.id = sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        if self.id.hex() != key_id:
            raise Bad(f"the id of the key {self.name:.60} is not that of its bytes")
        self.public = raw[1:]

    def check(self, note: Note) -> None:
        """Whether this key has signed the text, once. Signatures by others prove nothing here."""
        own = [sig for name, sig in note.signatures if name == self.name and sig[:4] == self.id]
        if len(own) != 1:
            raise Bad(f"it is not signed by {self.name}" if not own else "it is signed twice")
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(own[0][4:], note.text)
        except (InvalidSignature, ValueError):
            raise Bad(f"the signature of {self.name} is wrong") from None


def parse_head(what: str, origin: str, size: str, root: str) -> Head:
    """The three lines of a checkpoint, or of a manifest."""
    if not NUMBER.fullmatch(size) or int(size) >= 2**63:
        raise Bad(f"{size:.60} is no number of events")
    if len(decode64(root)) != 32:
        raise Bad("its root has not 32 bytes")
    return Head(what, origin, int(size), decode64(root))


def checked_head(what: str, data: bytes, key: Key) -> Head:
    """A checkpoint that the key has signed."""
    note = parse_note(data)
    key.check(note)
    lines = note.text.decode().split("\n")
    if len(lines) < 4 or not all(lines[:-1]):
        raise Bad("it is no checkpoint: origin, size, root")
    return parse_head(what, *lines[:3])


# --- the tree ------------------------------------------------------------------------------


def leaf_hash(line: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\0" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return sha256(b"\1" + left + right).digest()


class Tree:
    """The tree over lines that are added one by one; it holds its right edge alone."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []  # of the complete subtrees that the lines fall into, in order
        self.rows: dict[int, list[bytes]] = defaultdict(list)  # every 8th level: what a tile holds

    def add(self, line: bytes) -> None:
        """Append a leaf; each complete subtree that it ends becomes one hash."""
        node, level, index = leaf_hash(line), 0, self.size
        self.rows[0].append(node)
        while index % 2 == 1:
            node, level, index = node_hash(self.peaks.pop(), node), level + 1, index // 2
            if level % 8 == 0:
                self.rows[level // 8].append(node)
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The root as of the last line."""
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
        if index % 2 == 1 or index < last:  # else it has no sibling, and goes up as it is
            if not rest:
                raise Bad("the proof is too short")
            node = node_hash(rest.pop(), node) if index % 2 else node_hash(node, rest.pop())
        index, last = index // 2, last // 2
    if rest:
        raise Bad("the proof is too long")
    return node


def tile_path(level: str, n: int, width: int) -> str:
    """Where a tile lies: 1234067 is x001/x234/067; one that is not full tells its width."""
    path = f"{n % 1000:03d}"
    while n >= 1000:
        n //= 1000
        path = f"x{n % 1000:03d}/{path}"
    return f"tile/{level}/{path}" + (f".p/{width}" if width < 256 else "")


# --- the folder ----------------------------------------------------------------------------


class Export:
    """The files of a folder. Links and devices are not followed, and count as bad."""

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
        """A file that is there."""
        if path not in self.files:
            raise Bad(f"{path} is missing")
        return open(os.path.join(self.folder, path), "rb")

    def read(self, path: str, limit: int) -> bytes:
        """All of a small file."""
        with self.open(path) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise Bad(f"{path} is larger than it can be")
        return data

    def digest(self, path: str) -> str:
        """The SHA-256 of a file of any size."""
        hash = sha256()
        with self.open(path) as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                hash.update(piece)
        return hash.hexdigest()

    def lines(self) -> Iterator[bytes]:
        """The events' lines, with their newlines as far as they have one."""
        with self.open("lines.jsonl") as file:
            rest = iter(lambda: file.readline(LONGEST_LINE + 1), b"")
            for position, line in enumerate(rest, start=1):
                if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                    raise Bad(f"lines.jsonl: #{position} is longer than a line may be")
                yield line


# --- the checks: each yields what is bad ---------------------------------------------------


def check_key(export: Export, key: Key) -> Iterator[str]:
    """The folder's own key is the one that is used here."""
    if export.read("log.pub", LARGEST_NOTE).decode("utf-8", "replace").strip() != key.text:
        yield "log.pub is not the key that was given"


def check_checkpoints(export: Export, key: Key, heads: list[Head]) -> Iterator[str]:
    """All are signed, of one log, and grow; `checkpoint` is the last one. Adds to `heads`."""
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
            yield f"{what} has {head.size:,} events, and the one before it {last.size:,}"
        heads.append(head)
        last = head
    if export.read("checkpoint", LARGEST_NOTE) != data:
        yield "checkpoint is not the last one of checkpoints"


def check_manifest(export: Export, key: Key, newest: Head) -> Iterator[str]:
    """It is signed, every file that it lists is there with its hash, and there is no other."""
    yield from export.odd
    note = parse_note(export.read("manifest", LARGEST_LIST))
    key.check(note)
    kind, *rest = note.text.decode().split("\n")[:-1]
    if kind != "studio-ledger/export/v1" or not 3 <= len(rest) <= 3 + MOST_FILES:
        raise Bad("manifest is none of an export")
    if parse_head(newest.what, *rest[:3]) != newest:
        yield "manifest is not of the newest checkpoint"
    listed: dict[str, str] = {}
    last = ""
    for row in rest[3:]:
        digest, _, path = row.partition("  ")
        if path <= last:
            raise Bad(f"manifest does not list each file once, in order: {path}")
        listed[path] = digest
        last = path
    for path in sorted({*listed, *export.files} - {"manifest"}):
        if path not in export.files:
            yield f"{path} is missing"
        elif path not in listed:
            yield f"{path} is not listed in manifest"
        elif export.digest(path) != listed[path]:
            yield f"{path} is not what manifest says: it was changed"


LINE = re.compile(
    rb'\{"v":1,"position":(0|[1-9][0-9]{0,18}),"recorded_at":'
    rb'"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6})Z","type":"'
)
FIELDS = ["v", "position", "recorded_at", "type", "tags", "data"]


def recorded_time(line: bytes, position: int) -> bytes:
    """When a line was recorded. Raises `Bad` where it has not the form of the line at a place."""
    begins = LINE.match(line)
    if begins is None:
        raise Bad("it does not begin as a line of a ledger does")
    if int(begins[1]) != position:
        raise Bad(f"it says that it is #{int(begins[1])}")
    try:
        datetime.fromisoformat(begins[2].decode())
        event = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Bad("it is not JSON in UTF-8, or its time is none") from None
    if list(event) != FIELDS or type(event["data"]) is not dict or type(event["tags"]) is not list:
        raise Bad(f"it has not the fields {', '.join(FIELDS)}")
    return begins[2]


def check_lines(export: Export, size: int) -> Iterator[str]:
    """Each has the form of a line, positions have no gap, recorded times never go back."""
    before, position = b"", 0
    for line in export.lines():
        position += 1
        if position > size:
            yield f"lines.jsonl goes on after #{size}, where the newest checkpoint ends"
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
        yield f"lines.jsonl ends at #{position}, and the newest checkpoint covers {size:,} events"


def check_tree(export: Export, origin: str, heads: list[Head]) -> Iterator[str]:
    """At the size of every checkpoint the lines have the root that was signed."""
    tree, lines = Tree(), export.lines()
    fine: list[int] = []  # up to where they are those that were signed
    for head in sorted(heads, key=lambda head: head.size):
        if head.origin != origin:
            yield f"{head.what} is of the log {head.origin}, and the newest checkpoint of {origin}"
            continue
        while tree.size < head.size:
            line = next(lines, None)
            if line is None:
                yield (
                    f"{head.what} covers {head.size:,} events, and lines.jsonl ends at "
                    f"#{tree.size}: something was cut off, or the export is older than it"
                )
                return
            tree.add(line.rstrip(b"\n"))
            tree.rows.clear()  # what they hold is for tiles
        if tree.root() == head.root:
            fine.append(head.size)
        else:
            until = max((size for size in fine if size < head.size), default=0)
            yield (
                f"{head.what}: the first {head.size:,} lines are not those that were signed"
                + (f"; up to #{until} they are" if until else "")
            )


def check_tiles(export: Export, size: int) -> Iterator[str]:
    """Every tile and entry bundle is what the lines make of it; none is missing, none is more."""
    tree, bundle, true = Tree(), [], set()
    for ended in islice(export.lines(), size):
        line = ended.rstrip(b"\n")
        tree.add(line)
        bundle.append(len(line).to_bytes(2, "big") + line)
        if tree.size % 256 and tree.size < size:
            continue
        complete = [("entries", 1, bundle)]
        complete += [(str(level), 256**level, row) for level, row in tree.rows.items()]
        for level, leaves, row in complete:  # a tile's hash is over so many leaves
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
        yield f"{path} is no tile of {size:,} events"


def same_parts(data: bytes, parts: list[bytes]) -> int:
    """How many of the parts the data begins with; one less than all where it does not end then."""
    start = 0
    for number, part in enumerate(parts):
        if data[start : start + len(part)] != part:
            return number
        start += len(part)
    return len(parts) if start == len(data) else len(parts) - 1


def check_views(export: Export, newest: Head) -> Iterator[str]:
    """The last row of each view tells that it is as of the newest checkpoint."""
    footer = f"\n# position {newest.size} root {b64encode(newest.root).decode()}\r\n".encode()
    for path in sorted(path for path in export.files if path.startswith("views/")):
        with export.open(path) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - len(footer)))
            if file.read() != footer:
                yield f"{path} does not end with the newest checkpoint's position and root"


def check_newest(export: Export, key: Key, heads: list[Head]) -> Iterator[str]:
    """`checkpoint` is signed: looked at alone where `checkpoints` is none. Adds to `heads`."""
    heads.append(checked_head("checkpoint", export.read("checkpoint", LARGEST_NOTE), key))
    yield from ()


def check_kept(what: str, data: bytes, key: Key, heads: list[Head]) -> Iterator[str]:
    """A checkpoint that was kept elsewhere is signed. Adds to `heads`."""
    heads.append(checked_head(what, data, key))
    yield from ()


def check_proof(what: str, data: bytes, key: Key, heads: list[Head]) -> Iterator[str]:
    """A proof (c2sp.org/tlog-proof) leads from its line to a checkpoint. Adds that to `heads`."""
    above, _, checkpoint = data.partition(b"\n\n")
    rows = above.decode("utf-8", "replace").split("\n")[::-1]
    if rows.pop() != "c2sp.org/tlog-proof@v1" or not 1 <= len(rows) <= 65:
        raise Bad(f"{what} is no proof")
    if not rows[-1].startswith("extra "):
        raise CannotCheck(f"{what} does not hold the line that it proves")
    line = decode64(rows.pop()[6:])
    index = rows.pop() if rows else ""
    if not index.startswith("index ") or not NUMBER.fullmatch(index[6:]):
        raise Bad(f"{what} has no index")
    position = int(index[6:]) + 1
    head = checked_head(what, checkpoint, key)
    if position > head.size:
        raise Bad(f"{what}: there is no #{position} in {head.size:,} events")
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
    """A text that may be hostile, without what a terminal would obey."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Report:
    """Runs checks and prints what they find. `bad` counts it."""

    def __init__(self) -> None:
        self.bad = 0

    def run(self, name: str, problems: Iterator[str], well: str) -> None:
        """Run a check; `well` is said where it finds nothing."""
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
    """A file that was named on the command line."""
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
        raise CannotCheck("a proof is checked by the log's public key. Give it: --key VKEY")
    own = export.read("log.pub", LARGEST_NOTE).decode("utf-8", "replace")
    try:
        key = Key(own)
    except Bad as error:
        raise Bad(f"log.pub is no key: {error}") from None
    print(f"NOTE the key is the folder's own log.pub: {shown(key.text)}")
    print("     Whoever made the folder could have made it. Compare it with the one that the log's")
    print("     owner gave you, or give that one: --key VKEY")
    return key


def check_folder(export: Export, key: Key, others: list[Head], report: Report) -> None:
    """All checks of an export. `others` are checkpoints that came from elsewhere."""
    heads: list[Head] = []
    report.run("key", check_key(export, key), key.text)
    report.run("checkpoints", check_checkpoints(export, key, heads), "signed, each after the last")
    if not heads:
        report.run("checkpoint", check_newest(export, key, heads), "signed")
    if not heads:
        print("the rest was not checked: there is no checkpoint to check it by")
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
    report.run("tiles", check_tiles(export, size), "made of these lines, none is missing")
    report.run("views", check_views(export, newest), f"as of #{size}")
    print(f"{shown(newest.origin)}: {size:,} events, root {b64encode(newest.root).decode()}")


def check_all(options: argparse.Namespace, report: Report) -> None:
    """What the command line asks for."""
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
    """Read the command line, check, and say how it ended."""
    asked = argparse.ArgumentParser(
        description="Check an export of a ledger, without the program that made it.",
        epilog="Exit code 0: all is well. 3: something is bad. 2: it could not be checked.",
    )
    asked.add_argument("folder", nargs="?", help="the export; without it that of this script")
    asked.add_argument("--key", metavar="VKEY", help="the log's public key, got from elsewhere")
    more: dict[str, str] = {
        "--checkpoint": "one that somebody kept elsewhere",
        "--proof": "a proof of one event",
    }
    for name, help in more.items():
        asked.add_argument(name, metavar="FILE", action="append", default=[], help=help)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # it is a real one
    report, stopped = Report(), ""
    try:
        check_all(asked.parse_args(), report)
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
    except OSError:  # what is said has nowhere to go: its reader has left, or its disk is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 2
    sys.exit(code)
