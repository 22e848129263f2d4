"""The spectral recovery of a site on its page: curve with target and reference, metrics, years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from api.pages.view import NULL, Page, percent
from geo.reference import reference_rows
from geo.spectral.indices import indices
from geo.spectral.items import trajectory_of
from geo.spectral.metrics import Metric
from geo.spectral.recovery import MetricValue, SpectralRecovery, SpectralYear
from geo.trajectory.series import Trajectory
from geo.trajectory.words import trajectory_sentences
from geo.words import sentence
from tiles.charts import Axes, Level, Line, Mark, line_chart

_WORDS = "words_spectral"
_MOST_SCENES = 3


@dataclass(frozen=True, slots=True)
class SpectralLines:
    """One spectral recovery in words and numbers; `chart` is an SVG or ''."""

    title: str
    terms: str
    chart: Markup
    notes: tuple[str, ...]
    sentences: tuple[str, ...]
    period_word: str
    years: tuple[tuple[str, ...], ...]
    metrics: tuple[tuple[str, ...], ...]
    definitions: tuple[tuple[str, str], ...]
    outdated: bool


def spectral_lines(page: Page, found: Sequence[SpectralRecovery]) -> tuple[SpectralLines, ...]:
    """What the page shows of each spectral recovery."""
    return tuple(_lines(page, one) for one in found)


def _lines(page: Page, one: SpectralRecovery) -> SpectralLines:
    course = trajectory_of(one)
    return SpectralLines(
        title=_title(page, one),
        terms=_terms(page, one),
        chart=Markup(_chart(page, one, course)),  # noqa: S704 - every word in it passed `safe_text`
        notes=_notes(page, one),
        sentences=() if course is None else tuple(trajectory_sentences(course, page.lang)),
        period_word=_say(page, "year" if one.has_one_value_a_year else "day"),
        years=tuple(_year(year) for year in one.years),
        metrics=tuple(_metric(page, metric, one) for metric in Metric),
        definitions=tuple(
            (row[page.lang], row[f"definition_{page.lang}"]) for row in reference_rows("spectral_metrics")
        ),
        outdated=one.outdated,
    )


def _say(page: Page, slug: str, **values: object) -> str:
    return sentence(_WORDS, slug, page.lang, **values)


def _title(page: Page, one: SpectralRecovery) -> str:
    known = indices().get(one.index)
    name = one.index if known is None else (known.zh if page.lang == "zh" else known.en)
    years = f"{one.years[0].period}–{one.years[-1].period}"
    return _say(page, "spectral_title", index=name, product=one.product, edition=one.edition, years=years)


def _terms(page: Page, one: SpectralRecovery) -> str:
    way = _say(page, "rising" if one.direction > 0 else "falling")
    return _say(
        page,
        "terms",
        formula=f"{one.formula} ({way})",
        d=one.disturbance_year or NULL,
        r=one.restoration_year or NULL,
        k=one.k_years,
        target=page.word("target_kinds", "ring" if one.target_is_of_ring else one.target_kind),
        scope=page.word("target_scopes", one.target_scope),
        window=NULL if one.target_window is None else "–".join(map(str, one.target_window)),
        share=f"{100 * one.target_share:g} %",
        reference=page.word("reference_kinds", one.reference_kind),
    )


def _notes(page: Page, one: SpectralRecovery) -> tuple[str, ...]:
    level = page.word("spectral_confidence", one.confidence)
    said = [_say(page, "confidence", level=level, valid=one.valid_years, n=one.n_years)]
    if one.relapse_year is not None:
        said.append(_say(page, "relapsed", year=one.relapse_year, n=one.n_relapsed))
    elif one.n_relapsed:
        said.append(_say(page, "relapsed_pixels", n=one.n_relapsed))
    if one.reason is not None:
        said.append(page.word("reasons", one.reason))
    names = [used.path.rpartition("/")[2] for used in one.scenes]
    shown = names if len(names) <= _MOST_SCENES else [names[0], "…", names[-1]]
    return (*said, _say(page, "scenes", names=", ".join(shown)))


def _year(year: SpectralYear) -> tuple[str, ...]:
    quartiles = NULL if year.low is None or year.high is None else f"{year.low:.3f}–{year.high:.3f}"
    return (
        year.period,
        _number(year.value),
        quartiles,
        f"{year.n_pixels:,}",
        percent(year.valid_share),
        _number(year.reference_value),
        _number(year.relative_value),
    )


def _metric(page: Page, metric: Metric, one: SpectralRecovery) -> tuple[str, ...]:
    row = next(row for row in reference_rows("spectral_metrics") if row["slug"] == metric.value)
    own = one.metrics[metric]
    relative: MetricValue | None = one.relative_metrics.get(metric)
    number = _years if metric is Metric.Y2R else _number
    return (
        row[page.lang],
        number(own.value),
        number(own.median),
        number(None if relative is None else relative.value),
        _say(page, f"unit_{row['unit']}"),
        f"{own.n_pixels:,}",
        f"{own.n_none:,}",
    )


def _number(value: float | None) -> str:
    return NULL if value is None else f"{value:.3f}"


def _years(value: float | None) -> str:
    return NULL if value is None else f"{value:g}"


def _chart(page: Page, one: SpectralRecovery, course: Trajectory | None) -> str:
    """The curve of the site by year with quartiles, its reference, target and projection."""
    at = {year.period: _place(one, year) for year in one.years}
    lines = [
        Line(
            _say(page, "series_site"),
            {at[year.period]: year.value for year in one.years},
            low={at[year.period]: year.low for year in one.years},
            high={at[year.period]: year.high for year in one.years},
        )
    ]
    if any(year.reference_value is not None for year in one.years):
        reference = {at[year.period]: year.reference_value for year in one.years}
        lines.append(Line(_say(page, "series_reference"), reference))
    if course is not None and (projected := _projection(one, course)):
        lines.append(Line(_say(page, "series_projected"), projected, projected=True))
    levels = []
    if one.target_value is not None:
        levels.append(Level(_say(page, "series_target", value=f"{one.target_value:.3f}"), one.target_value))
    if course is not None and course.threshold is not None and course.threshold != one.target_value:
        words = _say(page, "series_threshold", value=f"{course.threshold:.3f}")
        levels.append(Level(words, course.threshold))
    axes = Axes(
        x_title=_say(page, "year" if one.has_one_value_a_year else "day"),
        y_title=one.index.upper() if one.index in indices() else one.index,
        x_words={} if one.has_one_value_a_year else {at[year.period]: year.period for year in one.years},
    )
    return line_chart(_title(page, one), lines, levels=levels, marks=_marks(page, one), axes=axes)


def _place(one: SpectralRecovery, year: SpectralYear) -> float:
    """Where a year, or a day, lies on the x axis."""
    return year.year if one.has_one_value_a_year else date.fromisoformat(year.period).toordinal()


def _marks(page: Page, one: SpectralRecovery) -> list[Mark]:
    years = {year.year for year in one.years}
    if not one.has_one_value_a_year:
        return []
    named = ((one.disturbance_year, "mark_disturbed"), (one.restoration_year, "mark_restored"))
    return [Mark(year, _say(page, slug)) for year, slug in named if year is not None and year in years]


def _projection(one: SpectralRecovery, course: Trajectory) -> dict[float, float | None]:
    """From the last value seen to the year in which the threshold would be reached."""
    seen = [year for year in one.years if year.value is not None]
    if course.projected_year is None or course.threshold is None or not seen:
        return {}
    if course.projected_year <= seen[-1].year:
        return {}
    return {seen[-1].year: seen[-1].value, course.projected_year: course.threshold}
