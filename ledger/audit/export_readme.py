"""The README of an export: for a reader who has never seen this program."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from shlex import quote

from ledger.audit.checkpoint import Checkpoint
from ledger.audit.note import VerifierKey

_TEXT = """\
# {origin}: the log of a film studio's campus, up to event {size}

This folder is an export of a *ledger*: everything that was recorded on a studio campus (bookings of
stages, moves of equipment, milestones of projects), one event after the other. It was made by the
program studio-ledger, and you can check it without that program.

| | |
| --- | --- |
| whose | {origin} |
| events | #1 to #{size}; whatever was recorded later is not in it |
| the last one recorded | {recorded_at} |
| root of their tree | `{root}` |
| signed by the key | `{key}` |

## Check it

```sh
pip install cryptography
python -I verify_export.py --key {quoted_key}
```

The script says `ok` or `BAD` for each check, and ends with exit code 0 where all is well, 3 where
something is bad, 2 where it could not be checked. It is one file of some pages, made to be read.

Three things decide what the result is worth to you:

- **The key.** The one above stands in this folder, so whoever made the folder could have made it.
  Ask the log's owner for it in another way (in print, on a website, by telephone), and give that
  one.
- **The script.** It lies in this folder, too. Read it, or use one that you got from elsewhere; the
  file is the same for every export of one version of studio-ledger.
- **A checkpoint of your own.** If you or somebody you trust has kept an earlier checkpoint of this
  log, add `--checkpoint FILE`: the script then shows that the log still begins as it did.

A proof of one event (a file `*.tlog-proof`) is checked with `--proof FILE`.

## The files

| file | what it is |
| --- | --- |
| `lines.jsonl` | the events, one a line, byte for byte as they were recorded; line 1 is event #1 |
| `checkpoint` | the newest signed head of the log: whose, how many events, the root of their tree |
| `checkpoints` | every head that was signed, in order, each followed by an empty line |
| `log.pub` | the public key that signed them |
| `tile/` | the tree and the events again, as other programs read them (c2sp.org/tlog-tiles) |
{views_row}| `manifest` | the SHA-256 of every other file, signed |
| `verify_export.py` | the script that checks all of this |

An event has a `position`, the time when it was recorded (`recorded_at`, UTC), a `type`, `tags` that
say what it is about, and `data`: who recorded it (`actor`), perhaps why, and what happened
(`payload`).
{views}
## What it proves

That these are the events which the owner of the key had signed, all of them up to #{size}, in this
order, and that none was changed, added, left out or moved since. The same holds at the size of
every earlier checkpoint, and every file of this folder is as it was when it was exported.

## What it does not prove

- That what was recorded is true. A ledger shows what was said, when and by whom; not that a crane
  stood where somebody wrote that it stood.
- That a recorded time is right. Times never go back, but they are the clock of the owner's machine.
- That there is no second history. Who owns the key could sign another one for somebody else. What
  shows that is a checkpoint kept by somebody else, or cosigned by a witness.
- That the views are right. They are signed as files, and were computed from these events by
  programs (plugins) that are not in this folder.
- What happened after event #{size}.
"""

_VIEWS = """
## The views

Tables as of event #{size}, as CSV (UTF-8, the first row has the names). The last row is a comment,
`# position … root …`: from which events the table was made.
{shown}{left_out}"""


def export_readme(
    checkpoint: Checkpoint,
    *,
    recorded_at: str,
    key: VerifierKey,
    views: Sequence[str],
    left_out: Mapping[str, str],
) -> str:
    """The README, in Markdown. `recorded_at` is of the last event, `left_out` says why."""
    told = ""
    if views or left_out:
        told = _VIEWS.format(
            size=checkpoint.size,
            shown="".join(f"\n- `views/{name}.csv`" for name in views) + "\n" * bool(views),
            left_out=_left_out(left_out),
        )
    row = "| `views/` | tables that were computed from the events, as CSV |\n" if views else ""
    return _TEXT.format(
        origin=checkpoint.origin,
        size=checkpoint.size,
        recorded_at=recorded_at,
        root=b64encode(checkpoint.root).decode(),
        key=key.text,
        quoted_key=quote(key.text),
        views_row=row,
        views=told,
    )


def _left_out(why: Mapping[str, str]) -> str:
    if not why:
        return ""
    listed = "".join(f"\n- {name}: {' '.join(reason.split())}" for name, reason in why.items())
    return f"\nNot in it, since they could not be computed:\n{listed}\n"
