"""Backups: a copy that was checked before it took its name, and a ledger that is made from one.

Both read every line, as `audit verify` would, and derive the root of their tree. A backup that
could not be restored is told at once, and so is one that is not what was signed. A backup that is
older than what was signed makes no ledger that goes on under the same name: the log would tell a
second history. It can go on as another log that says so.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from ledger.audit.batches import batches
from ledger.audit.checkpoint import SignedCheckpoint
from ledger.audit.kept import Kept
from ledger.audit.lineage import Origins
from ledger.audit.note import VerifierKey
from ledger.audit.refusals import BadNote, Inconsistent, NotProved
from ledger.audit.tree import Derivation
from ledger.errors import BadInput, NewerFormat, NoLedger, Refused
from ledger.events import STUDIO_EVENTS, LedgerContinued, LedgerOpened
from ledger.events.base import Header, Registry
from ledger.events.ledgers import CONTINUED
from ledger.log.copying import copy_log
from ledger.log.eventlog import EventLog, open_log, restore_log
from ledger.log.places import Place
from ledger.log.restoring import restored
from ledger.log.rows import StoredRow
from ledger.log.written import Proposed
from ledger.times import Clock

Progress = Callable[[int, int], None]
"""Told the position that was read, and the last one."""


class Known(Struct, frozen=True):
    """What is known of a ledger from elsewhere, to hold a copy against.

    `kept` are the checkpoints of its audit folder, `outside` those that others kept, `key` the
    log's public key (None: signatures cannot be checked), `root` the one that was told when the
    backup was made.
    """

    kept: Kept = Kept()
    outside: tuple[SignedCheckpoint, ...] = ()
    key: VerifierKey | None = None
    root: bytes | None = None

    @property
    def checkpoints(self) -> tuple[SignedCheckpoint, ...]:
        """All of them."""
        return (*self.kept.signed, *self.outside)


class Copied(Struct, frozen=True):
    """A copy that was read whole: how many events, the root of their tree, whose log.

    `agreed` counts the checkpoints that it holds, `signed` is the largest of them; `zone` is the
    ledger's.
    `continued` is the position at which it goes on as another log; None where it does not.
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
    """The name under which a restored log goes on, and who says so."""

    origin: str
    header: Header


class OriginTaken(Refused):
    """A log cannot go on under a name that it has had: checkpoints of both would be told apart
    by nothing."""

    rule = "new-origin"

    def __init__(self, origin: str) -> None:
        super().__init__(
            f"the log was {origin!r} already",
            advice="A log that is another one needs another name: --as-new-origin NAME",
        )


class Forked(Inconsistent):
    """A backup that does not reach what was signed, or is not what was signed."""


def back_up(where: str, target: Path, known: Known, progress: Progress | None = None) -> Copied:
    """Copy the ledger at a path or URL to a file that is not there yet.

    `known` is to be read before. Raises `Forked` or `BadNote` where the ledger is not what was
    signed, and `NotProved` where a line is none that a ledger keeps: then no copy is made.
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
        for one in reading.held(known):
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
    """Make a ledger of a backup at a place where none is; whole and verified, or not at all.

    With `continuing` it goes on as another log. With `dry_run` nothing is made. Raises
    `LedgerExists`, `NotProved` for a backup that is damaged or has another root, `BadNote` for
    checkpoints of another log, and `Forked` for one that does not hold all that was signed.
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
            f"{backup} is no backup: {error.message}", advice="Name a file that backup has written"
        ) from error


def _going_on(reading: "_Reading", known: Known, continuing: Continuing | None) -> Proposed | None:
    """Hold what was read against what is known; what is to be recorded next, if anything."""
    if known.root is not None and reading.root != known.root:
        raise NotProved(
            f"the backup has the root {_told(reading.root)}, and not {_told(known.root)}",
            advice="It is another backup than that one, or was changed. Nothing was restored",
        )
    lost = reading.held(known)
    if continuing is None:
        if lost:
            raise _not_as_signed(
                lost[0],
                reading,
                "Whatever is recorded next would be a second history. Restore a newer backup; "
                "where there is none, go on as another log: restore --as-new-origin NAME",
            )
        return None
    if continuing.origin in reading.origins.names:
        raise OriginTaken(continuing.origin)
    largest = lost[0] if lost else None
    event = LedgerContinued(
        origin=continuing.origin,
        former=reading.origins.origin,
        size=reading.size,
        root=_told(reading.root),
        lost_size=None if largest is None else largest.size,
        lost_root=None if largest is None else _told(largest.root),
    )
    return event, continuing.header


def _not_as_signed(one: SignedCheckpoint, reading: "_Reading", advice: str) -> Forked:
    if one.size > reading.size:
        missing = one.size - reading.size
        what = (
            f"#{one.size} of {one.checkpoint.origin} was signed, and this ends at #{reading.size}: "
            f"{'1 event is' if missing == 1 else f'{missing:,} events are'} not in it"
        )
        return Forked(what, advice=advice, position=reading.size + 1)
    derived = _told(reading.roots[one.size])
    what = f"its first {one.size:,} events have the root {derived}, signed was {one.checkpoint}"
    return Forked(what, advice=advice)


class _Reading:
    """Every line of a log, once: the roots that are wanted, and the log's names."""

    def __init__(self, log: EventLog, known: Known, progress: Progress | None) -> None:
        self._log = log
        self._progress = progress
        self.size = log.head()
        changes = {entry.position for entry in log.read([CONTINUED])}
        self.origins = Origins(changes)
        wanted = {self.size, *(one.size for one in known.checkpoints)}
        self._derivation = Derivation(wanted)

    def lines(self) -> Iterator[bytes]:
        """Its lines; an empty one for a row that has none."""
        read = 0
        for batch in batches(iter(self._rows())):
            self._derivation.add(batch.leaves)
            self.origins.take(batch)
            yield from batch.lines
            read += len(batch.rows)
            if self._progress is not None:
                self._progress(read, max(self.size, read))

    def _rows(self) -> Iterable[StoredRow]:
        # From the first row there is, whatever its position: one before #1 is found, too.
        return self._log.stored(until=self.size)

    @property
    def roots(self) -> dict[int, bytes]:
        """The roots at the wanted sizes, as far as it reached."""
        return self._derivation.roots

    @property
    def root(self) -> bytes:
        """The root of all of it."""
        return self.roots[self.size]

    def held(self, known: Known) -> Sequence[SignedCheckpoint]:
        """The checkpoints that it does not hold, the largest first.

        Raises `BadNote` for one that is of another log or wrongly signed, and `NotProved` where
        the log says something untrue of its own names.
        """
        self._check_names()
        origin = self.origins.origin
        if known.key is not None:
            known.kept.check(known.key, origin)
        for one in known.checkpoints:
            if one.checkpoint.origin != origin:
                raise BadNote(
                    f"the checkpoint #{one.size} is of the log {one.checkpoint.origin!r}, and this "
                    f"is {origin!r}",
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
        """What came of it."""
        last = self._log.last()
        assert last is not None, "a log has at least its first line"
        held = [one for one in known.checkpoints if self.roots.get(one.size) == one.root]
        opened = next(self._log.stream(until=1)).event
        assert isinstance(opened, LedgerOpened), "or its first line would have been refused"
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


def _told(root: bytes) -> str:
    return b64encode(root).decode()
