"""The sample equipment that is promised in spring 2026: a case, a stock, a crane, a sub-hire."""

from datetime import date
from typing import Any

from ledger.demo.steps import Steps, at

KEEPER = "chen"
CASE, LENSES, CABLES = "sample-lens-case", ("sample-zoom", "sample-macro"), "sample-cables"


def record_promises(steps: Steps) -> None:
    """Reserve equipment for the stays and the series of the spring; hand some of it out."""
    _stock_up(steps)
    asked = date(2026, 2, 20)
    wanted = (
        ("b-late", "sample-crane"),
        ("b-late", f"{CABLES}=24"),
        ("b-next", "sample-crane"),
        ("b-next", f"{CABLES}=40"),
        ("b-talk-1", CASE),
        ("b-talk-1", f"{CABLES}=12"),
        ("b-talk-2", CASE),
        ("b-talk-2", f"{CABLES}=12"),
    )
    for number, (booking, item) in enumerate(wanted):
        # one by one, since a batch gets an id that differs on each run
        _do(steps, at(asked, 10, number), "equipment reserve", booking=booking, equipment=(item,))
    _do(
        steps,
        at(asked, 11),
        "equipment sub-hire",
        subhire="sample-more-cables",
        what=f"{CABLES}=20",
        supplier="Sample rental house",
        booking="b-next",
    )
    _do(steps, at(asked, 12), "equipment reserve", booking="b-next", equipment=(f"{CABLES}=52",))
    _hand_out(steps)


def _stock_up(steps: Steps) -> None:
    day = date(2026, 2, 19)
    usual = {"at_place": "set-studio-1", "home": "set-studio-1"}
    items: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
        (CASE, "Sample lens case", "case", {"barcode": "4006381333931"}),
        (LENSES[0], "Sample zoom lens", "lens", {"serial": "Z-1047"}),
        (LENSES[1], "Sample macro lens", "lens", {"serial": "M-0233"}),
        (CABLES, "Sample XLR cables 卡侬线", "cable", {"quantity": 40}),
    )
    for number, (item, name, kind, more) in enumerate(items):
        fields = {"equipment": item, "name": name, "kind": kind} | usual | more
        _do(steps, at(day, 8, number), "equipment add", **fields)
    for number, lens in enumerate(LENSES):
        _do(steps, at(day, 9, number), "equipment pack", equipment=lens, container=CASE)


def _hand_out(steps: Steps) -> None:
    """Cables that went out for the stay that took a day longer, and came back with it."""
    _do(
        steps,
        at(date(2026, 3, 2), 7, 45),
        "equipment check-out",
        equipment=f"{CABLES}=24",
        booking="b-late",
        custodian="sound department",
    )
    for number, pieces in enumerate((20, 4)):
        _do(
            steps,
            at(date(2026, 3, 6), 18, number),
            "equipment check-in",
            equipment=f"{CABLES}={pieces}",
        )


def _do(steps: Steps, moment: Any, do: str, **fields: Any) -> None:
    steps.add(moment, KEEPER, do, reason="sample", **fields)
