"""The chart of a course shows each series, its target, its turning points and where it leads."""

import dataclasses
import xml.etree.ElementTree as ET

from geo.recovery import TemporalRule
from geo.trajectory.series import Measure, Trajectory, TrajectoryState
from tiles.trajectory_chart import trajectory_chart

SVG = "{http://www.w3.org/2000/svg}"
SHARES = {2016: 0.0, 2017: 0.1, 2018: 0.2}
COURSE = Trajectory(
    TemporalRule.MAJORITY3,
    Measure.RECOVERED_SHARE,
    TrajectoryState.RECOVERING,
    threshold=0.8,
    recovery_start_year=2016,
    projected_year=2024,
)


def texts(course, *, raw=SHARES, lang="en"):
    svg = trajectory_chart("course", SHARES, raw, course=course, year="Year", lang=lang)
    return {element.text for element in ET.fromstring(svg).iter(f"{SVG}text")}


def test_series_target_marks_and_projection_are_named():
    found = texts(COURSE)
    assert {"Three-year majority", "Raw series (no rule against flicker)", "At the present pace"} <= found
    assert {"Target (80 %)", "Recovery began", "Share (%)", "Year"} <= found
    assert {"三年多数序列", "目标（80 %）", "按现速推算"} <= texts(COURSE, lang="zh")


def test_without_a_projected_year_nothing_is_drawn_ahead():
    found = texts(dataclasses.replace(COURSE, projected_year=None))
    assert "At the present pace" not in found


def test_a_raw_series_alone_is_named_as_one():
    found = texts(dataclasses.replace(COURSE, rule=TemporalRule.NONE), raw=None)
    assert "Raw series (no rule against flicker)" in found
    assert "Three-year majority" not in found


def test_without_a_value_there_is_no_picture():
    assert trajectory_chart("course", {}, None, course=COURSE, year="Year", lang="en") == ""
