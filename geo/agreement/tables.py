"""Agreement: what two editions, or two products, say of the same land between the same two years.

Neither is truth. The table shows where they agree and where not, the shares the range that they span; which
of them is nearer to the ground only a checked sample can say (`geo.accuracy`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.agreement.class_fate import ClassFate, Side, class_fate
from geo.areas import ha_from_units
from geo.coverage import BlockCoverage, cover
from geo.errors import InvalidInput, UnknownScene
from geo.landcover import check_comparable, check_editions_comparable, product
from geo.outcome_cells import NO_STRATUM, Pair, outcome_key, outcome_pieces, pair_of
from geo.outcomes import OutcomeKey
from geo.recover.plan import BadYears
from geo.recovery import Outcome
from geo.samples.strata import disturbed_slugs, recovered_slugs, stratum_slugs
from geo.scenes import GridsDiffer, Scene
from geo.sites import Kind, Site, Target
from geo.store import Connection, Store, scenes
from geo.zonal import whole_blocks

Int64s = npt.NDArray[np.int64]

_SITES_AT_ONCE: Final = 20_000


class SameEdition(InvalidInput):
    """An edition would be compared with itself."""

    template = "{product} edition {edition} cannot be compared with itself; name another"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one side says of some land: hectares by outcome, and the recovered share of what was disturbed.

    `recovered_share` is None where nothing was disturbed.
    """

    side: Side
    ha: Mapping[str, float]
    disturbed_baseline_ha: float
    recovered_ha: float
    recovered_share: float | None

    @classmethod
    def of(cls, side: Side, units: Int64s) -> Seen:
        """The figures of the areas by stratum, in units of 1e-4 m2."""
        by_slug = dict(zip(stratum_slugs(), units.tolist(), strict=True))
        disturbed = sum(by_slug[slug] for slug in disturbed_slugs())
        recovered = sum(by_slug[slug] for slug in recovered_slugs())
        return cls(
            side=side,
            ha={slug: ha_from_units(area) for slug, area in by_slug.items()},
            disturbed_baseline_ha=ha_from_units(disturbed),
            recovered_ha=ha_from_units(recovered),
            recovered_share=recovered / disturbed if disturbed else None,
        )


@dataclass(frozen=True, slots=True)
class Cross:
    """Hectares that the one calls `row` and the other `column`."""

    row: str
    column: str
    ha: float


@dataclass(frozen=True, slots=True)
class SiteAgreement:
    """The shares of one site as both see it."""

    site_id: int
    site_code: str
    first: Seen
    second: Seen


@dataclass(frozen=True, slots=True)
class Table:
    """Where the two sides agree, cell by cell. Hectares.

    `agree_ha` and `disagree_ha` count land with data in both years on both sides; `undecided_ha` has no data
    on one side at least. `both_disturbed_ha` is the land that both call disturbed, of which the first and the
    second side call the shares of `both_disturbed` recovered (None where there is no such land).
    """

    cells: tuple[Cross, ...]
    agree_ha: float
    disagree_ha: float
    undecided_ha: float
    both_disturbed_ha: float
    both_disturbed: tuple[float, float] | None

    @classmethod
    def of(cls, joint: Int64s) -> Table:
        """The table of units by the strata of both sides, no data in the last row and column."""
        slugs = stratum_slugs()
        known = joint[:-1, :-1]
        agree = int(np.trace(known))
        disturbed = np.array([slug in disturbed_slugs() for slug in slugs])
        recovered = np.array([slug in recovered_slugs() for slug in slugs])
        both = int(known[np.ix_(disturbed, disturbed)].sum())
        by_first = int(known[np.ix_(recovered, disturbed)].sum())
        by_second = int(known[np.ix_(disturbed, recovered)].sum())
        named = (*slugs, Outcome.NO_DATA.value)
        return cls(
            cells=tuple(
                Cross(named[row], named[column], ha_from_units(int(joint[row, column])))
                for row, column in np.argwhere(joint).tolist()
            ),
            agree_ha=ha_from_units(agree),
            disagree_ha=ha_from_units(int(known.sum()) - agree),
            undecided_ha=ha_from_units(int(joint.sum()) - int(known.sum())),
            both_disturbed_ha=ha_from_units(both),
            both_disturbed=(by_first / both, by_second / both) if both else None,
        )


@dataclass(frozen=True, slots=True)
class Agreement:
    """The two sides over the same land. `table` is None, with its `reason`, where their grids differ.

    `low` and `high` are the range that the recovered shares span, None where nothing was disturbed.
    """

    from_year: int
    to_year: int
    scope: str
    first: Seen
    second: Seen
    low: float | None
    high: float | None
    table: Table | None
    sites: tuple[SiteAgreement, ...] = ()
    classes: tuple[ClassFate, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """The two sides with their scenes, checked."""

    sides: tuple[Side, Side]
    pairs: tuple[Pair, Pair]
    years: tuple[int, int]

    @property
    def grids_difference(self) -> str | None:
        """What tells the grids of the two sides apart, None where they are one."""
        return self.pairs[0].first.grid.difference(self.pairs[1].first.grid)


def scene_agreement(
    store: Store,
    first: Side,
    second: Side,
    years: tuple[int, int],
    *,
    class_code: int | None = None,
    vegetated: Collection[int] | None = None,
) -> Agreement:
    """The agreement over the whole scene; outcomes are those of a site without a target.

    `class_code` adds what became of the land of one class (see `class_fate`). Raises
    `ScenesNotComparable`, `GridsDiffer`, `UnknownScene`, `UnknownProduct`, `SameEdition`, `BadYears`.
    """
    with store.read() as conn:
        case = _case(store, conn, first, second, years)
    if case.grids_difference is not None:
        raise GridsDiffer(
            scene_a=case.pairs[0].first.path,
            scene_b=case.pairs[1].first.path,
            difference=case.grids_difference,
        )
    grid = case.pairs[0].first.grid
    keys = [OutcomeKey(Kind.OTHER, Target.NONE)]
    joint, by_site = _joint(whole_blocks(grid), keys, case.pairs, n_sites=1)
    of_class = [] if class_code is None else zip(case.sides, case.pairs, strict=True)
    classes = tuple(class_fate(side, pair, class_code or 0, vegetated=vegetated) for side, pair in of_class)
    return _agreement(case, "scene", joint, by_site.sum(axis=1), classes=classes)


def site_agreement(
    store: Store, sites: Sequence[Site], first: Side, second: Side, years: tuple[int, int], *, scope: str
) -> Agreement:
    """The agreement over the sites, each summed as it is; on figures of the sites alone where grids differ.

    Raises `ScenesNotComparable`, `UnknownScene`, `UnknownProduct`, `SameEdition`, `BadYears`, `OffTheMap`.
    """
    with store.read() as conn:
        case = _case(store, conn, first, second, years)
    parts = [
        _joint_of_sites(case, sites[start : start + _SITES_AT_ONCE])
        for start in range(0, max(len(sites), 1), _SITES_AT_ONCE)
    ]
    joints = [one for one, _ in parts if one is not None]
    joint: Int64s | None = np.sum(joints, axis=0) if joints else None
    by_site = np.concatenate([one for _, one in parts], axis=1)
    of_sites = tuple(
        SiteAgreement(
            site.site_id,
            site.site_code,
            Seen.of(first, by_site[0, row]),
            Seen.of(second, by_site[1, row]),
        )
        for row, site in enumerate(sites)
    )
    return _agreement(case, scope, joint, by_site.sum(axis=1), sites=of_sites)


def _joint_of_sites(case: _Case, sites: Sequence[Site]) -> tuple[Int64s | None, Int64s]:
    """As `_joint`, over some sites; without the first where the grids differ, each side on its own."""
    keys = [outcome_key(site, case.years[0]) for site in sites]
    ids = np.array([site.site_id for site in sites], dtype=np.int64)
    geometries = [site.geometry for site in sites]
    if case.grids_difference is None:
        blocks = cover(case.pairs[0].first.grid, ids, geometries).blocks
        return _joint(blocks, keys, case.pairs, n_sites=len(sites))
    by_side = [
        _joint(cover(pair.first.grid, ids, geometries).blocks, keys, [pair], n_sites=len(sites))[1]
        for pair in case.pairs
    ]
    return None, np.concatenate(by_side)


def _case(store: Store, conn: Connection, first: Side, second: Side, years: tuple[int, int]) -> _Case:
    if first == second:
        raise SameEdition(product=first.product, edition=first.edition)
    if years[0] >= years[1]:
        raise BadYears(from_year=years[0], to_year=years[1])
    if first.product == second.product:
        check_editions_comparable(product(first.product), first.edition, second.edition)
    pairs = tuple(_pair(store, conn, side, years) for side in (first, second))
    return _Case((first, second), (pairs[0], pairs[1]), years)


def _pair(store: Store, conn: Connection, side: Side, years: tuple[int, int]) -> Pair:
    land_cover = product(side.product)
    found: dict[int, Scene] = {
        scene.year: scene for scene in scenes.find(conn, product=side.product, edition=side.edition)
    }
    for year in years:
        if year not in found:
            known = ", ".join(map(str, sorted(found))) or "none"
            raise UnknownScene(product=side.product, edition=side.edition, year=year, known=known)
    check_comparable(land_cover, side.edition, years)
    return pair_of(land_cover, found, years, store.locate)


def _joint(
    blocks: Iterable[BlockCoverage], keys: Sequence[OutcomeKey], pairs: Sequence[Pair], *, n_sites: int
) -> tuple[Int64s | None, Int64s]:
    """Units by stratum of the first and of the second side, no data last; and by side, site and stratum.

    The first is None for a single pair.
    """
    n = len(stratum_slugs())
    joint = np.zeros((n + 1) * (n + 1), dtype=np.int64)
    by_site = np.zeros((len(pairs), n_sites * n), dtype=np.int64)
    for pieces in outcome_pieces(blocks, keys, pairs) if n_sites else ():
        if len(pairs) == 2:
            rows, columns = (np.where(one == NO_STRATUM, n, one.astype(np.int64)) for one in pieces.strata)
            np.add.at(joint, rows * (n + 1) + columns, pieces.units)
        for sums, stratum in zip(by_site, pieces.strata, strict=True):
            valid = stratum != NO_STRATUM
            np.add.at(sums, pieces.site[valid] * n + stratum[valid], pieces.units[valid])
    return (
        joint.reshape(n + 1, n + 1) if len(pairs) == 2 else None,
        by_site.reshape(len(pairs), n_sites, n),
    )


def _agreement(
    case: _Case,
    scope: str,
    joint: Int64s | None,
    sums: Int64s,
    *,
    sites: tuple[SiteAgreement, ...] = (),
    classes: tuple[ClassFate, ...] = (),
) -> Agreement:
    first, second = (Seen.of(side, units) for side, units in zip(case.sides, sums, strict=True))
    shares = [one.recovered_share for one in (first, second) if one.recovered_share is not None]
    return Agreement(
        from_year=case.years[0],
        to_year=case.years[1],
        scope=scope,
        first=first,
        second=second,
        low=min(shares, default=None),
        high=max(shares, default=None),
        table=None if joint is None else Table.of(joint),
        sites=sites,
        classes=classes,
        reason="grids_differ" if joint is None else None,
    )
