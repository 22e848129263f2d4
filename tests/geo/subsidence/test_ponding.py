"""Ponding: water by year and season, from scenes with a known answer, against what is recorded."""

from datetime import date

import numpy as np
import pytest

from geo.recover.run import recover
from geo.registration import RasterRequest, register_scenes
from geo.sites import Ponding
from geo.store import pondings
from geo.subsidence.inputs import SubsidenceMarker
from geo.subsidence.plan import SubsidenceParams
from geo.subsidence.ponding import PondingYear, annual_pondings, merged, ponding_disagreement
from geo.subsidence.rules import subsidence_rules
from geo.subsidence.run import find_subsidence
from tests.geo.recovery_case import BARREN, PARAMS, TODAY, WATER, add_scenes, add_sites, cells, site, square
from tests.geo.subsidence_case import add_season, write_bands

RULES = subsidence_rules()
SEASONS = (("winter", 1, 3), ("summer", 6, 8), ("autumn", 9, 11))


def rows(n, code=WATER):
    grid = np.full((40, 40), BARREN, dtype=np.uint8)
    grid[:n] = code
    return grid


def add_seasons(store, *waters, year=2020):
    for (name, first, last), water in zip(SEASONS, waters, strict=False):
        add_season(store, f"{name}{year}", date(year, first, 1), date(year, last, 28), water)


def found(store):
    return find_subsidence(store, SubsidenceParams("clcd"), today=TODAY).pondings


def line(*, area=1000, valid=1000, annual=None, perennial=None, seasonal=None, year=2020):
    n = 0 if perennial is None else 2
    return PondingYear(1, "clcd", "v1", year, n, area, valid, annual, perennial, seasonal)


def test_water_in_every_season_is_perennial_and_in_some_seasonal(store):
    add_seasons(store, rows(2), rows(6), rows(3))
    add_sites(store, site("a", square(0, 0)))
    (year,) = found(store)
    tenth = year.area_units / 10
    assert (year.year, year.n_seasons, year.annual_units) == (2020, 3, None)
    assert year.perennial_units == pytest.approx(2 * tenth, rel=1e-4)
    assert year.seasonal_units == pytest.approx(4 * tenth, rel=1e-4)
    assert year.valid_share == pytest.approx(1, abs=1e-4)
    assert year.found(RULES) is Ponding.PERENNIAL


def test_a_season_that_cannot_be_seen_says_nothing_of_a_cell(store):
    cloudy = rows(4)
    cloudy[:2] = 255
    add_seasons(store, rows(2), cloudy, rows(2))
    add_sites(store, site("a", square(0, 0)))
    (year,) = found(store)
    assert year.perennial_units == pytest.approx(year.area_units * 0.2, rel=1e-4)
    assert year.seasonal_units == pytest.approx(year.area_units * 0.2, rel=1e-4)


def test_cells_seen_in_one_season_alone_are_not_valid(store):
    blind = np.full((40, 40), 255, dtype=np.uint8)
    add_seasons(store, rows(2), blind)
    add_sites(store, site("a", square(0, 0)))
    (year,) = found(store)
    assert (year.valid_units, year.perennial_units, year.seasonal_units) == (0, 0, 0)


def test_with_annual_scenes_alone_seasons_are_unknown(store):
    add_scenes(store, {2019: rows(0), 2020: rows(5)})
    add_seasons(store, rows(3), year=2020)
    add_sites(store, site("a", square(0, 0)))
    dry, wet = found(store)
    assert (dry.annual_units, dry.found(RULES)) == (0, Ponding.NONE)
    assert wet.annual_units == pytest.approx(wet.area_units / 2, rel=1e-4)
    assert (wet.perennial_units, wet.seasonal_units, wet.found(RULES)) == (None, None, None)


def test_half_a_cell_counts_half(store):
    add_seasons(store, rows(1), rows(1))
    add_sites(store, site("a", square(0.5, 0.5, rows=1, cols=1)))
    (year,) = found(store)
    assert year.perennial_units == pytest.approx(year.area_units / 2, rel=1e-3)


def test_lines_are_stored_and_outdated_by_nothing_but_their_inputs(store):
    add_seasons(store, rows(2), rows(6))
    add_sites(store, site("a", square(0, 0)))
    lines = found(store)
    with store.read() as conn:
        kept = pondings.find(conn)
        assert kept == lines
        assert [one.outdated for one in SubsidenceMarker(store, conn).pondings(kept)] == [False]
    assert found(store) == lines


def test_a_later_season_changes_the_lines_of_the_next_run_alone(store):
    add_seasons(store, rows(2), rows(6))
    add_sites(store, site("a", square(0, 0)))
    found(store)
    add_season(store, "late", date(2020, 12, 1), date(2020, 12, 31), rows(0))
    with store.read() as conn:
        assert [one.outdated for one in SubsidenceMarker(store, conn).pondings(pondings.find(conn))] == [
            False
        ]
    (year,) = found(store)
    assert (year.n_seasons, year.perennial_units) == (3, 0)


def test_stored_class_areas_give_the_annual_water_without_a_run(store):
    add_scenes(store, {2013: cells(), 2020: rows(5)})
    add_sites(store, site("a", square(0, 0)))
    (recovery,) = recover(store, PARAMS, today=TODAY).recoveries
    derived = annual_pondings(recovery, frozenset({WATER}))
    computed = found(store)
    assert [(one.year, one.annual_units, one.valid_units) for one in derived] == [
        (one.year, one.annual_units, one.valid_units) for one in computed
    ]
    assert merged(computed, derived) == computed
    assert merged([], derived) == derived


@pytest.mark.parametrize(
    ("recorded", "seen", "reason"),
    [
        (Ponding.NONE, line(annual=200), "recorded_dry_but_water"),
        (Ponding.NONE, line(annual=5), None),
        (Ponding.PERENNIAL, line(annual=0), "recorded_water_but_dry"),
        (Ponding.SEASONAL, line(annual=0), None),
        (Ponding.SEASONAL, line(annual=300), None),
        (Ponding.SEASONAL, line(perennial=0, seasonal=0), "recorded_water_but_dry"),
        (Ponding.SEASONAL, line(perennial=300, seasonal=0), "recorded_seasonal_but_perennial"),
        (Ponding.PERENNIAL, line(perennial=0, seasonal=300), "recorded_perennial_but_seasonal"),
        (Ponding.PERENNIAL, line(perennial=300, seasonal=9), None),
        (Ponding.PERENNIAL, line(annual=0, valid=300), None),
        (None, line(annual=200), None),
        (Ponding.NONE, None, None),
    ],
)
def test_record_and_water_disagree_only_where_the_scenes_can_tell(recorded, seen, reason):
    assert ponding_disagreement(recorded, seen, RULES) == reason


def test_years_that_are_bands_of_one_file_are_told_apart_from_seasons_beside_them(store):
    path = write_bands(store.folder / "bands.tif", np.stack([rows(1), rows(2), rows(3)]), nodata=255)
    register_scenes(store, [path], RasterRequest("clcd", "v1", bands=(2018, 2020)))
    add_seasons(store, rows(4), rows(5), year=2019)
    add_sites(store, site("a", square(0, 0)))
    lines = found(store)
    tenths = [round(10 * (line.annual_units or 0) / line.area_units, 3) for line in lines]
    assert [(line.year, line.n_seasons) for line in lines] == [(2018, 0), (2019, 2), (2020, 0)]
    assert tenths == [1, 2, 3]
    assert lines[1].perennial_units == pytest.approx(lines[1].area_units * 0.4, rel=1e-4)


def test_a_block_boundary_through_a_site_changes_no_water(store):
    wide = np.full((40, 1040), BARREN, dtype=np.uint8)
    for left in (100, 507):
        wide[5:9, left + 3 : left + 8] = WATER
    add_season(store, "winter", date(2020, 1, 1), date(2020, 3, 31), wide)
    add_season(store, "summer", date(2020, 6, 1), date(2020, 8, 31), wide)
    add_sites(store, site("inside", square(3, 100)), site("across", square(3, 507)))
    inside, across = found(store)
    assert inside.perennial_units == pytest.approx(20 * 0.09e8, rel=2e-3)
    assert across.perennial_units == pytest.approx(inside.perennial_units, rel=1e-4)
