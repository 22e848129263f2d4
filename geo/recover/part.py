"""One part of a recovery run: the sites of a shard as they are now, and what of them is to be computed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from operator import attrgetter
from typing import Any, Final

import numpy as np
import shapely
from shapely import MultiPolygon

from geo.areas import UNITS_PER_M2
from geo.assessment import Subject, content_key
from geo.evidence.thresholds import thresholds
from geo.evidence.verdict import Evidence, SceneRange, judge, state_key_of
from geo.grid import Grid
from geo.ground import cell_m2_at
from geo.history import HistoryRow
from geo.inputs import NATURAL_BARE, inputs_of, terms_and_last_scene
from geo.ledger import Ledger
from geo.outcomes import OutcomeKey, damage_at
from geo.overlap import overlapping, without
from geo.readings import known_until
from geo.recover.plan import Plan
from geo.recover.shard import Recoveries, ShardTask
from geo.recovery import TemporalRule
from geo.runs.shards import Shard
from geo.sites import Site
from geo.snapshot import Snapshot
from geo.store import Connection, Store, history, recoveries, recovery_keys, site_boxes, sites

_IDS_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Part:
    """The sites of one shard. `subjects` are those with a baseline, `changed` the ids to compute anew.

    `then` is the last day of the later year (today, where that is to come), `now` today. `pieces` is what
    earlier sites leave of each site that overlaps one, `pairs` the (earlier, later) ids that overlap, the
    later of this shard. `site_seq` is the last history row of each site. `key` changes with all that the
    results depend on, `total_key` with what the hectares depend on; `known_total` is what the very same shard
    came to in an earlier run, None where none had it.
    """

    shard: Shard
    sites: Mapping[int, Site]
    subjects: Mapping[int, Subject]
    changed: tuple[int, ...]
    pieces: Mapping[int, MultiPolygon]
    pairs: tuple[tuple[int, int], ...]
    then: Snapshot
    now: Snapshot
    site_seq: Mapping[int, int]
    key: str
    total_key: str
    known_total: Mapping[str, Any] | None = None

    @property
    def unchanged(self) -> list[int]:
        """The ids of the subjects whose stored results still hold."""
        return sorted(set(self.subjects) - set(self.changed))


def part_of(store: Store, plan: Plan, shard: Shard) -> Part:
    """The part of a run that a shard is, as the store stands now."""
    own = shard.site_ids.tolist()
    with store.read() as conn:
        near = _near(conn, plan, own)
        ids = sorted({*own, *(first for first, _ in near)})
        rows = _rows(conn, ids)
        ledger = Ledger(rows)
        known = known_until(ledger, None)
        now = ledger.snapshot(as_of=plan.today, known_us=known)
        then = ledger.snapshot(as_of=min(plan.today, date(plan.to_year, 12, 31)), known_us=known)
        latest = ledger.snapshot(as_of=date.max, known_us=known, with_left=True)
        baselines = dict(zip(now.site.tolist(), plan.baselines(now.damage_year).tolist(), strict=True))
        usable = {site_id: year for site_id, year in baselines.items() if 0 < year < plan.to_year}
        loaded = {site.site_id: site for site in sites.many(conn, ids) if site.site_id in baselines}
        geometry_seq = dict(zip(latest.site.tolist(), latest.geometry_seq.tolist(), strict=True))
        own_sites = {site_id: loaded[site_id] for site_id in own if site_id in loaded}
        terms = _Terms(plan)
        subjects = {
            site_id: _subject(terms, site, geometry_seq[site_id], usable[site_id])
            for site_id, site in own_sites.items()
            if site_id in usable
        }
        changed = _changed(conn, plan, subjects)
    pairs = overlapping(
        {site_id: site.geometry for site_id, site in loaded.items()},
        [pair for pair in near if pair[0] in usable and pair[1] in subjects],
    )
    pieces = _pieces(loaded, pairs)
    total_key = _digest([*_lines(subjects.values()), *_piece_lines(pieces)])
    states = (_state_line(site_id, then, now, subjects) for site_id in own_sites)
    return Part(
        shard=shard,
        sites=own_sites,
        subjects=subjects,
        changed=changed,
        pieces=pieces,
        pairs=tuple(pairs),
        then=then,
        now=now,
        site_seq={row.site_id: row.seq for row in rows},
        key=_digest([total_key, *states]),
        total_key=total_key,
    )


def task_of(store: Store, plan: Plan, part: Part, *, with_pieces: bool) -> ShardTask | None:
    """What is to be computed of a part; None where nothing is."""
    subjects = [part.subjects[site_id] for site_id in part.changed]
    polygons = [part.sites[site_id].geometry for site_id in part.changed]
    if with_pieces:
        subjects += [replace(part.subjects[site_id], site_id=-site_id) for site_id in part.pieces]
        polygons += part.pieces.values()
    if not subjects:
        return None
    first = min(one.from_year for one in subjects)
    years = [year for year in plan.registered if first <= year <= plan.to_year]
    used = [scene for scene in plan.scenes if first - 1 <= scene.year <= plan.to_year + 1]
    return ShardTask(
        land_cover=replace(plan.land_cover, legend=dict(plan.land_cover.legend)),
        edition=plan.edition,
        scenes=tuple(replace(scene, path=str(store.locate(scene))) for scene in used),
        years=tuple(years),
        subjects=tuple(subjects),
        polygons=tuple(map(shapely.to_wkb, polygons)),
        ends_unchanged=frozenset(one.site_id for one in subjects if _end_unchanged(plan, one)),
        limits=thresholds(),
    )


def kept_of(store: Store, plan: Plan, part: Part) -> Recoveries:
    """The stored recoveries that still hold, by rule and site."""
    kept: dict[TemporalRule, dict[int, object]] = {rule: {} for rule in TemporalRule}
    if part.unchanged:
        with store.read() as conn:
            found = recoveries.find(
                conn,
                site_ids=part.unchanged,
                product=plan.land_cover.slug,
                edition=plan.edition,
                to_year=plan.to_year,
            )
        for one in found:
            if one.from_year == part.subjects[one.site_id].from_year:
                kept[one.temporal_rule][one.site_id] = one
    return kept  # type: ignore[return-value]  # filled with recoveries alone


def evidence_of(plan: Plan, part: Part, found: Recoveries) -> list[Evidence]:
    """The verdict on every site of a part, from its recoveries; in the order of the ids."""
    cell_units = _cell_units(plan.grid, part.sites)
    return [
        judge(
            found[TemporalRule.MAJORITY3].get(site_id),
            found[TemporalRule.NONE].get(site_id),
            state_then=part.then.state_of(site_id),
            state_today=state,
            limits=thresholds(),
            scene=SceneRange(
                plan.land_cover.slug,
                plan.edition,
                part.subjects[site_id].from_year if site_id in part.subjects else plan.to_year,
                plan.to_year,
                cell_units[site_id],
            ),
            reason_without="no_baseline_scene",
        )
        for site_id in sorted(part.sites)
        if (state := part.now.state_of(site_id)) is not None
    ]


def _cell_units(grid: Grid, found: Mapping[int, Site]) -> dict[int, int]:
    """The ground area in 1e-4 m2 of a cell of the grid at the middle of each site's box, by site."""
    west, south, east, north = shapely.bounds([site.geometry for site in found.values()]).reshape(-1, 4).T
    cell_m2 = cell_m2_at(grid, (west + east) / 2, (south + north) / 2)
    units = np.rint(cell_m2 * UNITS_PER_M2).astype(np.int64)
    return dict(zip(found, units.tolist(), strict=True))


def _rows(conn: Connection, site_ids: Sequence[int]) -> list[HistoryRow]:
    """The history of these sites, asked for in parts, since a query holds so many values and no more."""
    parts = range(0, len(site_ids), _IDS_AT_ONCE)
    found = [
        row for first in parts for row in history.rows(conn, site_ids=site_ids[first : first + _IDS_AT_ONCE])
    ]
    return sorted(found, key=attrgetter("seq"))


def _near(conn: Connection, plan: Plan, own: Sequence[int]) -> list[tuple[int, int]]:
    """The (earlier, later) sites of the run whose boxes meet, the later one of `own`."""
    chosen = None if plan.params.site_ids is None else set(plan.params.site_ids)
    return [pair for pair in site_boxes.meeting(conn, own) if chosen is None or pair[0] in chosen]


class _Terms:
    """The terms of a run's recoveries, each reckoned once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._known: dict[tuple[OutcomeKey, int, bool], tuple[str, int]] = {}

    def of(self, key: OutcomeKey, from_year: int, *, late: bool) -> tuple[str, int]:
        """The terms and the last registered of their scenes, see `geo.inputs.terms_and_last_scene`."""
        asked = (key, from_year, late)
        if asked not in self._known:
            self._known[asked] = terms_and_last_scene(
                self.plan.scenes,
                legend=self.plan.land_cover,
                edition=self.plan.edition,
                key=key,
                years=(from_year, self.plan.to_year),
                baseline_late=late,
            )
        return self._known[asked]


def _subject(terms: _Terms, site: Site, geometry_seq: int, from_year: int) -> Subject:
    key = OutcomeKey(
        kind=site.kind,
        target=site.target_use,
        damage=damage_at(site.kind, site.damage_year, from_year),
        natural_bare_disturbed=site.attributes.get(NATURAL_BARE) is True,
    )
    late = site.treatment_start is not None and site.treatment_start.year < from_year
    digest, last_scene_id = terms.of(key, from_year, late=late)
    return Subject(
        site_id=site.site_id,
        key=key,
        area_units=site.area_units,
        from_year=from_year,
        to_year=terms.plan.to_year,
        baseline_late=late,
        content_key=content_key(digest, site.geometry),
        inputs=inputs_of(geometry_seq, digest, last_scene_id),
    )


def _changed(conn: Connection, plan: Plan, subjects: Mapping[int, Subject]) -> tuple[int, ...]:
    """The ids whose stored recoveries are not those of their content key and inputs, under every rule."""
    stored = recovery_keys.standing(
        conn, list(subjects), product=plan.land_cover.slug, edition=plan.edition, to_year=plan.to_year
    )
    return tuple(
        site_id
        for site_id, one in subjects.items()
        if any(
            stored.get((site_id, one.from_year, rule.value)) != (one.content_key, one.inputs)
            for rule in TemporalRule
        )
    )


def _end_unchanged(plan: Plan, subject: Subject) -> bool:
    """Whether the three-year majority cannot be taken in one of the subject's two years."""
    known = set(plan.registered)
    ends = (subject.from_year, subject.to_year)
    return any(year - 1 not in known or year + 1 not in known for year in ends)


def _pieces(loaded: Mapping[int, Site], pairs: Iterable[tuple[int, int]]) -> dict[int, MultiPolygon]:
    earlier: dict[int, list[int]] = {}
    for first, later in pairs:
        earlier.setdefault(later, []).append(first)
    return {
        later: without(loaded[later].geometry, [loaded[first].geometry for first in sorted(before)])
        for later, before in sorted(earlier.items())
    }


def _lines(subjects: Iterable[Subject]) -> list[str]:
    return [f"{one.site_id} {one.content_key} {one.inputs}" for one in subjects]


def _piece_lines(pieces: Mapping[int, MultiPolygon]) -> list[str]:
    return [
        f"{site_id} {hashlib.sha256(shapely.to_wkb(piece)).hexdigest()}" for site_id, piece in pieces.items()
    ]


def _state_line(site_id: int, then: Snapshot, now: Snapshot, subjects: Mapping[int, Subject]) -> str:
    before, state = then.state_of(site_id), now.state_of(site_id)
    if state is None:
        return f"{site_id}"
    key = state_key_of(before, state, limits=thresholds(), with_recovery=site_id in subjects)
    return f"{site_id} {key} {state.status}"


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
