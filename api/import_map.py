"""The rows of an import with their places, for its map."""

from __future__ import annotations

import numpy as np

from api import import_work
from geo.crs import LONLAT, to_lonlat
from geo.imports.own import unpacked
from geo.imports.prepare import Receipt
from geo.shapes import swapped
from geo.store import Store, sites
from tiles.import_map import DrawnRow


def drawn_rows(store: Store, receipt: Receipt) -> list[DrawnRow]:
    """The rows that have a geometry: as sent while the file is kept and has any, else that of their site."""
    kept = import_work.layer_of(store, receipt)
    if kept is None or not kept[0].has_shapes:
        with store.read() as conn:
            found = sites.find(conn, sites.SiteFilter(limit=None, with_left=True))
        by_id = {site.site_id: site.geometry for site in found}
        return [DrawnRow(row, by_id[row.site_id]) for row in receipt.rows if row.site_id in by_id]
    layer, options = unpacked(kept[0]), kept[1]
    with_shape = {row.row: row for row in layer.rows if row.geometry is not None}
    rows = [row for row in receipt.rows if row.row in with_shape]
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = [with_shape[row.row].geometry for row in rows]
    moved = to_lonlat(swapped(shapes) if options.swap_axes else shapes, receipt.source_crs or LONLAT)
    return [DrawnRow(row, shape) for row, shape in zip(rows, moved.tolist(), strict=True)]
