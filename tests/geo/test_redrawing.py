"""Redrawing: what splits and merges leave, let enter, and gain or lose."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, box

from geo.areas import geodesic_area_units
from geo.changes import FutureDate
from geo.history import Fact, HistoryRow
from geo.redrawing import (
    Known,
    Part,
    PartsOverlap,
    SitesDiffer,
    SplitLineMisses,
    StatedLater,
    TooFewSites,
    check_nothing_later,
    divided,
    plan_merge,
    plan_split,
    split_by_line,
)
from geo.redrawing_json import redrawing_json, redrawing_of
from geo.sites import Kind, Responsible, Site, Target
from geo.status import Status

DAY, TODAY = date(2024, 5, 1), date(2024, 6, 1)
HA = 100_000_000


def known(site_id: int, polygon: MultiPolygon, *, kind: str = "open_pit", **stated: object) -> Known:
    site = Site(
        site_id=site_id,
        site_code=f"S{site_id}",
        name="",
        version=3,
        geometry=polygon,
        area_units=geodesic_area_units(polygon),
        status=Status.IN_PROGRESS,
        kind=Kind(kind),
        target_use=Target.NONE,
        responsible=Responsible.LEGACY,
        entered_on=date(2015, 1, 1),
        status_since=date(2020, 1, 1),
    )
    values = {
        "membership": '"entered"',
        "status": '"in_progress"',
        "kind": f'"{kind}"',
        "target_use": '"none"',
        "responsible": '"legacy"',
        **{fact: f'{{"units":{value}}}' for fact, value in stated.items()},
    }
    rows = [
        HistoryRow(
            seq=100 * site_id + index,
            site_id=site_id,
            fact=Fact(fact),
            value=value,
            wkb=None,
            effective_on=date(2015, 1, 1),
            recorded_at="2020-01-01T00:00:00.000000Z",
            proposed_at="2020-01-01T00:00:00.000000Z",
            actor="a",
            approved_by=None,
            voids_seq=None,
            reason="",
            source="test",
            previous_hash="",
            hash="",
        )
        for index, (fact, value) in enumerate(values.items())
    ]
    return Known(site, rows)


def square(west: float = 117.0, south: float = 33.0, side: float = 0.01) -> MultiPolygon:
    return MultiPolygon([box(west, south, west + side, south + side)])


def split(of: Known, *polygons: MultiPolygon, **facts: object) -> object:
    parts = [Part(f"P{index}", polygon) for index, polygon in enumerate(polygons)]
    return plan_split(of, parts, effective_on=DAY, reason="half done", today=TODAY)


def test_a_split_leaves_one_site_and_lets_its_parts_enter_as_it_was() -> None:
    whole = known(1, square(), damaged=90 * HA + 1, restored=30 * HA)
    left, right = square(117.0, 33.0, 0.005), square(117.005, 33.005, 0.005)
    redrawing = split(whole, left, right)
    assert redrawing.site_ids == (1,)
    assert [site.site_code for site in redrawing.enters] == ["P0", "P1"]
    assert {site.status_rows for site in redrawing.enters} == {((Status.IN_PROGRESS, date(2015, 1, 1)),)}
    assert {site.facts[Fact.KIND] for site in redrawing.enters} == {"open_pit"}
    assert redrawing.enters[0].facts[Fact.ATTRIBUTES] == {"predecessors": ["S1"]}
    damaged = [site.facts[Fact.DAMAGED]["units"] for site in redrawing.enters]
    assert sum(damaged) == 90 * HA + 1
    assert set(redrawing.shared) == {Fact.DAMAGED, Fact.RESTORED}
    assert redrawing.difference_units == (
        geodesic_area_units(left) + geodesic_area_units(right) - whole.site.area_units
    )


def test_a_declared_area_of_a_part_is_kept_and_nothing_is_divided() -> None:
    whole = known(1, square(), damaged=90 * HA)
    parts = [
        Part("P0", square(117.0, 33.0, 0.005), {Fact.DAMAGED: {"units": 50 * HA}}),
        Part("P1", square(117.005, 33.0, 0.005)),
    ]
    redrawing = plan_split(whole, parts, effective_on=DAY, reason="", today=TODAY)
    assert redrawing.shared == ()
    assert redrawing.enters[0].facts[Fact.DAMAGED] == {"units": 50 * HA}
    assert Fact.DAMAGED not in redrawing.enters[1].facts


def test_parts_that_claim_the_same_land_are_refused() -> None:
    with pytest.raises(PartsOverlap, match="P0 and P1 overlap by 93"):
        split(known(1, square()), square(117.0), square(117.001))


def test_a_split_needs_two_parts_and_a_day_that_has_come() -> None:
    with pytest.raises(TooFewSites):
        split(known(1, square()), square())
    parts = [Part("P0", square()), Part("P1", square(117.5))]
    with pytest.raises(FutureDate):
        plan_split(known(1, square()), parts, effective_on=date(2024, 6, 2), reason="", today=TODAY)


def merge(*sites: Known, **facts: object) -> object:
    stated = {Fact(name): value for name, value in facts.items()}
    return plan_merge(sites, site_code="M", facts=stated, effective_on=DAY, reason="", today=TODAY)


def test_what_is_said_of_a_later_day_forbids_a_redrawing_of_the_past() -> None:
    of = known(1, square())
    check_nothing_later(of, DAY)
    later = replace(of.rows[-1], seq=999, effective_on=DAY + timedelta(days=1))
    with pytest.raises(StatedLater, match=f"of S1 is stated for {later.effective_on}, after"):
        check_nothing_later(replace(of, rows=[*of.rows, later]), DAY)
    check_nothing_later(replace(of, rows=[*of.rows, later]), later.effective_on)
    voided = replace(later, seq=1000, voids_seq=999)
    check_nothing_later(replace(of, rows=[*of.rows, later, voided]), DAY)


def test_a_merge_sums_what_was_declared_and_is_unknown_where_one_is() -> None:
    one, two = known(1, square(), damaged=HA, restored=HA), known(2, square(117.01), damaged=2 * HA)
    (site,) = merge(one, two).enters
    assert site.facts[Fact.DAMAGED] == {"units": 3 * HA}
    assert site.facts[Fact.RESTORED] == {"units": None}
    assert site.facts[Fact.ATTRIBUTES] == {"predecessors": ["S1", "S2"]}


def test_a_merged_site_says_only_what_all_of_its_sites_say() -> None:
    def named(site_id: int, west: float, text: str) -> Known:
        found = known(site_id, square(west))
        said = {Fact.NAME: '"Field"', Fact.ATTRIBUTES: text, Fact.DAMAGE_YEAR: str(1990 + site_id)}
        rows = [replace(found.rows[0], fact=fact, value=value) for fact, value in said.items()]
        return Known(found.site, [*found.rows, *rows])

    one = named(1, 117.0, '{"declared_area_ha":5,"tenure":"state"}')
    two = named(2, 117.01, '{"declared_area_ha":7,"tenure":"state"}')
    (site,) = merge(one, two).enters
    assert site.facts[Fact.NAME] == "Field"
    assert site.facts[Fact.ATTRIBUTES] == {"tenure": "state", "predecessors": ["S1", "S2"]}
    assert Fact.DAMAGE_YEAR not in site.facts
    parts = split(one, square(117.0, 33.0, 0.005), square(117.005, 33.0, 0.005)).enters
    assert parts[0].facts[Fact.ATTRIBUTES] == {"tenure": "state", "predecessors": ["S1"]}
    assert parts[0].facts[Fact.DAMAGE_YEAR] == 1991


def test_land_that_two_sites_claimed_counts_once_after_a_merge() -> None:
    one, two = known(1, square()), known(2, square(117.005))
    common = geodesic_area_units(MultiPolygon([box(117.005, 33, 117.01, 33.01)]))
    assert merge(one, two).difference_units == pytest.approx(-common, abs=1e6)


def test_sites_that_differ_in_a_fact_of_a_rate_are_merged_only_where_it_is_stated() -> None:
    one, two = known(1, square()), known(2, square(117.01), kind="waste_dump")
    with pytest.raises(SitesDiffer, match="kind"):
        merge(one, two)
    (site,) = merge(one, two, kind="open_pit").enters
    assert site.facts[Fact.KIND] == "open_pit"


def test_a_line_cuts_a_polygon_and_leaves_the_other_parts_with_the_largest_piece() -> None:
    two_parts = MultiPolygon([box(117, 33, 117.01, 33.01), box(117.02, 33, 117.03, 33.01)])
    pieces = split_by_line(two_parts, LineString([(117.003, 32.99), (117.003, 33.02)]))
    assert [len(piece.geoms) for piece in pieces] == [2, 1]
    assert shapely.union_all(pieces).symmetric_difference(two_parts).area < 1e-12


def test_a_line_that_ends_inside_cuts_nothing() -> None:
    with pytest.raises(SplitLineMisses):
        split_by_line(square(), LineString([(117.005, 32.99), (117.005, 33.005)]))


def test_a_redrawing_survives_being_kept_as_text() -> None:
    redrawing = split(
        known(1, square(), damaged=HA), square(117.0, 33.0, 0.005), square(117.005, 33.0, 0.005)
    )
    assert redrawing_of(redrawing_json(redrawing)) == redrawing


@given(st.integers(0, 10**12), st.lists(st.integers(1, 10**12), min_size=1, max_size=9))
def test_shares_of_an_area_sum_to_it_exactly(total: int, areas: list[int]) -> None:
    shares = divided(total, areas)
    assert sum(shares) == total
    assert all(
        abs(share - total * area / sum(areas)) <= 1.5 for share, area in zip(shares, areas, strict=True)
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0.05, 0.95), min_size=2, max_size=2),
    st.floats(0.001, 0.02),
    st.floats(-60, 60),
)
def test_a_split_then_a_merge_gives_the_area_of_the_parts_within_the_rounding(
    cuts: list[float], side: float, south: float
) -> None:
    polygon = square(117.0, south, side)
    line = LineString([(117.0 + cuts[0] * side, south - side), (117.0 + cuts[1] * side, south + 2 * side)])
    pieces = split_by_line(polygon, line)
    parts = [known(index + 2, piece) for index, piece in enumerate(pieces)]
    merged = merge(*parts)
    assert abs(merged.difference_units) <= len(pieces) + 1
    whole = geodesic_area_units(polygon)
    assert abs(merged.entered_units - whole) <= 2e-5 * whole + 2
