"""What the audit's stories share: a desk with what was signed, proved and sent; a refusal."""

from __future__ import annotations

from pathlib import Path

from tests.terminal import Done, Terminal, studio


def signed_studio(ledger: str, desk: Path) -> Terminal:
    """A studio, signed once; a proof, the public key and a witness's key lie on the desk."""
    terminal = studio(ledger)
    (desk / "studio.pub").write_text(terminal.must("audit", "key", "new").out)
    terminal.must("audit", "checkpoint", "-o", "checkpoint")
    terminal.must("audit", "prove", "7", "-o", "proof")
    terminal.must("audit", "key", "new", "--witness", "insurer.example", "--key", "insurer.key")
    return terminal


def book(terminal: Terminal, number: int) -> None:
    """One more booking."""
    day = f"2027-{number:02}-01"
    terminal.must("booking", "hold", "stage-2", "wild", "--from", f"{day}T08:00",
                  "--to", f"{day}T20:00", "--booking", f"more-{number}")  # fmt: skip


def refused(done: Done, code: int, *words: str) -> Done:
    """It ended with this code in one line that says so, and gave no data."""
    assert done.code == code, done.err
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert done.out == ""
    for word in words:
        assert word in done.err, done.err
    return done
