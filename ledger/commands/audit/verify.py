"""`audit verify`: recompute everything and compare."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from ledger.commands import options
from ledger.commands.audit import audit_options as shared
from ledger.commands.exit_codes import FOUND
from ledger.commands.session import Session
from ledger.commands.tree import Leaf
from ledger.commands.views.answer_sheets import progress
from ledger.terminal.output import Output
from ledger.terminal.sheets import Column, Sheet

if TYPE_CHECKING:
    from ledger.audit.formats.note import VerifierKey
    from ledger.audit.verification.checks import Result
    from ledger.auditing import AuditFolder

_RESULTS = (
    Column("check", "Check", fixed=True),
    Column("state", "State", fixed=True),
    Column("found", "Found", wrap=True),
    Column("seconds", "Seconds", number=True),
    Column("findings", "Findings", detail=True),
)
_NAMES = (
    "guards", "positions", "times", "lines", "index", "origins", "checkpoints", "tree", "hashes",
    "outside", "witnesses", "views",
)  # fmt: skip
"""`CHECKS` of `ledger.audit.verification.verify`, without loading it; a test compares them."""


@click.command("verify", cls=Leaf)
@click.option(
    "--check",
    "wanted",
    multiple=True,
    type=click.Choice(_NAMES),
    metavar="NAME",
    help=f"Run only this check; repeatable. {', '.join(_NAMES)}.",
)
@click.option(
    "--since-checkpoint",
    is_flag=True,
    help="Check only events after the newest checkpoint: for daily use.",
)
@click.option(
    "--against",
    multiple=True,
    metavar="FILE",
    help="A checkpoint kept by an outsider; repeatable.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 8),
    metavar="N",
    help="At most N processes read a long log.  [default: one per core, up to 8]",
)
@options.data()
@shared.public_key
@shared.policy
@shared.audit_dir
@click.pass_obj
def verify(
    session: Session,
    wanted: tuple[str, ...],
    since_checkpoint: bool,
    against: tuple[str, ...],
    processes: int | None,
    output: Output,
    public: str | None,
    policy_file: str | None,
    audit_dir: str | None,
) -> None:
    """Recompute everything from the lines and compare, trusting nothing that is stored.

    Checks positions, recorded times, lines and their tags, the tag index, the signatures, the
    tree at every checkpoint, the stored hashes, the rows of the views. It only reads: SELECT
    rights or a read-only file are enough. Exit code 3: something has changed; its position is
    shown. A forger who has the key and can rewrite both ledger and audit folder is caught only by
    a checkpoint kept by an outsider: --against.

    \b
    studio-ledger audit verify --against checkpoint-of-march
    """
    from ledger.audit.verification.verify import CHECKS
    from ledger.auditing import Audit

    views = not wanted or "views" in wanted
    ledger = session.open_to_look(bare=not views or since_checkpoint)
    at = ledger.log.head()
    folder = shared.folder_of(session, audit_dir)
    audit = Audit(ledger, folder, session.read_where)
    evidence = audit.evidence(
        _log_key(folder, public),
        policy=shared.policy_of(folder, policy_file),
        outside=[shared.read_checkpoint(file) for file in against],
    )
    if session.read_url is not None:
        audit.check_has_come(evidence, at)
    with output.opened() as sink:
        results = list(
            audit.verify(
                evidence,
                wanted=wanted or tuple(CHECKS),
                since_checkpoint=since_checkpoint,
                progress=progress("verifying"),
                processes=processes,
            )
        )
        sink.write(Sheet(_RESULTS, _rows(results)))
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    _say(session, results)
    session.say_standing(at)


def _rows(results: Sequence["Result"]) -> Iterator[tuple[Any, ...]]:
    for one in results:
        yield one.check, one.state, one.found, round(one.seconds, 3), one.findings


def _say(session: Session, results: Sequence["Result"]) -> None:
    bad = [result for result in results if result.state == "bad"]
    for result in bad:
        for finding in result.findings[1:]:  # the first one is in the table
            session.say(f"{result.check}: {finding.what}")
    advice = [finding.advice for result in bad for finding in result.findings if finding.advice]
    for text in dict.fromkeys(advice):
        session.say(f"  {text}")
    left = sum(result.state == "not checked" for result in results)
    checked = len(results) - left
    also = f"; {left} could not run" if left else ""
    if bad:
        session.exit_code = FOUND
        session.say(f"{len(bad)} of {checked} checks failed{also}")
    else:
        session.say(f"all {checked} checks passed{also}")


def _log_key(folder: "AuditFolder", public: str | None) -> "VerifierKey | None":
    """Return the key to check with; None if there is none yet."""
    if public is None and not folder.public_file.exists():
        return None
    return shared.public_of(folder, public)
