"""The README of an export: for a reader who has never seen this program."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from shlex import quote

from ledger.audit.formats.checkpoint import Checkpoint
from ledger.audit.formats.note import VerifierKey

_TEXT = """\
# {origin}: the log of a film studio's campus, up to event {size}

This folder is an export of a *ledger*: everything that was recorded on a studio campus (bookings of
stages, moves of equipment, milestones of projects), one event after another. The program
studio-ledger made it, and you can check it without that program.

| | |
| --- | --- |
| log | {origin} |
| events | #1 to #{size}; later ones are not included |
| last event recorded at | {recorded_at} |
| root of the tree | `{root}` |
| signed by the key | `{key}` |

## Check it

```sh
pip install cryptography
python -I verify_export.py --key {quoted_key}
```

The script prints `ok` or `BAD` for each check. Its exit code is 0 if all is well, 3 if something is
bad, and 2 if something could not be checked. It is a single file of a few pages, written to be
read.

How much the result is worth depends on three things:

- **The key.** The one above comes with this folder, so the maker of the folder could have made it,
  too. Get the key from the log's owner in another way (in print, on a website, by telephone), and
  use that one.
- **The script.** It comes with this folder, too. Read it, or use a copy from elsewhere; the file is
  the same in every export by one version of studio-ledger.
- **A checkpoint of your own.** If you, or a party that you trust, kept an earlier checkpoint of
  this log, add `--checkpoint FILE`: the script then shows whether the log still begins as it did.

To check a proof of one event (a file `*.tlog-proof`), use `--proof FILE`.

## The files

| file | what it is |
| --- | --- |
| `lines.jsonl` | the events, one per line, byte for byte as recorded; line 1 is event #1 |
| `checkpoint` | the newest signed head: the log's name, number of events, and root of the tree |
| `checkpoints` | every signed head, in order, each followed by an empty line |
| `log.pub` | the public key to check the signatures with |
| `tile/` | the tree and the events again, for other programs (c2sp.org/tlog-tiles) |
{views_row}| `manifest` | the SHA-256 of every other file, signed |
| `verify_export.py` | the script that checks all of this |

An event has a `position`, the time when it was recorded (`recorded_at`, UTC), a `type`, `tags` that
say what it is about, and `data`: who recorded it (`actor`), perhaps why, and what happened
(`payload`).
{views}
## What it proves

These are the events that the owner of the key signed: all of them up to #{size}, in this order.
None was changed, added, left out or moved since. The same holds at the size of every earlier
checkpoint, and every file in this folder is as it was exported.

## What it does not prove

- That what was recorded is true. A ledger shows what was said, when and by whom; it cannot show
  that a crane stood where the note says.
- That a recorded time is right. Times never go back, but they come from the clock of the owner's
  machine.
- That this is the only history. The owner of the key could sign another one for other readers.
  Only a checkpoint that another party kept, or that a witness cosigned, shows that.
- That the views are right. They are signed as files, but the programs (plugins) that computed them
  from these events are not in this folder.
- What happened after event #{size}.
"""

_VIEWS = """
## The views

Tables as of event #{size}, as CSV (UTF-8, column names in the first row). The last row is a
comment, `# position … root …`, that says which events the table was made from.
{shown}{left_out}"""


def export_readme(
    checkpoint: Checkpoint,
    *,
    recorded_at: str,
    key: VerifierKey,
    views: Sequence[str],
    left_out: Mapping[str, str],
) -> str:
    """The README, in Markdown. `recorded_at` is the last event's; `left_out` says why."""
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
    return f"\nLeft out, because they could not be computed:\n{listed}\n"
