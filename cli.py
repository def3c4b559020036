"""The launcher of a checkout: `python cli.py …` is the same command tree as `studio-ledger …`."""

import sys
from importlib.util import find_spec
from pathlib import Path

NEEDED = ("click", "eventsourcing", "msgspec", "pluggy", "sqlalchemy")

if missing := [name for name in NEEDED if find_spec(name) is None]:
    sys.stderr.write(
        f"error: {sys.executable} has no {' and no '.join(missing)}. "
        "Set the checkout up with: make demo, and call .venv/bin/python cli.py\n"
    )
    sys.exit(2)

# The shipped plugins' source root; an installed package needs no such line.
sys.path.insert(1, str(Path(__file__).resolve().parent / "plugins"))

from ledger.program import main  # noqa: E402  # only once it is known that it can be loaded

if __name__ == "__main__":
    main()
