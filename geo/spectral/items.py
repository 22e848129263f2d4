"""Spectral recovery as it goes out: the same items for the service, the pages and the command line."""

from __future__ import annotations

from collections.abc import Mapping

from geo.reference import reference_rows
from geo.spectral.indices import Index
from geo.spectral.metrics import Metric
from geo.spectral.recovery import MetricValue, ReferenceKind, SpectralRecovery, SpectralYear
from geo.spectral.settings import spectral_settings
from geo.trajectory.series import Trajectory, spectral_trajectory, trajectory_item


def spectral_item(one: SpectralRecovery) -> dict[str, object]:
    """One spectral recovery as JSON values.

    `years` are by year, or by date where a year has several scenes. `value` of a metric is that of the mean
    series, `median` that of the pixels; None for no value, in y2r for never. `relative_metrics` are those
    of the series less its reference. `trajectory` is None where a year has several scenes.
    """
    course = trajectory_of(one)
    return {
        "product": one.product,
        "edition": one.edition,
        "index": one.index,
        "formula": one.formula,
        "direction": one.direction,
        "disturbance_year": one.disturbance_year,
        "restoration_year": one.restoration_year,
        "k_years": one.k_years,
        "target_share": one.target_share,
        "target_kind": one.target_kind.value,
        "target_scope": one.target_scope.value,
        "target_window": None if one.target_window is None else list(one.target_window),
        "target_value": one.target_value,
        "reference_kind": one.reference_kind.value,
        "references": one.params.get("references"),
        "ring_m": _ring_m(one),
        "years": {year.period: _year(year) for year in one.years},
        "metrics": _metrics(one.metrics),
        "relative_metrics": _metrics(one.relative_metrics) or None,
        "relapse_year": one.relapse_year,
        "n_relapsed": one.n_relapsed,
        "confidence": {
            "level": one.confidence,
            "valid_years": one.valid_years,
            "n_years": one.n_years,
        },
        "trajectory": None if course is None else trajectory_item(course),
        "scenes": [{"period": used.period, "path": used.path, "sha256": used.sha256} for used in one.scenes],
        "outdated": one.outdated,
        "reason": one.reason,
    }


def trajectory_of(one: SpectralRecovery) -> Trajectory | None:
    """The course of the site's mean series, None where a year has several scenes."""
    if not one.has_one_value_a_year:
        return None
    return spectral_trajectory(
        {year.year: year.value for year in one.years},
        direction=one.direction,
        target=one.target_value,
        disturbance_year=one.disturbance_year,
        restoration_year=one.restoration_year,
        target_share=one.target_share,
    )


def index_item(index: Index) -> dict[str, object]:
    """An index of the table as JSON values."""
    return {
        "slug": index.slug,
        "formula": index.formula.text,
        "bands": list(index.formula.bands),
        "direction": index.direction,
        "zh": index.zh,
        "en": index.en,
        "source": index.source,
    }


def _ring_m(one: SpectralRecovery) -> object:
    """The distances of the ring in metres, None without one."""
    if one.reference_kind is not ReferenceKind.RING:
        return None
    settings = spectral_settings()
    return one.params.get("ring_m") or [settings.ring_inner_m, settings.ring_outer_m]


def _year(year: SpectralYear) -> dict[str, object]:
    return {
        "value": year.value,
        "low": year.low,
        "high": year.high,
        "n_pixels": year.n_pixels,
        "valid_share": year.valid_share,
        "reference_value": year.reference_value,
        "relative_value": year.relative_value,
    }


def _metrics(values: Mapping[Metric, MetricValue]) -> dict[str, object]:
    units = {row["slug"]: row["unit"] for row in reference_rows("spectral_metrics")}
    return {
        metric.value: {
            "value": found.value,
            "median": found.median,
            "n_pixels": found.n_pixels,
            "n_none": found.n_none,
            "unit": units[metric.value],
        }
        for metric, found in values.items()
    }
