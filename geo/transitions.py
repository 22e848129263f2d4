"""Joint class areas of two scenes: the hectares of every site that went from class to class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

MISSING_CODE: Final = -1
"""The class code of a cell that holds the raster's declared nodata value."""


@dataclass(frozen=True, slots=True)
class JointAreas:
    """A long table, sorted by (site, from_code, to_code), without empty rows.

    `site` int64 ids as given to the coverage (0 for a whole scene); codes int32, `MISSING_CODE` for nodata;
    `units` int64 true ground area in 1e-4 m2; `cells` int64 weighted cells in 1 / FULL_CELL.
    """

    site: npt.NDArray[np.int64]
    from_code: npt.NDArray[np.int32]
    to_code: npt.NDArray[np.int32]
    units: npt.NDArray[np.int64]
    cells: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Transition:
    """Area of one site, or scene, that went from one class to another.

    `ha` is true ground area; `ha_grid` cells x nominal cell area, None on a geographic grid. Codes are None
    where the cell holds no data.
    """

    from_code: int | None
    to_code: int | None
    outcome: str
    units: int
    ha: float
    ha_grid: float | None
