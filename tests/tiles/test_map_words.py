"""The words and colours of the maps."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from geo.evidence.verdict import Verdict
from geo.landcover import products
from geo.reference import reference_rows
from geo.status import Status
from tiles.legend import land_cover_legend, rate_legend, status_legend, verdict_legend
from tiles.outlines import bounds_of, drawn_outlines, drawn_sites, geojson_geometry, padded
from tiles.style import rate_class, rate_classes, verdict_colour, verdict_dash

SOURCES = Path(__file__).resolve().parents[2] / "tiles"


def test_every_sentence_that_the_maps_say_stands_in_the_table_in_both_languages() -> None:
    table = {row["slug"]: row for row in reference_rows("words_maps")}
    said = set()
    for path in SOURCES.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        said |= set(re.findall(r'(?:\b(?:_?say)\(\s*|sentence\("words_maps", )"(\w+)"', text))
    assert said
    assert said <= set(table)
    assert all(row["zh"] and row["en"] for row in table.values())


def test_both_languages_of_a_sentence_have_the_same_places() -> None:
    for row in reference_rows("words_maps"):
        assert set(re.findall(r"{(\w+)}", row["zh"])) == set(re.findall(r"{(\w+)}", row["en"])), row["slug"]


@given(st.floats(0, 1))
def test_every_rate_falls_in_the_class_whose_bounds_hold_it(rate: float) -> None:
    step = rate_class(rate)
    assert step.low is not None
    assert step.high is not None
    assert step.low <= rate < step.high or rate == step.high == 1


def test_the_ramp_leaves_no_gap_and_grows_darker() -> None:
    steps = [step for step in rate_classes() if step.low is not None]
    assert [step.low for step in steps[1:]] == [step.high for step in steps[:-1]]
    light = [sum(int(step.colour[i : i + 2], 16) for i in (1, 3, 5)) for step in steps]
    assert light == sorted(light, reverse=True)


def test_no_rate_has_a_colour_of_its_own() -> None:
    assert rate_class(None).slug == "no_sites"
    assert [step.colour for step in rate_classes()].count(rate_class(None).colour) == 1


def test_verdicts_differ_by_dash_or_colour_and_uncertain_ones_are_dashed() -> None:
    signs = {(verdict_colour(verdict), verdict_dash(verdict)) for verdict in (*Verdict, None)}
    assert len(signs) == len(Verdict) + 1
    assert verdict_dash(Verdict.PENDING)
    assert verdict_dash(Verdict.CONTRADICTED) == ""


def test_a_status_without_sites_is_not_in_the_legend() -> None:
    legend = status_legend({Status.TREATED: 3, Status.CLOSED: 0}, "en")
    assert [item.text for item in legend.items] == ["Treated"]
    assert legend.items[0].note == "3"


def test_sites_that_are_not_judged_come_last_in_the_verdict_legend() -> None:
    legend = verdict_legend({None: 2, Verdict.PENDING: 1}, "en")
    assert [item.text for item in legend.items] == ["Pending", "Not judged"]


@pytest.mark.parametrize("slug", sorted(products()))
def test_a_legend_never_holds_a_no_data_class(slug: str) -> None:
    land_cover = products()[slug]
    legend = land_cover_legend(land_cover, set(land_cover.legend), "zh")
    assert 0 < len(legend.items) <= len(land_cover.legend)


def test_the_rate_legend_names_each_bound() -> None:
    assert rate_legend("en").items[0].text == "under 20 %"


def test_neighbours_keep_their_shared_border_when_drawn() -> None:
    wavy = [(1.0, y / 50 if y % 2 else y / 50 + 0.0001) for y in range(51)]
    wavy = [(x + (0.002 if i % 2 else 0), y) for i, (x, y) in enumerate(wavy)]
    left = MultiPolygon([Polygon([(0, 0), *wavy, (0, 1.0)])])
    right = MultiPolygon([Polygon([(2, 0), *wavy, (2, 1.0)])])
    a, b = drawn_outlines([left, right], 0.05)
    border_a = {tuple(place) for place in a["coordinates"][0] if 0.9 < place[0] < 1.1}
    border_b = {tuple(place) for place in b["coordinates"][0] if 0.9 < place[0] < 1.1}
    assert border_a == border_b
    assert len(border_a) < len(wavy)


def test_drawn_coordinates_have_at_most_six_decimals() -> None:
    drawn = drawn_sites([MultiPolygon([box(117.123456789, 33.1, 117.2, 33.987654321)])], 0.001)
    text = str(drawn[0]["coordinates"])
    assert max(len(number.split(".")[1]) for number in re.findall(r"\d+\.\d+", text)) <= 6


def test_a_tiny_polygon_stays_a_ring_when_rounded() -> None:
    shape = geojson_geometry(box(1, 1, 1 + 1e-9, 1 + 1e-9))
    assert len(shape["coordinates"][0]) >= 4


def test_nothing_has_no_bounds() -> None:
    assert bounds_of([]) is None
    assert drawn_outlines([], 0.1) == []


def test_padding_never_leaves_the_map() -> None:
    assert padded((-180, -85, 180, 85), 0.5) == (-180.0, -85.0, 180.0, 85.0)
