"""`audit prove` writes a proof that an event is in a checkpoint; `audit check-proof` checks one."""

from base64 import b64encode
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ledger.commands import options
from ledger.commands.audit import audit_options as shared
from ledger.commands.entries import about
from ledger.commands.event_text import what
from ledger.commands.session import Session
from ledger.commands.tree import Leaf
from ledger.errors import BadInput
from ledger.sidecar_paths import expanded
from ledger.terminal.output import Output
from ledger.terminal.sheets import Column, Sheet

if TYPE_CHECKING:
    from ledger.audit.formats.note import VerifierKey
    from ledger.audit.formats.policy import Policy
    from ledger.audit.formats.proof import Proof
    from ledger.events.base import RecordedEvent

_FACTS = (Column("field", "Field", fixed=True), Column("value", "Value", wrap=True))


@click.command("prove", cls=Leaf)
@click.argument("position", metavar="POSITION")
@click.option(
    "--without-line", is_flag=True, help="Leave the event's line out; send it separately."
)
@shared.to_file
@shared.public_key
@shared.policy
@shared.audit_dir
@click.pass_obj
def prove(
    session: Session,
    position: str,
    without_line: bool,
    output_file: str | None,
    public: str | None,
    policy_file: str | None,
    audit_dir: str | None,
) -> None:
    """Prove that an event is in a signed checkpoint, with a file for an outsider.

    The proof holds the event's line, some hashes and the checkpoint: the newest that the
    policy's witnesses agree to, or else the newest. It is checked before it is written. With
    the log's public key it can be checked without this ledger: audit check-proof.

    \b
    studio-ledger audit prove 812 -o booking.tlog-proof
    """
    from ledger.audit.refusals import NotProved

    number = position.removeprefix("#")
    if not (number.isdecimal() and number.isascii() and len(number) < 20):
        raise BadInput(f"{position!r} is not a position", advice="Find it with: show b-7f3k2")
    audit = shared.open_audit(session, audit_dir)
    log = shared.public_of(audit.folder, public)
    policy = shared.policy_of(audit.folder, policy_file)
    proof = audit.prove(int(number), log, policy=policy, with_line=not without_line)
    shared.write_bytes(proof.encode(), output_file)
    session.say(
        f"#{proof.position} is one of the {proof.signed.size:,} signed events. To check the proof "
        "with the log's public key: audit check-proof"
    )
    if policy is not None:
        try:
            policy.check(proof.signed)
        except NotProved as error:
            session.say(f"no checkpoint that covers it meets the policy yet: {error}")


@click.command("check-proof", cls=Leaf)
@click.argument("file", metavar="FILE|-")
@click.option(
    "--public",
    "public",
    metavar="VKEY|FILE",
    help="The log's public key, from its owner.",
)
@click.option(
    "--policy",
    "policy_file",
    metavar="FILE",
    help="The logs and witnesses to trust, and how many must agree.",
)
@click.option(
    "--line", "line_file", metavar="FILE", help="The event's line, if the proof has none."
)
@click.option("--origin", metavar="TEXT", help="Accept only a proof from the log with this name.")
@options.data()
@click.pass_obj
def check_proof(
    session: Session,
    file: str,
    public: str | None,
    policy_file: str | None,
    line_file: str | None,
    origin: str | None,
    output: Output,
) -> None:
    """Check a proof with the log's public key; needs no ledger.

    Shows the event that it proves. Exit code 3: the proof does not hold.

    \b
    studio-ledger audit check-proof booking.tlog-proof --public studio.pub
    """
    from ledger.audit.formats.proof import MAX_PROOF, Proof
    from ledger.audit.refusals import NotProved
    from ledger.auditing import read_policy
    from ledger.log.lines import LINE_LIMIT

    policy = None if policy_file is None else read_policy(expanded(policy_file))
    proof = Proof.parse(shared.read_input(file, MAX_PROOF, "proof"))
    line = proof.extra
    if line_file is not None:
        line = shared.read_input(line_file, LINE_LIMIT + 1, "line").removesuffix(b"\n")
        if proof.extra not in (None, line):
            raise NotProved(
                "the proof holds a different line", advice="Find out which line is meant"
            )
    if line is None:
        raise BadInput("the proof holds no line", advice="Give it: --line FILE")
    log = _log_key(proof, public, policy)
    proof.check(line, log, origin)
    witnesses = [] if policy is None else policy.check(proof.signed)
    facts = list(_facts(proof, line, log, policy, witnesses))
    with output.opened() as sink:
        sink.write(Sheet(_FACTS, facts))
    session.say(
        f"proved: this line is event #{proof.position} of {proof.signed.size:,} that "
        f"{log.name} has signed"
    )


def _log_key(proof: "Proof", public: str | None, policy: "Policy | None") -> "VerifierKey":
    """Return the key to check with: as given, or of the policy's log that has signed."""
    from ledger.audit.refusals import NotProved

    given = None if public is None else shared.log_key(public)
    if policy is None or not policy.logs:
        if given is None:
            raise BadInput(
                "a proof is checked with the log's public key", advice="Give it: --public VKEY|FILE"
            )
        return given
    log = policy.log_of(proof.signed)
    if given not in (None, log):
        raise NotProved(
            f"the proof is from the policy's log {log.named}, not from the one named by --public",
            advice="Find out which log it is from",
        )
    return log


def _facts(
    proof: "Proof",
    line: bytes,
    log: "VerifierKey",
    policy: "Policy | None",
    witnesses: list[str],
) -> Iterator[tuple[str, Any]]:
    entry = _entry(line, proof.position)
    yield "position", f"#{proof.position}"
    yield "type", entry.type
    yield "about", about(entry)
    yield "what", what(entry, "UTC")
    yield "actor", entry.actor
    yield "recorded", f"{entry.recorded_at:%Y-%m-%d %H:%M:%S.%f} UTC"
    yield "log", proof.signed.checkpoint.origin
    yield "events signed", proof.signed.size
    yield "root", b64encode(proof.signed.root).decode()
    yield "signed by", log.text
    if policy is not None:
        yield "witnesses", witnesses
        for name, time in _times(proof, policy):
            yield f"seen by {name}", shared.time_of(time)
    yield "line", line.decode()


def _entry(line: bytes, position: int) -> "RecordedEvent":
    """Decode the event of a line. Raises `BadInput` if it is not a line of a ledger.

    Raises `NotProved` if the line itself gives another position.
    """
    from ledger.audit.refusals import NotProved
    from ledger.events import STUDIO_EVENTS
    from ledger.events.base import Registry
    from ledger.log.lines import parse_line
    from ledger.log.restoring import check_event

    row, registry = parse_line(line), Registry(STUDIO_EVENTS)
    if row.position != position:
        raise NotProved(
            f"the line gives its position as #{row.position}, but was signed as #{position}",
            advice="No ledger writes that: ask the log's owner",
        )
    check_event(row, registry)
    return registry.decode(row.position, row.recorded_at, row.type, row.tags, row.data)


def _times(proof: "Proof", policy: "Policy") -> Iterator[tuple[str, int]]:
    names = {key: name for name, key in policy.witnesses.items()}
    for key, time in proof.signed.cosigned(list(names)).items():
        yield names[key], time
