"""The boxes of sites, from the index of their polygons: enough to part a country without reading it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import REAL, Connection, and_, bindparam, select

from geo.store import embedded
from geo.store.tables import SITES

_ROWS_AT_ONCE: Final = 50_000


def boxes(
    conn: Connection, site_ids: npt.NDArray[np.int64] | None = None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Ids, rising, and boxes (min x, min y, max x, max y in degrees) of the sites that have not left.

    Of those among `site_ids` where given. The boxes are those of the index, rounded outwards to 32 bits.
    """
    index = embedded.boxes_of("sites")
    query = select(index.c.id, index.c.minx, index.c.miny, index.c.maxx, index.c.maxy)
    query = query.join(SITES, SITES.c.fid == index.c.id).where(SITES.c.left_on.is_(None))
    found = conn.execution_options(yield_per=_ROWS_AT_ONCE).execute(query)
    parts = [np.array([tuple(row) for row in part], dtype=np.float64) for part in found.partitions()]
    rows = np.concatenate([*parts, np.empty((0, 5))])
    ids = rows[:, 0].astype(np.int64)
    chosen = np.ones(len(ids), dtype=bool) if site_ids is None else np.isin(ids, site_ids)
    order = np.flatnonzero(chosen)[np.argsort(ids[chosen], kind="stable")]
    return ids[order], rows[order, 1:]


def near(conn: Connection, boxes: npt.NDArray[np.float64]) -> list[list[int]]:
    """For each box, in degrees, the ids of the sites whose box meets it, whether they left or not, rising."""
    index = embedded.boxes_of("sites")
    names = ("west", "south", "east", "north")
    west, south, east, north = (bindparam(name, type_=REAL) for name in names)
    query = (
        select(index.c.id)
        .where(index.c.minx <= east, index.c.maxx >= west, index.c.miny <= north, index.c.maxy >= south)
        .order_by(index.c.id)
    )
    return [
        list(map(int, conn.execute(query, dict(zip(names, box, strict=True))).scalars()))
        for box in boxes.tolist()
    ]


def meeting(conn: Connection, site_ids: Sequence[int]) -> list[tuple[int, int]]:
    """(earlier, later) ids of every two sites whose boxes meet, where the later is one of `site_ids`."""
    later, earlier = embedded.boxes_of("sites"), embedded.boxes_of("sites").alias("earlier")
    query = (
        select(earlier.c.id, later.c.id)
        .join(
            earlier,
            and_(
                earlier.c.minx <= later.c.maxx,
                earlier.c.maxx >= later.c.minx,
                earlier.c.miny <= later.c.maxy,
                earlier.c.maxy >= later.c.miny,
            ),
        )
        .where(later.c.id.in_(site_ids), earlier.c.id < later.c.id)
        .order_by(later.c.id, earlier.c.id)
    )
    return [(int(first), int(second)) for first, second in conn.execute(query)]
