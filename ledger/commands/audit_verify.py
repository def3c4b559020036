"""`audit verify`: derive everything anew, and compare."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from ledger.commands import audit_options as shared
from ledger.commands import options
from ledger.commands.answers import progress
from ledger.commands.endings import FOUND
from ledger.commands.output import Output
from ledger.commands.session import Session
from ledger.commands.sheets import Column, Sheet
from ledger.commands.tree import Leaf

if TYPE_CHECKING:
    from ledger.audit.checks import Result
    from ledger.audit.note import VerifierKey
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
"""`ledger.audit.verify.CHECKS`, known before anything is loaded; a test compares."""


@click.command("verify", cls=Leaf)
@click.option(
    "--check",
    "wanted",
    multiple=True,
    type=click.Choice(_NAMES),
    metavar="NAME",
    help=f"Only this check; several: these. {', '.join(_NAMES)}.",
)
@click.option(
    "--since-checkpoint", is_flag=True, help="Only what came after the newest checkpoint: daily."
)
@click.option(
    "--against",
    multiple=True,
    metavar="FILE",
    help="A checkpoint that somebody else has kept; several: each of them.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 8),
    metavar="N",
    help="So many read a long log at most.  [default: one a core, eight at most]",
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
    """Derive everything anew from the lines, and compare: nothing that is kept is believed.

    Positions, recorded times, lines and their tags, the tag index, the signatures, the tree at
    every checkpoint, the kept hashes, the rows of the views. It only reads: a user who may only
    SELECT, or a read-only file, will do. Exit code 3: something is not as it was, told with its
    position. Who can rewrite the ledger and the audit folder and has the key can be shown only by
    a checkpoint that somebody else has kept: --against.

    \b
    studio-ledger audit verify --against checkpoint-of-march
    """
    from ledger.audit.verify import CHECKS
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
        for finding in result.findings[1:]:  # the first one stands in the table
            session.say(f"{result.check}: {finding.what}")
    advice = [finding.advice for result in bad for finding in result.findings if finding.advice]
    for text in dict.fromkeys(advice):
        session.say(f"  {text}")
    left = sum(result.state == "not checked" for result in results)
    checked = len(results) - left
    also = f"; {left} could not be asked" if left else ""
    if bad:
        session.exit_code = FOUND
        session.say(f"{len(bad)} of {checked} checks found something{also}")
    else:
        session.say(f"all {checked} checks are well{also}")


def _log_key(folder: "AuditFolder", public: str | None) -> "VerifierKey | None":
    """The key to check by; None where there is none yet."""
    if public is None and not folder.public_file.exists():
        return None
    return shared.public_of(folder, public)
