"""The shards of a subsidence run: what is read, asked and kept of each."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import shapely

from geo.assessment import content_key
from geo.inputs import inputs_of
from geo.landcover import Role
from geo.ledger import Ledger
from geo.readings import known_until
from geo.recovery import Inputs
from geo.runs.seen import Seen
from geo.runs.sharded import Kept
from geo.runs.shards import Shard
from geo.runs.work import Work
from geo.scenes import Scene
from geo.sites import Site
from geo.store import Connection, Store, hidden, history, pondings, sites, subsidences
from geo.store.subsidence_tables import SUBSIDENCES
from geo.subsidence.inputs import displacement_terms, ponding_terms
from geo.subsidence.plan import SubsidencePlan
from geo.subsidence.ponding import PondingYear
from geo.subsidence.shard import SubsidenceSubject, SubsidenceTask, Told
from geo.subsidence.site import Subsidence
from geo.subsidence.site_ponding import WaterUnits


@dataclass(frozen=True, slots=True)
class SubsidencePart:
    """The sites of a shard that exist today. `kept` are the displacements that still hold."""

    shard: Shard
    sites: Mapping[int, Site]
    geometry_seq: Mapping[int, int]
    site_seq: Mapping[int, int]
    kept: Sequence[Subsidence]
    key: str

    @property
    def total_key(self) -> str:
        """That of the results: a subsidence run has no other total."""
        return self.key


@dataclass(slots=True)
class TellTale:
    """The results of the sites, where they are to be handed over as a whole."""

    subsidences: list[Subsidence] = field(default_factory=list)
    pondings: list[PondingYear] = field(default_factory=list)
    codes: dict[int, str] = field(default_factory=dict)


class SubsidenceShards:
    """The shards of one run; `counts` is what they came to."""

    def __init__(self, store: Store, plan: SubsidencePlan, work: Work, today: date, *, keep: bool) -> None:
        self._store = store
        self._plan = plan
        self._work = work
        self._today = today
        self._keep = keep
        self._terms = _Terms(plan)
        self._files = {scene.path: store.locate(scene) for scene in plan.scenes}
        self.counts: Counter[str] = Counter(n_sites=0, n_told=0, n_unchanged=0)
        self.found = TellTale()

    def read(self, shard: Shard) -> SubsidencePart:
        """The sites of the shard as the store stands now."""
        ids = shard.site_ids.tolist()
        with self._store.read() as conn:
            rows = history.rows(conn, site_ids=ids)
            ledger = Ledger(rows)
            known = known_until(ledger, None)
            now = ledger.snapshot(as_of=self._today, known_us=known)
            latest = ledger.snapshot(as_of=date.max, known_us=known, with_left=True)
            found = {
                site.site_id: site for site in sites.many(conn, ids) if now.state_of(site.site_id) is not None
            }
            seqs = dict(zip(latest.site.tolist(), latest.geometry_seq.tolist(), strict=True))
            kept = self._still_holding(conn, found, seqs)
        keys = [(one, self._terms.of(site, seqs[one])) for one, site in found.items()]
        return SubsidencePart(
            shard=shard,
            sites=found,
            geometry_seq=seqs,
            site_seq={row.site_id: row.seq for row in rows},
            kept=kept,
            key=hashlib.sha256(repr(keys).encode()).hexdigest(),
        )

    def task_of(self, part: SubsidencePart) -> SubsidenceTask | None:
        """What is to be computed of them."""
        known = {one.site_id for one in part.kept}
        subjects = tuple(
            self._subject(site, part.geometry_seq[site_id])
            for site_id, site in part.sites.items()
            if site_id not in known
        )
        if not subjects:
            return None
        legend = self._plan.legend
        return SubsidenceTask(
            subjects=subjects,
            files=self._files,
            series=self._plan.series,
            years=self._plan.years,
            water_codes=frozenset() if legend is None else legend.codes_of(Role.WATER),
            blind_codes=frozenset() if legend is None else legend.codes_of(Role.NO_DATA),
        )

    def keep(self, part: SubsidencePart, found: Told) -> Kept:
        """What was computed, ready to be put into the store."""
        lines = self._lines(part, found.waters)
        told = {one.site_id for one in (*found.subsidences, *part.kept)} | set(found.waters)
        seen = Seen(self._plan.scene_seq, part.site_seq)
        if self._keep:
            self.found.subsidences += [*found.subsidences, *part.kept]
            self.found.pondings += lines
            self.found.codes |= {site_id: site.site_code for site_id, site in part.sites.items()}

        def put(conn: Connection) -> None:
            hidden.forget(conn, self._work.run_id, part.shard.site_ids.tolist())
            hidden.confirm(conn, SUBSIDENCES, ((one.site_id, one.content_key) for one in part.kept), seen)
            subsidences.put_hidden(conn, self._work.run_id, found.subsidences, seen=seen)
            pondings.put_hidden(conn, self._work.run_id, lines, seen=seen)

        counts = {"n_sites": len(part.sites), "n_told": len(told), "n_unchanged": len(part.kept)}
        return Kept(counts, put)

    def add(self, _part: SubsidencePart, noted: Mapping[str, Any]) -> None:
        """Count what a shard came to."""
        self.counts.update(noted)

    def _still_holding(
        self, conn: Connection, found: Mapping[int, Site], seqs: Mapping[int, int]
    ) -> list[Subsidence]:
        if self._plan.series is None:
            return []
        stored = subsidences.find(
            conn, site_ids=list(found), product=self._plan.params.product, edition=self._plan.edition
        )
        return [
            one
            for one in stored
            if self._terms.of(found[one.site_id], seqs[one.site_id]) == (one.content_key, one.inputs)
        ]

    def _subject(self, site: Site, geometry_seq: int) -> SubsidenceSubject:
        key, inputs = self._terms.of(site, geometry_seq)
        return SubsidenceSubject(site.site_id, shapely.to_wkb(site.geometry), site.area_units, key, inputs)

    def _lines(
        self, part: SubsidencePart, waters: Mapping[int, Mapping[int, WaterUnits]]
    ) -> list[PondingYear]:
        return [
            self._line(part.sites[site_id], part.geometry_seq[site_id], year, units)
            for site_id, by_year in sorted(waters.items())
            for year, units in sorted(by_year.items())
        ]

    def _line(self, site: Site, geometry_seq: int, year: int, units: WaterUnits) -> PondingYear:
        key, inputs = self._terms.of(site, geometry_seq, year)
        return PondingYear(
            site_id=site.site_id,
            product=self._plan.params.product,
            edition=self._plan.edition,
            year=year,
            n_seasons=units.n_seasons,
            area_units=site.area_units,
            valid_units=units.valid,
            annual_units=units.annual,
            perennial_units=units.perennial,
            seasonal_units=units.seasonal,
            content_key=key,
            inputs=inputs,
        )


class _Terms:
    """What the results of a run depend on but the sites: of a series as a whole, of water by year.

    Each is a digest with the last registered of its scenes; that of None stands for the whole run.
    """

    def __init__(self, plan: SubsidencePlan) -> None:
        if plan.series is not None:
            span, used = plan.series.span, plan.series.scenes
            digest = displacement_terms(used, threshold=span.threshold, last_epochs=span.last_epochs)
            self._known: dict[int | None, tuple[str, int]] = {None: (digest, _last(used))}
            return
        legend = plan.legend
        by_year = {one.year: (ponding_terms(one, legend), _last(one.used)) for one in plan.years if legend}
        whole = hashlib.sha256(repr(sorted(by_year.items())).encode()).hexdigest()
        self._known = {None: (whole, plan.scene_seq), **dict(by_year.items())}

    def of(self, site: Site, geometry_seq: int, year: int | None = None) -> tuple[str, Inputs]:
        """The content key and the inputs of a site's displacement, or of its water in a year."""
        digest, last_scene_id = self._known[year]
        return content_key(digest, site.geometry), inputs_of(geometry_seq, digest, last_scene_id)


def _last(used: Sequence[Scene]) -> int:
    return max(scene.scene_id for scene in used)
