"""Whatever is asked of an inventory, in whatever order: it does what the model does, and keeps its word.

`REVERDURE_LONG_PROPERTIES=1` walks much farther than the suite does.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from shapely import MultiPolygon, box

from geo.areas import geodesic_area_units
from geo.changes import Change, NewSite
from geo.cities import City, CityType, Level, Listing
from geo.clock import time_text
from geo.errors import ReverdureError
from geo.figures import rates_of
from geo.history import Fact, HistoryRow
from geo.imports.changes import changes_of
from geo.imports.receipts import Receipt, ReceiptRow, RowResult, Undo, UndoResult
from geo.imports.stated import Stated
from geo.imports.undo import leave, undo_import, voids
from geo.ledger import known_at_us
from geo.proposals import ProposalState
from geo.rates import CityRate, GroupBy, RateDefinition, RateQuery
from geo.readings import ledger_of
from geo.redrawing import Part, Redrawing, SitesDiffer, plan_merge, plan_split
from geo.store import Connection, Store, cities, history, proposals, sites
from geo.store import imports as import_store
from geo.store.changes import StaleVersion, apply_change, create_sites, propose_redrawing
from geo.store.redrawings import known_sites
from geo.undoing import NotUndoable, undo_of
from geo.wkb import geometry_of, multi, wkb_of
from tests.property.inventory_model import BY_ITSELF, Asked, Inventory, sound
from tests.property.inventory_model import MOVES as MODEL_MOVES
from tests.property.redrawn import AGREED, check_entered, halves

FIRST, TODAY = date(2012, 1, 1), date(2016, 12, 31)
START = datetime(2017, 1, 1, tzinfo=UTC)
HA = 100_000_000
UNITS = [
    City("340000", "安徽省", "Anhui", Level.PROVINCE, None, "e1"),
    City("340400", "淮南市", "Huainan", Level.PREFECTURE, "340000", "e1"),
    City("340421", "凤台县", "Fengtai", Level.COUNTY, "340400", "e1"),
    City("340406", "潘集区", "Panji", Level.COUNTY, "340400", "e1"),
    City("341302", "埇桥区", "Yongqiao", Level.COUNTY, "340000", "e1"),
]
LISTINGS = [
    Listing("340400", "淮南市", CityType.MATURE, "sourced", date(2013, 11, 12), date(2016, 1, 1)),
    Listing("340421", "凤台县", CityType.GROWING, "memory", date(2013, 11, 12)),
]

RECEIPT = Receipt(
    import_id=0,
    file_name="file.csv",
    sha256="0" * 64,
    layer="",
    source_crs="EPSG:4490",
    encoding="UTF-8",
    rows_in=1,
    counts={},
    defaults_used={},
    mapping={},
    rows=(),
    overlap_units=0,
    dry_run=False,
    committed_at=time_text(START),
    actor="a",
    seq=None,
    head=None,
)

DAYS = st.integers(0, 7).map(lambda n: FIRST + timedelta(days=250 * n))
STATUSES = st.sampled_from(
    ["untreated", "planned", "in_progress", "treated", "accepted", "closed", "relapsed", "excluded"]
)
AREAS = st.none() | st.integers(0, 6)
AREA_FACTS = AREAS.map(lambda ha: {"units": None if ha is None else ha * HA})
PLACES = st.tuples(st.integers(0, 3), st.integers(1, 2)).map(
    lambda at: MultiPolygon([box(117 + at[0] * 0.01, 33, 117 + (at[0] + at[1]) * 0.01, 33.01)])
)
PLAIN = st.one_of(
    st.fixed_dictionaries({"damaged": AREA_FACTS}),
    st.fixed_dictionaries({"restored": AREA_FACTS}),
    st.fixed_dictionaries({"damaged": AREA_FACTS, "restored": AREA_FACTS}),
    st.fixed_dictionaries({"kind": st.sampled_from(["other", "tailings"])}),
    st.fixed_dictionaries({"responsible": st.sampled_from(["legacy", "liable", "unknown"])}),
    st.fixed_dictionaries({"approach": st.sampled_from([None, "natural_recovery", "reconstruction"])}),
    st.fixed_dictionaries({"membership": st.sampled_from(["entered", "left"])}),
)
MOVES = st.one_of(
    st.fixed_dictionaries({"status": STATUSES}),
    st.fixed_dictionaries({"status": STATUSES, "restored": AREA_FACTS}),
)
SITES = st.integers(0, 5)
BY_ITSELF_TO = {"treated"}
LONG = os.environ.get("REVERDURE_LONG_PROPERTIES") == "1"


@pytest.fixture(scope="module", autouse=True)
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("inventory") / "empty.gpkg"
    store = Store.open(path, create=True)
    with store.write() as conn:
        cities.put(conn, UNITS, LISTINGS)
    store.close()
    InventoryMachine.empty = path


class InventoryMachine(RuleBasedStateMachine):
    """The store and the model side by side."""

    empty: ClassVar[Path]

    @initialize()
    def open_store(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=self.empty.parent))
        shutil.copyfile(self.empty, self.folder / "s.gpkg")
        self.store = Store.open(self.folder / "s.gpkg")
        self.model = Inventory()
        self.ids: list[int] = []
        self.waiting: dict[int, tuple[Asked, int]] = {}
        self.times: dict[int, tuple[int, str, str | None]] = {}
        self.versions: dict[int, int] = {}
        self.imports: dict[int, tuple[int, RowResult]] = {}
        self.n_codes = 0
        self.shapes: dict[str, MultiPolygon] = {}
        self.now = START
        self.recorded = ""
        self.published: list[tuple[RateQuery, GroupBy, list[CityRate]]] = []

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.folder)

    def _tick(self) -> str:
        self.now += timedelta(minutes=1)
        return time_text(self.now)

    def _stamp(self, now: str) -> str:
        self.recorded = max(now, self.recorded)
        return self.recorded

    def _shape(self, polygon: MultiPolygon) -> str:
        key = wkb_of(polygon).hex()
        self.shapes[key] = polygon
        return key

    @precondition(lambda self: len(self.ids) < 3)
    @rule(
        day=DAYS,
        status=st.sampled_from(["untreated", "planned", "in_progress", "treated", "accepted"]),
        damaged=AREAS,
        unit=st.sampled_from(["340421", "340406", "341302", None]),
        polygon=PLACES,
        natural=st.booleans(),
    )
    def create(
        self,
        day: date,
        status: str,
        damaged: int | None,
        unit: str | None,
        polygon: MultiPolygon,
        natural: bool,
    ) -> None:
        shares = {} if unit is None else {unit: "1"}
        area = {"units": None if damaged is None else damaged * HA}
        facts: dict[str, Any] = {
            "unit": {"adcode": unit, "edition": "e1", "shares": shares},
            "damaged": area,
            "responsible": "legacy",
            "approach": "natural_recovery" if natural else None,
        }
        now = self._tick()
        new = NewSite(
            self._code(),
            polygon,
            geodesic_area_units(polygon),
            {Fact(fact): value for fact, value in facts.items()} | {Fact.STATUS: status},
            day,
        )
        with self.store.write() as conn:
            source = f"import:{import_store.next_id(conn)}"
            (number,) = create_sites(conn, [new], actor="a", source=source, now=now)
            self._receipt(conn, number, RowResult.NEW)
        self.ids.append(number)
        first = {
            "membership": "entered",
            "status": status,
            "geometry": self._shape(polygon),
            "kind": "other",
            "target_use": "none",
            "name": "",
            **facts,
        }
        self._take(Asked(number, first, day), self._stamp(now), approved_by=source)

    def _code(self) -> str:
        self.n_codes += 1
        return f"S{self.n_codes}"

    def _receipt(self, conn: Connection, site_id: int, result: RowResult) -> None:
        row = ReceiptRow(1, f"site {site_id}", site_id, result, ())
        number = import_store.put(conn, replace(RECEIPT, counts={result: 1}, rows=(row,)))
        self.imports[number] = site_id, result

    def _ask(
        self,
        asked: Asked,
        *,
        released: bool = False,
        source: str = "s",
        if_version: int | None = None,
    ) -> None:
        """Ask it of the store and of the model, and compare what becomes of it; release it where it waits."""
        allowed, two = self.model.allows(asked, TODAY), self.model.needs_two(asked)
        stale = if_version not in (None, self.versions[asked.site])
        now = self._tick()
        try:
            with self.store.write() as conn:
                done = apply_change(
                    conn,
                    asked.site,
                    self._change(asked),
                    actor="a",
                    source=source,
                    now=now,
                    if_version=if_version,
                    today=TODAY,
                )
        except ReverdureError as error:
            if isinstance(error, StaleVersion) != stale:
                raise
            refuse_rightly(error, allowed=allowed and not stale)
            return
        assert not stale, "recorded or proposed, though the version seen is not the current one"
        assert allowed, "recorded or proposed, though the rules forbid it"
        assert (done.proposal is not None) == two
        if done.proposal is None:
            self._take(asked, self._stamp(now), approved_by=None)
        else:
            assert done.seqs == ()
            self.waiting[done.proposal.proposal_id] = asked, len(self.model.lines)
            self.times[done.proposal.proposal_id] = asked.site, max(now, self.recorded), None
            if released:
                self._decide(done.proposal.proposal_id, "b")

    def _take(self, asked: Asked, recorded: str, *, approved_by: str | None) -> None:
        """Let the model record what the store recorded, which must be what the model expects."""
        expected = {(fact, voids): (value, day) for fact, value, day, voids in self.model.rows_of(asked)}
        self.versions[asked.site] = self.versions.get(asked.site, 0) + 1
        with self.store.read() as conn:
            stored = history.rows(conn, after_seq=len(self.model.lines), with_wkb=True)
        assert {(row.fact.value, row.voids_seq) for row in stored} == set(expected)
        assert len(stored) == len(expected)
        rows = []
        for row in stored:
            value, day = expected[row.fact.value, row.voids_seq]
            assert (row.site_id, row.effective_on, row.recorded_at) == (asked.site, day, recorded)
            if row.voids_seq is None:
                found = row.wkb.hex() if row.wkb is not None else json.loads(row.value)
                assert found == value
            if not (approved_by or "").startswith("import:"):
                assert (row.actor, row.approved_by) == ("a", approved_by)
            rows.append((row.fact.value, value, day, row.voids_seq))
        approved = {row.fact.value for row in stored if row.approved_by is not None}
        for one in rows:
            self.model.add([one], asked.site, recorded, approved=one[0] in approved)

    def _change(self, asked: Asked) -> Change:
        facts = {Fact(fact): value for fact, value in asked.facts.items() if fact != "geometry"}
        polygon = self.shapes[asked.facts["geometry"]] if "geometry" in asked.facts else None
        return Change(facts, asked.day, "why", polygon, asked.voids)

    @precondition(lambda self: self.ids)
    @rule(which=SITES, facts=MOVES, day=DAYS, released=st.booleans())
    def move(self, which: int, facts: Mapping[str, Any], day: date, released: bool) -> None:
        self._ask(Asked(self.ids[which % len(self.ids)], facts, day), released=released)

    @precondition(lambda self: self.ids)
    @rule(which=SITES, pick=st.integers(0, 7), restored=AREA_FACTS, day=DAYS)
    def take_a_step(self, which: int, pick: int, restored: Any, day: date) -> None:
        """Go on from the status of a day as the table has it, and release it at once."""
        site = self.ids[which % len(self.ids)]
        was = self.model.value(site, "status", day) or "untreated"
        steps = sorted(MODEL_MOVES[was] | (BY_ITSELF_TO if was in BY_ITSELF else set()))
        if was == "excluded":
            lines = [line for line in self.model.standing(site) if line.fact == "status" and line.day <= day]
            steps = [line.value for line in lines if line.value != "excluded"][-1:] or ["untreated"]
        facts = {"status": steps[pick % len(steps)]}
        if facts["status"] == "relapsed":
            facts["restored"] = restored
        self._ask(Asked(site, facts, day), released=True)

    @precondition(lambda self: self.ids)
    @rule(which=SITES, pick=st.integers(0, 20), day=DAYS)
    def begin_earlier(self, which: int, pick: int, day: date) -> None:
        """State a status again for another day, without voiding its row."""
        site = self.ids[which % len(self.ids)]
        values = [line.value for line in self.model.standing(site) if line.fact == "status"]
        self._ask(Asked(site, {"status": values[-1 - pick % len(values)]}, day), released=True)

    @precondition(lambda self: self.ids)
    @rule(which=SITES, facts=PLAIN, day=DAYS, released=st.booleans())
    def state(self, which: int, facts: Mapping[str, Any], day: date, released: bool) -> None:
        self._ask(Asked(self.ids[which % len(self.ids)], facts, day), released=released)

    @precondition(lambda self: self.ids)
    @rule(which=SITES, polygon=PLACES, day=DAYS)
    def move_boundary(self, which: int, polygon: MultiPolygon, day: date) -> None:
        self._ask(Asked(self.ids[which % len(self.ids)], {"geometry": self._shape(polygon)}, day))

    @precondition(lambda self: self.ids)
    @rule(
        pick=st.integers(0, 200),
        facts=st.none() | MOVES | PLAIN,
        day=DAYS,
        same=st.booleans(),
        released=st.booleans(),
    )
    def correct(
        self, pick: int, facts: Mapping[str, Any] | None, day: date, same: bool, released: bool
    ) -> None:
        """Void a row, alone or with what is right instead, on its own day or on another."""
        line = self.model.lines[pick % len(self.model.lines)]
        asked = Asked(line.site, facts or {}, line.day if same else day, line.seq)
        self._ask(asked, released=released)

    @precondition(lambda self: self.ids)
    @rule(pick=st.integers(0, 200), released=st.booleans())
    def undo(self, pick: int, released: bool) -> None:
        """Take an event back, or an undo; the change that it comes to is judged as any other."""
        line = self.model.lines[pick % len(self.model.lines)]
        with self.store.read() as conn:
            rows = history.rows(conn, site_id=line.site, with_wkb=True)
        try:
            change = undo_of(rows, line.seq, reason="why")
        except NotUndoable:
            return
        facts = {fact.value: value for fact, value in change.facts.items()}
        if change.geometry is not None:
            facts["geometry"] = self._shape(change.geometry)
        self._ask(Asked(line.site, facts, change.effective_on, change.voids_seq), released=released)

    @precondition(lambda self: self.ids)
    @rule(which=SITES, day=DAYS, unit=st.sampled_from(["340421", "340406"]))
    def move_to_a_unit(self, which: int, day: date, unit: str) -> None:
        fact = {"adcode": unit, "edition": "e2", "shares": {unit: "0.75"}}
        self._ask(Asked(self.ids[which % len(self.ids)], {"unit": fact}, day))

    @precondition(lambda self: self.ids)
    @rule(which=SITES, facts=MOVES, more=PLAIN, polygon=st.none() | PLACES, day=DAYS)
    def import_again(
        self,
        which: int,
        facts: Mapping[str, Any],
        more: Mapping[str, Any],
        polygon: MultiPolygon | None,
        day: date,
    ) -> None:
        """A file states the site anew; the differences are its changes."""
        number = self.ids[which % len(self.ids)]
        with self.store.read() as conn:
            site, number_of_import = sites.get(conn, number), import_store.next_id(conn)
        stated = {Fact(name): value for name, value in {**facts, **more}.items() if name != "membership"}
        if polygon is not None:
            self._shape(polygon)
        source = f"import:{number_of_import}"
        for change in changes_of(site, Stated(facts=stated), polygon, unit=None, as_of=day, reason="why"):
            self._ask(self._asked(number, change), source=source)
        with self.store.write() as conn:
            self._receipt(conn, number, RowResult.CHANGED)

    def _asked(self, number: int, change: Change) -> Asked:
        facts = {fact.value: value for fact, value in change.facts.items()}
        if change.geometry is not None:
            facts["geometry"] = self._shape(change.geometry)
        return Asked(number, facts, change.effective_on, change.voids_seq)

    @precondition(lambda self: self.imports)
    @rule(pick=st.integers(0, 50))
    def take_an_import_back(self, pick: int) -> None:
        """All that the import recorded is taken back, or nothing is where the site has changed since."""
        number = sorted(self.imports)[pick % len(self.imports)]
        site_id, result = self.imports[number]
        with self.store.read() as conn:
            site, rows = sites.get(conn, site_id), history.rows(conn, site_id=site_id, with_wkb=True)
            open_ones = proposals.find(conn, state=ProposalState.OPEN, site_id=site_id)
        source = f"import:{number}"
        void = {row.voids_seq for row in rows}
        own = [row for row in rows if row.source == source and row.voids_seq is None and row.seq not in void]
        own.sort(key=lambda row: (row.effective_on, row.seq))
        changed_since = any(row.source != source and row.seq > own[0].seq for row in rows if own)
        entered = result is RowResult.NEW or any(row.value == '"entered"' for row in own)
        changes = [leave(site, "undo")] if entered else voids(rows, own, "undo")
        lines, now = list(self.model.lines), self._tick()
        recorded, waits, allowed = self._foreseen(site_id, changes, now, open_to=not changed_since)
        try:
            undo = undo_import(self.store, number, actor="a", now=now, reason="undo", today=TODAY)
        except ReverdureError as error:
            self.model.lines = lines
            refuse_rightly(error, allowed=allowed)
            return
        assert allowed, "taken back, though the rules forbid it"
        del self.imports[number]
        for one in open_ones:
            if one.source == source:
                self._decided(one.proposal_id, now)
        self._taken_back(undo, recorded, waits, len(lines), now)

    def _foreseen(
        self, site_id: int, changes: Sequence[Change], now: str, *, open_to: bool
    ) -> tuple[int, list[tuple[Asked, int]], bool]:
        """How many changes the model records at once, those that wait, and whether it allows them all."""
        recorded, waits = 0, []
        for change in changes if open_to else ():
            asked = self._asked(site_id, change)
            if not self.model.allows(asked, TODAY):
                return recorded, waits, False
            if self.model.needs_two(asked):
                waits.append((asked, len(self.model.lines)))
            else:
                stated = self.model.rows_of(asked)
                self.model.add(stated, site_id, max(now, self.recorded), approved=False)
                recorded += 1
        return recorded, waits, open_to

    def _taken_back(
        self, undo: Undo, recorded: int, waits: list[tuple[Asked, int]], before: int, now: str
    ) -> None:
        """Compare what an undone import came to with what the model has of it."""
        (row,) = undo.rows
        with self.store.read() as conn:
            stored = history.rows(conn, after_seq=before)
        expected = self.model.lines[before:]
        assert row.result is (UndoResult.PROPOSED if waits else UndoResult.UNDONE)
        assert [one.seq for one in stored] == list(row.seqs) == [line.seq for line in expected]
        assert sorted(
            (one.fact.value, one.effective_on, one.voids_seq or 0, json.loads(one.value)) for one in stored
        ) == sorted((one.fact, one.day, one.voids or 0, None if one.voids else one.value) for one in expected)
        self.versions[row.site_id] += recorded
        made = max(now, self.recorded)
        if expected:
            made = self._stamp(now)
        for number, (asked, base) in zip(row.proposal_ids, waits, strict=True):
            self.waiting[number] = asked, base
            self.times[number] = row.site_id, made, None

    @precondition(lambda self: self.ids)
    @rule(which=SITES, first=MOVES | PLAIN, second=MOVES | PLAIN, day=DAYS)
    def two_browsers(
        self, which: int, first: Mapping[str, Any], second: Mapping[str, Any], day: date
    ) -> None:
        """Two officers who read the same version write one after the other."""
        number = self.ids[which % len(self.ids)]
        with self.store.read() as conn:
            seen = sites.get(conn, number).version
        assert seen == self.versions[number]
        for facts in (first, second):
            self._ask(Asked(number, facts, day), if_version=seen)

    @precondition(lambda self: 0 < len(self.ids) < 5)
    @rule(which=SITES, day=DAYS)
    def split(self, which: int, day: date) -> None:
        number = self.ids[which % len(self.ids)]
        if (key := self.model.value(number, "geometry", TODAY)) is None:
            return
        west, east = halves(self.shapes[key])
        parts = [Part(self._code(), west), Part(self._code(), east)]
        with self.store.read() as conn:
            (known,) = known_sites(conn, [number])
        planned = plan_split(known, parts, effective_on=day, reason="why", today=TODAY)
        self._redraw(planned, [number], day)

    @precondition(lambda self: 1 < len(self.ids) < 5)
    @rule(which=SITES, day=DAYS)
    def merge(self, which: int, day: date) -> None:
        """Facts that a rate depends on have to agree."""
        one, other = (self.ids[(which + n) % len(self.ids)] for n in (0, 1))
        alike = all(self.model.value(one, fact, day) == self.model.value(other, fact, day) for fact in AGREED)
        with self.store.read() as conn:
            known = known_sites(conn, [one, other])
        try:
            planned = plan_merge(
                known, site_code=self._code(), facts={}, effective_on=day, reason="why", today=TODAY
            )
        except SitesDiffer:
            assert not alike
            return
        assert alike
        self._redraw(planned, [one, other], day)

    def _redraw(self, planned: Redrawing, olds: Sequence[int], day: date) -> None:
        """Propose a split or merge and release it; the old sites leave and the new ones are taken over."""
        if not all(
            sound([line for line in self.model.standing(old) if line.fact != "approach"]) for old in olds
        ):
            return  # the steps of a natural recovery are carried on, the approach of their days is not
        goes = [Asked(old, {"membership": "left"}, day) for old in olds]
        allowed = all(self.model.allows(asked, TODAY) for asked in goes)
        allowed = allowed and not self.model.says_later(olds, day)
        now = self._tick()
        try:
            with self.store.write() as conn:
                made = propose_redrawing(conn, planned, actor="a", now=now, if_versions={}, today=TODAY)
                assert made.proposal is not None
                assert made.seqs == ()
                done = proposals.approve(conn, made.proposal.proposal_id, actor="b", now=now, today=TODAY)
        except ReverdureError as error:
            refuse_rightly(error, allowed=allowed)
            return
        assert allowed, "redrawn, though the rules forbid it"
        recorded, before = self._stamp(now), len(self.model.lines)
        self.times[made.proposal.proposal_id] = olds[0], recorded, recorded
        with self.store.read() as conn:
            stored = history.rows(conn, after_seq=before, with_wkb=True)
        assert [(row.site_id, row.value) for row in stored[: len(olds)]] == [(old, '"left"') for old in olds]
        words = {
            number: [
                (row.fact.value, self._value(row), row.effective_on)
                for row in stored
                if row.site_id == number
            ]
            for number in done.entered
        }
        by_site = {number: [row for row in stored if row.site_id == number] for number in done.entered}
        check_entered(self.model, olds, by_site, words, day)
        for row in stored:
            line = (row.fact.value, self._value(row), row.effective_on, None)
            self.model.add([line], row.site_id, recorded, approved=True)
        for old in olds:
            self.versions[old] += 1
        self.versions |= dict.fromkeys(done.entered, 1)
        self.ids.extend(done.entered)

    def _value(self, row: HistoryRow) -> Any:
        return json.loads(row.value) if row.wkb is None else self._shape(multi(geometry_of(row.wkb)))

    @precondition(lambda self: self.waiting)
    @rule(
        pick=st.integers(0, 20),
        actor=st.sampled_from(["b", "b", "b", "a", " A", "\u200ba"]),
    )
    def approve(self, pick: int, actor: str) -> None:
        self._decide(sorted(self.waiting)[pick % len(self.waiting)], actor)

    def _decide(self, number: int, actor: str) -> None:
        """Try to approve a proposal, and compare what becomes of it."""
        asked, base = self.waiting[number]
        erased = self.model.erases(asked)
        touched = any(
            line.site == asked.site and (erased or line.fact in asked.facts)
            for line in self.model.lines[base:]
        )
        allowed = actor == "b" and not touched and self.model.allows(asked, TODAY)
        now = self._tick()
        try:
            with self.store.write() as conn:
                proposals.approve(conn, number, actor=actor, now=now, today=TODAY)
        except ReverdureError as error:
            refuse_rightly(error, allowed=allowed)
            return
        assert allowed, "approved, though the rules forbid it"
        self._take(asked, self._stamp(self._decided(number, now)), approved_by="b")

    @precondition(lambda self: self.waiting)
    @rule(pick=st.integers(0, 20))
    def reject(self, pick: int) -> None:
        number = sorted(self.waiting)[pick % len(self.waiting)]
        now = self._tick()
        with self.store.write() as conn:
            proposals.reject(conn, number, actor="b", now=now)
        self._decided(number, now)

    def _decided(self, number: int, now: str) -> str:
        """The time of the decision: no earlier than the proposal, nor than what was recorded last."""
        site, made, _ = self.times[number]
        when = max(now, made, self.recorded)
        self.times[number] = site, made, when
        del self.waiting[number]
        return when

    @rule(minutes=st.integers(2, 5))
    def set_the_clock_back(self, minutes: int) -> None:
        """What was read at a time that comes again may still grow; all that is older may not."""
        self.now -= timedelta(minutes=minutes)
        again = max(time_text(self.now), self.recorded)
        self.published = [
            one for one in self.published if (one[0].known_at or "") < min(again, time_text(self.now))
        ]

    @rule(day=DAYS, group=st.sampled_from(list(GroupBy)), responsible=st.sampled_from(["legacy", "all"]))
    def publish(self, day: date, group: GroupBy, responsible: str) -> None:
        """Keep the figures of a day as they are known now, to be computed again later."""
        query = RateQuery(
            RateDefinition.RESTORATION, as_of=day, known_at=self._tick(), responsible=responsible
        )
        found = rates_of(self.store, query, group, today=TODAY)
        self.published.append((query, group, found))
        if (group, responsible) == (GroupBy.ALL, "all"):
            known = query.known_at or ""
            there = [
                site
                for site, made, decided in self.times.values()
                if made <= known
                and (decided is None or known < decided)
                and self.model.value(site, "membership", day, known) == "entered"
            ]
            assert found[0].n_proposed == len(there)

    @rule(pick=st.integers(0, 20))
    def recompute(self, pick: int) -> None:
        """A figure that was published comes out the same for ever, to the last digit."""
        for query, group, found in self.published[-(pick + 1) :][:3]:
            assert rates_of(self.store, query, group, today=TODAY) == found

    @rule(day=DAYS, pick=st.integers(0, 200), responsible=st.sampled_from(["legacy", "liable", "all"]))
    def groups_sum_to_the_whole(self, day: date, pick: int, responsible: str) -> None:
        """Every figure is that of the model, at any two times, and the groups sum to it."""
        known = (
            self.model.lines[pick % len(self.model.lines)].recorded
            if self.model.lines
            else time_text(self.now)
        )
        query = RateQuery(as_of=day, known_at=known, responsible=responsible)
        (whole,) = rates_of(self.store, query, GroupBy.ALL, today=TODAY)
        area, treated, count = self._treated(day, known, responsible)
        assert (whole.n_sites, whole.numerator_count) == (count, treated[1])
        assert whole.rate == (treated[0] / area if area else None)
        for group in (GroupBy.CITY_TYPE, GroupBy.KIND):
            parts = rates_of(self.store, query, group, today=TODAY)
            assert sum(part.n_sites for part in parts) == whole.n_sites
            assert sum(units(part.denominator_ha) for part in parts) == units(whole.denominator_ha)
            assert sum(units(part.numerator_ha) for part in parts) == units(whole.numerator_ha)

    def _treated(self, day: date, known: str, responsible: str) -> tuple[int, tuple[int, int], int]:
        """Area of all, area and number of the treated, number of all sites, straight from the model."""
        area = treated = n_treated = count = 0
        for site in self.ids:
            words = {
                fact: self.model.value(site, fact, day, known)
                for fact in ("membership", "status", "geometry", "responsible")
            }
            if words["membership"] != "entered" or words["status"] == "excluded":
                continue
            if responsible not in ("all", words["responsible"]):
                continue
            units_of_site = geodesic_area_units(self.shapes[words["geometry"]])
            area, count = area + units_of_site, count + 1
            if words["status"] in ("treated", "accepted", "closed"):
                treated, n_treated = treated + units_of_site, n_treated + 1
        return area, (treated, n_treated), count

    @rule(day=DAYS, pick=st.integers(0, 200))
    def states_are_those_of_the_model(self, day: date, pick: int) -> None:
        if not self.model.lines:
            return
        known = self.model.lines[pick % len(self.model.lines)].recorded
        with self.store.read() as conn:
            snapshot = ledger_of(self.store, conn).snapshot(as_of=day, known_us=known_at_us(known))
        for site in self.ids:
            words = {fact: self.model.value(site, fact, day, known) for fact in (fact.value for fact in Fact)}
            state = snapshot.state_of(site)
            assert (state is not None) == (words["membership"] == "entered")
            if state is None:
                continue
            assert (state.status, state.kind, state.responsible) == (
                words["status"],
                words["kind"],
                words["responsible"],
            )
            assert state.damaged_units == (words["damaged"] or {"units": None})["units"]
            assert state.restored_units == (words["restored"] or {"units": None})["units"]
            assert state.adcode == (words["unit"] or {"adcode": None})["adcode"]
            assert state.area_units == geodesic_area_units(self.shapes[words["geometry"]])
            if state.damaged_units is not None and state.restored_units is not None:
                assert state.restored_units <= state.damaged_units

    @invariant()
    def sites_are_what_their_history_says(self) -> None:
        if not getattr(self, "ids", None):
            return
        with self.store.read() as conn:
            found = history.verify(conn)
            heads = [sites.get(conn, number) for number in self.ids]
            waiting = [one.proposal_id for one in proposals.find(conn, state=ProposalState.OPEN)]
        assert found.ok, found.problem
        assert waiting == sorted(self.waiting)
        for site in heads:
            lines = self.model.standing(site.site_id)
            assert sound(lines)
            left = [line.day for line in lines if line.fact == "membership" and line.value == "left"]
            assert site.left_on == (
                left[-1] if lines and self.model.value(site.site_id, "membership", TODAY) == "left" else None
            )
            assert site.version == self.versions[site.site_id]
            assert site.status == self.model.value(site.site_id, "status", TODAY)
            assert wkb_of(site.geometry).hex() == self.model.value(site.site_id, "geometry", TODAY)


def refuse_rightly(error: ReverdureError, *, allowed: bool) -> None:
    """Fail where the rules allow what was refused."""
    assert not allowed, f"refused, though the rules allow it: {error!r}"


def units(area_ha: float | None) -> int:
    return 0 if area_ha is None else round(area_ha * HA)


TestInventory = pytest.mark.usefixtures("empty_store")(InventoryMachine.TestCase)
TestInventory.settings = settings(
    max_examples=400 if LONG else 20,
    stateful_step_count=50 if LONG else 25,
    deadline=None,
    phases=[phase for phase in Phase if phase is not Phase.explain],
    suppress_health_check=list(HealthCheck),
)
