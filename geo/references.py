"""Reference polygons: undisturbed or fully recovered land that sites are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from shapely import MultiPolygon

from geo.crs import CrsUnknown, crs_name, crs_suggestion
from geo.errors import InvalidInput, NotFound
from geo.shapes import judge_shapes
from geo.vector_io import RawLayer, read_vector

_NAMES: Final = ("name", "名称", "site_id", "code", "id", "编号")


class BadReferenceFile(InvalidInput):
    """A file of reference polygons cannot be taken."""

    template = "{file_name}: {problem}"


class NoReferences(NotFound):
    """There are no reference polygons to compare with."""

    template = "no reference polygons {which}; `reverdure references add FILE` brings some in"


class EmptyReference(InvalidInput):
    """A reference polygon says nothing: no pixel in it has a value in any of the years."""

    template = (
        "the reference polygon {name!r} of {set_name!r} covers no valid pixel of {product} edition {edition} "
        "in {first} to {last}"
    )


@dataclass(frozen=True, slots=True)
class ReferencePolygon:
    """One polygon of a set, in longitude and latitude. `sha256` is of the file it came from."""

    reference_id: int
    set_name: str
    name: str
    geometry: MultiPolygon
    source: str
    sha256: str


def references_from_file(
    path: Path, *, set_name: str | None = None, layer: str | None = None
) -> list[ReferencePolygon]:
    """The polygons of a vector file as one set, named `set_name` or as the file; invalid ones are repaired.

    Raises BadReferenceFile, which names the row, and what `read_vector` raises.
    """
    raw = read_vector(path, layer=layer)
    judged = judge_shapes(
        [row.geometry for row in raw.rows],
        [row.problem for row in raw.rows],
        crs=_crs(raw),
        repair=True,
        swap_axes=False,
        lang="en",
    )
    column = next((name for name in raw.columns if name.lower() in _NAMES), None)
    found = []
    for row, shape in zip(raw.rows, judged, strict=True):
        if shape.polygon is None:
            problem = f"row {row.row}: {shape.findings[-1].problem}"
            raise BadReferenceFile(file_name=raw.file_name, problem=problem)
        name = str(row.values.get(column) or "") if column else ""
        found.append(
            ReferencePolygon(
                reference_id=0,
                set_name=set_name or path.stem,
                name=name or f"{path.stem} {row.row}",
                geometry=shape.polygon,
                source=raw.file_name,
                sha256=raw.sha256,
            )
        )
    if not found:
        raise BadReferenceFile(file_name=raw.file_name, problem="it holds no polygon")
    return found


def _crs(raw: RawLayer) -> str:
    if raw.crs:
        return crs_name(raw.crs)
    shapes: Sequence[object] = [row.geometry for row in raw.rows if row.geometry is not None]
    if not shapes:
        raise BadReferenceFile(file_name=raw.file_name, problem="it holds no polygon")
    bounds = np.array([row.geometry.bounds for row in raw.rows if row.geometry is not None])
    west, south = bounds[:, :2].min(axis=0).tolist()
    east, north = bounds[:, 2:].max(axis=0).tolist()
    raise CrsUnknown(suggestion=crs_suggestion((west, south, east, north)))
