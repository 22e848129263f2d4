"""Spectral recovery on the wire."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from api.schemas.common import Given, Name, Wire
from api.schemas.landcover import SceneYear, Word
from api.schemas.trajectory import TrajectoryOut
from geo.spectral.indices import LONGEST_FORMULA
from geo.spectral.metrics import Scope
from geo.spectral.params import SpectralParams
from geo.spectral.recovery import ReferenceKind, TargetKind

FormulaText = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_FORMULA)]
Metres = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]


class SpectralRunIn(Given):
    """Work to queue: the spectral recovery of sites from the composites of one product and edition.

    `index` is one of the table (`/api/indices`), or the name under which a `formula` of bands is kept. What
    is left out: the current edition, the site's own years, the years before the disturbance, every scene,
    every site; the reference polygons of the store, else a ring.
    """

    kind: Literal["spectral"]
    product: Word
    index: Word
    edition: Word | None = None
    formula: FormulaText | None = None
    direction: Literal[1, -1] | None = None
    target: TargetKind = TargetKind.HISTORIC
    scope: Scope = Scope.PIXEL
    focal_cells: Annotated[int, Field(ge=1, le=31)] | None = None
    window: tuple[SceneYear, SceneYear] | None = None
    k_years: Annotated[int, Field(ge=1, le=100)] | None = None
    target_share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    reference: ReferenceKind | None = None
    references: Name | None = None
    ring_m: tuple[Metres, Metres] | None = None
    disturbance_year: SceneYear | None = None
    restoration_year: SceneYear | None = None
    from_year: SceneYear | None = None
    to_year: SceneYear | None = None
    site_ids: list[int] | None = Field(None, min_length=1, max_length=100_000)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_year is not None and self.to_year is not None and self.from_year > self.to_year:
            raise ValueError("from_year must not lie after to_year")
        return self

    def params(self) -> SpectralParams:
        """The parameters of the run."""
        values = self.model_dump(exclude={"kind", "site_ids"})
        site_ids = None if self.site_ids is None else tuple(sorted(set(self.site_ids)))
        return SpectralParams(**values, site_ids=site_ids)


class IndexItem(Wire):
    """A spectral index: `direction` is 1 where it rises as land recovers, -1 where it falls."""

    slug: str
    formula: str
    bands: list[str]
    direction: int
    zh: str
    en: str
    source: str


class IndexList(Wire):
    """The indices of the table."""

    items: list[IndexItem]
    next: str | None


class SpectralYearOut(Wire):
    """The index of a site in one year: the mean of its pixels, their quartiles, and the reference's mean."""

    value: float | None
    low: float | None
    high: float | None
    n_pixels: int
    valid_share: float | None
    reference_value: float | None
    relative_value: float | None


class MetricOut(Wire):
    """A metric of the mean series and the median of the pixels; null for none, in y2r for never."""

    value: float | None
    median: float | None
    n_pixels: int
    n_none: int
    unit: str


class ConfidenceOut(Wire):
    """How much of the series was seen."""

    level: str
    valid_years: int
    n_years: int


class SpectralItem(Wire):
    """What one index says of one site. `years` are by year, or by date where a year has several scenes."""

    model_config = ConfigDict(extra="allow", frozen=True)

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
    target_window: tuple[int, int] | None
    target_value: float | None
    reference_kind: ReferenceKind
    years: dict[str, SpectralYearOut]
    metrics: dict[str, MetricOut]
    relative_metrics: dict[str, MetricOut] | None
    relapse_year: int | None
    n_relapsed: int
    confidence: ConfidenceOut
    trajectory: TrajectoryOut | None
    scenes: list[dict[str, str]]
    outdated: bool
    reason: str | None


class SpectralList(Wire):
    """One item per product, edition, index and set of parameters."""

    items: list[SpectralItem]
    next: str | None
