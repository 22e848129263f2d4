"""Rows of the tables of pages: order, units inside others, reasons said once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from api.pages.tables import rate_lines
from geo.cities import City
from geo.figures import rates_of
from geo.rates import CityRate, GroupBy, RateQuery
from geo.store import Store, cities


@pytest.fixture(scope="module")
def read(filled_store: Path) -> tuple[list[CityRate], dict[str, City]]:
    """The rates of a prefecture and its two counties, and the tree of units."""
    store = Store.open(filled_store)
    try:
        today = date(2020, 2, 1)
        with store.read() as conn:
            units = cities.all(conn)
        (city,) = rates_of(store, RateQuery(), GroupBy.CITY, today=today)
    finally:
        store.close()
    sizes = {"340600": 30.0, "340604": 10.0, "340621": 20.0}
    return [replace(city, adcode=code, denominator_ha=ha) for code, ha in sizes.items()], units


def test_the_largest_comes_first_and_a_county_under_its_prefecture(
    read: tuple[list[CityRate], dict[str, City]],
) -> None:
    rates, units = read
    lines = rate_lines(reversed(rates), units)
    assert [(line.rate.adcode, line.inside) for line in lines] == [
        ("340600", None),
        ("340621", "340600"),
        ("340604", "340600"),
    ]


def test_a_county_without_its_prefecture_in_the_table_stands_alone(
    read: tuple[list[CityRate], dict[str, City]],
) -> None:
    rates, units = read
    assert [line.inside for line in rate_lines(rates[1:], units)] == [None, None]


def test_groups_without_a_site_are_left_out(read: tuple[list[CityRate], dict[str, City]]) -> None:
    rates, units = read
    assert rate_lines([replace(rates[0], n_sites=0)], units) == []
