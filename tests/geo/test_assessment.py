"""Assessment: the balance of a site's areas, and the relapse in its series."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.assessment import JointCell, SiteSeries, Subject, assess, relapse_year
from geo.coverage import FULL_CELL
from geo.evidence.thresholds import thresholds
from geo.landcover import product
from geo.outcomes import OutcomeKey
from geo.recovery import TemporalRule
from geo.sites import Kind, Target
from geo.transitions import MISSING_CODE

CROP, FOREST, WATER, BARREN, IMPERVIOUS, WETLAND = 1, 2, 5, 7, 8, 9


def found(*cells, target=Target.NONE, rule=TemporalRule.NONE, cell_ha=0.09):
    joint = [JointCell(first, last, units, cells=FULL_CELL * units) for first, last, units in cells]
    return assess(
        Subject(1, OutcomeKey(Kind.OPEN_PIT, target), 100, 2013, 2020, baseline_late=False, content_key="k"),
        SiteSeries(
            rule,
            classes={2013: {BARREN: 100}, 2016: {FOREST: 1}, 2020: {MISSING_CODE: 3}},
            joint={2013: [], 2016: [], 2020: joint},
        ),
        land_cover=product("clcd"),
        edition="v1",
        cell_ha=cell_ha,
        limits=thresholds(),
    )


def test_the_balance_of_a_site():
    result = found(
        (BARREN, FOREST, 30),
        (BARREN, BARREN, 20),
        (BARREN, WATER, 10),
        (BARREN, IMPERVIOUS, 5),
        (FOREST, FOREST, 15),
        (FOREST, BARREN, 8),
        (CROP, WATER, 2),
        (BARREN, MISSING_CODE, 10),
    )
    assert result.disturbed_baseline_units == 65
    assert (result.recovered_units, result.still_disturbed_units) == (30, 20)
    assert (result.ponded_units, result.converted_units, result.new_damage_units) == (10, 5, 10)
    assert (result.valid_units, result.valid_share) == (90, 0.9)
    assert result.recovered_share == 30 / 65
    assert result.net_recovery_ha == pytest.approx(20e-8)


def test_no_disturbed_baseline_gives_no_share_and_its_reason():
    result = found((FOREST, FOREST, 100))
    assert (result.recovered_share, result.reason) == (None, "no_disturbed_baseline")


def test_green_cropland_is_counted_as_not_yet_crop():
    result = found((BARREN, FOREST, 30), (BARREN, CROP, 20), target=Target.CROPLAND)
    assert (result.recovered_units, result.not_yet_crop_units) == (50, 30)


def test_cells_without_data_have_no_code_and_grid_hectares_follow_the_cells():
    step = found((BARREN, MISSING_CODE, 10)).transitions[0]
    assert (step.from_code, step.to_code, step.outcome) == (BARREN, None, "no_data")
    assert step.ha_grid == pytest.approx(0.9)
    assert found((BARREN, FOREST, 10), cell_ha=None).transitions[0].ha_grid is None


def test_raw_figures_keep_every_year_between_and_smoothed_ones_the_two():
    assert set(found().class_units) == {2013, 2016, 2020}
    assert found().class_units[2020] == {None: 3}
    assert set(found(rule=TemporalRule.MAJORITY3).class_units) == {2013, 2020}


CELLS = st.lists(
    st.tuples(
        st.sampled_from([*range(1, 10), MISSING_CODE]),
        st.sampled_from([*range(1, 10), MISSING_CODE]),
        st.integers(1, 1000),
    ),
    max_size=12,
)


@given(cells=CELLS, target=st.sampled_from(list(Target)))
def test_the_disturbed_baseline_is_the_sum_of_its_fates(cells, target):
    result = found(*cells, target=target)
    fates = (
        result.recovered_units + result.still_disturbed_units + result.ponded_units + result.converted_units
    )
    assert result.disturbed_baseline_units == fates
    assert fates + result.new_damage_units <= result.valid_units
    assert sum(step.units for step in result.transitions) == sum(units for *_, units in cells)


@pytest.mark.parametrize(
    ("shares", "year"),
    [
        ([0.1, 0.6, 0.3], 2015),
        ([0.1, 0.6, 0.39, 0.2], 2015),
        ([0.1, 0.6, 0.3, 0.6], None),
        ([0.1, 0.6, 0.45], None),
        ([0.1, 0.45, 0.0], None),
        ([None, 0.8, None, 0.2], 2016),
        ([], None),
    ],
)
def test_a_relapse_is_a_reached_recovery_that_was_lost_and_not_regained(shares, year):
    assert relapse_year(dict(enumerate(shares, start=2013)), thresholds()) == year


SHARES = st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=30)


@given(SHARES)
def test_a_share_that_never_falls_never_relapses(shares):
    known = iter(sorted(share for share in shares if share is not None))
    rising = [None if share is None else next(known) for share in shares]
    assert relapse_year(dict(enumerate(rising, start=1990)), thresholds()) is None


@given(SHARES)
def test_a_relapse_lies_below_its_peak_until_the_last_year(shares):
    by_year = dict(enumerate(shares, start=1990))
    year, limits = relapse_year(by_year, thresholds()), thresholds()
    if year is not None:
        before = max(share for at, share in by_year.items() if at < year and share is not None)
        after = [share for at, share in by_year.items() if at >= year and share is not None]
        assert before >= limits.relapse_reached
        assert max(after) <= before - limits.relapse_fall
