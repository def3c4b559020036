"""The checks of `doctor` around a ledger: disk, file modes, clocks, checkpoints."""

import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from ledger.errors import BadTime, LedgerError, StorageFailure
from ledger.terminal.sheets import Style

if TYPE_CHECKING:
    from ledger.application import Ledger
    from ledger.audit.formats.note import VerifierKey
    from ledger.auditing import AuditFolder
    from ledger.log.store.health import Health

State = Literal["ok", "warn", "bad"]


class Finding(NamedTuple):
    """The result of one check: its subject, its state, and what to do about it."""

    check: str
    state: State
    found: str
    advice: str | None = None


CLOCKS_APART_S = 5.0
"""Seconds by which two clocks may differ; synchronized machines stay well within this."""

AGE = "7d"
"""How long events may stay unsigned, by default."""

_AGE = re.compile(r"([1-9][0-9]{0,3})\s*(d|h|min|w)")
_UNITS = {"min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_age(text: str) -> timedelta:
    """Parse `2d`, `12h`, `30min` or `1w`. Raises `BadTime`."""
    read = _AGE.fullmatch(text.strip())
    if read is None:
        raise BadTime(f"{text!r} is not an age", advice="Write 30min, 12h, 2d or 1w")
    return timedelta(**{_UNITS[read[2]]: int(read[1])})


# --- the disk --------------------------------------------------------------------------


def disk(path: Path, mounts: str | None = None) -> Iterator[Finding]:
    """Check whether SQLite's locks can be trusted on the disk of the file."""
    from ledger.log.store.filesystems import file_system, is_network

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
            "Move it to a local disk; for several machines, use a ledger on PostgreSQL",
        )
    else:
        yield Finding("disk", "ok", f"{type}, on this machine")


def left_behind(folder: Path) -> Iterator[Finding]:
    """Find files that killed programs left in the ledger's folder."""
    from ledger.log.store.stale_builds import leftovers

    found = leftovers(folder)
    if found:
        some = ", ".join(path.name for path in found[:3])
        more = f" and {len(found) - 3:,} more" if len(found) > 3 else ""
        yield Finding(
            "leftovers",
            "warn",
            f"{some}{more}: of an init, backup or restore that was killed; no longer in use",
            f"The next one into {folder.absolute()} removes it; delete what remains after that",
        )


# --- modes -----------------------------------------------------------------------------


def permissions(path: Path) -> Finding:
    """Check who may read and write the ledger file. It holds names, deals, reasons."""
    mode = path.stat().st_mode & 0o777
    if mode & 0o002:
        return Finding(
            "permissions", "warn", f"everyone may write to it ({mode:03o})", f"chmod o-w {path}"
        )
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        return Finding("permissions", "warn", "you may read it, but not write to it or its folder")
    if mode & 0o044:
        return Finding(
            "permissions", "warn", f"{_who(mode, 4)} may read it ({mode:03o})", f"chmod 600 {path}"
        )
    return Finding("permissions", "ok", f"you may write to it ({mode:03o})")


def modes_beside(views: Path | None, folder: "AuditFolder") -> Iterator[Finding]:
    """Find files of the ledger that others may read or change and should not."""
    if views is not None and (mode := _mode(views)) & 0o066:
        yield Finding(
            "permissions of views",
            "warn",
            f"{_who(mode, 6)} may read or write {views.name} ({mode:03o}), which shows what the "
            "ledger holds",
            f"chmod 600 {views}",
        )
    if (mode := _mode(folder.key_file)) & 0o077:
        yield Finding(
            "private key",
            "bad",
            f"{_who(mode, 7)} may read {folder.key_file} ({mode:03o}), and can sign another "
            "history with it",
            f"chmod 600 {folder.key_file}, and consider who may have read it",
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
    """Return the mode of a file; 0, no rights at all, if it is missing."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return 0


def _who(mode: int, rights: int) -> str:
    return "everyone" if mode & rights else "its group"


# --- clocks ----------------------------------------------------------------------------


def clocks(last: datetime | None, health: "Health", now: datetime, zone: str) -> Iterator[Finding]:
    """Check this machine's clock against the log's and the server's."""
    well = True
    if last is not None and (last - now).total_seconds() > CLOCKS_APART_S:
        well = False
        style = Style(zone)
        yield Finding(
            "clock",
            "warn",
            f"#{health.last} was recorded at {style.text(last)} ({zone}), {_long(last - now)} "
            "ahead of this machine's clock: until then recorded times stand still",
            "Set the wrong clock: this one, or that of the machine that recorded it",
        )
    if abs(health.server_ahead_s) > CLOCKS_APART_S:
        well = False
        apart = timedelta(seconds=abs(health.server_ahead_s))
        word = "ahead of" if health.server_ahead_s > 0 else "behind"
        yield Finding(
            "clock",
            "warn",
            f"the server's clock is {_long(apart)} {word} this machine's, which sets the "
            "recorded time here",
            "Synchronize both over the network: timedatectl set-ntp true",
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
    """Check that the checkpoints are this ledger's, and how long events have been unsigned.

    The age is that of the oldest event without a checkpoint: if nothing was recorded since the
    last checkpoint, there is nothing to sign, however old it is.
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
        yield Finding("checkpoints", "ok", "none yet; to start signing: audit key new")
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
            f"#{last.size} was signed, but the log ends at #{head}",
            "It was truncated, or restored from an older copy: restore a newer backup",
        )
        return
    yield _unsigned(ledger, last.size, head, age, now)


def _unsigned(ledger: "Ledger", size: int, head: int, age: timedelta, now: datetime) -> Finding:
    if head == size:
        return Finding("checkpoints", "ok", f"signed to #{size}, the last event")
    since = next(ledger.log.stream(after=size, until=size + 1)).recorded_at
    style, zone = Style(ledger.opened.zone), ledger.opened.zone
    many = "1 event is" if head - size == 1 else f"{head - size:,} events are"
    found = f"signed to #{size}; {many} not, the oldest from {style.text(since)} ({zone})"
    if now - since > age:
        return Finding("checkpoints", "warn", found, "Sign them, ideally daily: audit checkpoint")
    return Finding("checkpoints", "ok", found)


_COMPARE = "Compare with a checkpoint kept by an outsider: audit verify --against FILE"
