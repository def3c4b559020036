"""What `doctor` finds around a ledger: its disk, modes, clocks, and how far it is signed."""

import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from ledger.commands.sheets import Style
from ledger.errors import BadTime, LedgerError, StorageFailure

if TYPE_CHECKING:
    from ledger.application import Ledger
    from ledger.audit.note import VerifierKey
    from ledger.auditing import AuditFolder
    from ledger.log.health import Health

State = Literal["ok", "warn", "bad"]


class Finding(NamedTuple):
    """One check: what it looked at, how that is, and what to do about it."""

    check: str
    state: State
    found: str
    advice: str | None = None


CLOCKS_APART_S = 5.0
"""Seconds by which two clocks may differ: machines that keep their time are well within."""

AGE = "7d"
"""How long events may go unsigned unless somebody says otherwise."""

_AGE = re.compile(r"([1-9][0-9]{0,3})\s*(d|h|min|w)")
_UNITS = {"min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_age(text: str) -> timedelta:
    """`2d`, `12h`, `30min`, `1w`. Raises `BadTime`."""
    read = _AGE.fullmatch(text.strip())
    if read is None:
        raise BadTime(f"{text!r} is no age", advice="Write 30min, 12h, 2d or 1w")
    return timedelta(**{_UNITS[read[2]]: int(read[1])})


# --- the disk --------------------------------------------------------------------------


def disk(path: Path, mounts: str | None = None) -> Iterator[Finding]:
    """Whether SQLite's locks can be trusted where the file lies."""
    from ledger.log.disks import file_system, is_network

    found = file_system(path, mounts)
    if found is None:
        return
    type, at = found
    if is_network(type):
        yield Finding(
            "disk",
            "warn",
            f"{type} at {at}: on a network file system two machines can write at once, and "
            "damage the file",
            "Move it to a disk of this machine; for several machines: a ledger on PostgreSQL",
        )
    else:
        yield Finding("disk", "ok", f"{type}, of this machine")


def left_behind(folder: Path) -> Iterator[Finding]:
    """What killed programs have left in a ledger's folder; nothing where there is nothing."""
    from ledger.log.leftovers import leftovers

    found = leftovers(folder)
    if found:
        some = ", ".join(path.name for path in found[:3])
        more = f" and {len(found) - 3:,} more" if len(found) > 3 else ""
        yield Finding(
            "leftovers",
            "warn",
            f"{some}{more}: of an init, backup or restore that was killed; nobody is at work on it",
            f"The next one into {folder.absolute()} clears it; what stays then can be removed",
        )


# --- modes -----------------------------------------------------------------------------


def permissions(path: Path) -> Finding:
    """Who may read and write the file of a ledger. It holds names, deals, reasons."""
    mode = path.stat().st_mode & 0o777
    if mode & 0o002:
        return Finding(
            "permissions", "warn", f"everybody may write to it ({mode:03o})", f"chmod o-w {path}"
        )
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        return Finding("permissions", "warn", "you may read it, not write to it or its folder")
    if mode & 0o044:
        return Finding(
            "permissions", "warn", f"{_who(mode, 4)} may read it ({mode:03o})", f"chmod 600 {path}"
        )
    return Finding("permissions", "ok", f"yours to write ({mode:03o})")


def modes_beside(views: Path | None, folder: "AuditFolder") -> Iterator[Finding]:
    """What others may do with the files that belong to a ledger; nothing where all is well."""
    if views is not None and (mode := _mode(views)) & 0o066:
        yield Finding(
            "permissions of views",
            "warn",
            f"{_who(mode, 6)} may read or write {views.name} ({mode:03o}): it says what the ledger "
            "says",
            f"chmod 600 {views}",
        )
    if (mode := _mode(folder.key_file)) & 0o077:
        yield Finding(
            "private key",
            "bad",
            f"{_who(mode, 7)} may read {folder.key_file} ({mode:03o}), and with it sign another "
            "history",
            f"chmod 600 {folder.key_file}, and ask yourself who has read it",
        )
    for path in (folder.path, folder.checkpoints.path, folder.public_file):
        if (mode := _mode(path)) & 0o022:
            yield Finding(
                "permissions of the audit",
                "warn",
                f"{_who(mode, 2)} may change {path} ({mode:03o})",
                f"chmod go-w {path}",
            )


def _mode(path: Path) -> int:
    """The mode of a file; 0 of one that is not there, which nobody can read."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return 0


def _who(mode: int, rights: int) -> str:
    return "everybody" if mode & rights else "its group"


# --- clocks ----------------------------------------------------------------------------


def clocks(last: datetime | None, health: "Health", now: datetime, zone: str) -> Iterator[Finding]:
    """Whether this machine's clock goes with the log's, and with the server's."""
    well = True
    if last is not None and (last - now).total_seconds() > CLOCKS_APART_S:
        well = False
        style = Style(zone)
        yield Finding(
            "clock",
            "warn",
            f"#{health.last} was recorded at {style.text(last)} ({zone}), {_long(last - now)} in "
            "the future of this machine's clock: until then recorded times stand still",
            "Set the clock that is wrong, this one or that of who recorded it",
        )
    if abs(health.server_ahead_s) > CLOCKS_APART_S:
        well = False
        apart = timedelta(seconds=abs(health.server_ahead_s))
        word = "ahead of" if health.server_ahead_s > 0 else "behind"
        yield Finding(
            "clock",
            "warn",
            f"the server's clock is {_long(apart)} {word} this machine's, which stamps what is "
            "recorded here",
            "Let both keep their time from the network: timedatectl set-ntp true",
        )
    if well:
        yield Finding("clock", "ok", "not behind the last event")


def _long(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:,} {unit}"
    return f"{seconds} seconds"


# --- checkpoints -----------------------------------------------------------------------


def checkpoints(
    ledger: "Ledger",
    folder: "AuditFolder",
    key: "VerifierKey | None",
    age: timedelta,
    now: datetime,
) -> Iterator[Finding]:
    """Whether what was signed is this ledger's, and how long events have gone unsigned.

    The age is that of the oldest event that no checkpoint covers: where nothing was recorded,
    there is nothing to sign, however old the last one is.
    """
    head = ledger.log.head()
    try:
        kept = folder.checkpoints.read()
        if key is not None:
            kept.check(key, ledger.opened.origin)
    except StorageFailure as error:
        yield Finding("checkpoints", "warn", error.message, error.advice)
        return
    except LedgerError as error:
        yield Finding("checkpoints", "bad", f"{folder.checkpoints.path}: {error.message}", _COMPARE)
        return
    last = kept.last
    if last is None:
        yield Finding(
            "checkpoints", "ok", "none is signed; whoever wants proof begins with: audit key new"
        )
        return
    foreign = [one for one in kept.signed if one.checkpoint.origin != ledger.opened.origin]
    if foreign:
        yield Finding(
            "checkpoints",
            "bad",
            f"{folder.checkpoints.path} holds those of the log {foreign[0].checkpoint.origin!r}",
            "Name this ledger's own folder with --audit-dir",
        )
        return
    if head < last.size:
        yield Finding(
            "checkpoints",
            "bad",
            f"#{last.size} was signed, and the log ends at #{head}",
            "It was cut off, or restored from an older copy: restore a newer backup",
        )
        return
    yield _unsigned(ledger, last.size, head, age, now)


def _unsigned(ledger: "Ledger", size: int, head: int, age: timedelta, now: datetime) -> Finding:
    if head == size:
        return Finding("checkpoints", "ok", f"signed to #{size}, the last event")
    since = next(ledger.log.stream(after=size, until=size + 1)).recorded_at
    style, zone = Style(ledger.opened.zone), ledger.opened.zone
    many = "1 event is" if head - size == 1 else f"{head - size:,} events are"
    found = f"signed to #{size}; {many} not, the oldest of {style.text(since)} ({zone})"
    if now - since > age:
        return Finding("checkpoints", "warn", found, "Sign them, best every day: audit checkpoint")
    return Finding("checkpoints", "ok", found)


_COMPARE = "Compare it with a checkpoint that somebody else has kept: audit verify --against FILE"
