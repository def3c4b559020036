"""Where the files are that belong to a ledger but are not in it: switches, keys, checkpoints.

Those of a ledger in a file are beside it. One on a server has no such place: its files are in a
folder of the user's, named after the servers, the database and the schema, without the password.
"""

import os
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

from ledger.errors import BadInput

_SCHEMA = "studio_ledger"
"""The schema of a ledger whose URL names none."""
_PORT = "5432"


def companion(where: str, suffix: str, folder: Path) -> Path:
    """The path of `studio.SUFFIX` for the ledger at a path or URL; `folder` for one on a server.

    Raises `BadInput` for any other text.
    """
    file = where.removeprefix("sqlite:///")
    try:
        if "://" not in file:
            return expanded(file).with_suffix(suffix)
        url = urlsplit(file)
        alone = f"{url.hostname or ''}:{url.port or _PORT}"
        hosts = _hosts(url) or alone
    except ValueError as error:
        raise BadInput(
            "the ledger's address cannot be read",
            advice="Write a path, or postgresql://user@host/database",
        ) from error
    path, before = (folder / f"{_name(url, servers)}{suffix}" for servers in (hosts, alone))
    # `?host=` was once left out of the name. A folder begun under that name stays in use: the log
    # is not checked against a checkpoint that is not found.
    return before if os.path.lexists(before) and not os.path.lexists(path) else path


def _hosts(url: SplitResult) -> str:
    """The servers that `?host=` names, in any order; empty where it names none.

    There may be several, with commas as in libpq or with `host=` repeated, each with its own port
    or all with `?port=`. One that begins with / is the folder of a socket.
    """
    asked = parse_qs(url.query)
    hosts = [host for text in asked.get("host", []) for host in text.split(",")]
    ports = [port for text in asked.get("port", []) for port in text.split(",")]
    ports = ports or [str(url.port or _PORT)]
    found = set()
    for number, host in enumerate(hosts):
        port = ports[number if len(ports) == len(hosts) else 0] or _PORT
        if host.startswith("/"):
            found.add(f"{host.rstrip('/')}:{port}")
        else:
            name, _, own = host.partition(":")
            found.add(f"{name.lower()}:{own or port}")
    return ",".join(sorted(found))


def _name(url: SplitResult, servers: str) -> str:
    import hashlib  # brings all of OpenSSL, and only a ledger on a server needs it

    schema = parse_qs(url.query).get("schema", [_SCHEMA])[0]
    whole = "/".join((servers, url.path.strip("/"), schema))
    readable = "-".join(part for part in (url.path.strip("/"), schema) if part) or "ledger"
    safe = "".join(c if c.isalnum() or c in "._-" else "-" for c in readable)[:60]
    return f"{safe}-{hashlib.sha256(os.fsencode(whole)).hexdigest()[:10]}"


def expanded(text: str | Path) -> Path:
    """Expand ~ in a written path; a ~name of no known user stays as it is."""
    return Path(os.path.expanduser(text))


def settings_folder() -> Path:
    """The user's folder of settings for this program."""
    return _own("XDG_CONFIG_HOME", ".config")


def data_folder() -> Path:
    """The user's folder of data for this program."""
    return _own("XDG_DATA_HOME", ".local/share")


def _own(variable: str, default: str) -> Path:
    named = os.environ.get(variable) or os.environ.get("APPDATA")
    return (Path(named) if named else Path.home() / default) / "studio-ledger"
