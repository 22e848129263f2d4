"""Drawing a sample: points within the outcomes of a group of sites, for somebody to check.

The strata are the outcomes as mapped. Within a stratum every point is drawn on its own, uniformly over the
land of the stratum (a cell is taken with a probability in proportion to the part of it that the site covers,
then a place in that part), so that the estimator of `geo.accuracy` applies as it stands. Land that two sites
claim can be drawn for either, as it counts twice in the sums of the rates. One seed gives one sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from geo import clock
from geo.accuracy import ErrorMatrix
from geo.coverage import Coverage, cover
from geo.errors import BadValue, Conflict
from geo.landcover import product
from geo.outcome_cells import Pair, Pieces, outcome_key, outcome_pieces, pair_of, units_by_stratum
from geo.outcomes import OutcomeKey
from geo.rates import GroupBy
from geo.samples.point_in_cell import point_in_piece
from geo.samples.population import Population
from geo.samples.sample import Sample, SampleKind, SamplePoint, sample_rules, sample_token
from geo.samples.strata import strata, stratum_slugs
from geo.sites import Site
from geo.store import Store, samples, scenes, sites
from geo.store.sites import SiteFilter

Int64s = npt.NDArray[np.int64]

_LARGEST_SEED: Final = 2**53 - 1
_SITES_AT_ONCE: Final = 20_000


class NothingToSample(Conflict):
    """The group has no land with an outcome."""

    template = (
        "no site of {group} has a usable result of {product} edition {edition}: run `reverdure recover`"
    )


@dataclass(frozen=True, slots=True)
class Allocation:
    """How many points are drawn: `per_stratum` in each, or `n` in all; by default as the table says."""

    per_stratum: int | None = None
    n: int | None = None

    def points(self, units: Int64s) -> Int64s:
        """Points for each stratum by its area; none where it has no area.

        Of `n` in all every stratum first gets the least that an interval needs (or its equal share, where
        `n` is too small for that), and the rest goes by area. Raises `BadValue`.
        """
        used = np.flatnonzero(units > 0)
        points = np.zeros(len(units), dtype=np.int64)
        rules = sample_rules()
        if self.n is None:
            each = rules.default_per_stratum if self.per_stratum is None else self.per_stratum
            _refuse_odd("per_stratum", each, least=2)
            points[used] = each
        else:
            _refuse_odd("n", self.n, least=2 * len(used))
            least = min(rules.min_per_stratum, self.n // len(used))
            points[used] = least + _shares(self.n - least * len(used), units[used])
        if points.sum() > rules.most_points:
            raise BadValue(
                field="points", value=int(points.sum()), problem=f"are more than {rules.most_points}"
            )
        return points


def _refuse_odd(field: str, value: int, *, least: int) -> None:
    if value < least:
        raise BadValue(field=field, value=value, problem=f"is too few: at least {least} points are needed")


def _shares(n: int, units: Int64s) -> Int64s:
    """`n` shared out in proportion, the largest remainders rounded up."""
    exact = n * (units / units.sum())
    whole = np.floor(exact).astype(np.int64)
    first = np.argsort(-(exact - whole), kind="stable")[: n - int(whole.sum())]
    shared: Int64s = whole
    shared[first] += 1
    return shared


@dataclass(frozen=True)
class _Land:
    """Some sites that share a baseline year; their coverage is made at need and can be dropped again."""

    sites: Sequence[Site]
    keys: Sequence[OutcomeKey]
    pair: Pair

    @cached_property
    def coverage(self) -> Coverage:
        """The sites laid on the grid."""
        ids = np.array([one.site_id for one in self.sites], dtype=np.int64)
        return cover(self.pair.first.grid, ids, [one.geometry for one in self.sites])

    def drop_coverage(self) -> None:
        """Free the memory of the coverage until it is asked for again."""
        self.__dict__.pop("coverage", None)

    def pieces(self, blocks: Sequence[int]) -> Iterator[Pieces]:
        """The pieces of some blocks of the coverage, by their places."""
        return outcome_pieces([self.coverage.blocks[place] for place in blocks], self.keys, [self.pair])


def draw_sample(
    store: Store,
    population: Population,
    allocation: Allocation,
    *,
    seed: int,
    blind: bool = True,
    source: str = "",
) -> Sample:
    """The sample of a group's sites, kept in the store; the same seed and population give the same one.

    `blind` exports leave out what is mapped. Raises `NothingToSample`, `BadValue`, `SceneChanged`.
    """
    if not 0 <= seed <= _LARGEST_SEED:
        raise BadValue(field="seed", value=seed, problem=f"is not from 0 to {_LARGEST_SEED}")
    if not population.key:
        raise NothingToSample(
            group=population.group.name_en or population.group.key,
            responsible=population.query.responsible,
            product=population.product or "any product",
            edition=population.edition or "any",
        )
    lands = _lands(store, population)
    sums: list[tuple[_Land, int, Int64s]] = []
    for land in lands:
        found = land.pieces(range(len(land.coverage.blocks)))
        sums += [(land, place, units_by_stratum(pieces)) for place, pieces in enumerate(found)]
        if len(lands) > 1:
            land.drop_coverage()
    units = np.sum([one for _, _, one in sums], axis=0)
    counts = allocation.points(units)
    rng = np.random.default_rng(seed)
    points = _numbered(_drawn(sums, units, counts, rng), rng)
    sample = replace(
        _sample(population, units, counts, seed=seed, blind=blind, n_points=len(points)), source=source
    )
    with store.write() as conn:
        return samples.add(conn, sample, points)


def _lands(store: Store, population: Population) -> list[_Land]:
    land_cover = product(population.product or "")
    wanted = dict(zip(population.sites.tolist(), population.from_year.tolist(), strict=True))
    with store.read() as conn:
        found = [one for one in sites.find(conn, SiteFilter(limit=None)) if one.site_id in wanted]
        of_edition = scenes.find(conn, product=population.product, edition=population.edition)
    by_year = {scene.year: scene for scene in of_edition}
    lands = []
    for from_year in sorted(set(wanted.values())):
        own = [one for one in found if wanted[one.site_id] == from_year]
        pair = pair_of(land_cover, by_year, (from_year, population.to_year), store.locate)
        for start in range(0, len(own), _SITES_AT_ONCE):
            some = own[start : start + _SITES_AT_ONCE]
            lands.append(_Land(some, [outcome_key(one, from_year) for one in some], pair))
    return lands


def _drawn(
    sums: Sequence[tuple[_Land, int, Int64s]], units: Int64s, counts: Int64s, rng: np.random.Generator
) -> list[SamplePoint]:
    """The points of all strata, in order of the blocks; numbers are not yet given."""
    by_block: dict[int, list[tuple[int, Int64s]]] = {}
    areas = np.array([one for _, _, one in sums], dtype=np.int64)
    for stratum in np.flatnonzero(counts).tolist():
        at = np.sort(rng.integers(0, int(units[stratum]), size=int(counts[stratum])))
        ends = np.cumsum(areas[:, stratum])
        block = np.searchsorted(ends, at, side="right")
        for place in np.unique(block).tolist():
            inside = at[block == place] - (ends[place] - areas[place, stratum])
            by_block.setdefault(place, []).append((stratum, inside))
    points: list[SamplePoint] = []
    last = None
    for place, chosen in sorted(by_block.items()):
        land, number, _ = sums[place]
        if last is not None and last is not land:
            last.drop_coverage()
        last = land
        (pieces,) = land.pieces([number])
        for stratum, inside in chosen:
            points += _points_of(land, pieces, stratum, inside, rng)
    return points


def _points_of(
    land: _Land, pieces: Pieces, stratum: int, inside: Int64s, rng: np.random.Generator
) -> Iterator[SamplePoint]:
    """The points at the areas `inside` of one stratum of a block, counted piece by piece."""
    members = np.flatnonzero(pieces.strata[0] == stratum)
    piece = members[np.searchsorted(np.cumsum(pieces.units[members]), inside, side="right")]
    for one in piece.tolist():
        site = land.sites[int(pieces.site[one])]
        row, col = pieces.cell(one)
        lon, lat = point_in_piece(land.coverage.grid, site.geometry, row, col, rng)
        yield SamplePoint(
            number=0,
            site_id=site.site_id,
            from_year=land.pair.first.year,
            lon=lon,
            lat=lat,
            row=row,
            col=col,
            stratum=strata()[stratum].slug,
        )


def _numbered(points: Sequence[SamplePoint], rng: np.random.Generator) -> list[SamplePoint]:
    """The points in a random order, so that a number says nothing of what is mapped."""
    order = rng.permutation(len(points)).tolist()
    return [replace(points[place], number=number) for number, place in enumerate(order, start=1)]


def _sample(
    population: Population, units: Int64s, counts: Int64s, *, seed: int, blind: bool, n_points: int
) -> Sample:
    terms = (
        f"{population.key} {seed} {counts.tolist()} {population.group.group} {population.group.key} {blind}"
    )
    years = np.unique(population.from_year).tolist()
    query = population.query
    return Sample(
        sample_id=0,
        kind=SampleKind.DRAWN,
        token=sample_token(terms),
        product=population.product or "",
        edition=population.edition or "",
        from_year=years[0] if len(years) == 1 else None,
        to_year=population.to_year,
        group_by=GroupBy(population.group.group),
        group_key=population.group.key,
        group_name=population.group.name,
        group_name_en=population.group.name_en,
        responsible=query.responsible,
        site_kind=query.kind,
        seed=seed,
        blind=blind,
        population_key=population.key,
        strata=dict(zip(stratum_slugs(), units.tolist(), strict=True)),
        matrix=ErrorMatrix.of_points(stratum_slugs(), ()),
        n_points=n_points,
        source="",
        made_at=clock.now_utc(),
    )
