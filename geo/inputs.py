"""Inputs: whether a stored result still describes the site, the scenes and the tables of now.

A result is usable only if the site's polygon is stated by the same history row as then, and if the scenes it
was computed from, the site's other facts, the legend and the tables are what they were. A scene registered
later does not matter. Whatever the day and the time that a figure is asked for, the comparison is with the
facts that hold now: results exist for those alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.assessment import terms_sha256
from geo.evidence.thresholds import thresholds
from geo.landcover import Product, products
from geo.ledger import Ledger
from geo.outcomes import OutcomeKey, damage_at
from geo.readings import known_until
from geo.recovery import Inputs
from geo.scenes import Scene
from geo.snapshot import KINDS, TARGETS, UNKNOWN, Int64s
from geo.store import Connection, scenes, sites

NATURAL_BARE: Final = "natural_bare_disturbed"
"""The attribute by which a site says that its beach, rock or dune is damage."""

_TERMS_DIGITS: Final = 15
_YEARS: Final = 1 << 12
_WORDS: Final = 1 << 4


@dataclass(frozen=True, slots=True)
class StoredInputs:
    """What results of one product and edition were computed from, row by row (see `Inputs`)."""

    site: Int64s
    from_year: Int64s
    to_year: Int64s
    geometry_seq: Int64s
    last_scene_id: Int64s
    terms: Int64s


def terms_and_last_scene(
    used: Sequence[Scene],
    *,
    legend: Product,
    edition: str,
    key: OutcomeKey,
    years: tuple[int, int],
    baseline_late: bool,
) -> tuple[str, int]:
    """The terms (SHA-256, hex) of a recovery and the last registered of its scenes.

    `used` may hold more scenes than those of the years and their two neighbours.
    """
    window = [scene for scene in used if years[0] - 1 <= scene.year <= years[1] + 1]
    terms = terms_sha256(
        edition=edition,
        scene_hashes=[f"{scene.year} {scene.band} {scene.nodata} {scene.sha256}" for scene in window],
        legend=legend,
        limits=thresholds(),
        key=key,
        years=years,
        baseline_late=baseline_late,
    )
    return terms, max((scene.scene_id for scene in window), default=0)


def inputs_of(geometry_seq: int, terms: str, last_scene_id: int) -> Inputs:
    """The inputs as they are stored; `terms` is cut to 60 bits, which fit every database's integers."""
    return Inputs(geometry_seq, last_scene_id, int(terms[:_TERMS_DIGITS], 16))


class InputsNow:
    """The facts of the sites, the scenes and the tables that results must describe to be usable."""

    def __init__(self, conn: Connection, ledger: Ledger) -> None:
        self._conn = conn
        self._sites = ledger.snapshot(as_of=date.max, known_us=known_until(ledger, None), with_left=True)
        self._bare = _marks(self._sites.site, sites.with_true_attribute(conn, NATURAL_BARE))
        self._scenes: dict[tuple[str, str], list[Scene]] = {}

    def geometry_seq(self, site_id: int) -> int:
        """The history row that states the polygon of a site, 0 for one that is not known."""
        place, known = self._places(np.array([site_id], dtype=np.int64))
        return int(self._sites.geometry_seq[place[0]]) if known[0] else 0

    def usable(self, product: str, edition: str, rows: StoredInputs) -> npt.NDArray[np.bool_]:
        """Which of the rows were computed from what holds now; none where the product has no legend."""
        legend = products().get(product)
        place, known = self._places(rows.site)
        if legend is None or not known.any():
            return np.zeros(len(rows.site), dtype=bool)
        codes = self._codes(rows, place)
        different, row_of = np.unique(codes, return_inverse=True)
        found = self._registered(product, edition)
        expected = np.array([_terms(int(code), legend, edition, found) for code in different], dtype=np.int64)
        same_outline = self._sites.geometry_seq[place] == rows.geometry_seq
        usable: npt.NDArray[np.bool_] = known & same_outline & (expected[row_of] == rows.terms)
        return usable

    def _places(self, site: Int64s) -> tuple[Int64s, npt.NDArray[np.bool_]]:
        """Where the sites stand in the snapshot, and which of them do."""
        if len(self._sites) == 0:
            return np.zeros(len(site), dtype=np.int64), np.zeros(len(site), dtype=bool)
        place = np.minimum(np.searchsorted(self._sites.site, site), len(self._sites) - 1)
        return place, self._sites.site[place] == site

    def _codes(self, rows: StoredInputs, place: Int64s) -> Int64s:
        """All that a row's terms depend on in one number, so that equal terms are reckoned once."""
        now = self._sites
        damaged, started = now.damage_year[place], now.treatment_start[place]
        younger = (damaged != UNKNOWN) & (damaged > rows.from_year)
        late = (started != UNKNOWN) & (started < _first_days(rows.from_year))
        code = rows.last_scene_id
        for value, size in (
            (rows.from_year, _YEARS),
            (rows.to_year, _YEARS),
            (now.kind[place], _WORDS),
            (now.target[place], _WORDS),
            (younger, 2),
            (self._bare[place], 2),
            (late, 2),
        ):
            code = code * size + value
        return code

    def _registered(self, product: str, edition: str) -> list[Scene]:
        key = (product, edition)
        if key not in self._scenes:
            self._scenes[key] = scenes.find(self._conn, product=product, edition=edition)
        return self._scenes[key]


def _terms(code: int, legend: Product, edition: str, registered: Sequence[Scene]) -> int:
    """The terms of a row with this code (see `InputsNow._codes`) if it were computed now."""
    code, late = divmod(code, 2)
    code, bare = divmod(code, 2)
    code, younger = divmod(code, 2)
    code, target = divmod(code, _WORDS)
    code, kind = divmod(code, _WORDS)
    code, to_year = divmod(code, _YEARS)
    last_scene_id, from_year = divmod(code, _YEARS)
    damage = damage_at(KINDS[kind], from_year + younger, from_year)
    terms, _ = terms_and_last_scene(
        [scene for scene in registered if scene.scene_id <= last_scene_id],
        legend=legend,
        edition=edition,
        key=OutcomeKey(KINDS[kind], TARGETS[target], damage, bool(bare)),
        years=(from_year, to_year),
        baseline_late=bool(late),
    )
    return inputs_of(0, terms, last_scene_id).terms


def _marks(site: Int64s, chosen: Collection[int]) -> npt.NDArray[np.bool_]:
    return np.isin(site, np.fromiter(chosen, dtype=np.int64))


def _first_days(year: Int64s) -> Int64s:
    """1 January of each year, as proleptic ordinals."""
    different, row_of = np.unique(year, return_inverse=True)
    days = np.array([date(max(1, int(one)), 1, 1).toordinal() for one in different], dtype=np.int64)
    first: Int64s = days[row_of]
    return first
