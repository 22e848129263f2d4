"""The demo's land cover: seamless, in the legend, and following each site's fate."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from geo.demo.ground import Fate, Ground
from geo.demo.histories import Story, write_stories
from geo.demo.landscape import BARREN, BUILT, CODES, CROP, UNKNOWN, WATER, background, flicker, site_patch
from geo.demo.noise import LEVELS, fractal, hashed, ranked, smooth
from geo.demo.rasters import YEARS, draw_blocks, draw_patches, grid_for, write_rasters
from geo.demo.region import plan_sites
from geo.landcover import product
from geo.outlines import china_units
from geo.sites import Kind, Target

SEED = 20130101
GONE = (BARREN, BUILT, WATER)


@pytest.fixture(scope="module")
def stories() -> tuple[Story, ...]:
    return write_stories(plan_sites(china_units(), seed=SEED, n_sites=30), seed=SEED)


def digest(stories: tuple[Story, ...]) -> str:
    grid = grid_for([story.site.metres for story in stories])
    found = hashlib.sha256()
    for window, codes in draw_blocks(stories, grid, seed=SEED, years=(2013, 2019, 2024)):
        found.update(repr((window.row, window.col)).encode() + codes.tobytes())
    return found.hexdigest()


def test_the_same_seed_draws_the_same_cells(stories: tuple[Story, ...]) -> None:
    again = write_stories(plan_sites(china_units(), seed=SEED, n_sites=30), seed=SEED)
    assert digest(stories) == digest(again)


@given(row=st.integers(-700, 700), col=st.integers(-700, 700), spacing=st.integers(2, 90))
def test_noise_is_a_function_of_the_cell_alone(row: int, col: int, spacing: int) -> None:
    whole = smooth(row, col, (24, 24), spacing=spacing, seed=SEED, layer=3)
    piece = smooth(row + 9, col + 5, (8, 11), spacing=spacing, seed=SEED, layer=3)
    np.testing.assert_array_equal(piece, whole[9:17, 5:16])
    assert whole.min() >= 0
    assert whole.max() < LEVELS


def test_layers_and_seeds_are_independent() -> None:
    rows = cols = np.arange(64)
    first = hashed(rows, cols, seed=1, layer=1)
    for other in (hashed(rows, cols, seed=2, layer=1), hashed(rows, cols, seed=1, layer=2)):
        assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.08
    assert fractal(0, 0, (8, 8), spacing=9, seed=1, layer=1).dtype == np.int32


def test_ranks_are_an_even_share() -> None:
    ranks = ranked(np.array([5, 5, 1, 9], dtype=np.int32))
    assert ranks.tolist() == [0.25, 0.5, 0.0, 0.75]


def test_background_is_seamless_and_mostly_fields() -> None:
    whole = background(100, 200, (120, 160), years=YEARS, seed=SEED)
    piece = background(140, 230, (50, 60), years=YEARS, seed=SEED)
    np.testing.assert_array_equal(piece, whole[:, 40:90, 30:90])
    assert 0.4 < (whole == CROP).mean() < 0.95
    assert (whole[-1] == BUILT).sum() > (whole[0] == BUILT).sum()


def test_background_is_the_same_on_every_machine() -> None:
    codes = flicker(
        background(900, 100, (128, 128), years=YEARS, seed=SEED), 900, 100, years=YEARS, seed=SEED
    )
    assert hashlib.sha256(codes.tobytes()).hexdigest()[:16] == "19320ab68169c6ba"


def test_flicker_is_rare_and_mostly_of_one_year() -> None:
    still = np.full((len(YEARS), 300, 300), CROP, dtype=np.uint8)
    seen = flicker(still, 0, 0, years=YEARS, seed=SEED)
    wrong = seen != CROP
    assert 0.01 < wrong.mean() < 0.06
    alone = wrong[1:-1] & ~wrong[:-2] & ~wrong[2:]
    assert alone.sum() > 0.5 * wrong[1:-1].sum()
    assert set(np.unique(seen)) <= CODES


def course(**changed: object) -> npt.NDArray[np.uint8]:
    """Codes (years, cells) of a square site with the given ground."""
    ground = Ground(Fate.STAYS, Kind.OPEN_PIT, Target.FOREST, 1990, 0.9)
    inside = np.ones((40, 40), dtype=np.bool_)
    patch = site_patch(replace(ground, **changed), inside, row=0, col=0, years=YEARS, seed=SEED)  # type: ignore[arg-type]
    return patch.codes.reshape(len(YEARS), -1)


def recovered_share(codes: npt.NDArray[np.uint8]) -> float:
    gone = np.isin(codes[0], GONE)
    return float((~np.isin(codes[-1], GONE) & gone).sum() / gone.sum())


def test_a_treated_site_recovers_within_its_years() -> None:
    codes = course(fate=Fate.RECOVERS, recover_from=2016, recover_years=3, success=0.9)
    assert recovered_share(codes) == pytest.approx(0.9, abs=0.06)
    assert np.isin(codes[YEARS.index(2015)], GONE).mean() == pytest.approx(0.9, abs=0.01)
    green = [1 - np.isin(year, GONE).mean() for year in codes]
    assert green == sorted(green)


def test_a_failed_treatment_stays_bare() -> None:
    assert recovered_share(course(fate=Fate.FAILS, recover_from=2016, success=0.1)) < 0.2


def test_a_relapse_is_lost_again() -> None:
    lost = course(recover_from=2014, recover_years=2, success=0.9, lose_year=2020, lose_share=0.9)
    kept = course(recover_from=2014, recover_years=2, success=0.9)
    assert recovered_share(kept) > 0.8
    assert recovered_share(lost) < 0.3


def test_land_is_sound_before_its_damage_year() -> None:
    codes = course(damage_year=2017)
    assert (codes[: YEARS.index(2017)] == CROP).all()
    assert np.isin(codes[YEARS.index(2017)], GONE).mean() == pytest.approx(0.9, abs=0.01)


def test_ponds_grow_on_moving_ground() -> None:
    codes = course(kind=Kind.SUBSIDENCE, pond_share=0.2, pond_growth=0.02)
    water = (codes == WATER).mean(axis=1)
    assert water[0] == pytest.approx(0.2, abs=0.01)
    assert (np.diff(water) > 0).all()
    assert water[-1] == pytest.approx(0.42, abs=0.01)


def test_new_damage_spreads() -> None:
    codes = course(damage_share=0.6, spread_year=2018, spread_share=0.2)
    bare = np.isin(codes, GONE).mean(axis=1)
    assert bare[0] == pytest.approx(0.6, abs=0.01)
    assert bare[-1] == pytest.approx(0.8, abs=0.01)


def test_recovered_sites_of_the_region_show_it(stories: tuple[Story, ...]) -> None:
    patches = draw_patches(stories, grid_for([s.site.metres for s in stories]), seed=SEED)
    shares = [
        recovered_share(patch.codes.reshape(len(YEARS), -1))
        for story, patch in zip(stories, patches, strict=True)
        if story.ground.fate is Fate.RECOVERS
        and story.ground.target in {Target.FOREST, Target.GRASS, Target.CROPLAND, Target.NONE}
        and 2014 <= (story.ground.recover_from or 0) <= 2019
    ]
    assert shares
    assert min(shares) > 0.5


def test_codes_of_blocks_are_in_the_legend_and_end_at_the_reach(stories: tuple[Story, ...]) -> None:
    legend = set(product("clcd").legend)
    assert legend >= CODES
    grid = grid_for([story.site.metres for story in stories])
    seen: set[int] = set()
    blocks = 0
    for window, codes in draw_blocks(stories, grid, seed=SEED, years=(2024,)):
        assert codes.shape == (1, window.height, window.width)
        seen |= set(np.unique(codes).tolist())
        blocks += 1
    assert seen - {UNKNOWN} <= legend
    assert UNKNOWN in seen
    assert blocks < 0.7 * (grid.height // 512 + 1) * (grid.width // 512 + 1)


def test_the_raster_is_a_sparse_cog_that_says_it_is_synthetic(
    stories: tuple[Story, ...], tmp_path: Path
) -> None:
    (path,) = write_rasters(stories[:6], tmp_path, seed=SEED, years=(2020,))
    assert [found.name for found in tmp_path.iterdir()] == ["clcd_demo_2020.tif"]
    grid = grid_for([story.site.metres for story in stories[:6]])
    with rasterio.open(path) as dataset:
        assert dataset.nodata == UNKNOWN
        assert dataset.tags()["SYNTHETIC"] == "yes"
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert (dataset.height, dataset.width) == (grid.height, grid.width)
        assert dataset.block_shapes == [(512, 512)]
        assert dataset.overviews(1)
        for window, codes in draw_blocks(stories[:6], grid, seed=SEED, years=(2020,)):
            place = ((window.row, window.row + window.height), (window.col, window.col + window.width))
            np.testing.assert_array_equal(dataset.read(1, window=place), codes[0])
