"""The demo's sites: kinds, shapes, names, and the same every time."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from geo.areas import geodesic_area_ha
from geo.demo.coalfields import COALFIELDS, PREFECTURES
from geo.demo.region import GAP_M, KIND_PLANS, SitePlan, plan_sites, quotas
from geo.outlines import china_units
from geo.sites import Kind

SEED = 20130101


@pytest.fixture(scope="module")
def sites() -> tuple[SitePlan, ...]:
    return plan_sites(china_units(), seed=SEED, n_sites=130)


def test_the_same_seed_plans_the_same_sites(sites: tuple[SitePlan, ...]) -> None:
    again = plan_sites(china_units(), seed=SEED, n_sites=130)
    assert [(s.code, s.name, s.geometry.wkb) for s in again] == [
        (s.code, s.name, s.geometry.wkb) for s in sites
    ]


def test_another_seed_plans_other_sites(sites: tuple[SitePlan, ...]) -> None:
    other = plan_sites(china_units(), seed=SEED + 1, n_sites=130)
    assert {s.geometry.wkb for s in other}.isdisjoint({s.geometry.wkb for s in sites})


def test_every_kind_is_present(sites: tuple[SitePlan, ...]) -> None:
    assert {site.kind for site in sites} == set(Kind)


def test_polygons_are_valid_and_of_plausible_size(sites: tuple[SitePlan, ...]) -> None:
    assert all(site.geometry.is_valid for site in sites)
    areas = np.array([geodesic_area_ha(site.geometry) for site in sites])
    assert areas.min() > 0.9
    assert areas.max() < 405


def test_degrees_and_metres_are_the_same_polygon(sites: tuple[SitePlan, ...]) -> None:
    for site in sites:
        grid_ha = site.metres.area / 10_000
        assert geodesic_area_ha(site.geometry) == pytest.approx(grid_ha, rel=2e-3)


def test_codes_are_unique_and_keep_a_leading_zero(sites: tuple[SitePlan, ...]) -> None:
    codes = [site.code for site in sites]
    assert len(set(codes)) == len(codes)
    assert all(
        code.startswith("0") and code[1:7] == site.unit.adcode
        for code, site in zip(codes, sites, strict=True)
    )


def test_names_are_unique_in_both_languages(sites: tuple[SitePlan, ...]) -> None:
    assert len({site.name for site in sites}) == len(sites)
    assert len({site.name_en for site in sites}) == len(sites)


def test_english_names_hold_no_chinese(sites: tuple[SitePlan, ...]) -> None:
    assert all(site.name_en.isascii() for site in sites)


def test_some_sites_have_parts_holes_overlaps_and_borders(sites: tuple[SitePlan, ...]) -> None:
    assert any(len(site.geometry.geoms) > 1 for site in sites)
    assert any(part.interiors for site in sites for part in site.geometry.geoms)
    assert any("near_border" in site.unit.flags for site in sites)
    left, right = shapely.STRtree([s.metres for s in sites]).query(
        [s.metres for s in sites], predicate="overlaps"
    )
    assert 1 <= int((left < right).sum()) <= 0.1 * len(sites)


def test_other_sites_keep_their_distance(sites: tuple[SitePlan, ...]) -> None:
    shapes = [site.metres for site in sites]
    tree = shapely.STRtree(shapes)
    left, right = tree.query(shapes, predicate="dwithin", distance=GAP_M - 1)
    close = int((left < right).sum())
    assert close <= 0.1 * len(sites)


def test_several_provinces_are_shown(sites: tuple[SitePlan, ...]) -> None:
    assert {"34", "32"} <= {(site.unit.adcode or "")[:2] for site in sites}


def test_every_coalfield_lies_in_its_prefecture() -> None:
    outlines = {unit.adcode: unit.outline for unit in china_units() if unit.adcode in PREFECTURES}
    for field in COALFIELDS:
        outline = outlines[field.prefecture]
        assert outline is not None
        assert shapely.contains_xy(outline, field.lon, field.lat), field


@pytest.mark.parametrize("total", [0, 3, 9, 10, 57, 400])
def test_quotas_share_out_all_sites(total: int) -> None:
    counts = quotas({kind: plan.weight for kind, plan in KIND_PLANS.items()}, total)
    assert sum(counts.values()) == total
    assert total < len(counts) or min(counts.values()) >= 1
