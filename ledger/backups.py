"""Backups: making a checked copy of a ledger, and a ledger from a copy.

Both read every line, as `audit verify` would, and derive the root of the tree. So a backup that
could not be restored, or is not what was signed, is reported at once. A backup older than what was
signed cannot continue under the same name: the log would have two histories. It can continue as
another log that says so.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from ledger.audit.checkpoint_store import Kept
from ledger.audit.formats.checkpoint import SignedCheckpoint
from ledger.audit.formats.note import VerifierKey
from ledger.audit.refusals import BadNote, Inconsistent, NotProved
from ledger.audit.signing import Progress
from ledger.audit.tree import Derivation
from ledger.audit.verification.batches import batches
from ledger.audit.verification.lineage import Origins
from ledger.errors import BadInput, NewerFormat, NoLedger, Refused
from ledger.events import STUDIO_EVENTS, LedgerContinued, LedgerOpened
from ledger.events.base import Header, Registry
from ledger.events.ledgers import CONTINUED
from ledger.log.copying import copy_log
from ledger.log.eventlog import EventLog, open_log, restore_log
from ledger.log.restoring import restored
from ledger.log.round_trip import Proposed
from ledger.log.rows import StoredRow
from ledger.log.store.store_urls import Place
from ledger.time.periods import Clock


class Known(Struct, frozen=True):
    """Evidence about a ledger from outside, to check a copy against.

    `kept` are the checkpoints of its audit folder, `outside` those that others kept, `key` the
    log's public key (None: signatures cannot be checked), and `root` the root that was printed
    when the backup was made.
    """

    kept: Kept = Kept()
    outside: tuple[SignedCheckpoint, ...] = ()
    key: VerifierKey | None = None
    root: bytes | None = None

    @property
    def checkpoints(self) -> tuple[SignedCheckpoint, ...]:
        """All checkpoints, kept here or by others."""
        return (*self.kept.signed, *self.outside)


class Copied(Struct, frozen=True):
    """A copy that was read whole: its last event, the root of its tree, and the log's name.

    `agreed` counts the checkpoints that it agrees with, and `signed` is the size of the largest.
    `zone` is the ledger's. `continued` is the position from which it continues as another log;
    None if it does not.
    """

    origin: str
    zone: str
    position: int
    recorded_at: datetime
    root: bytes
    agreed: int
    signed: int
    continued: int | None = None


class Continuing(Struct, frozen=True):
    """The name under which a restored log continues, and the header of the event that says so."""

    origin: str
    header: Header


class OriginTaken(Refused):
    """A log cannot continue under a name that it has had: the checkpoints of both logs would look
    alike."""

    rule = "new-origin"

    def __init__(self, origin: str) -> None:
        super().__init__(
            f"the log has had the name {origin!r}",
            advice="Choose a new name for the new log: --as-new-origin NAME",
        )


class Forked(Inconsistent):
    """A backup that ends before what was signed, or is not what was signed."""


def back_up(where: str, target: Path, known: Known, progress: Progress | None = None) -> Copied:
    """Copy the ledger at a path or URL to a new file.

    Read `known` before calling this. Raises `Forked` or `BadNote` if the ledger is not what was
    signed, and `NotProved` for a line that no ledger keeps; then no copy is made.
    """
    registry = Registry(STUDIO_EVENTS)
    copied: list[Copied] = []

    def check(copy: EventLog) -> None:
        reading = _Reading(copy, known, progress)
        try:
            for _ in restored(reading.lines(), registry):
                pass
        except BadInput as error:
            raise NotProved(
                f"the ledger is damaged, and no copy was made: {error.where}, {error.message}",
                advice="See what was done to it: audit verify",
            ) from error
        for one in reading.disagreeing(known):
            raise _not_as_signed(one, reading, "No copy was made. See what was done: audit verify")
        copied.append(reading.copied(known))

    copy_log(Place.parse(where), target, registry, check, progress)
    return copied[0]


def restore(
    backup: str,
    where: str,
    known: Known,
    *,
    continuing: Continuing | None = None,
    clock: Clock | None = None,
    progress: Progress | None = None,
    dry_run: bool = False,
) -> Copied:
    """Make a ledger from a backup at a free place; whole and verified, or not at all.

    With `continuing`, it continues as another log. With `dry_run`, nothing is made. Raises
    `LedgerExists`, `NotProved` for a backup that is damaged or has another root, `BadNote` for
    checkpoints of another log, and `Forked` for a backup that lacks some of what was signed.
    """
    Place.parse(where)
    registry = Registry(STUDIO_EVENTS)
    log = _open_backup(backup, registry)
    try:
        reading = _Reading(log, known, progress)

        def going_on() -> Proposed | None:
            return _going_on(reading, known, continuing)

        try:
            if dry_run:
                for _ in restored(reading.lines(), registry):
                    pass
                going_on()
            else:
                restore_log(
                    where, registry, reading.lines(), clock=clock, going_on=going_on
                ).close()
        except BadInput as error:
            raise NotProved(
                f"the backup is damaged: {error.where or 'a line'}, {error.message}",
                advice="Nothing was restored: take another backup",
            ) from error
        return reading.copied(known, continued=continuing is not None)
    finally:
        log.close()


def _open_backup(backup: str, registry: Registry) -> EventLog:
    try:
        return open_log(backup, registry, read_only=True)
    except NewerFormat:
        raise
    except NoLedger as error:
        raise NoLedger(
            f"{backup} is not a backup: {error.message}", advice="Name a file written by backup"
        ) from error


def _going_on(reading: "_Reading", known: Known, continuing: Continuing | None) -> Proposed | None:
    """Check a backup against what is known; return the event to record next, if any."""
    if known.root is not None and reading.root != known.root:
        raise NotProved(
            f"the backup has the root {_base64(reading.root)}, not {_base64(known.root)}",
            advice="It is a different backup, or it was changed. Nothing was restored",
        )
    lost = reading.disagreeing(known)
    if continuing is None:
        if lost:
            raise _not_as_signed(
                lost[0],
                reading,
                "Anything recorded next would start a second history. Restore a newer backup; if "
                "there is none, continue as another log: restore --as-new-origin NAME",
            )
        return None
    if continuing.origin in reading.origins.names:
        raise OriginTaken(continuing.origin)
    largest = lost[0] if lost else None
    event = LedgerContinued(
        origin=continuing.origin,
        former=reading.origins.origin,
        size=reading.size,
        root=_base64(reading.root),
        lost_size=None if largest is None else largest.size,
        lost_root=None if largest is None else _base64(largest.root),
    )
    return event, continuing.header


def _not_as_signed(one: SignedCheckpoint, reading: "_Reading", advice: str) -> Forked:
    if one.size > reading.size:
        missing = one.size - reading.size
        what = (
            f"#{one.size} of {one.checkpoint.origin} was signed, but this ends at #{reading.size}: "
            f"{'1 event is' if missing == 1 else f'{missing:,} events are'} missing"
        )
        return Forked(what, advice=advice, position=reading.size + 1)
    derived = _base64(reading.roots[one.size])
    what = f"its first {one.size:,} events have the root {derived}, but {one.checkpoint} was signed"
    return Forked(what, advice=advice)


class _Reading:
    """One reading of every line of a log: derives the wanted roots and the log's names."""

    def __init__(self, log: EventLog, known: Known, progress: Progress | None) -> None:
        self._log = log
        self._progress = progress
        self.size = log.head()
        changes = {entry.position for entry in log.read([CONTINUED])}
        self.origins = Origins(changes)
        wanted = {self.size, *(one.size for one in known.checkpoints)}
        self._derivation = Derivation(wanted)

    def lines(self) -> Iterator[bytes]:
        """Yield the lines, an empty one for a damaged row."""
        read = 0
        for batch in batches(iter(self._rows())):
            self._derivation.add(batch.leaves)
            self.origins.take(batch)
            yield from batch.lines
            read += len(batch.rows)
            if self._progress is not None:
                self._progress(read, max(self.size, read))

    def _rows(self) -> Iterable[StoredRow]:
        # Start from the first row, whatever its position, to find also one before #1.
        return self._log.stored(until=self.size)

    @property
    def roots(self) -> dict[int, bytes]:
        """The roots at those wanted sizes that were reached."""
        return self._derivation.roots

    @property
    def root(self) -> bytes:
        """The root of the whole log."""
        return self.roots[self.size]

    def disagreeing(self, known: Known) -> Sequence[SignedCheckpoint]:
        """The checkpoints that the log does not agree with, the largest first.

        Raises `BadNote` for one that is of another log or wrongly signed, and `NotProved` if the
        log's changes of its name are wrong.
        """
        self._check_names()
        origin = self.origins.origin
        if known.key is not None:
            known.kept.check(known.key, origin)
        for one in known.checkpoints:
            if one.checkpoint.origin != origin:
                raise BadNote(
                    f"the checkpoint #{one.size} is for the log {one.checkpoint.origin!r}, but "
                    f"this is {origin!r}",
                    advice="Name the audit folder of this log: --audit-dir FOLDER",
                )
            if known.key is not None:
                one.check(known.key, origin)
        lost = [one for one in known.checkpoints if self.roots.get(one.size) != one.root]
        return sorted(lost, key=lambda one: -one.size)

    def _check_names(self) -> None:
        result = self.origins.result()
        if result.state == "bad":
            raise NotProved(result.found, advice="See what was done to it: audit verify")

    def copied(self, known: Known, *, continued: bool = False) -> Copied:
        """The result of the reading."""
        last = self._log.last()
        assert last is not None, "a log has at least its first line"
        held = [one for one in known.checkpoints if self.roots.get(one.size) == one.root]
        opened = next(self._log.stream(until=1)).event
        assert isinstance(opened, LedgerOpened), "restoring checks the first line"
        return Copied(
            self.origins.origin,
            opened.zone,
            last[0],
            last[1],
            self.root,
            agreed=len(held),
            signed=max((one.size for one in held), default=0),
            continued=last[0] + 1 if continued else None,
        )


def _base64(root: bytes) -> str:
    return b64encode(root).decode()
