"""Checked samples on the wire."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from api.schemas.common import Given, Text, Wire
from api.schemas.landcover import SceneYear, Word
from geo.accuracy import Accuracy, Estimate, RatioInterval
from geo.areas import ha_from_units
from geo.rates import GroupBy
from geo.samples.report import SampleReport
from geo.samples.sample import SampleKind
from geo.sites import Kind


class EstimateOut(Wire):
    """A figure and half the width of its 95 % interval; null where there is nothing to divide by."""

    value: float | None
    half_width: float | None

    @classmethod
    def of(cls, estimate: Estimate) -> Self:
        """The figure of an estimate."""
        return cls(value=estimate.value, half_width=estimate.half_width)


class AccuracyOut(Wire):
    """Overall, user's and producer's accuracy and the estimated hectares of each outcome."""

    overall: EstimateOut
    users: dict[str, EstimateOut]
    producers: dict[str, EstimateOut]
    area_ha: dict[str, EstimateOut]

    @classmethod
    def of(cls, accuracy: Accuracy) -> Self:
        """The accuracies of a sample."""
        return cls(
            overall=EstimateOut.of(accuracy.overall),
            users={name: EstimateOut.of(one) for name, one in accuracy.users.items()},
            producers={name: EstimateOut.of(one) for name, one in accuracy.producers.items()},
            area_ha={name: EstimateOut.of(one) for name, one in accuracy.areas.items()},
        )


class IntervalOut(Wire):
    """The estimated recovery rate with its 95 % interval, cut at 0 and 1 where `clipped` says so."""

    estimate: float
    low: float
    high: float
    clipped: bool

    @classmethod
    def of(cls, found: RatioInterval) -> Self:
        """The interval of a ratio."""
        return cls(estimate=found.value, low=found.low, high=found.high, clipped=found.clipped)


class SampleItem(Wire):
    """A sample: what it was drawn from, how far it is checked, and what it says.

    `matrix` counts checked points by mapped outcome and outcome found. `missing` are the points that strata
    with area still lack for an interval. `holds` is false where the results have changed since; null for a
    matrix from elsewhere.
    """

    sample_id: int
    kind: SampleKind
    token: str
    product: str
    edition: str
    from_year: int | None
    to_year: int | None
    group_by: GroupBy | None
    group_key: str
    group_name: str
    group_name_en: str
    responsible: str
    site_kind: Kind | None
    seed: int | None
    blind: bool
    mapped_ha: dict[str, float]
    matrix: dict[str, dict[str, int]]
    n_points: int
    n_checked: int
    missing: dict[str, int]
    accuracy: AccuracyOut | None
    interval: IntervalOut | None
    holds: bool | None
    source: str
    made_at: str

    @classmethod
    def of(cls, report: SampleReport) -> Self:
        """The item of a sample with its report."""
        sample = report.sample
        counts = zip(sample.matrix.classes, sample.matrix.counts.tolist(), strict=True)
        names = (name for name in cls.model_fields if hasattr(sample, name) and name != "matrix")
        return cls.model_validate(
            {
                **{name: getattr(sample, name) for name in names},
                "mapped_ha": {slug: ha_from_units(units) for slug, units in sample.strata.items()},
                "matrix": {name: dict(zip(sample.matrix.classes, row, strict=True)) for name, row in counts},
                "accuracy": None if report.accuracy is None else AccuracyOut.of(report.accuracy),
                "interval": None if report.interval is None else IntervalOut.of(report.interval),
                "holds": report.holds,
            }
        )


class SampleList(Wire):
    """Samples by their ids."""

    items: list[SampleItem]
    next: str | None


Points = Annotated[int, Field(ge=2, le=100_000)]


class SampleIn(Given):
    """A sample to draw; `key` names the group: an adcode, or the slug of a city type or of a kind.

    `per_stratum` points in every outcome with area, or `n` in all. The same seed gives the same points. In a
    blind sample the points do not say what is mapped.
    """

    product: Word | None = None
    edition: Word | None = None
    from_year: SceneYear | None = Field(None, alias="from")
    to_year: SceneYear | None = Field(None, alias="to")
    group_by: GroupBy = GroupBy.ALL
    key: str = Field("all", max_length=32)
    responsible: str = Field("legacy", pattern="^(legacy|liable|all)$")
    kind: Kind | None = None
    per_stratum: Points | None = None
    n: Points | None = None
    seed: int = Field(1, ge=0, le=2**53 - 1)
    blind: bool = True

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if self.per_stratum is not None and self.n is not None:
            raise ValueError("give per_stratum or n, not both")
        return self


class LabelIn(Given):
    """What a check found at one point, by the slug or the word of an outcome; '' for not checked."""

    point: int = Field(ge=1, le=100_000)
    checked: str = Field(max_length=100)
    note: Text = ""


class LabelsIn(Given):
    """Labels of one sample; all are taken, or none."""

    labels: list[LabelIn] = Field(min_length=1, max_length=100_000)


class LabelReceiptOut(Wire):
    """What became of the labels."""

    sample_id: int
    n_rows: int
    n_new: int
    n_changed: int
    n_unchanged: int
    n_empty: int


class PointFeatures(Wire):
    """The points of a sample as GeoJSON."""

    type: str
    features: list[dict[str, object]]
