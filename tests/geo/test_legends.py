"""Legends and products: every table is whole, and holds the codes that the products publish."""

import csv

import pytest

from geo.errors import UnknownProduct
from geo.landcover import (
    BadLegend,
    Role,
    ScenesNotComparable,
    check_comparable,
    product,
    products,
    read_legend,
    register_legends,
)
from geo.reference import reference_rows

CODES = {
    "clcd": {1, 2, 3, 4, 5, 6, 7, 8, 9},
    "worldcover": {10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100},
    "esri": {1, 2, 4, 5, 7, 8, 9, 10, 11},
    "dynamic_world": set(range(9)),
    "modis_igbp": set(range(1, 18)),
    "globeland30": set(range(10, 101, 10)),
    "corine": {*range(1, 45), 48},
}


@pytest.mark.parametrize(("slug", "codes"), CODES.items())
def test_a_legend_holds_exactly_the_codes_of_its_product(slug, codes):
    assert set(product(slug).legend) == codes


@pytest.mark.parametrize(
    ("slug", "code", "role"),
    [
        ("clcd", 7, Role.DISTURBED),
        ("clcd", 8, Role.BUILT),
        ("glc_fcs30d", 153, Role.DISTURBED),
        ("glc_fcs30d", 250, Role.NO_DATA),
        ("corine", 7, Role.DISTURBED),
        ("corine", 8, Role.DISTURBED),
        ("corine", 18, Role.GREEN),
        ("corine", 31, Role.NATURAL_BARE),
        ("mapbiomas", 30, Role.DISTURBED),
        ("mapbiomas", 9, Role.GREEN),
        ("mapbiomas", 15, Role.GREEN),
        ("mapbiomas", 23, Role.NATURAL_BARE),
        ("mapbiomas", 27, Role.NO_DATA),
        ("esri", 10, Role.NO_DATA),
    ],
)
def test_a_class_has_the_role_that_the_definitions_give_it(slug, code, role):
    assert product(slug).legend[code].role is role


def test_every_class_of_every_product_has_a_slug_of_its_own():
    for one in products().values():
        slugs = [row.slug for row in one.legend.values()]
        assert len(slugs) == len(set(slugs)), one.slug


@pytest.mark.parametrize(
    "table",
    ["products", "roles", "outcome_words", "verdicts", "reasons", "rates", "groups", "bases", "run_states",
     "temporal_rules", "editions", "evidence_thresholds"],
)  # fmt: skip
def test_every_row_of_a_table_has_a_label_in_both_languages(table):
    rows = reference_rows(table)
    assert rows
    assert all(row["slug"] and row["zh"] and row["en"] for row in rows)
    assert len({row["slug"] for row in rows}) == len(rows)


def test_every_role_has_a_row_in_the_table_of_roles():
    assert {row["slug"] for row in reference_rows("roles")} == set(Role)


def test_every_pair_that_must_not_be_compared_has_its_product_and_reason():
    reasons = {row["slug"] for row in reference_rows("reasons")}
    for row in reference_rows("not_comparable"):
        assert row["product"] in products()
        assert row["reason"] in reasons


def test_worldcover_2020_and_2021_must_not_be_differenced():
    with pytest.raises(ScenesNotComparable, match="different algorithms"):
        check_comparable(product("worldcover"), "any", [2020, 2021])
    check_comparable(product("worldcover"), "any", [2021])
    check_comparable(product("clcd"), "any", [2020, 2021])


def test_an_unknown_product_names_those_that_are_known():
    with pytest.raises(UnknownProduct, match="mapbiomas"):
        product("clc")


def test_a_legend_of_a_user_adds_a_product(tmp_path, monkeypatch):
    monkeypatch.setattr("geo.landcover._user_legends", {})
    (tmp_path / "ours.csv").write_text(
        "code,slug,zh,en,colour,role\n1,mine,矿,Mine,#AA0000,disturbed\n", encoding="utf-8"
    )
    assert register_legends(tmp_path) == ("ours",)
    assert product("ours").legend[1].colour == "#aa0000"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("1,a,甲,A,#aa0000,green\n1,b,乙,B,#aa0000,green\n", "comes twice"),
        ("x,a,甲,A,#aa0000,green\n", "not a whole number"),
        ("1,a,甲,A,red,green\n", "not #rrggbb"),
        ("1,a,甲,A,#aa0000,lawn\n", "is none of"),
        ("1,a,,A,#aa0000,green\n", "zh is missing"),
        ("", "no class"),
    ],
)
def test_a_faulty_legend_is_refused_with_its_line(tmp_path, lines, problem):
    path = tmp_path / "bad.csv"
    path.write_text("code,slug,zh,en,colour,role\n" + lines, encoding="utf-8")
    with pytest.raises(BadLegend, match=problem):
        read_legend(path)


def test_a_legend_of_a_user_cannot_take_a_built_in_name(tmp_path):
    (tmp_path / "clcd.csv").write_text(
        "code,slug,zh,en,colour,role\n1,a,甲,A,#aa0000,green\n", encoding="utf-8"
    )
    with pytest.raises(BadLegend, match="built-in"):
        register_legends(tmp_path)


@pytest.mark.real_data
def test_the_mapbiomas_legend_is_the_published_one(real_data):
    with (real_data / "amapa_lourenco" / "legend.csv").open(encoding="utf-8", newline="") as file:
        published = {int(row["code"]): row["colour"].lower() for row in csv.DictReader(file)}
    ours = {code: row.colour for code, row in product("mapbiomas").legend.items() if code != 0}
    assert ours == published
