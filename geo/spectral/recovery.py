"""Spectral recovery of a site: its index by year, the metrics, and what they were computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from geo.spectral.metrics import Metric, Scope


class TargetKind(StrEnum):
    """Where a target comes from (`data/reference/target_kinds.csv`)."""

    HISTORIC = "historic"
    REFERENCE = "reference"


class ReferenceKind(StrEnum):
    """What a site is compared with in the same year (`data/reference/reference_kinds.csv`)."""

    NONE = "none"
    POLYGONS = "polygons"
    RING = "ring"


@dataclass(frozen=True, slots=True)
class SpectralYear:
    """One year (or one date, where a year has several) of a site. Values are of the index, None for none.

    `value` is the mean over the valid pixels, each weighted by the share of it that the site covers; `low`
    and `high` are quantiles over the same pixels, a spread and no interval of the mean. `valid_share` is of
    the site's area. `relative_value` is `value` less `reference_value` of the same year.
    """

    period: str
    year: int
    value: float | None
    low: float | None
    high: float | None
    n_pixels: int
    valid_share: float | None
    reference_value: float | None = None
    relative_value: float | None = None


@dataclass(frozen=True, slots=True)
class MetricValue:
    """One metric of a site: of its mean series, and the weighted median of its pixels.

    `n_pixels` have a value, `n_none` have none. In the median of y2r a pixel that was seen but never reached
    its target comes later than all others, so that there is none where more than half never did.
    """

    value: float | None
    median: float | None
    n_pixels: int
    n_none: int


@dataclass(frozen=True, slots=True)
class SceneUsed:
    """A composite that a result rests on."""

    period: str
    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class SpectralRecovery:
    """What one index says of one site. `params` are those of the run, without its sites.

    `relapse_year` is that of the mean series, `n_relapsed` the number of pixels with one. `confidence` is a
    level of `data/reference/spectral_confidence.csv`. `reason` says why metrics are None (`reasons.csv`).
    `content_key` is the SHA-256 of all that the figures depend on; `outdated` is found out on reading.
    """

    site_id: int
    product: str
    edition: str
    index: str
    formula: str
    direction: int
    disturbance_year: int | None
    restoration_year: int | None
    k_years: int
    target_share: float
    target_kind: TargetKind
    target_scope: Scope
    target_value: float | None
    target_window: tuple[int, int] | None
    reference_kind: ReferenceKind
    years: tuple[SpectralYear, ...]
    metrics: Mapping[Metric, MetricValue]
    relative_metrics: Mapping[Metric, MetricValue]
    relapse_year: int | None
    n_relapsed: int
    valid_years: int
    n_years: int
    confidence: str
    scenes: tuple[SceneUsed, ...]
    reason: str | None
    params: Mapping[str, object] = field(default_factory=dict)
    content_key: str = ""
    outdated: bool = False

    @property
    def target_is_of_ring(self) -> bool:
        """Whether the target comes from the ring around the site."""
        by_ring = self.reference_kind is ReferenceKind.RING and "references" not in self.params
        return self.target_kind is TargetKind.REFERENCE and by_ring

    @property
    def has_one_value_a_year(self) -> bool:
        """Whether no year has several scenes."""
        return len({one.year for one in self.years}) == len(self.years)
