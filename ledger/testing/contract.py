"""The contract of a projection, as tests in one line:

    from ledger.testing import projection_contract
    from crew_hours import CrewHours

    TestCrewHours = projection_contract(CrewHours)

Each law is one test; see `ledger.testing.laws.laws`.
"""

import random
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from ledger.events import STUDIO_EVENTS
from ledger.events.base import RecordedEvent
from ledger.projections import Projection
from ledger.testing.drawing.retelling import Told
from ledger.testing.laws.contents import LawBroken, Parameters
from ledger.testing.laws.laws import LAWS, Law
from ledger.testing.laws.oracles import Oracle
from ledger.testing.laws.reducing import reduced
from ledger.testing.laws.subjects import Case, Subject
from ledger.testing.strategies import cases, events_of, studio_histories

MOST_EXAMPLES = 25
"""Histories per law, unless `examples` is given or hypothesis' settings ask for fewer."""

_SEED = random.SystemRandom().getrandbits(32)
"""One seed for all laws: they are tried with the same histories, each made once."""


def projection_contract(
    projection: type[Projection],
    *,
    histories: st.SearchStrategy[Sequence[RecordedEvent]] | None = None,
    also: st.SearchStrategy[Any] | None = None,
    parameters: Parameters | None = None,
    oracle: Mapping[str, Oracle] | None = None,
    examples: int | None = None,
    exempt: Mapping[str, str] | None = None,
) -> type:
    """Return a class of tests for pytest: one for each law that a projection keeps.

    `histories` are drawn from `studio_histories()` unless you give your own. `also` draws
    events or decisions of your plugin among them; without it, the event types that the
    projection handles and the studio does not know are drawn by their fields.

    `parameters` gives the parameters of views, by name of the view, where they are required.
    `oracle` gives, by name of a view, a function from the events to the rows that the view
    should answer: it catches errors that no law covers, such as a reschedule that a handler
    forgets.

    `examples` is the number of histories per law. `exempt` names laws that do not hold and
    says why (`{"order_of_sets": "…"}`): their tests are skipped with that reason.

    Raises `ValueError` for an unknown law or view, and for an exemption without a reason.
    """
    exempt, oracle, parameters = exempt or {}, oracle or {}, parameters or {}
    _check_names(projection, exempt, {**oracle, **parameters})
    ours = histories is None
    if histories is None:
        own = [t for t in projection.event_types if t not in STUDIO_EVENTS]
        histories = studio_histories(also=events_of(*own) if also is None and own else also)
    elif also is not None:
        raise ValueError("give the events to `histories` or to `also`, not to both")
    subject = Subject(projection, parameters, oracle)
    members: dict[str, Any] = {
        "__doc__": f"The laws of a projection, for {projection.__name__}.",
        "__module__": sys._getframe(1).f_globals.get("__name__", __name__),  # noqa: SLF001  # as namedtuple and Enum do, so that pytest names the author's file
    }
    for name, law in LAWS.items():
        if name == "oracles" and not oracle:
            continue
        if name in exempt:
            members[f"test_{name}"] = _exempted(name, law, exempt[name])
        else:
            members[f"test_{name}"] = _test(name, law, subject, histories, examples, ours=ours)
    return type(f"Test{projection.__name__}", (), members)


def _check_names(
    projection: type[Projection], exempt: Mapping[str, str], views: Mapping[str, Any]
) -> None:
    for law, reason in exempt.items():
        if law not in LAWS:
            raise ValueError(f"unknown law {law!r}; the laws are {', '.join(LAWS)}")
        if len(reason.split()) < 3:
            raise ValueError(f"say in a few words why {projection.__name__} is exempt from {law}")
    for view in views:
        if view not in projection.views:
            raise ValueError(
                f"{projection.__name__} has no view {view!r}; it has {', '.join(projection.views)}"
            )


def _test(
    name: str,
    law: Law,
    subject: Subject,
    histories: st.SearchStrategy[Sequence[RecordedEvent]],
    examples: int | None,
    *,
    ours: bool,
) -> Callable[..., None]:
    now = settings.default
    assert now is not None
    number = examples or min(now.max_examples, MOST_EXAMPLES)
    suppressed = {*now.suppress_health_check, HealthCheck.too_slow, HealthCheck.data_too_large}

    shortest: dict[int, tuple[Case, Case]] = {}  # the first of each pair keeps its id in use

    def test(self: object, case: Case) -> None:
        __tracebackhide__ = True
        broken = _broken(law, subject, case)
        if broken is None:
            return
        if ours and isinstance(case.entries, Told):
            key = id(case.entries) ^ hash((case.parts, case.unreadable))
            if key not in shortest:
                shortest[key] = (case, reduced(lambda one: _broken(law, subject, one), case))
            case = shortest[key][1]
            broken = _broken(law, subject, case) or broken
        raise LawBroken(broken.wrong, advice=broken.advice, story=case.story()) from None

    _name(test, name, law)
    run = given(case=cases(histories))(test)
    # our own histories are shortened by leaving out commands; see `reducing`
    phases = [phase for phase in now.phases if phase not in (Phase.shrink, Phase.explain)]
    run = settings(
        now,
        max_examples=number,
        deadline=None,
        report_multiple_bugs=False,
        phases=phases if ours else now.phases,
        suppress_health_check=tuple(suppressed),
    )(run)
    return seed(0 if now.derandomize else _SEED)(run)


def _broken(law: Law, subject: Subject, case: Case) -> LawBroken | None:
    try:
        law(subject, case)
    except LawBroken as broken:
        return broken
    return None


def _exempted(name: str, law: Law, reason: str) -> Callable[..., None]:
    def test(self: object) -> None:
        pytest.skip(reason)

    _name(test, name, law)
    return test


def _name(test: Callable[..., None], name: str, law: Law) -> None:
    test.__name__ = f"test_{name}"
    test.__qualname__ = f"projection_contract.test_{name}"
    test.__doc__ = law.__doc__
