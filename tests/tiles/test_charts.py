import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiles.charts import Axes, Bar, Level, Line, Mark, bar_chart, line_chart, ticks

NDVI = Line("NDVI", {2002: 0.5, 2003: 0.52, 2004: None, 2005: 0.2, 2006: 0.3})
SVG = "{http://www.w3.org/2000/svg}"


def texts(svg):
    return [element.text for element in ET.fromstring(svg).iter(f"{SVG}text")]


def paths(svg):
    return [element.get("d") for element in ET.fromstring(svg).iter(f"{SVG}path")]


def test_a_missing_year_leaves_a_gap_in_the_line():
    series = next(path for path in paths(line_chart("c", [NDVI])) if path.count("M") > 1)
    assert (series.count("M"), series.count("L")) == (2, 2)


def test_target_marks_titles_and_series_are_named():
    axes = Axes(x_title="year", y_title="NDVI")
    svg = line_chart("c", [NDVI], levels=[Level("target", 0.45)], marks=[Mark(2005, "treated")], axes=axes)
    assert {"NDVI", "target", "treated", "year", "2002", "2006"} <= set(texts(svg))


def test_higher_values_stand_higher():
    circles = list(ET.fromstring(line_chart("c", [NDVI])).iter(f"{SVG}circle"))
    heights = [float(circle.get("cy")) for circle in circles]
    assert heights[1] < heights[0] < heights[3] < heights[2]


def test_an_interval_is_one_closed_area():
    line = Line("x", {1: 2.0, 2: 3.0}, low={1: 1.0, 2: 2.5}, high={1: 3.0, 2: 3.5})
    assert sum(path.endswith("Z") for path in paths(line_chart("c", [line]))) == 1


def test_nothing_to_draw_draws_nothing():
    assert line_chart("c", [Line("x", {2000: None})]) == ""
    assert bar_chart("c", []) == ""


def test_stacked_bars_rise_to_their_sum():
    parts = [Bar("a", {2000: 1.0, 2001: 2.0}, "#111111"), Bar("b", {2000: 3.0, 2001: None}, "#222222")]
    boxes = list(ET.fromstring(bar_chart("c", parts)).iter(f"{SVG}rect"))
    heights = [float(box.get("height")) for box in boxes if box.find(f"{SVG}title") is not None]
    assert heights[2] == pytest.approx(3 * heights[0], rel=0.01)
    assert heights[1] == pytest.approx(2 * heights[0], rel=0.01)
    assert len(heights) == 3


def test_bars_of_nothing_stand_on_an_axis_from_zero():
    svg = bar_chart("c", [Bar("water", {2000: 0.0, 2001: 0.0}, "#111111")])
    assert {"0.0", "1.0"} <= set(texts(svg))
    assert not any(words and words.startswith("-") for words in texts(svg))


def test_hostile_names_stay_text():
    svg = line_chart("<b>${1}", [Line("</text><script>x</script>", {1: 1.0, 2: 2.0})])
    assert "<script" not in svg
    assert "</text><script>x</script>" in texts(svg)


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_ticks_hold_the_range_and_are_few(low, span):
    found = ticks(low, low + span)
    near = 1e-6 * max(1, abs(low), abs(low + span))
    assert found[0] <= low + near
    assert found[-1] >= low + span - near
    assert 2 <= len(found) <= 9
