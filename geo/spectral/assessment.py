"""From the pixels of sites to what is said of each: its years, its metrics, its confidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from geo.scenes import Scene
from geo.spectral.focal import focal_targets
from geo.spectral.loops import Floats
from geo.spectral.metrics import (
    RELAPSE_ROW,
    ROW_OF,
    Measures,
    Metric,
    Pixels,
    Scope,
    Years,
    measure_sites,
    site_quantile,
    year_quantiles,
)
from geo.spectral.params import stored_params
from geo.spectral.recovery import (
    MetricValue,
    ReferenceKind,
    SceneUsed,
    SpectralRecovery,
    SpectralYear,
    TargetKind,
)
from geo.spectral.series import SiteSeries
from geo.spectral.settings import confidence_level, spectral_settings
from geo.spectral.terms import SpectralSubject, SpectralTerms


@dataclass(frozen=True, slots=True)
class Compared:
    """The reference's mean by scene, (scenes, 1) for all sites or (scenes, sites), and its target (sites,).

    Either is None where there is none; one number is the target of all sites.
    """

    mean: Floats | None
    target: float | Floats | None


@dataclass(frozen=True, slots=True)
class Gathered:
    """The pixels of some sites, what they are compared with, and for focal targets their neighbours too."""

    series: SiteSeries
    compared: Compared
    around: SiteSeries | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """All that was measured under the sites of a shard."""

    own: Measures
    medians: Floats
    spread: Floats
    valid_share: Floats
    reference: Floats | None
    relative: Measures | None
    relative_medians: Floats


def recoveries_of(
    terms: SpectralTerms, subjects: Sequence[SpectralSubject], gathered: Gathered
) -> list[SpectralRecovery]:
    """The spectral recovery of each site gathered, which are `subjects` in their order."""
    found = _measured(terms, subjects, gathered)
    pixels = gathered.series.pixels
    return [_recovery(terms, subject, pixels, found, at) for at, subject in enumerate(subjects)]


def _measured(terms: SpectralTerms, subjects: Sequence[SpectralSubject], gathered: Gathered) -> _Found:
    series, pixels = gathered.series, gathered.series.pixels
    settings = spectral_settings()
    own = measures_of(terms, subjects, gathered)
    relative = reference = None
    if gathered.compared.mean is not None:
        reference = np.broadcast_to(gathered.compared.mean, own.mean.shape)
        relative = measures_of(terms, subjects, _less(gathered, reference))
    area = np.array([subject.area_units for subject in subjects], dtype=np.float64)
    covered = np.minimum(1.0, np.divide(series.covered_units, area, out=np.zeros(len(area)), where=area > 0))
    weight = np.add.reduceat(np.append(pixels.weight, 0.0), pixels.starts[:-1]) if len(subjects) else area
    weight = np.where(np.diff(pixels.starts) > 0, weight, 1.0)
    return _Found(
        own=own,
        medians=_medians(pixels, own),
        spread=year_quantiles(pixels, [settings.spread_low, settings.spread_high]),
        valid_share=own.valid_weight / weight * covered,
        reference=reference,
        relative=relative,
        relative_medians=np.empty((0, 0)) if relative is None else _medians(pixels, relative),
    )


def measures_of(terms: SpectralTerms, subjects: Sequence[SpectralSubject], gathered: Gathered) -> Measures:
    """The metrics of the pixels of each site gathered, and of the sites; `subjects` are in their order."""
    years = _years(terms, subjects)
    focal = None
    if gathered.around is not None:
        focal = focal_targets(gathered.series, gathered.around, years, terms.params.focal())
    return measure_sites(
        gathered.series.pixels,
        years,
        terms.rules,
        scope=terms.params.scope,
        targets=_targets(terms, len(subjects), gathered.compared.target),
        pixel_targets=focal,
    )


def _less(gathered: Gathered, reference: Floats) -> Gathered:
    """The same of the series less their reference, against which the reference's own target is 0."""
    around = gathered.around
    return Gathered(
        series=replace(gathered.series, pixels=gathered.series.pixels.less(reference)),
        compared=Compared(None, 0.0),
        around=None if around is None else replace(around, pixels=around.pixels.less(reference)),
    )


def _years(terms: SpectralTerms, subjects: Sequence[SpectralSubject]) -> Years:
    """The years of the sites; none where a year has several scenes, for then no metric is defined."""
    if not terms.has_one_scene_a_year:
        return Years.same(len(subjects))
    rows = [
        (subject.disturbance_year or 0, subject.restoration_year or 0, *(subject.window or (0, 0)))
        for subject in subjects
    ]
    return Years(*np.array(rows, dtype=np.int32).reshape(-1, 4).T)


def _targets(terms: SpectralTerms, n: int, of_reference: float | Floats | None) -> Floats | None:
    """The targets of sites where their reference sets them, None where each has its own."""
    if terms.params.target is TargetKind.HISTORIC:
        return None
    targets: Floats = np.broadcast_to(math.nan if of_reference is None else of_reference, (n,)).copy()
    return targets


def _medians(pixels: Pixels, found: Measures) -> Floats:
    """The median of each measure over the pixels; pixels seen but never recovered come last in y2r."""
    medians = site_quantile(pixels, found.of_pixels, 0.5)
    y2r = ROW_OF[Metric.Y2R]
    seen = np.isfinite(found.pixel_targets) & np.isfinite(pixels.values[-1, pixels.at])
    waiting = np.where(np.isnan(found.of_pixels[y2r]) & seen, np.inf, found.of_pixels[y2r])
    last = site_quantile(pixels, waiting[None, :], 0.5)[0]
    medians[y2r] = np.where(np.isfinite(last), last, np.nan)
    return medians


def _recovery(
    terms: SpectralTerms, subject: SpectralSubject, pixels: Pixels, found: _Found, at: int
) -> SpectralRecovery:
    years = tuple(_year(terms, found, row, at) for row in range(len(terms.scenes)))
    enough = spectral_settings().valid_year_share
    valid = len({one.period for one in years if (one.valid_share or 0.0) >= enough})
    n_years = years[-1].year - years[0].year + 1 if terms.has_one_scene_a_year else len(years)
    begin, end = pixels.starts[at], pixels.starts[at + 1]
    relapse = found.own.of_sites[RELAPSE_ROW, at]
    by_reference = terms.params.target is TargetKind.REFERENCE
    return SpectralRecovery(
        site_id=subject.site_id,
        product=terms.params.product,
        edition=terms.edition,
        index=terms.index.slug,
        formula=terms.index.formula.text,
        direction=terms.index.direction,
        disturbance_year=subject.disturbance_year,
        restoration_year=subject.restoration_year,
        k_years=terms.rules.k_years,
        target_share=terms.rules.target_share,
        target_kind=terms.params.target,
        target_scope=Scope.POLYGON if by_reference else terms.params.scope,
        target_value=_number(found.own.site_targets[at]),
        target_window=terms.reference_window
        if terms.params.target is TargetKind.REFERENCE
        else subject.window,
        reference_kind=terms.reference_kind if found.reference is not None else ReferenceKind.NONE,
        years=years,
        metrics=_metrics(found.own, found.medians, begin, end, at),
        relative_metrics={}
        if found.relative is None
        else _metrics(found.relative, found.relative_medians, begin, end, at),
        relapse_year=None if np.isnan(relapse) else int(relapse),
        n_relapsed=int(np.isfinite(found.own.of_pixels[RELAPSE_ROW, begin:end]).sum()),
        valid_years=valid,
        n_years=n_years,
        confidence=confidence_level(valid, n_years),
        scenes=tuple(SceneUsed(period_of(terms, scene), scene.path, scene.sha256) for scene in terms.scenes),
        reason=_reason(terms, subject, years),
        params=stored_params(terms.params, terms.edition),
        content_key=subject.content_key,
    )


def period_of(terms: SpectralTerms, scene: Scene) -> str:
    """The name of a scene's time: its year, or its last day where a year has several scenes."""
    return str(scene.year) if terms.has_one_scene_a_year else scene.period_end.isoformat()


def _year(terms: SpectralTerms, found: _Found, row: int, at: int) -> SpectralYear:
    value = _number(found.own.mean[row, at])
    reference = None if found.reference is None else _number(found.reference[row, at])
    return SpectralYear(
        period=period_of(terms, terms.scenes[row]),
        year=terms.scenes[row].year,
        value=value,
        low=_number(found.spread[0, row, at]),
        high=_number(found.spread[1, row, at]),
        n_pixels=int(found.own.n_pixels[row, at]),
        valid_share=_number(found.valid_share[row, at]),
        reference_value=reference,
        relative_value=None if value is None or reference is None else value - reference,
    )


def _metrics(found: Measures, medians: Floats, begin: int, end: int, at: int) -> dict[Metric, MetricValue]:
    return {
        metric: MetricValue(
            value=_number(found.of_sites[row, at]),
            median=_number(medians[row, at]),
            n_pixels=(known := int(np.isfinite(found.of_pixels[row, begin:end]).sum())),
            n_none=int(end - begin) - known,
        )
        for metric, row in ROW_OF.items()
    }


def _reason(terms: SpectralTerms, subject: SpectralSubject, years: Sequence[SpectralYear]) -> str | None:
    """Why metrics are missing, the first that applies; None where nothing is."""
    restored = subject.restoration_year
    known = {one.year for one in years if one.value is not None}
    checks = (
        (not any(one.n_pixels for one in years), "outside_scene"),
        (not terms.has_one_scene_a_year, "several_scenes_a_year"),
        (restored is None, "no_restoration_year"),
        (restored not in known, "no_restoration_scene"),
        (subject.disturbance_year is None, "no_disturbance_year"),
        (subject.disturbance_year not in known, "no_disturbance_scene"),
        (
            terms.params.target is TargetKind.HISTORIC and not known & _span(subject.window),
            "no_target_years",
        ),
        ((restored or 0) + terms.rules.k_years not in known, "series_too_short"),
    )
    return next((reason for applies, reason in checks if applies), None)


def _span(window: tuple[int, int] | None) -> set[int]:
    return set() if window is None else set(range(window[0], window[1] + 1))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
