"""Outcomes cell by cell: what became of every piece of land of some sites, block by block.

A piece is the part of one cell that one site covers. Samples are drawn from pieces, and two editions are laid
over each other piece by piece; the hectares are those of the recovery engine, to the last unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.coverage import BlockCoverage
from geo.grid import BLOCK
from geo.inputs import NATURAL_BARE
from geo.landcover import Product, Role
from geo.outcomes import Baseline, OutcomeKey, damage_at, rules_of
from geo.samples.strata import strata
from geo.scenes import Scene
from geo.sites import Site
from geo.tally import Cells
from geo.zonal import Codes, open_scene, read_ahead, read_all, scene_reader

Strata = npt.NDArray[np.int8]
"""Places in `strata()`, `NO_STRATUM` where either year has no data."""

NO_STRATUM: Final = -1
_CODES: Final = 1 << 16
_ROLES: Final = tuple(Role)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two scenes of one product and edition, the earlier first, with their files."""

    land_cover: Product
    first: Scene
    last: Scene
    first_path: Path
    last_path: Path


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of one block; all arrays have one entry a piece.

    `site` indexes the sites of the coverage, `at` is the offset in the block (row x BLOCK + column), `units`
    the ground area in 1e-4 m2, `weight` the covered share of the cell in 1 / FULL_CELL. `strata` holds one
    array for each pair of scenes.
    """

    block_row: int
    block_col: int
    site: npt.NDArray[np.int64]
    at: npt.NDArray[np.int32]
    units: npt.NDArray[np.int64]
    weight: npt.NDArray[np.int64]
    strata: tuple[Strata, ...]

    def cell(self, piece: int) -> tuple[int, int]:
        """Row and column in the grid of the cell of one piece."""
        row, col = divmod(int(self.at[piece]), BLOCK)
        return self.block_row * BLOCK + row, self.block_col * BLOCK + col


def outcome_pieces(
    blocks: Iterable[BlockCoverage], keys: Sequence[OutcomeKey], pairs: Sequence[Pair]
) -> Iterator[Pieces]:
    """The pieces of each block with what became of them by each pair of scenes.

    `keys` holds what the outcomes of each site of the coverage depend on; the scenes must share the grid of
    the coverage. Raises SceneChanged where a file no longer has the grid of its registration.
    """
    distinct = list(dict.fromkeys(keys))
    place = {key: index for index, key in enumerate(distinct)}
    key_of = np.array([place[key] for key in keys], dtype=np.int64)
    table = np.stack([_stratum_table(key) for key in distinct])
    with ExitStack() as stack:
        readers = [
            scene_reader(stack.enter_context(open_scene(scene, path)), [scene])
            for pair in pairs
            for scene, path in ((pair.first, pair.first_path), (pair.last, pair.last_path))
        ]
        roles = [_roles(pair.land_cover) for pair in pairs]
        for block, codes in read_ahead(blocks, read_all(readers)):
            cells = Cells.of(block)
            site = np.repeat(block.site.astype(np.int64), np.diff(cells.groups))
            key = key_of[site]
            yield Pieces(
                block_row=block.row,
                block_col=block.col,
                site=site,
                at=cells.at,
                units=cells.units.astype(np.int64),
                weight=cells.weight.astype(np.int64),
                strata=tuple(
                    table[key, _role(codes[2 * n], cells, role), _role(codes[2 * n + 1], cells, role)]
                    for n, role in enumerate(roles)
                ),
            )


def units_by_stratum(pieces: Pieces, which: int = 0) -> npt.NDArray[np.int64]:
    """The area of each stratum in a block, in units of 1e-4 m2, by the pair of scenes `which`."""
    stratum = pieces.strata[which]
    sums = np.zeros(len(strata()), dtype=np.int64)
    valid = stratum != NO_STRATUM
    np.add.at(sums, stratum[valid], pieces.units[valid])
    return sums


def outcome_key(site: Site, from_year: int) -> OutcomeKey:
    """What the outcomes of a site's land depend on, from a baseline year on."""
    return OutcomeKey(
        kind=site.kind,
        target=site.target_use,
        damage=damage_at(site.kind, site.damage_year, from_year),
        natural_bare_disturbed=site.attributes.get(NATURAL_BARE) is True,
    )


def pair_of(land_cover: Product, scenes: Mapping[int, Scene], years: tuple[int, int], locate: Locate) -> Pair:
    """The pair of two years of one edition; `scenes` are by year and hold both."""
    first, last = (scenes[year] for year in years)
    return Pair(land_cover, first, last, locate(first), locate(last))


Locate = Callable[[Scene], Path]


def _role(codes: Codes, cells: Cells, roles: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """The role of every cell, as a place in `Role`."""
    values, missing = codes
    found = values[cells.at // BLOCK, cells.at % BLOCK]
    role: npt.NDArray[np.int8] = roles[found]
    if missing >= 0:
        role = np.where(found == missing, np.int8(_ROLES.index(Role.NO_DATA)), role)
    return role


def _roles(land_cover: Product) -> npt.NDArray[np.int8]:
    """The role of every code; no data where the legend has none."""
    roles = np.full(_CODES, _ROLES.index(Role.NO_DATA), dtype=np.int8)
    for code, row in land_cover.legend.items():
        roles[code] = _ROLES.index(row.role)
    return roles


@cache
def _stratum_table(key: OutcomeKey) -> Strata:
    """The stratum of every pair of roles, (roles, roles), for one kind of site."""
    place = {(one.outcome, one.baseline): index for index, one in enumerate(strata())}
    table = np.full((len(_ROLES), len(_ROLES)), NO_STRATUM, dtype=np.int8)
    for (before, after), rule in rules_of(key).items():
        if rule.baseline is not Baseline.NO_DATA:
            table[_ROLES.index(before), _ROLES.index(after)] = place[rule.outcome, rule.baseline]
    return table
