"""A class through the years: what it lost and gained, and the swings that are shown as drift."""

import numpy as np
import pytest

from geo.agreement.drift import DriftRules, NoSuchClass, class_drift, drift_rules, swings
from geo.errors import UnknownScene
from geo.recovery import TemporalRule
from tests.geo.recovery_case import BARREN, FOREST, add_scenes, cells

GRID_HA = 0.09


@pytest.fixture
def swinging(store):
    """40 x 40 barren cells; in 2003 the first 30 rows are forest, in 2004 and later 10 of them."""
    add_scenes(
        store,
        {
            2001: cells(),
            2002: cells(),
            2003: cells(top_30_40=FOREST),
            2004: cells(top_10_40=FOREST),
            2005: cells(top_10_40=FOREST),
        },
    )
    return store


def test_what_a_class_lost_and_gained_between_two_years(swinging):
    drift = class_drift(swinging, "clcd", "v1", BARREN, between=(2002, 2003))
    flow = drift.series[TemporalRule.NONE].between
    assert flow.lost_ha_grid == pytest.approx(30 * 40 * GRID_HA)
    assert flow.gained_ha_grid == 0
    back = drift.series[TemporalRule.NONE].steps[2]
    assert (back.from_year, back.to_year) == (2003, 2004)
    assert back.gained_ha_grid == pytest.approx(20 * 40 * GRID_HA)
    assert back.gained_ha == pytest.approx(back.gained_ha_grid, rel=2e-3)


def test_a_fall_that_is_regained_is_a_swing_raw_and_gone_under_the_majority(swinging):
    drift = class_drift(swinging, "clcd", "v1", BARREN)
    (swing,) = drift.series[TemporalRule.NONE].swings
    assert (swing.peak_year, swing.trough_year, swing.regain_year) == (2001, 2003, 2004)
    assert swing.fall_share == pytest.approx(0.75, rel=1e-3)
    assert swing.fall.lost_ha_grid == pytest.approx(30 * 40 * GRID_HA)


def test_the_majority_removes_a_single_year_and_leaves_the_ends(store):
    add_scenes(store, {2001: cells(), 2002: cells(top_40_40=FOREST), 2003: cells()})
    series = class_drift(store, "clcd", "v1", BARREN).series
    assert [round(one.ha_grid, 2) for one in series[TemporalRule.NONE].years] == [144, 0, 144]
    smoothed = series[TemporalRule.MAJORITY3]
    assert [round(one.ha_grid, 2) for one in smoothed.years] == [144, 144, 144]
    assert [one.unchanged for one in smoothed.years] == [True, False, True]
    assert series[TemporalRule.NONE].swings
    assert not smoothed.swings


def test_a_class_outside_the_legend_and_a_year_without_a_scene_are_refused(swinging):
    with pytest.raises(NoSuchClass, match="no class 30"):
        class_drift(swinging, "clcd", "v1", 30)
    with pytest.raises(UnknownScene, match="1999"):
        class_drift(swinging, "clcd", "v1", BARREN, between=(1999, 2003))
    with pytest.raises(UnknownScene, match="none"):
        class_drift(swinging, "clcd", "v2", BARREN)


def test_the_rules_stand_in_a_table():
    rules = drift_rules()
    assert 0 < rules.fall_share < 1
    assert rules.regain_years >= 1


@pytest.mark.parametrize(
    ("areas", "found"),
    [
        ([10, 10, 10], []),
        ([10, 5, 5], []),
        ([10, 7, 10], []),
        ([10, 5, 8], [(0, 1, 2)]),
        ([0, 5, 10], []),
        ([10, 5, 9, 3, 9], [(0, 1, 2), (2, 3, 4)]),
    ],
)
def test_a_swing_falls_far_enough_and_comes_back_far_enough(areas, found):
    years = list(range(2000, 2000 + len(areas)))
    assert swings(years, np.array(areas, dtype=float), DriftRules(0.4, 1, 0.5, 5)) == found
