"""The launcher of a checkout: `python cli.py …` is the same command tree as `studio-ledger …`."""

from pathlib import Path
from sys import path

# The shipped plugins' source root; an installed package needs no such line.
path.insert(1, str(Path(__file__).resolve().parent / "plugins"))

from ledger.commands import cli

if __name__ == "__main__":
    cli()
