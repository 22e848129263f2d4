"""Changes in a store: one transaction, one version, a second person where the rules ask for one."""

from __future__ import annotations

from datetime import date

import pytest

from geo.changes import Change, FutureDate, IllegalMove
from geo.errors import BadValue, UnknownProposal, UnknownSite
from geo.history import Fact
from geo.proposals import ProposalState
from geo.status import Status
from geo.store import Store, history, proposals, sites
from geo.store.changes import (
    Applied,
    IdempotencyKeyReused,
    SecondPersonNeeded,
    SiteCodeExists,
    StaleVersion,
    apply_change,
    create_sites,
)
from geo.store.proposals import ProposalDecided, ProposalOutdated, SamePerson
from tests.contract.builders import ENTERED, HA, NOW, new_site, square

LATER = "2024-06-02T08:00:00.000000Z"
DAY = date(2020, 5, 1)


@pytest.fixture
def site_id(store: Store) -> int:
    with store.write() as conn:
        return create_sites(conn, [new_site()], actor="local", source="import:1", now=NOW)[0]


def change(
    store: Store,
    site_id: int,
    facts: dict[Fact, object],
    *,
    actor: str = "Wang",
    now: str = NOW,
    if_version: int | None = None,
    key: str | None = None,
    **more: object,
) -> Applied:
    asked = Change(facts, more.pop("on", DAY), "because", **more)  # type: ignore[arg-type]
    with store.write() as conn:
        return apply_change(
            conn,
            site_id,
            asked,
            actor=actor,
            source="api",
            now=now,
            if_version=if_version,
            idempotency_key=key,
        )


def approve(store: Store, proposal_id: int, actor: str = "Li") -> Applied:
    with store.write() as conn:
        return proposals.approve(conn, proposal_id, actor=actor, now=LATER, comment="seen")


def assert_verified(store: Store) -> None:
    with store.read() as conn:
        found = history.verify(conn)
    assert found.ok, found.problem


def test_a_change_raises_the_version_and_adds_its_row(store: Store, site_id: int) -> None:
    applied = change(store, site_id, {Fact.STATUS: "planned"}, if_version=1)
    assert applied.site.status is Status.PLANNED
    assert applied.site.status_since == DAY
    assert applied.site.version == 2
    assert applied.proposal is None
    with store.read() as conn:
        (row,) = history.rows(conn, after_seq=applied.seqs[0] - 1)
        assert sites.get(conn, site_id) == applied.site
    assert (row.actor, row.reason, row.source, row.approved_by) == ("Wang", "because", "api", None)
    assert_verified(store)


def test_a_stale_version_changes_nothing_and_says_the_current_one(store: Store, site_id: int) -> None:
    change(store, site_id, {Fact.STATUS: "planned"}, if_version=1)
    with pytest.raises(StaleVersion) as caught:
        change(store, site_id, {Fact.NAME: "x"}, if_version=1)
    assert caught.value.context["current"] == 2
    with store.read() as conn:
        assert sites.get(conn, site_id).name == ""


def test_a_refused_change_leaves_no_trace(store: Store, site_id: int) -> None:
    with store.read() as conn:
        before = history.head(conn)
    for facts, error in (({Fact.STATUS: "closed"}, IllegalMove), ({Fact.KIND: "moon"}, BadValue)):
        with pytest.raises(error):
            change(store, site_id, facts)
    with pytest.raises(FutureDate):
        change(store, site_id, {Fact.STATUS: "planned"}, on=date(2024, 6, 3))
    with store.read() as conn:
        assert history.head(conn) == before
        assert sites.get(conn, site_id).version == 1


def test_an_unknown_site_is_refused(store: Store) -> None:
    with pytest.raises(UnknownSite):
        change(store, 99, {Fact.NAME: "x"})


def test_the_same_idempotency_key_gives_the_first_answer_again(store: Store, site_id: int) -> None:
    first = change(store, site_id, {Fact.STATUS: "planned"}, if_version=1, key="k")
    again = change(store, site_id, {Fact.STATUS: "planned"}, if_version=1, key="k")
    assert again == first
    with pytest.raises(IdempotencyKeyReused):
        change(store, site_id, {Fact.STATUS: "excluded"}, if_version=1, key="k")
    with store.read() as conn:
        assert len([row for row in history.rows(conn, site_id=site_id) if row.fact is Fact.STATUS]) == 2


def test_a_retried_proposal_is_made_once(store: Store, site_id: int) -> None:
    first = change(store, site_id, {Fact.DAMAGED: {"units": HA}}, key="k")
    again = change(store, site_id, {Fact.DAMAGED: {"units": HA}}, key="k")
    assert first.proposal is not None
    assert again.proposal == first.proposal
    with store.read() as conn:
        assert len(proposals.find(conn)) == 1


@pytest.mark.parametrize(
    ("facts", "more"),
    [
        ({Fact.STATUS: "excluded"}, {}),
        ({Fact.DAMAGED: {"units": 95 * HA}}, {}),
        ({Fact.MEMBERSHIP: "left"}, {}),
        ({}, {"geometry": square(118)}),
        ({Fact.STATUS: "planned", Fact.DAMAGED: {"units": HA}}, {}),
    ],
)
def test_what_needs_a_second_person_counts_nowhere_until_approved(
    store: Store, site_id: int, facts: dict[Fact, object], more: dict[str, object]
) -> None:
    with store.read() as conn:
        before, head = sites.get(conn, site_id), history.head(conn)
    asked = change(store, site_id, facts, **more)
    assert asked.seqs == ()
    assert asked.site == before
    assert asked.proposal is not None
    assert asked.proposal.state is ProposalState.OPEN
    with store.read() as conn:
        assert history.head(conn) == head
        assert sites.get(conn, site_id) == before
    done = approve(store, asked.proposal.proposal_id)
    assert done.site != before
    assert done.site.version == before.version + 1
    with store.read() as conn:
        rows = history.rows(conn, after_seq=head[0])
    assert {(row.actor, row.approved_by, row.recorded_at, row.proposed_at) for row in rows} == {
        ("Wang", "Li", LATER, NOW)
    }
    assert_verified(store)


@pytest.mark.parametrize("name", ["Wang", " wang ", "ＷＡＮＧ", "Wa\u200bng", "\ufeffWang", "Wang\u00a0"])
def test_nobody_approves_their_own_proposal(store: Store, site_id: int, name: str) -> None:
    asked = change(store, site_id, {Fact.STATUS: "excluded"})
    assert asked.proposal is not None
    with pytest.raises(SamePerson):
        approve(store, asked.proposal.proposal_id, name)
    with pytest.raises(BadValue):
        approve(store, asked.proposal.proposal_id, " \u200b ")


def test_a_decided_proposal_stays_decided(store: Store, site_id: int) -> None:
    asked = change(store, site_id, {Fact.STATUS: "excluded"})
    assert asked.proposal is not None
    number = asked.proposal.proposal_id
    with store.write() as conn:
        rejected = proposals.reject(conn, number, actor="Li", now=LATER, comment="no")
    assert (rejected.state, rejected.decided_by, rejected.comment) == (ProposalState.REJECTED, "Li", "no")
    with pytest.raises(ProposalDecided):
        approve(store, number)
    with store.write() as conn, pytest.raises(ProposalDecided):
        proposals.reject(conn, number, actor="Li", now=LATER)
    with store.write() as conn, pytest.raises(UnknownProposal):
        proposals.approve(conn, 99, actor="Li", now=LATER)


@pytest.mark.parametrize("released", [True, False])
def test_under_a_clock_set_back_a_proposal_is_decided_no_earlier_than_it_was_made(
    store: Store, site_id: int, released: bool
) -> None:
    asked = change(store, site_id, {Fact.STATUS: "excluded"}, now=LATER)
    assert asked.proposal is not None
    number = asked.proposal.proposal_id
    decide = proposals.approve if released else proposals.reject
    with store.write() as conn:
        decide(conn, number, actor="Li", now=NOW)
        decided = proposals.get(conn, number)
        recorded = [row.recorded_at for row in history.rows(conn, site_id=site_id) if row.approved_by == "Li"]
    assert (decided.proposed_at, decided.decided_at) == (LATER, LATER)
    assert recorded == ([LATER] if released else [])
    before = change(store, site_id, {Fact.DAMAGED: {"units": 91 * HA}}, now="2024-05-31T08:00:00.000000Z")
    assert before.proposal is not None
    assert before.proposal.proposed_at == (LATER if released else NOW)


def test_a_proposal_is_outdated_once_its_fact_has_changed(store: Store, site_id: int) -> None:
    first = change(store, site_id, {Fact.DAMAGED: {"units": 91 * HA}})
    second = change(store, site_id, {Fact.DAMAGED: {"units": 92 * HA}})
    other = change(store, site_id, {Fact.STATUS: "excluded"})
    assert first.proposal is not None
    assert second.proposal is not None
    assert other.proposal is not None
    approve(store, first.proposal.proposal_id)
    with pytest.raises(ProposalOutdated):
        approve(store, second.proposal.proposal_id)
    assert approve(store, other.proposal.proposal_id).site.status is Status.EXCLUDED


def test_proposals_come_back_as_made_and_page(store: Store, site_id: int) -> None:
    geometry = square(118)
    asked = change(store, site_id, {Fact.NAME: "n"}, geometry=geometry)
    change(store, site_id, {Fact.STATUS: "excluded"})
    with store.read() as conn:
        first, second = proposals.find(conn, state="open", site_id=site_id)
        assert proposals.find(conn, after=first.proposal_id) == [second]
        assert proposals.find(conn, limit=1) == [first]
        assert proposals.find(conn, state=ProposalState.APPROVED) == []
    assert first == asked.proposal
    assert first.change == Change({Fact.NAME: "n"}, DAY, "because", geometry)


def test_a_site_that_left_stays_readable_and_out_of_the_lists(store: Store, site_id: int) -> None:
    asked = change(store, site_id, {Fact.MEMBERSHIP: "left"})
    assert asked.proposal is not None
    left = approve(store, asked.proposal.proposal_id).site
    assert left.left_on == DAY
    with store.read() as conn:
        assert sites.find(conn, sites.SiteFilter()) == []
        assert sites.find(conn, sites.SiteFilter(with_left=True)) == [left]
        assert sites.count(conn) == 0
        assert sites.geometries(conn)[0].size == 0
        assert sites.code_index(conn) == {"S1": site_id}


def test_a_correction_voids_the_old_row_and_keeps_it(store: Store, site_id: int) -> None:
    wrong = change(store, site_id, {Fact.STATUS: "planned"}, on=date(2021, 1, 1))
    fixed = change(store, site_id, {Fact.STATUS: "planned"}, on=date(2020, 1, 1), voids_seq=wrong.seqs[0])
    assert fixed.site.status_since == date(2020, 1, 1)
    with store.read() as conn:
        void, new = history.rows(conn, after_seq=wrong.seqs[0])
    assert (void.voids_seq, void.value, void.fact) == (wrong.seqs[0], "null", Fact.STATUS)
    assert new.effective_on == date(2020, 1, 1)
    assert_verified(store)


def test_voiding_an_imported_status_needs_a_second_person(store: Store) -> None:
    past = ((Status.UNTREATED, ENTERED), (Status.ACCEPTED, date(2019, 1, 1)))
    with store.write() as conn:
        (number,) = create_sites(conn, [new_site(status_rows=past)], actor="a", source="import:1", now=NOW)
        row = next(row for row in history.rows(conn) if row.value == '"accepted"')
    assert row.approved_by == "import:1"
    asked = change(store, number, {}, voids_seq=row.seq)
    assert asked.proposal is not None
    assert approve(store, asked.proposal.proposal_id).site.status is Status.UNTREATED


def test_a_taken_code_refuses_the_whole_batch(store: Store, site_id: int) -> None:
    for batch in ([new_site("S2"), new_site("S1")], [new_site("S3"), new_site("S3")]):
        with pytest.raises(SiteCodeExists), store.write() as conn:
            create_sites(conn, batch, actor="a", source="s", now=NOW)
    with store.read() as conn:
        assert sites.code_index(conn) == {"S1": site_id}


def test_a_site_made_by_hand_cannot_enter_as_accepted(store: Store) -> None:
    with store.write() as conn, pytest.raises(SecondPersonNeeded):
        create_sites(
            conn, [new_site(status=Status.ACCEPTED)], actor="a", source="api", now=NOW, approved=False
        )


def test_a_site_is_untreated_until_its_first_known_status(store: Store) -> None:
    with store.write() as conn:
        late = new_site(status_rows=((Status.TREATED, date(2018, 1, 1)),))
        create_sites(conn, [late], actor="a", source="import:1", now=NOW)
        rows = [row for row in history.rows(conn) if row.fact is Fact.STATUS]
    assert [(row.value, row.effective_on) for row in rows] == [
        ('"untreated"', ENTERED),
        ('"treated"', date(2018, 1, 1)),
    ]
