"""The chart of a course: the share by year under each rule, target, turning points and projection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from geo.recovery import TemporalRule
from geo.trajectory.series import Trajectory
from geo.words import Lang, sentence
from tiles.charts import Axes, Level, Line, Mark, line_chart

_PERCENT: Final = 100
Shares = Mapping[int, float]


def trajectory_chart(
    title: str, smoothed: Shares, raw: Shares | None, *, course: Trajectory, year: str, lang: Lang
) -> str:
    """The SVG of shares by year (0 to 1, drawn in percent), raw ones beside those under the course's rule.

    `year` is the title of the axis of years. '' where there is no value. The projection leads from the last
    year to the projected one.
    """
    name = "raw_series" if course.rule is TemporalRule.NONE else "majority_series"
    lines = [Line(_words(name, lang), _percent(smoothed))]
    if raw is not None:
        lines.append(Line(_words("raw_series", lang), _percent(raw)))
    lines += _projected(smoothed, course, lang)
    axes = Axes(x_title=year, y_title=_words("share_axis", lang), height=240)
    return line_chart(title, lines, levels=_levels(course, lang), marks=_marks(course, lang), axes=axes)


def _percent(shares: Shares) -> dict[float, float | None]:
    return {year: _PERCENT * share for year, share in shares.items()}


def _projected(smoothed: Shares, course: Trajectory, lang: Lang) -> list[Line]:
    if course.projected_year is None or course.threshold is None or not smoothed:
        return []
    last = max(smoothed)
    ahead = {last: smoothed[last], course.projected_year: course.threshold}
    return [Line(_words("projected_line", lang), _percent(ahead), projected=True)]


def _levels(course: Trajectory, lang: Lang) -> Sequence[Level]:
    if course.threshold is None:
        return ()
    value = _PERCENT * course.threshold
    return (Level(_words("target_level", lang, threshold=f"{value:g} %"), value),)


def _marks(course: Trajectory, lang: Lang) -> list[Mark]:
    told = (
        (course.disturbance_year, "mark_disturbance"),
        (course.recovery_start_year, "mark_start"),
        (course.relapse_year, "mark_relapse"),
    )
    return [Mark(year, _words(slug, lang)) for year, slug in told if year is not None]


def _words(slug: str, lang: Lang, **values: object) -> str:
    return sentence("words_trajectory", slug, lang, **values)
