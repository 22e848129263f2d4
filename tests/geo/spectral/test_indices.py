"""Indices and formulas: known values, and texts that are no formula."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.spectral.indices import BadFormula, Formula, UnknownBand, UnknownIndex, index_of, indices

BANDS = {"blue": 0.05, "green": 0.08, "red": 0.1, "nir": 0.4, "swir1": 0.25, "swir2": 0.15}


def value(formula, **bands):
    arrays = {name: np.array([number]) for name, number in {**BANDS, **bands}.items()}
    return Formula.of(formula).of_bands(arrays)[0]


@pytest.mark.parametrize(
    ("slug", "expected"),
    [("ndvi", 0.6), ("nbr", 0.25 / 0.55), ("ndmi", 0.15 / 0.65), ("savi", 0.45), ("bsi", -0.1 / 0.8)],
)
def test_the_indices_of_the_table_have_their_known_values(slug, expected):
    assert value(indices()[slug].formula.text) == pytest.approx(expected)


def test_indices_of_bare_and_built_land_should_fall_and_those_of_plants_rise():
    assert {slug for slug, one in indices().items() if one.direction == -1} == {"bsi", "ndbi", "ndwi"}


def test_signs_bind_as_in_arithmetic():
    assert value("-nir ** 2 + 2 * red / (green - blue)") == pytest.approx(-0.16 + 0.2 / 0.03)


def test_a_division_by_zero_a_root_of_less_than_zero_and_an_overflow_give_no_value():
    for formula in (
        "nir / (red - red)",
        "(red - nir) ** 0.5",
        "(nir * 1e11) ** 16 ** 1 * 1e11 ** 16 * 1e11 ** 16",
    ):
        try:
            found = value(formula)
        except BadFormula:
            continue
        assert np.isnan(found), formula
    assert np.isnan(value("nir / red", red=0.0))
    assert np.isnan(value("nir / red", nir=np.nan))


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "nir.__class__",
        "(lambda: nir)()",
        "nir if red else 0",
        "nir[0]",
        "[nir, red]",
        "nir < red",
        "nir and red",
        "not nir",
        "~1 + nir",
        "nir // red",
        "nir % red",
        "nir @ red",
        "nir << 2",
        "f'{nir}'",
        "'nir'",
        "nir + True",
        "nir + 1j",
        "(x := nir)",
        "*nir",
        "nir; red",
        "nir = red",
        "min(nir, red)",
        "nir ** red",
        "nir ** 99999",
        "nir ** (2 + 1)",
        "1 + 2",
        "nir +",
        "",
        "(" * 60 + "nir" + ")" * 60 + " +" * 300,
        "-" * 60 + "nir",
        "nir + 1" * 100,
        "nir\x00",
    ],
)
def test_what_is_no_formula_of_bands_is_refused(text):
    with pytest.raises(BadFormula):
        Formula.of(text)


def test_the_refusal_says_what_stands_where():
    with pytest.raises(BadFormula, match=r"'exec\(red\)' at character 7"):
        Formula.of("nir + exec(red)")


def test_an_unknown_band_is_named_with_its_place_and_the_bands_there_are():
    formula = Formula.of("(nir - red) / (nir + redd)")
    with pytest.raises(UnknownBand, match=r"'redd' \(character 22\); the scenes have nir, red"):
        formula.check_bands({"nir": 1, "red": 2})


@given(st.text(max_size=60))
def test_no_text_does_anything_but_become_a_formula_or_a_refusal(text):
    try:
        formula = Formula.of(text)
    except BadFormula:
        return
    assert formula.bands


def test_an_index_is_one_of_the_table_or_a_formula_with_a_name_of_its_own():
    assert index_of("nbr").direction == 1
    own = index_of("red_edge", formula="(nir - swir1) / nir", direction=-1)
    assert (own.slug, own.direction, own.formula.bands) == ("red_edge", -1, ("nir", "swir1"))
    with pytest.raises(UnknownIndex, match="ndvi, nbr"):
        index_of("nbrr")
    with pytest.raises(BadFormula, match="another name"):
        index_of("nbr", formula="nir / red")
    with pytest.raises(BadFormula, match="direction"):
        index_of("nbr", direction=-1)
