"""Registration: rasters on disk become scenes of the store, whatever their kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from geo.band_scenes import AS_STORED, Scaling, inspect_composites, inspect_displacements
from geo.errors import InvalidInput
from geo.landcover import product as product_of
from geo.landcover import products
from geo.scenes import Scene, SceneKind, check_one_lattice, check_same_grid, inspect_scenes
from geo.store import Store, scenes


class ProductTaken(InvalidInput):
    """A product of measured values has the name of a land-cover product."""

    template = "{product} is a land-cover product; give the {kind} scenes a product name of their own"


@dataclass(frozen=True, slots=True)
class RasterRequest:
    """What is said of the rasters to register; what is not needed for the kind is left alone.

    `year`, `bands` (first and last year of a raster with one band a year) and `period` date land cover and
    composites; `zero` and `days` date displacements. See `geo.scenes` and `geo.band_scenes`.
    """

    product: str
    edition: str
    kind: SceneKind = SceneKind.LANDCOVER
    year: int | None = None
    bands: tuple[int, int] | None = None
    period: tuple[date, date] | None = None
    band_names: tuple[str, ...] | None = None
    unit: str = "mm"
    zero: date | None = None
    days: tuple[date, ...] = ()
    sigma_band: int | None = None
    scaling: Scaling = AS_STORED


def register_scenes(store: Store, paths: Sequence[Path], request: RasterRequest) -> list[Scene]:
    """The scenes of the rasters at `paths`, checked and registered in one transaction.

    Raises what `inspect_scenes`, `inspect_composites` and `inspect_displacements` do, `GridsDiffer` where
    the product and edition has scenes on another grid, `SceneExists`, `KindDiffers` and `ProductTaken`.
    """
    found = inspect(paths, request)
    with store.read() as conn:
        known = scenes.find(
            conn, product=request.product, edition=request.edition, kind=request.kind, seasons=True
        )
    check = check_one_lattice if request.kind is SceneKind.SPECTRAL else check_same_grid
    check([*known, *found])
    relative = [replace(scene, path=store.relative(Path(scene.path))) for scene in found]
    with store.write() as conn:
        return scenes.add(conn, relative)


def inspect(paths: Sequence[Path], request: RasterRequest) -> list[Scene]:
    """The scenes that the rasters hold, not yet registered."""
    names = {"product": request.product, "edition": request.edition}
    if request.kind is SceneKind.LANDCOVER:
        return inspect_scenes(
            paths,
            **names,
            legend_codes=product_of(request.product).legend.keys(),
            year=request.year,
            bands=request.bands,
            period=request.period,
            nodata=request.scaling.nodata,
        )
    if request.product in products():
        raise ProductTaken(product=request.product, kind=request.kind.value)
    if request.kind is SceneKind.SPECTRAL:
        return inspect_composites(
            paths,
            **names,
            band_names=request.band_names,
            year=request.year,
            period=request.period,
            scaling=request.scaling,
        )
    return inspect_displacements(
        paths,
        **names,
        unit=request.unit,
        zero=request.zero,
        days=request.days,
        sigma_band=request.sigma_band,
        scaling=request.scaling,
    )
