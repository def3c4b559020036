"""Names that are free to choose, and the usual ones among them.

A house may name a kind of space or a milestone as it likes. A name that is nearly a usual one is
more often a slip than a choice, and a slip would stay in every view: it has to be confirmed.
"""

from collections.abc import Iterable

from ledger.errors import BadInput, Declared, suggestion

SPACE_KINDS = (
    "stage",
    "virtual stage",
    "set studio",
    "workshop",
    "hall",
    "location",
    "backlot",
    "office",
    "edit suite",
    "dressing room",
    "makeup room",
    "green room",
    "wardrobe",
    "screening room",
    "recording studio",
    "storage",
    "parking",
)
"""The usual kinds of spaces. The calibration and efficiency plugins ask for some by name."""

MILESTONES = (
    "greenlight",
    "prep",
    "principal-photography",
    "picture-wrap",
    "picture-lock",
    "delivery",
    "release",
    "award",
)
"""The usual milestones, in the usual order."""


class NearlyUsual(Declared, BadInput):
    """A free name is so close to a known one that it is probably a slip."""

    what: str
    name: str
    meant: str
    message = "the {what} {name!r} is nearly {meant!r}"
    advice = "{question} To use it as it is, add --as-written"

    @property
    def question(self) -> str:
        return suggestion([self.meant])


def check_usual(what: str, name: str, known: Iterable[str], *, as_written: bool) -> str:
    """Return a free name. Raises `NearlyUsual` for a likely slip, unless it is `as_written`."""
    meant = "" if as_written else slip_of(name, known)
    if meant:
        raise NearlyUsual(what, name, meant)
    return name


def slip_of(name: str, known: Iterable[str]) -> str:
    """Return the known name that a name is probably a slip of; empty for a name of its own.

    A number tells names apart, and so does a letter of its own: `prep-2` is not a misspelt `prep`,
    nor `unit-b-wrap` a misspelt `unit-a-wrap`.
    """
    names = tuple(known)
    if name in names:
        return ""
    from difflib import get_close_matches  # loaded only for a name that is not a usual one

    bare = {_bare(one): one for one in reversed(names)}
    cutoff = 0.8 if len(name) > 5 else 0.75
    for one in get_close_matches(_bare(name), bare, n=3, cutoff=cutoff):
        if _digits(one) == _digits(name) and not _differ_by_a_letter(bare[one], name):
            return bare[one]
    return ""


def _bare(name: str) -> str:
    return " ".join(name.casefold().replace("-", " ").split())


def _digits(name: str) -> list[str]:
    return [letter for letter in name if letter.isdigit()]


def _differ_by_a_letter(one: str, other: str) -> bool:
    """Whether two names differ in nothing but parts of a single letter."""
    parts, others = one.split("-"), other.split("-")
    return len(parts) == len(others) and all(
        a == b or len(a) == len(b) == 1 for a, b in zip(parts, others, strict=True)
    )
