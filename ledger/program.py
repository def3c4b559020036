"""The program `studio-ledger`, as a process that lives for half a second.

Most of that half second loads modules, whose objects stay until the end: to look for garbage
among them, again and again while they load and once more at the exit, finds none and takes a
quarter of the time of a write.
"""

import gc

_NEW_OBJECTS = 50_000
"""Containers made, and not given back, before garbage is looked for: some 10 MB at most."""


def main() -> None:
    """Run the command that was typed, and exit with its code."""
    gc.set_threshold(_NEW_OBJECTS)
    try:
        from ledger.commands import cli

        cli()
    finally:
        gc.freeze()  # what is left was closed, or the system takes it back with the process


__all__ = ["main"]
