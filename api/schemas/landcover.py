"""Land cover on the wire: products with their legends, and registered scenes."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from api.schemas.common import Given, Wire
from geo.landcover import Product, Role
from geo.scenes import Scene

Word = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$")]
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
    """One band of a raster, as registered; `path` is relative to the store's folder if it lies below it."""

    scene_id: int
    product: str
    edition: str
    year: int
    path: str
    band: int
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
    """Rasters to register.

    `path` is a GeoTIFF below the store's own folder, as a path relative to it. The year is found in the
    file's name; else give `year`, or `bands` for a raster with one band a year (its first and last year).
    """

    path: str = Field(min_length=1, max_length=500)
    product: Word
    edition: Word
    year: SceneYear | None = None
    bands: tuple[SceneYear, SceneYear] | None = None
    nodata: int | None = Field(None, ge=-(2**31), le=2**32)

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if self.year is not None and self.bands is not None:
            raise ValueError("give year or bands, not both")
        return self
