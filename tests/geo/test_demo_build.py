"""The whole demo in a store: complete, verified, the same every time, and never half of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio

from geo.demo import DemoSummary, build, build_demo, displacement, rasters
from geo.demo.desk import LAST_DAY
from geo.demo.rasters import YEARS
from geo.evidence.verdict import Verdict
from geo.figures import rate_series, rates_of
from geo.history import Fact
from geo.planning import Finding
from geo.proposals import ProposalState
from geo.rates import GroupBy, RateDefinition, RateQuery
from geo.scenes import SceneKind
from geo.sites import Kind, Settlement
from geo.spectral.metrics import Metric
from geo.spectral.recovery import ReferenceKind
from geo.status import Status, status_table
from geo.store import (
    Store,
    get_setting,
    history,
    inspections,
    projects,
    proposals,
    recoveries,
    scenes,
    sites,
    spectral,
    subsidences,
    targets,
)
from geo.store.takeover import StoreNotEmpty

pytestmark = pytest.mark.slow

N_SITES = 48
TODAY = date(2026, 11, 1)


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Store, DemoSummary, list[tuple[int, int]]]]:
    """A small demo; its rasters go without overviews, which take most of the time."""
    folder = tmp_path_factory.mktemp("demo")
    steps: list[tuple[int, int]] = []
    store = Store.open(folder / "region.gpkg", create=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rasters, "_FINAL", rasters._FINAL | {"overviews": "none", "level": 1})
        summary = build_demo(
            store, folder, n_sites=N_SITES, progress=lambda done, total: steps.append((done, total))
        )
    yield store, summary, steps
    store.close()


Built = tuple[Store, DemoSummary, list[tuple[int, int]]]


def test_every_site_kind_and_status_is_stored(built: Built) -> None:
    store, summary, _ = built
    with store.read() as conn:
        stored = sites.find(conn, sites.SiteFilter())
        assert sites.count(conn) == summary.sites == N_SITES == len(stored)
    assert {site.kind for site in stored} == set(Kind)
    assert {site.status for site in stored} == set(Status)
    assert all(site.attributes["synthetic"] is True and site.adcode for site in stored)


def test_the_store_says_that_it_is_synthetic(built: Built) -> None:
    with built[0].read() as conn:
        assert get_setting(conn, "synthetic") == "yes"


def test_the_history_verifies_and_lies_in_the_past(built: Built) -> None:
    with built[0].read() as conn:
        found = history.verify(conn)
        rows = history.rows(conn)
    assert found.ok, found.problem
    assert found.rows_checked == len(rows) > 10 * N_SITES
    assert max(row.effective_on for row in rows) < LAST_DAY
    assert rows[0].recorded_at[:7] == "2013-02"
    assert "2026-06" <= max(row.recorded_at for row in rows)[:7] <= LAST_DAY.isoformat()[:7]


def test_every_year_since_the_first_inventory_has_recorded_something(built: Built) -> None:
    with built[0].read() as conn:
        rows = history.rows(conn)
    assert {row.recorded_at[:4] for row in rows} == {str(year) for year in range(2013, 2027)}
    assert all(row.effective_on.isoformat() < row.recorded_at[:10] for row in rows)


def test_whatever_needs_a_second_person_names_one(built: Built) -> None:
    with built[0].read() as conn:
        rows = history.rows(conn)
    released = {f'"{status.value}"' for status in Status if status_table()[status].second_person}
    needing = [row for row in rows if row.fact is Fact.STATUS and row.value in released]
    assert needing
    for row in needing:
        assert row.approved_by not in {None, row.actor}
    at_desk = [row for row in needing if not row.source.startswith("demo:inventory")]
    assert at_desk
    assert all(row.proposed_at < row.recorded_at for row in at_desk)


def test_one_day_reads_otherwise_by_what_was_known(built: Built) -> None:
    query = RateQuery(as_of=date(2020, 12, 31))
    then = rates_of(built[0], replace(query, known_at="2021-03-01"), GroupBy.ALL, today=TODAY)[0].rate
    now = rates_of(built[0], query, GroupBy.ALL, today=TODAY)[0].rate
    assert then is not None
    assert now is not None
    assert then > now + 0.005


def test_the_treated_share_still_rises_at_the_end(built: Built) -> None:
    series = rate_series(built[0], None, RateQuery(), 2012, 2026, TODAY)
    shares = [one.rate for one in series if one.rate is not None]
    assert len(shares) == 15
    assert shares[0] < 0.4
    assert shares[-3] + 0.01 < shares[-2] + 0.005 < shares[-1]


def test_a_second_person_has_released_some_changes_and_not_others(built: Built) -> None:
    store, summary, _ = built
    with store.read() as conn:
        kept = proposals.find(conn)
    states = {proposal.state for proposal in kept}
    assert states == set(ProposalState)
    assert sum(proposal.state is ProposalState.OPEN for proposal in kept) == summary.proposals_open
    assert all(
        one.decided_by not in {None, one.proposed_by} for one in kept if one.state is not ProposalState.OPEN
    )


def test_works_stand_around_the_sites_and_each_acceptance_has_its_inspection(
    built: Built,
) -> None:
    with built[0].read() as conn:
        running = [project for project, _ in projects.find(conn)]
        late = projects.overdue(conn, today=LAST_DAY)
        wanted = [target for target, _ in targets.find(conn, year=2026)]
        seen = [inspection for inspection, _ in inspections.find(conn)]
        waiting = proposals.find(conn, state="open")
        passed = {
            one.proposal_id: inspections.has_passed(conn, one.site_id, by=one.effective_on)
            for one in waiting
            if one.change.facts.get(Fact.STATUS) == Status.ACCEPTED.value
        }
    assert all(project.site_ids and project.budget_cents for project in running)
    assert late
    assert {one.project_code for one in late} <= {project.code for project in running} | {None}
    assert wanted
    assert all(target.units > 0 for target in wanted)
    assert {one.finding for one in seen} >= {Finding.PASSED, Finding.DEFECTS}
    assert passed
    assert all(passed.values())


def test_every_year_has_its_scene_below_the_store(built: Built) -> None:
    store = built[0]
    with store.read() as conn:
        found = scenes.find(conn, product="clcd", edition="demo")
    assert [scene.year for scene in found] == list(YEARS)
    assert all(scene.path.startswith("demo/landcover/") and store.locate(scene).is_file() for scene in found)
    assert all(scene.nodata == 0 for scene in found)


def test_composites_green_with_the_land_and_the_ground_sinks_where_it_has_not_settled(built: Built) -> None:
    store = built[0]
    with store.read() as conn:
        composites = scenes.find(conn, product="demo_composite", kind=SceneKind.SPECTRAL)
        moved = scenes.find(conn, product="demo_insar", kind=SceneKind.DISPLACEMENT)
        (cover, *_) = scenes.find(conn, product="clcd", edition="demo", year=2024)
    assert [scene.year for scene in composites] == list(YEARS)
    assert len(moved) == len(displacement.EPOCHS)
    assert cover.grid.difference(composites[-1].grid) is None
    with (
        rasterio.open(store.locate(cover)) as codes,
        rasterio.open(store.locate(composites[-1])) as bands,
        rasterio.open(store.locate(moved[-1])) as sunk,
    ):
        code, (red, nir, _, swir2) = codes.read(1), bands.read().astype(float)
        least = sunk.read(len(moved), masked=True).max() * displacement.SCALE
    seen = (nir > 0) & (code > 0)
    ndvi = np.where(seen, (nir - red) / np.maximum(nir + red, 1), np.nan)
    assert np.nanmean(ndvi[seen & (code == 2)]) > 0.7
    assert np.nanmean(ndvi[seen & (code == 7)]) < 0.2
    assert (seen == (swir2 > 0) & (code > 0)).all()
    assert least > 20


def test_the_demo_has_been_seen_by_composites_and_by_radar(built: Built) -> None:
    with built[0].read() as conn:
        seen = spectral.find(conn)
        moved = subsidences.find(conn)
    measured = [one for one in seen if one.metrics[Metric.R80P].value is not None]
    assert len(measured) > N_SITES / 6
    assert {one.reference_kind for one in seen} == {ReferenceKind.RING}
    assert {one.settlement for one in moved} >= {Settlement.SETTLED, Settlement.STILL_MOVING}


def test_a_checked_sample_gives_the_demo_an_interval(built: Built) -> None:
    query = RateQuery(definition=RateDefinition.OBSERVED)
    observed = rates_of(built[0], query, GroupBy.ALL, today=TODAY)[0].observed
    assert observed.interval_kind == "design"
    assert observed.low is not None
    assert observed.high is not None
    assert 0 < observed.low < observed.high < 1


def test_evidence_contradicts_and_finds_the_unclaimed(built: Built) -> None:
    store, summary, _ = built
    with store.read() as conn:
        found = recoveries.evidence(conn)
    assert len(found) == N_SITES
    verdicts = {one.verdict for one in found}
    assert verdicts >= set(Verdict)
    assert summary.verdicts["corroborated"] == sum(one.verdict is Verdict.CORROBORATED for one in found)


def test_progress_rises_to_the_end(built: Built) -> None:
    steps = built[2]
    assert steps[0] == (0, 100)
    assert steps[-1] == (100, 100)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def test_a_store_with_sites_is_left_alone(built: Built) -> None:
    store = built[0]
    with pytest.raises(StoreNotEmpty, match="48 sites"):
        build_demo(store, store.folder, n_sites=3)


def test_nothing_is_left_beside_the_store(built: Built) -> None:
    store = built[0]
    names = {path.name for path in store.folder.iterdir()}
    assert {name.removesuffix("-wal").removesuffix("-shm") for name in names} == {"region.gpkg", "demo"}


def test_a_build_that_breaks_off_leaves_the_store_empty_and_another_the_same_history(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drawn_before(_stories: object, folder: Path, **_options: object) -> list[Path]:
        shutil.copytree(built[0].folder / "demo" / "landcover", folder)
        return sorted(folder.iterdir())

    def stopped(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "write_rasters", drawn_before)
    store = Store.open(tmp_path / "region.gpkg", create=True)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(build, "recover", stopped)
            with pytest.raises(KeyboardInterrupt):
                build_demo(store, tmp_path, n_sites=N_SITES)
        with store.read() as conn:
            assert sites.count(conn) == 0
            assert scenes.find(conn, kind=None) == []
        assert not list(tmp_path.glob(".*"))
        build_demo(store, tmp_path, n_sites=N_SITES)
        with store.read() as conn, built[0].read() as first:
            assert history.head(conn) == history.head(first)
            assert recoveries.evidence(conn) == recoveries.evidence(first)
    finally:
        store.close()


def test_beside_another_store_the_demo_has_a_folder_of_its_own(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "mines.gpkg", create=True)
    try:
        assert build._home(store) == "demo"
        (tmp_path / "other.gpkg").touch()
        assert build._home(store) == "demo-mines"
    finally:
        store.close()
