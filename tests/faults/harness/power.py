"""Power cuts: what the disk may hold, for every moment of a program that was written down.

What was synced stands. Of what was written to a file since, any part may stand: all, nothing, some
writes and not others, half of one (by sectors). A name that was made, moved or removed stands once
its folder was synced; before, a folder's changes reach the disk in their order, as journalled file
systems keep it, as far as they got. A sync that failed leaves each write there or not, and no
later sync brings it back (as Linux does since the kernel marks the pages clean).
"""

from __future__ import annotations

import copy
import os
import random
import struct
from collections import defaultdict
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path

import msgspec
from msgspec import Struct, field

_HEAD = struct.Struct("=IIIQqQ")
SECTOR = 512


class Did(IntEnum):
    """What a call did. The names of `shim.c`."""

    WRITE = 1
    TRUNCATE = 2
    SYNC = 3
    SYNC_FAILED = 4
    CREATE = 5
    RENAME = 6
    LINK = 7
    UNLINK = 8
    MKDIR = 9
    MARK = 10


class Record(Struct, frozen=True):
    """One call that was written down. A mark's text is its `data`."""

    did: Did
    path: str
    other: str
    inode: int
    offset: int
    size: int
    data: bytes


def read_records(log: Path) -> list[Record]:
    """The calls of a program, in order."""
    text, at, found = log.read_bytes(), 0, []
    while at < len(text):
        did, path, other, inode, offset, size = _HEAD.unpack_from(text, at)
        at += _HEAD.size
        data = size if did in (Did.WRITE, Did.MARK) else 0
        one, two = text[at : at + path], text[at + path : at + path + other]
        at += path + other
        names = os.fsdecode(one), os.fsdecode(two)
        content = text[at : at + data]
        found.append(Record(Did(did), names[0], names[1], inode, offset, size, content))
        at += data
    return found


class _File(Struct):
    """A file: what stands of it, and the changes since."""

    stands: bytearray = field(default_factory=bytearray)
    pending: list[Record] = field(default_factory=list)


class Disk:
    """A disk below one folder, as calls change it."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        """Begin with what lies in the folder, all of it synced."""
        self._root = str(folder)
        self._chance = chance
        self._files: dict[int, _File] = defaultdict(_File)
        self._names: dict[str, int | None] = {}
        """What stands: the inode by path, None for a folder."""
        self._renaming: dict[str, list[Record]] = defaultdict(list)
        """By folder, the changes to names since it was synced."""
        self._current: dict[int, int] = {}
        self._made = 0
        for path in sorted(folder.rglob("*")):
            if path.is_dir():
                self._names[str(path)] = None
            else:
                inode = path.stat().st_ino
                self._names[str(path)] = inode
                self._files[inode] = _File(bytearray(path.read_bytes()))

    def again(self, chance: random.Random) -> Disk:
        """The same disk a second time, with another fate."""
        other = copy.deepcopy(self)
        other._chance = chance
        return other

    def take(self, record: Record) -> None:
        """One more call."""
        if record.did == Did.CREATE:
            # A number that was let go may be taken again, while the old name still stands.
            self._made += 1
            self._current[record.inode] = -self._made
        inode = self._current.get(record.inode, record.inode)
        record = msgspec.structs.replace(record, inode=inode)
        if record.did in (Did.WRITE, Did.TRUNCATE):
            self._files[record.inode].pending.append(record)
        elif record.did == Did.SYNC:
            self._sync(record)
        elif record.did == Did.SYNC_FAILED:
            file = self._files[record.inode]
            self._some(file)
            file.pending.clear()
        elif record.did != Did.MARK:
            folder = os.path.dirname(record.other or record.path)
            self._renaming[folder].append(record)

    def _sync(self, record: Record) -> None:
        if record.path in self._renaming or record.path == self._root:
            for change in self._renaming.pop(record.path, []):
                self._rename(change)
        file = self._files[record.inode]
        for change in file.pending:
            _apply(file.stands, change)
        file.pending.clear()

    def cut(self, into: Path) -> None:
        """Cut the power, and lay out what stands in a folder of its own. The disk is used up."""
        for _, changes in sorted(self._renaming.items()):
            for change in changes[: self._chance.randint(0, len(changes))]:
                self._rename(change)
        for file in self._files.values():
            self._some(file)
        for path, inode in sorted(self._names.items()):
            place = into / os.path.relpath(path, self._root)
            if not all(str(above) in self._names for above in self._above(path)):
                continue  # its folder's own name was lost
            if inode is None:
                place.mkdir(parents=True, exist_ok=True)
            elif not path.endswith("-shm"):  # it lives in memory
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(self._files[inode].stands)
                place.chmod(0o600)

    def _above(self, path: str) -> Iterator[Path]:
        for above in Path(path).parents:
            if str(above) == self._root:
                return
            yield above

    def _rename(self, record: Record) -> None:
        if record.did == Did.CREATE:
            self._names[record.path] = record.inode
        elif record.did == Did.MKDIR:
            self._names[record.path] = None
        elif record.did == Did.UNLINK:
            self._names.pop(record.path, None)
        else:
            self._names[record.other] = record.inode
            if record.did == Did.RENAME:
                self._names.pop(record.path, None)

    def _some(self, file: _File) -> None:
        """Let some of the pending changes stand: all, none, or each by the toss of a coin."""
        how = self._chance.choice(("all", "none", "some", "some", "first"))
        first = self._chance.randint(0, len(file.pending))
        for number, change in enumerate(file.pending):
            if how == "none" or (how == "first" and number > first):
                continue
            if how == "some" and self._chance.random() < 0.5:
                continue
            torn = how in ("some", "first") and self._chance.random() < 0.3
            _apply(file.stands, change, self._chance if torn else None)


def _apply(content: bytearray, change: Record, chance: random.Random | None = None) -> None:
    """Put a change into a file; with `chance` only some sectors of it."""
    if change.did == Did.TRUNCATE:
        del content[change.size :]
        content.extend(bytes(change.size - len(content)))
        return
    at, end = change.offset, change.offset + len(change.data)
    while at < end:
        edge = min(end, (at // SECTOR + 1) * SECTOR)
        if chance is None or chance.random() < 0.5:
            content.extend(bytes(max(0, at - len(content))))
            content[at:edge] = change.data[at - change.offset : edge - change.offset]
        at = edge
