"""Tags: what an event is about, and how a decision finds it.

A tag is `kind:id`. A *bucket* tag `kind:id@bucket` narrows it, so that a decision reads a
month of a stage and not its life: `space:stage-1@2025-07`.
"""

import re
import unicodedata
from collections.abc import Iterable

from ledger.errors import BadId, BadInput, BadText

_ID = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_TAG = re.compile(r"[a-z][a-z0-9-]*:[^\s@]{1,200}(?:@[a-z0-9-]{1,32})?")
MAX_TEXT = 1_000
"""Most characters of a title, name or reason."""


def check_id(kind: str, text: str) -> str:
    """Return the id, or raise `BadId` with a suggestion."""
    if not _ID.fullmatch(text):
        raise BadId(kind, text, suggestion=slug(text))
    return text


_ID_LETTERS = "23456789abcdefghjkmnpqrstvwxyz"
"""No 0/o, 1/i/l, u: an id is read out over the radio."""


def random_id(prefix: str) -> str:
    """Make an id: five letters and digits that are hard to confuse, 24 million ids a prefix."""
    import secrets

    return "".join(secrets.choice(_ID_LETTERS) for _ in range(5))


def slug(text: str) -> str:
    """The nearest id to a text; empty where no letter or digit of it is ASCII."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._]+", "-", ascii_text).strip("-._")[:64].strip("-._")


def check_text(what: str, text: str) -> str:
    """Return a title, name or reason in any script, trimmed. Raises `BadText`.

    Unicode is kept as it was written (NFC); control characters, line breaks of any script and lone
    surrogates are refused.
    """
    kept = unicodedata.normalize("NFC", text).strip()
    if not kept:
        raise BadText(f"the {what} is empty", advice="Write at least one character")
    if len(kept) > MAX_TEXT:
        raise BadText(
            f"the {what} has {len(kept):,} characters", advice=f"Use at most {MAX_TEXT:,}"
        )
    # Printable characters are in none of these categories, and nearly every text is printable.
    if not kept.isprintable() and any(
        unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in kept
    ):
        raise BadText(
            f"the {what} holds a control character",
            advice="Remove line breaks and control characters",
        )
    return kept


def tag(kind: str, id: str, bucket: str = "") -> str:
    """`kind:id`, or `kind:id@bucket`."""
    return f"{kind}:{id}@{bucket}" if bucket else f"{kind}:{id}"


def buckets(kind: str, id: str, months: Iterable[str]) -> tuple[str, ...]:
    """A bucket tag for each month."""
    return tuple([f"{kind}:{id}@{month}" for month in months])


def mark(text: str) -> str:
    """Return free text, such as a kind or a serial number, as the id of a tag.

    Texts that differ only in case or in spaces have the same one; different ones may, too.
    """
    return "-".join(unicodedata.normalize("NFKC", text).casefold().replace("@", "-").split())[:200]


def check_tag(text: str) -> str:
    """Return a typed tag, checked. Raises `BadInput`."""
    if not _TAG.fullmatch(text):
        raise BadInput(f"{text!r} is not a tag", advice="Write kind:id, for example space:stage-1")
    return text
