"""Land cover on the wire: products with their legends, and registered scenes of every kind."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from api.schemas.common import Day, Given, Wire
from geo.band_scenes import Scaling
from geo.landcover import Product, Role
from geo.registration import RasterRequest
from geo.scenes import Scene, SceneKind

Word = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$")]
BandName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
SceneYear = Annotated[int, Field(ge=1900, le=2200)]


class LegendItem(Wire):
    """One class of a legend; `role` is what it counts as when recovery is judged."""

    code: int
    slug: str
    zh: str
    en: str
    colour: str
    role: Role


class ProductItem(Wire):
    """A land-cover product."""

    slug: str
    zh: str
    en: str
    resolution_m: float
    attribution: str
    note_zh: str
    note_en: str
    legend: list[LegendItem]
    editions: list[str]
    current_edition: str | None

    @classmethod
    def of(cls, product: Product, *, editions: list[str], current: str | None) -> Self:
        """The item of a product with its registered editions."""
        names = {name: getattr(product, name) for name in cls.model_fields if hasattr(product, name)}
        legend = list(product.legend.values())
        return cls.model_validate(
            {**names, "legend": legend, "editions": editions, "current_edition": current},
            from_attributes=True,
        )


class ProductList(Wire):
    """All products that this service knows."""

    items: list[ProductItem]
    next: str | None


class GridOut(Wire):
    """A raster grid: the corner of its first cell and its cells, in the unit of its CRS."""

    crs: str
    x0: float
    y0: float
    dx: float
    dy: float
    width: int
    height: int


class SceneItem(Wire):
    """One raster or a band of one, as registered; `path` is relative to the store's folder if below it.

    Measured values (kinds spectral and displacement) are stored value x `scale` + `offset`, in `unit`;
    `bands` gives their bands by name.
    """

    scene_id: int
    kind: SceneKind
    product: str
    edition: str
    year: int
    period_start: Day
    period_end: Day
    path: str
    band: int
    bands: dict[str, int]
    scale: float
    offset: float
    unit: str
    nodata: int | None
    sha256: str
    grid: GridOut

    @classmethod
    def of(cls, scene: Scene) -> Self:
        """The item of a registered scene."""
        return cls.model_validate(scene)


class SceneList(Wire):
    """Scenes by product, edition and year."""

    items: list[SceneItem]
    next: str | None


class ScenesIn(Given):
    """A raster to register.

    `path` is a GeoTIFF below the store's own folder, as a path relative to it. Land cover (one band, or with
    `bands` one a year from the first to the last) and spectral composites (bands named by `band_names` or by
    the file) are dated by `year`, by `period` or by the file's name; displacements by `zero`, the day from
    which they are reckoned, and `dates`, one a band.
    """

    path: str = Field(min_length=1, max_length=500)
    product: Word
    edition: Word
    kind: SceneKind = SceneKind.LANDCOVER
    year: SceneYear | None = None
    bands: tuple[SceneYear, SceneYear] | None = None
    period: tuple[Day, Day] | None = None
    nodata: int | None = Field(None, ge=-(2**31), le=2**32)
    band_names: list[BandName] | None = Field(None, min_length=1, max_length=64)
    scale: float = Field(1.0, allow_inf_nan=False)
    offset: float = Field(0.0, allow_inf_nan=False)
    unit: Literal["mm", "mm_per_year"] = "mm"
    zero: Day | None = None
    dates: list[Day] = Field(default_factory=list, max_length=1000)
    sigma_band: int | None = Field(None, ge=1, le=2)

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if sum(given is not None for given in (self.year, self.bands, self.period)) > 1:
            raise ValueError("give one of year, bands and period")
        if self.period is not None and self.period[1] < self.period[0]:
            raise ValueError("the period ends before it begins")
        return self

    def request(self) -> RasterRequest:
        """What is asked for, as the domain takes it."""
        return RasterRequest(
            product=self.product,
            edition=self.edition,
            kind=self.kind,
            year=self.year,
            bands=self.bands,
            period=self.period,
            band_names=None if self.band_names is None else tuple(self.band_names),
            unit=self.unit,
            zero=self.zero,
            days=tuple(self.dates),
            sigma_band=self.sigma_band,
            scaling=Scaling(self.scale, self.offset, self.nodata),
        )
