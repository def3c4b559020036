"""Notes: the assumptions of a view where the question did not say."""

from ledger.plugin import Projection, table, view
from tests.unit.projections.conftest import OpenViews
from tests.unit.projections.sample import SpaceMonth


class Noting(Projection):
    """Its view notes an assumption."""

    seen = table(SpaceMonth)

    @view("What was seen?")
    def what_was_seen(self, days: int | None = None) -> list[SpaceMonth]:
        """The sights."""
        if days is None:
            self.note("30 days")
            self.note("30 days")
        return self.seen.rows()


def test_a_view_tells_what_it_assumed_live_and_as_of(open_views: OpenViews) -> None:
    views = open_views(Noting)
    for as_of in (None, 1):
        assert views.answer("what-was-seen", as_of=as_of).notes == ("30 days",)
        assert views.answer("what-was-seen", {"days": 3}, as_of=as_of).notes == ()
