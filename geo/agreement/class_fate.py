"""What became of the land of one class of a whole scene, by one product and edition."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from geo.areas import ha_from_units
from geo.coverage import FULL_CELL
from geo.landcover import Role
from geo.outcome_cells import Pair
from geo.rasters import MISSING_CODE
from geo.zonal import scene_joint_areas


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: a product and its edition."""

    product: str
    edition: str


@dataclass(frozen=True, slots=True)
class ClassShare:
    """Land that became one class: hectares, grid hectares (None on a geographic grid) and the share."""

    class_code: int | None
    ha: float
    ha_grid: float | None
    share: float


@dataclass(frozen=True, slots=True)
class ClassFate:
    """What became of the land that one side mapped as one class in the earlier year.

    `became` lists the classes of the later year, None for no data, largest first. `vegetated_share` is the
    share of those classes that `vegetated` names, None where there was no such land.
    """

    side: Side
    class_code: int
    ha: float
    ha_grid: float | None
    became: tuple[ClassShare, ...]
    vegetated: tuple[int, ...]
    vegetated_share: float | None


def class_fate(
    side: Side, pair: Pair, class_code: int, *, vegetated: Collection[int] | None = None
) -> ClassFate:
    """What became of the land that was of one class in the earlier year of a pair, over the whole scene.

    `vegetated` are the codes that count as vegetated: those of the roles green and wetland where None.
    """
    joint = scene_joint_areas(pair.first, pair.first_path, pair.last, pair.last_path)
    rows = np.flatnonzero(joint.from_code == class_code)
    whole, cells = int(joint.units[rows].sum()), int(joint.cells[rows].sum())
    cell_ha = pair.first.grid.nominal_cell_ha

    def grid_ha(count: int) -> float | None:
        return None if cell_ha is None else count / FULL_CELL * cell_ha

    known = pair.land_cover.codes_of(Role.GREEN) | pair.land_cover.codes_of(Role.WETLAND)
    counted = tuple(sorted(known if vegetated is None else vegetated))
    grown = int(joint.units[rows][np.isin(joint.to_code[rows], counted)].sum())
    return ClassFate(
        side=side,
        class_code=class_code,
        ha=ha_from_units(whole),
        ha_grid=grid_ha(cells),
        became=tuple(
            ClassShare(
                None if (code := int(joint.to_code[row])) == MISSING_CODE else code,
                ha_from_units(int(joint.units[row])),
                grid_ha(int(joint.cells[row])),
                int(joint.units[row]) / whole,
            )
            for row in sorted(rows.tolist(), key=lambda row: -int(joint.units[row]))
        ),
        vegetated=counted,
        vegetated_share=grown / whole if whole else None,
    )
