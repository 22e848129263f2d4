"""Redrawings, undos, kept answers, projects, targets and inspections in every store."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from geo.areas import geodesic_area_units
from geo.attachments import AttachmentKind, NotEvidence
from geo.changes import Change, InspectionNeeded
from geo.history import Fact
from geo.kept_files import KeptFile
from geo.planning import Finding, Inspection, Project, RecordKind, StaleRecord, TakenKey, Target
from geo.redrawing import Part, placed, plan_merge, plan_split
from geo.status import Status
from geo.store import (
    Store,
    answers,
    attachments,
    changes,
    history,
    inspections,
    projects,
    proposals,
    sites,
    targets,
    versions,
)
from geo.store.redrawings import known_sites
from geo.undoing import undo_of
from tests.contract.builders import ENTERED, NOW, new_site, square

DAY, TODAY = date(2024, 5, 1), date(2024, 6, 1)
NO_UNIT = {"adcode": None, "edition": None, "shares": {}}


def entered(store: Store, *codes: str) -> list[int]:
    new = [new_site(code, x=117 + 0.01 * index) for index, code in enumerate(codes)]
    with store.write() as conn:
        return changes.create_sites(conn, new, actor="a", source="test", now=NOW)


def test_a_split_is_carried_out_whole_and_the_store_verifies(store: Store) -> None:
    (site_id,) = entered(store, "S1")
    parts = [Part("N", square(117.0, 33.0, 0.005)), Part("E", square(117.005, 33.0, 0.005))]
    with store.write() as conn:
        (known,) = known_sites(conn, [site_id])
        planned = placed(
            plan_split(known, parts, effective_on=DAY, reason="r", today=TODAY), [NO_UNIT, NO_UNIT]
        )
        made = changes.propose_redrawing(
            conn, planned, actor="a", now=NOW, if_versions={site_id: 1}, today=TODAY
        )
        assert made.proposal is not None
        kept = proposals.get(conn, made.proposal.proposal_id)
        assert kept.redrawing == planned
        done = proposals.approve(conn, kept.proposal_id, actor="b", now=NOW, today=TODAY)
    with store.read() as conn:
        assert sites.get(conn, site_id).left_on == DAY
        assert [sites.get(conn, one).site_code for one in done.entered] == ["N", "E"]
        assert [sites.get(conn, one).status_since for one in done.entered] == [ENTERED, ENTERED]
        assert history.verify(conn).ok
        assert history.verify_site(conn, site_id).ok


def test_a_split_that_fails_in_the_middle_leaves_nothing(store: Store) -> None:
    (site_id, _) = entered(store, "S1", "S2")
    parts = [Part("N", square(117.0, 33.0, 0.005)), Part("E", square(117.005, 33.0, 0.005))]
    with store.write() as conn:
        (known,) = known_sites(conn, [site_id])
        planned = plan_split(known, parts, effective_on=DAY, reason="r", today=TODAY)
        made = changes.propose_redrawing(
            conn, placed(planned, [NO_UNIT, NO_UNIT]), actor="a", now=NOW, if_versions={}, today=TODAY
        )
        changes.create_sites(conn, [new_site("E", x=118)], actor="a", source="test", now=NOW)
        before = history.head(conn)
    assert made.proposal is not None
    with pytest.raises(changes.SiteCodeExists), store.write() as conn:
        proposals.approve(conn, made.proposal.proposal_id, actor="b", now=NOW, today=TODAY)
    with store.read() as conn:
        assert history.head(conn) == before
        assert sites.get(conn, site_id).left_on is None
        assert proposals.get(conn, made.proposal.proposal_id).state == "open"


def test_a_merge_waits_at_each_of_its_sites(store: Store) -> None:
    ids = entered(store, "S1", "S2", "S3")
    with store.write() as conn:
        known = known_sites(conn, ids[:2])
        planned = plan_merge(known, site_code="M", facts={}, effective_on=DAY, reason="", today=TODAY)
        changes.propose_redrawing(
            conn, placed(planned, [NO_UNIT]), actor="a", now=NOW, if_versions={}, today=TODAY
        )
        found = [len(proposals.find(conn, site_id=one)) for one in ids]
    assert found == [1, 1, 0]
    assert planned.entered_units == pytest.approx(
        sum(geodesic_area_units(each.site.geometry) for each in known), abs=2
    )


def test_an_outline_is_undone_to_the_last_digit(store: Store) -> None:
    (site_id,) = entered(store, "S1")
    with store.write() as conn:
        first = sites.get(conn, site_id)
        change = Change({}, DAY, "survey", geometry=square(117.1, 33.1, 0.02))
        made = changes.apply_change(
            conn, site_id, change, actor="a", source="api", now=NOW, if_version=1, today=TODAY
        )
        assert made.proposal is not None
        done = proposals.approve(conn, made.proposal.proposal_id, actor="b", now=NOW, today=TODAY)
        rows = history.rows(conn, site_id=site_id, with_wkb=True)
        back = undo_of(rows, done.seqs[0], reason="wrong")
        made = changes.apply_change(
            conn, site_id, back, actor="a", source="api", now=NOW, if_version=None, today=TODAY
        )
        assert made.proposal is not None
        proposals.approve(conn, made.proposal.proposal_id, actor="b", now=NOW, today=TODAY)
        again = sites.get(conn, site_id)
    assert again.geometry.equals_exact(first.geometry, 0)
    assert again.area_units == first.area_units


def test_an_acceptance_rests_on_a_passed_inspection(store: Store) -> None:
    with store.write() as conn:
        new = new_site("S1", status_rows=((Status.TREATED, ENTERED),))
        (site_id,) = changes.create_sites(conn, [new], actor="a", source="test", now=NOW)
        accept = Change({Fact.STATUS: "accepted"}, DAY, "")

        def ask() -> changes.Applied:
            return changes.apply_change(
                conn, site_id, accept, actor="a", source="api", now=NOW, if_version=None, today=TODAY
            )

        with pytest.raises(InspectionNeeded):
            ask()
        seen = Inspection(site_id, date(2024, 4, 30), "Wang", Finding.PASSED)
        inspections.put(conn, seen, actor="a", now=NOW, today=TODAY)
        late = Inspection(site_id, DAY, "Li", Finding.FAILED)
        inspections.put(conn, late, actor="a", now=NOW, today=TODAY)
        with pytest.raises(InspectionNeeded):
            ask()
        inspections.put(conn, replace(seen, inspected_on=DAY), actor="a", now=NOW, today=TODAY)
        assert ask().proposal is not None


def test_records_keep_every_version_and_refuse_a_stale_one(store: Store) -> None:
    (site_id,) = entered(store, "S1")
    with store.write() as conn:
        made, stamp = projects.put(conn, Project("P", "x", site_ids=(site_id,)), actor="a", now=NOW)
        assert made == Project("P", "x", site_ids=(site_id,))
        changed = replace(made, name="y", budget_cents=5)
        key = stamp.record_id
        assert projects.put(conn, changed, actor="b", now=NOW, project_id=key, if_version=1)[1].version == 2
        with pytest.raises(StaleRecord):
            projects.put(conn, made, actor="a", now=NOW, project_id=key, if_version=1)
        with pytest.raises(TakenKey):
            projects.put(conn, made, actor="a", now=NOW)
        kept = versions.of(conn, RecordKind.PROJECT, key)
        assert [(one.value["name"], one.stamp.actor) for one in kept] == [("x", "a"), ("y", "b")]
        target, at = targets.put(conn, Target("340600", 2024, 7), actor="a", now=NOW)
        assert targets.get(conn, at.record_id)[0] == target
        with pytest.raises(TakenKey):
            targets.put(conn, target, actor="a", now=NOW)


def test_evidence_names_attachments_of_the_site_alone(store: Store) -> None:
    one, two = entered(store, "S1", "S2")
    file = KeptFile("ab" * 32, "a.jpg", "image/jpeg", 9, lon=117.005, lat=33.005)
    with store.write() as conn:
        described = attachments.Described(AttachmentKind.PHOTO, "c")
        made = attachments.add(conn, sites.get(conn, one), file, described, actor="a", now=NOW)
        assert (made.distance_m, made.version) == (0.0, 1)
        assert attachments.as_evidence(conn, one, ["AB" * 32, "a letter"]) == [
            f"sha256:{'ab' * 32}",
            "a letter",
        ]
        with pytest.raises(NotEvidence):
            attachments.as_evidence(conn, two, ["ab" * 32])


def test_a_kept_answer_is_given_again_to_the_same_request_alone(store: Store) -> None:
    answer = answers.KeptAnswer(201, {"etag": '"1"'}, "{}")
    with store.write() as conn:
        assert answers.answered(conn, "k", "asked") is None
        answers.keep(conn, "k", "asked", answer, now=NOW)
    with store.read() as conn:
        assert answers.answered(conn, "k", "asked") == answer
        with pytest.raises(changes.IdempotencyKeyReused):
            answers.answered(conn, "k", "something else")
