"""Sites and rasters with a known answer, for tests of recovery runs."""

from datetime import date

import numpy as np
import rasterio
from pyproj import Transformer
from rasterio.transform import from_origin
from shapely import MultiPolygon, box, transform

from geo.areas import geodesic_area_units
from geo.changes import NewSite
from geo.history import Fact
from geo.landcover import product
from geo.recover.run import RecoverParams
from geo.scenes import inspect_scenes
from geo.status import Status
from geo.store import changes, scenes

NOW = "2024-06-01T08:00:00.000000Z"
LATER = "2024-06-02T08:00:00.000000Z"
TODAY = date(2024, 6, 3)
X0, Y0, CELL = 500_000, 3_700_000, 30
FOREST, WATER, BARREN = 2, 5, 7
TO_DEGREES = Transformer.from_crs("EPSG:32650", "EPSG:4326", always_xy=True)


def square(row, col, rows=10, cols=10):
    """The cells of the grid from (row, col) on, as a polygon in degrees."""
    left, top = X0 + col * CELL, Y0 - row * CELL
    shape = box(left, top - rows * CELL, left + cols * CELL, top)
    degrees = transform(
        shape.segmentize(CELL), lambda xy: np.column_stack(TO_DEGREES.transform(xy[:, 0], xy[:, 1]))
    )
    return MultiPolygon([degrees])


def site(code, geometry, status=Status.UNTREATED, **facts):
    stated = {Fact.RESPONSIBLE: "legacy", Fact.KIND: "open_pit"}
    rows = ((Status.UNTREATED, date(2012, 1, 1)),)
    if status is not Status.UNTREATED:
        rows += ((status, date(2015, 1, 1)),)
    return NewSite(
        site_code=code,
        geometry=geometry,
        area_units=geodesic_area_units(geometry),
        facts=stated | {Fact(name): value for name, value in facts.items()},
        entered_on=date(2012, 1, 1),
        status_rows=rows,
    )


def add_sites(store, *new, now=NOW):
    with store.write() as conn:
        return changes.create_sites(conn, list(new), actor="a", source="test", now=now)


def add_scenes(store, by_year, *, slug="clcd", edition="v1"):
    found = []
    for year, cells in by_year.items():
        path = store.folder / f"{slug}_{edition}_{year}.tif"
        profile = {
            "driver": "GTiff",
            "height": cells.shape[0],
            "width": cells.shape[1],
            "count": 1,
            "dtype": "uint8",
            "crs": "EPSG:32650",
            "transform": from_origin(X0, Y0, CELL, CELL),
            "nodata": 255,
        }
        with rasterio.open(path, "w", **profile) as dataset:
            dataset.write(cells, 1)
        found += inspect_scenes(
            [path], product=slug, edition=edition, legend_codes=product(slug).legend.keys()
        )
    with store.write() as conn:
        scenes.add(conn, found)


def cells(code=BARREN, **parts):
    grid = np.full((40, 40), code, dtype=np.uint8)
    for name, value in parts.items():
        rows, cols = name.split("_")[1:]
        grid[: int(rows), : int(cols)] = value
    return grid


def ramp(store):
    """All barren in 2013; the first 6 rows forest from 2016 on."""
    add_scenes(store, {2013: cells(), 2016: cells(top_6_40=FOREST), 2020: cells(top_6_40=FOREST)})


PARAMS = RecoverParams("clcd")
