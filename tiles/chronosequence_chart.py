"""The chart of a chronosequence: the mean by age with its spread, and the course of the same units."""

from __future__ import annotations

from geo.chronosequence import Chronosequence
from geo.words import Lang, sentence
from tiles.charts import Axes, Line, line_chart


def chronosequence_chart(found: Chronosequence, lang: Lang) -> str:
    """The SVG: mean and standard deviation by years since treatment, n at each, beside the paired change."""
    first = found.ages[0].mean
    spread = {one.age: one.deviation for one in found.ages}
    lines = [
        Line(
            _words("mean", lang),
            {one.age: one.mean for one in found.ages},
            low={one.age: _moved(one.mean, spread[one.age], -1) for one in found.ages},
            high={one.age: _moved(one.mean, spread[one.age], 1) for one in found.ages},
        ),
        Line(_words("paired", lang), {one.age: _moved(first, one.change, 1) for one in found.ages}),
    ]
    axes = Axes(
        x_title=_words("age", lang),
        y_title=found.value,
        x_words={one.age: _words("at", lang, age=one.age, n=one.n) for one in found.ages},
    )
    return line_chart(chronosequence_title(found, lang), lines, axes=axes)


def chronosequence_title(found: Chronosequence, lang: Lang) -> str:
    """What the figures are, of how many units, rows and years."""
    first, last = found.years
    return _words(
        "title",
        lang,
        value=found.value,
        n_units=found.n_units,
        n_rows=found.n_rows,
        first=first,
        last=last,
    )


def _moved(value: float, by: float | None, direction: int) -> float | None:
    return None if by is None else value + direction * by


def _words(slug: str, lang: Lang, **values: object) -> str:
    return sentence("words_chronosequence", slug, lang, **values)
