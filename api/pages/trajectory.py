"""The course of a site's land cover through the years, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from api.pages.view import Page, percent
from geo.recovery import Recovery, TemporalRule
from geo.trajectory.classes import class_trajectories, followed
from geo.trajectory.series import Trajectory
from geo.trajectory.words import trajectory_sentences, trajectory_title
from tiles.trajectory_chart import trajectory_chart


@dataclass(frozen=True, slots=True)
class CourseChart:
    """The course drawn, '' without a value, and its numbers: year, then the share under each rule."""

    svg: Markup
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class CourseLines:
    """What is followed under which rule, and its sentences."""

    title: str
    sentences: tuple[str, ...]


def course_lines(page: Page, group: Sequence[Recovery]) -> tuple[CourseLines, ...]:
    """The trajectory of one site, product, edition and pair of years under majority3, then the raw one.

    Where both say the same they are told once.
    """
    told = []
    for one in class_trajectories(group).values():
        lines = _lines(page, one)
        raw = None if one.raw is None else _lines(page, one.raw)
        if raw is not None and raw.sentences == lines.sentences:
            both = page.say("same_figures", first=lines.title, second=raw.title)
            told.append(CourseLines(both, lines.sentences))
        else:
            told += [lines] if raw is None else [lines, raw]
    return tuple(told)


def course_chart(page: Page, group: Sequence[Recovery]) -> CourseChart:
    """The chart of one site, product, edition and pair of years, and the numbers that it draws."""
    of = {one.temporal_rule: one for one in group}
    rules = [rule for rule in (TemporalRule.MAJORITY3, TemporalRule.NONE) if rule in of]
    (course,) = class_trajectories(group).values()
    seen = [followed(of[rule]).values for rule in rules]
    drawn = trajectory_chart(
        trajectory_title(course, page.lang),
        seen[0],
        seen[1] if len(seen) > 1 else None,
        course=course,
        year=page.say("year"),
        lang=page.lang,
    )
    rows = tuple(
        (str(year), *(percent(values.get(year), 1) for values in seen)) for year in sorted(set().union(*seen))
    )
    columns = (page.say("year"), *(page.word("temporal_rules", rule) for rule in rules))
    return CourseChart(Markup(drawn), columns, rows)  # noqa: S704 - every word in it passed `safe_text`


def _lines(page: Page, one: Trajectory) -> CourseLines:
    return CourseLines(trajectory_title(one, page.lang), tuple(trajectory_sentences(one, page.lang)))
