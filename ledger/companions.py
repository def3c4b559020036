"""Where the files lie that belong to a ledger and are not in it: switches, keys, checkpoints.

Those of a ledger in a file lie beside it. One on a server has no such place: its files lie in a
folder of this person's, named after the database and the schema, never with a password.
"""

import hashlib
import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from ledger.errors import BadInput

_SCHEMA = "studio_ledger"
"""The schema of a ledger whose URL names none."""


def companion(where: str, suffix: str, folder: Path) -> Path:
    """The path of `studio.SUFFIX` for the ledger at a path or URL; `folder` for one on a server.

    Raises `BadInput` for what is neither.
    """
    file = where.removeprefix("sqlite:///")
    try:
        if "://" not in file:
            return expanded(file).with_suffix(suffix)
        url = urlsplit(file)
        host = f"{url.hostname or ''}:{url.port or 5432}"
    except ValueError as error:
        raise BadInput(
            "the ledger's address cannot be read",
            advice="Write a path, or postgresql://user@host/database",
        ) from error
    schema = parse_qs(url.query).get("schema", [_SCHEMA])[0]
    whole = "/".join((host, url.path.strip("/"), schema))
    readable = "-".join(part for part in (url.path.strip("/"), schema) if part) or "ledger"
    safe = "".join(c if c.isalnum() or c in "._-" else "-" for c in readable)[:60]
    return folder / f"{safe}-{hashlib.sha256(os.fsencode(whole)).hexdigest()[:10]}{suffix}"


def expanded(text: str | Path) -> Path:
    """A path as somebody wrote it; ~ is the home folder, that of nobody a name like any other."""
    return Path(os.path.expanduser(text))


def settings_folder() -> Path:
    """The folder of this person's settings of this program."""
    return _own("XDG_CONFIG_HOME", ".config")


def data_folder() -> Path:
    """The folder of this person's data of this program."""
    return _own("XDG_DATA_HOME", ".local/share")


def _own(variable: str, default: str) -> Path:
    named = os.environ.get(variable) or os.environ.get("APPDATA")
    return (Path(named) if named else Path.home() / default) / "studio-ledger"
