"""The course of a site's land cover through the years, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.pages.view import Page
from geo.recovery import Recovery
from geo.trajectory import Trajectory, class_trajectories
from geo.trajectory_words import trajectory_sentences, trajectory_title


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


def _lines(page: Page, one: Trajectory) -> CourseLines:
    return CourseLines(trajectory_title(one, page.lang), tuple(trajectory_sentences(one, page.lang)))
