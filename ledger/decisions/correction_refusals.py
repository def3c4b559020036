"""The refusals of corrections."""

from ledger.errors import BadInput, RefusedBy


class NoReason(BadInput):
    """A correction was given without a reason."""

    def __init__(self) -> None:
        super().__init__("a correction needs a reason", advice="Say why with --reason")


class NotCorrectable(RefusedBy):
    """No rule says what a correction of such an entry may change."""

    rule = "not-correctable"
    type: str
    message = "an entry of type {type} cannot be corrected"
    advice = "Record what holds from now on with a command of its own"


class AlreadyCorrected(RefusedBy):
    """Someone put the entry right already; their correction is what can be corrected."""

    rule = "last-word"
    mistaken: int
    by: str
    message = "{by} has corrected #{mistaken} already"
    advice = "See it with: show {position}; to change it, name {position}"


class TakenBack(RefusedBy):
    """The entry was taken back: nothing stands there that could be corrected."""

    rule = "taken-back"
    place: int
    message = "#{place} was taken back"
    advice = "Bring it back first with: undo {position}"


class StandsOnIt(RefusedBy):
    """A later entry needs this one."""

    rule = "stands-on-it"
    type: str
    message = "a later entry stands on it: {type}"
    advice = "Undo that first: undo {position}"
