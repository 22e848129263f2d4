"""Candidates: new water outside every known site, which may be subsidence that nobody has recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Geod, Transformer
from rasterio.features import shapes
from rasterio.transform import from_origin
from shapely import MultiPolygon, Polygon, STRtree

from geo.areas import geodesic_area_units, ha_from_units
from geo.grid import BLOCK, Grid, parsed_crs
from geo.scenes import GridsDiffer, Scene
from geo.zonal import open_scene, scene_reader

Bools = npt.NDArray[np.bool_]

_ELLIPSOID: Final = Geod(ellps="WGS84")
_NEIGHBOURS: Final = 8
_QUADRANT_STEPS: Final = 8


class CandidateState(StrEnum):
    """What has become of a candidate (`data/reference/candidate_states.csv`)."""

    OPEN = "open"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A connected patch that is water in `to_year` and was not in `from_year`, outside every site.

    `geometry` is in longitude and latitude (degrees), `area_units` its geodesic area in 1e-4 m2.
    `touches_water` marks the enlargement of water that was there before. A dismissed one has a `reason`.
    """

    candidate_id: int
    geometry: MultiPolygon
    product: str
    edition: str
    from_year: int
    to_year: int
    area_units: int
    touches_water: bool
    content_key: str = ""
    state: CandidateState = CandidateState.OPEN
    reason: str | None = None
    decided_by: str | None = None
    decided_at: str | None = None
    found_at: str = ""

    @property
    def area_ha(self) -> float:
        """Geodesic hectares."""
        return ha_from_units(self.area_units)


@dataclass(frozen=True, slots=True)
class Patch:
    """A connected patch of new water, before anything is known of the sites around it."""

    geometry: MultiPolygon
    touches_water: bool


def new_water_patches(
    before: Scene,
    after: Scene,
    *,
    water_codes: frozenset[int],
    blind_codes: frozenset[int],
    locate: Callable[[Scene], Path],
    progress: Callable[[int, int], None] | None = None,
) -> list[Patch]:
    """The patches (cells joined by sides or corners) that are water after and were seen dry before.

    Both scenes share one grid. Only the marks of the cells are held in memory, one byte a cell. Raises
    GridsDiffer and SceneChanged.
    """
    difference = before.grid.difference(after.grid)
    if difference is not None:
        raise GridsDiffer(scene_a=before.path, scene_b=after.path, difference=difference)
    grid = before.grid
    was_water, new_water = (np.zeros((grid.height, grid.width), dtype=np.bool_) for _ in range(2))
    with open_scene(before, locate(before)) as first, open_scene(after, locate(after)) as last:
        readers = [scene_reader(first, [before]), scene_reader(last, [after])]
        total = grid.n_block_rows * grid.n_block_cols
        for done, (row, col) in enumerate(_blocks(grid)):
            rows, cols = grid.block_shape(row, col)
            window = np.s_[row * BLOCK : row * BLOCK + rows, col * BLOCK : col * BLOCK + cols]
            (codes_a, missing_a), (codes_b, missing_b) = (reader.read(row, col)[0] for reader in readers)
            was_water[window] = _is_one_of(codes_a, water_codes, missing_a)
            dry = ~was_water[window] & ~_is_one_of(codes_a, blind_codes, None) & (codes_a != missing_a)
            new_water[window] = dry & _is_one_of(codes_b, water_codes, missing_b)
            if progress is not None:
                progress(done + 1, total)
    return [
        Patch(_lonlat(grid, polygon), touches) for polygon, touches in _patches(grid, new_water, was_water)
    ]


def _blocks(grid: Grid) -> Iterator[tuple[int, int]]:
    return ((row, col) for row in range(grid.n_block_rows) for col in range(grid.n_block_cols))


def _is_one_of(codes: npt.NDArray[np.uint8 | np.uint16], wanted: Iterable[int], missing: int | None) -> Bools:
    found: Bools = np.isin(codes.astype(np.int32), np.array(sorted(wanted), dtype=np.int32))
    return found if missing is None else found & (codes != missing)


def _patches(grid: Grid, new_water: Bools, was_water: Bools) -> Iterator[tuple[Polygon, bool]]:
    """Each patch in the grid's CRS, and whether it lies beside water that was there before."""
    transform = from_origin(grid.x0, grid.y0, grid.dx, grid.dy)
    beside = new_water & grown(was_water)
    for outline, _ in shapes(
        new_water.astype(np.uint8), mask=new_water, connectivity=_NEIGHBOURS, transform=transform
    ):
        outer, *holes = outline["coordinates"]
        polygon = Polygon(outer, holes)
        yield polygon, _any_inside(grid, polygon, beside)


def grown(mask: Bools) -> Bools:
    """The cells of a mask and their eight neighbours.

    >>> grown(np.array([[False, False, True]])).tolist()
    [[False, True, True]]
    """
    padded = np.pad(mask, 1)
    rows, cols = mask.shape
    found = np.zeros_like(mask)
    for down in range(3):
        for across in range(3):
            found |= padded[down : down + rows, across : across + cols]
    return found


def _any_inside(grid: Grid, polygon: Polygon, mask: Bools) -> bool:
    """Whether a marked cell has its centre in the polygon, which runs along cell sides."""
    west, south, east, north = polygon.bounds
    first_col, last_col = round((west - grid.x0) / grid.dx), round((east - grid.x0) / grid.dx)
    first_row, last_row = round((grid.y0 - north) / grid.dy), round((grid.y0 - south) / grid.dy)
    row, col = np.nonzero(mask[first_row:last_row, first_col:last_col])
    if not len(row):
        return False
    x = grid.x0 + (first_col + col + 0.5) * grid.dx
    y = grid.y0 - (first_row + row + 0.5) * grid.dy
    return bool(shapely.contains_xy(polygon, x, y).any())


def _lonlat(grid: Grid, polygon: Polygon) -> MultiPolygon:
    transformer = Transformer.from_crs(parsed_crs(grid.crs), "EPSG:4326", always_xy=True)
    moved = shapely.transform(polygon, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])))
    parts = shapely.get_parts(moved if moved.is_valid else shapely.make_valid(moved))
    return MultiPolygon([part for part in parts if isinstance(part, Polygon)])


def outside_sites(patches: Sequence[Patch], sites: Sequence[MultiPolygon], *, buffer_m: float) -> list[Patch]:
    """The patches of which no part lies within `buffer_m` metres of a site."""
    if not sites or not patches:
        return list(patches)
    tree = STRtree([widened(site, buffer_m) for site in sites])
    touched, _ = tree.query([patch.geometry for patch in patches], predicate="intersects")
    near = set(touched.tolist())
    return [patch for number, patch in enumerate(patches) if number not in near]


def widened(geometry: MultiPolygon, metres: float) -> shapely.Geometry:
    """The geometry with a margin of about so many metres, in degrees; itself for 0.

    The margin is reckoned in degrees of longitude, of which a metre needs more, after latitude is stretched
    alike: right to a few per cent below 80 degrees of latitude.
    """
    if metres <= 0:
        return geometry
    lon, lat = geometry.centroid.x, geometry.centroid.y
    _, _, metres_lon = _ELLIPSOID.inv(lon - 0.005, lat, lon + 0.005, lat)
    _, _, metres_lat = _ELLIPSOID.inv(lon, lat - 0.005, lon, lat + 0.005)
    stretch = metres_lat / metres_lon
    flat = shapely.transform(geometry, lambda xy: xy * (1.0, stretch))
    grown_flat = flat.buffer(metres / (metres_lon * 100), quad_segs=_QUADRANT_STEPS)
    return shapely.transform(grown_flat, lambda xy: xy / (1.0, stretch))


def candidates_of(
    patches: Sequence[Patch], *, product: str, edition: str, years: tuple[int, int], least_ha: float
) -> list[Candidate]:
    """The patches of at least `least_ha` hectares as candidates, the largest first."""
    found = [
        Candidate(
            candidate_id=0,
            geometry=patch.geometry,
            product=product,
            edition=edition,
            from_year=years[0],
            to_year=years[1],
            area_units=geodesic_area_units(patch.geometry),
            touches_water=patch.touches_water,
        )
        for patch in patches
    ]
    large = [one for one in found if one.area_ha >= least_ha]
    return sorted(large, key=lambda one: (-one.area_units, one.geometry.bounds))


def like_dismissed(
    found: Candidate, dismissed: Sequence[Candidate], *, least_share: float
) -> Candidate | None:
    """The dismissed candidate that covers at least `least_share` of a new one, None where there is none."""
    for one in dismissed:
        if not shapely.intersects(one.geometry, found.geometry):
            continue
        common = shapely.intersection(one.geometry, found.geometry)
        if common.area >= least_share * found.geometry.area:
            return one
    return None
