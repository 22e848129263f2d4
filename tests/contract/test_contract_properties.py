"""Whatever is asked of a store, in whatever order, its sites are what its history says."""

from __future__ import annotations

from datetime import date
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.changes import Change
from geo.errors import ReverdureError
from geo.facts import current
from geo.history import Fact
from geo.proposals import ProposalState
from geo.status import Status
from geo.store import Store, history, proposals, sites
from geo.store.changes import apply_change, create_sites, replay
from tests.contract.builders import ENTERED, HA, new_site, square

CODES = count()
DAYS = st.dates(ENTERED, date(2024, 6, 1))
AREAS = st.integers(0, 5).map(lambda ha: {"units": ha * HA})
FACTS = st.one_of(
    st.fixed_dictionaries({Fact.STATUS: st.sampled_from(list(Status)), Fact.RESTORED: AREAS}),
    st.fixed_dictionaries({Fact.DAMAGED: AREAS}),
    st.fixed_dictionaries({Fact.MEMBERSHIP: st.sampled_from(["entered", "left"])}),
    st.fixed_dictionaries({Fact.NAME: st.text(st.characters(codec="utf-8"), max_size=5)}),
    st.just({}),
)
GEOMETRIES = st.none() | st.integers(100, 110).map(square)
STEPS = st.lists(
    st.tuples(FACTS, DAYS, GEOMETRIES, st.none() | st.integers(0, 12), st.booleans()), min_size=1, max_size=8
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_sites_are_always_what_their_history_says(store: Store, steps: list[tuple[object, ...]]) -> None:
    now = "2024-06-01T08:00:00.000000Z"
    with store.write() as conn:
        (number,) = create_sites(conn, [new_site(f"P{next(CODES)}")], actor="a", source="import:1", now=now)
        start = history.head(conn)[0]
        for facts, on, geometry, void, released in steps:
            stored = history.rows(conn, site_id=number)
            seq = None if void is None else stored[void % len(stored)].seq
            try:
                asked = Change(facts, on, "", geometry, seq)  # type: ignore[arg-type]
                done = apply_change(conn, number, asked, actor="a", source="s", now=now, if_version=None)
                if done.proposal is not None and released:
                    done = proposals.approve(conn, done.proposal.proposal_id, actor="b", now=now)
            except ReverdureError:
                continue
            assert done.site == sites.get(conn, number)
        site = sites.get(conn, number)
        rows = history.rows(conn, site_id=number, after_seq=start)
        assert all(
            row.approved_by == "b"
            for row in rows
            if row.fact in {Fact.DAMAGED, Fact.GEOMETRY, Fact.MEMBERSHIP}
        )
        assert current(history.rows(conn, site_id=number))[Fact.STATUS].value == f'"{site.status}"'
        waiting = proposals.find(conn, state=ProposalState.OPEN, site_id=number)
        assert all(proposal.decided_by is None for proposal in waiting)
        again = replay(conn, number)
        assert (again.version, again.status, again.geometry) == (site.version + 1, site.status, site.geometry)
        found = history.verify(conn)
        assert found.ok, found.problem
