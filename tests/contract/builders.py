"""Values for tests of stores: sites, cities, scenes and recoveries with every field in use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from shapely import MultiPolygon, box

from geo.areas import geodesic_area_units
from geo.changes import NewSite
from geo.cities import City, CityType, Level, Listing
from geo.evidence.verdict import Evidence, Verdict
from geo.grid import Grid
from geo.history import Fact
from geo.recovery import Recovery, TemporalRule
from geo.scenes import Scene
from geo.status import Status
from geo.transitions import Transition

NOW = "2024-06-01T08:00:00.000000Z"
ENTERED = date(2015, 1, 1)
HA = 100_000_000


def square(x: float = 117.0, y: float = 33.0, side: float = 0.01) -> MultiPolygon:
    return MultiPolygon([box(x, y, x + side, y + side)])


def new_site(
    code: str = "S1",
    *,
    x: float = 117.0,
    status: Status | None = None,
    entered_on: date = ENTERED,
    facts: Mapping[Fact, object] | None = None,
    status_rows: tuple[tuple[Status, date], ...] = (),
) -> NewSite:
    geometry = square(x)
    stated: dict[Fact, object] = {Fact.DAMAGED: {"units": 90 * HA}, **(facts or {})}
    if status is not None:
        stated[Fact.STATUS] = status
    return NewSite(
        site_code=code,
        geometry=geometry,
        area_units=geodesic_area_units(geometry),
        facts=stated,
        entered_on=entered_on,
        status_rows=status_rows,
    )


def full_site() -> NewSite:
    """A site with every fact stated."""
    geometry = MultiPolygon([box(117, 33, 117.01, 33.01), box(117.02, 33, 117.03, 33.01)])
    return NewSite(
        site_code="003406/甲-7",
        geometry=geometry,
        area_units=geodesic_area_units(geometry),
        facts={
            Fact.NAME: "朔里“矿” \u2028 <b>",
            Fact.UNIT: {"adcode": "340602", "edition": "e1", "shares": {"340602": "0.75", "340603": "0.2"}},
            Fact.KIND: "subsidence",
            Fact.TARGET_USE: "wetland",
            Fact.RESPONSIBLE: "legacy",
            Fact.APPROACH: "natural_recovery",
            Fact.DAMAGED: {"units": 90 * HA},
            Fact.RESTORED: {"units": 3 * HA},
            Fact.DAMAGE_YEAR: 1998,
            Fact.TREATMENT_START: "2016-03-01",
            Fact.TREATMENT_END: "2018-10-31",
            Fact.SETTLEMENT: "settled",
            Fact.PONDING: "perennial",
            Fact.ATTRIBUTES: {"minerals": ["煤"], "cost": 1.5, "tenure": None},
        },
        entered_on=ENTERED,
        source_crs="EPSG:4490",
        extra={"OBJECTID": 7, "备注": "x"},
        status_rows=((Status.UNTREATED, ENTERED), (Status.TREATED, date(2018, 11, 1))),
    )


def cities() -> list[City]:
    outline = square(116.5, 32.5, 2.0)
    return [
        City("340000", "安徽省", "Anhui", Level.PROVINCE, None, "e1", outline),
        City("340600", "淮北市", "Huaibei", Level.PREFECTURE, "340000", "e1", outline),
        City("340602", "杜集区", "Duji", Level.COUNTY, "340600", "e1", square(116.9, 32.9, 0.5)),
        City("320000", "江苏省", "Jiangsu", Level.PROVINCE, None, "e1", None),
    ]


def listings() -> list[Listing]:
    return [
        Listing("340600", "淮北市", CityType.DECLINING, "sourced", date(2013, 11, 12), None, "plan", "n"),
        Listing("320000", "x", CityType.MATURE, "memory", date(2013, 11, 12), date(2020, 1, 1)),
    ]


def scene(year: int = 2013, *, product: str = "clcd", edition: str = "v1", sha256: str = "ab") -> Scene:
    return Scene(
        scene_id=0,
        product=product,
        edition=edition,
        period_start=date(year, 1, 1),
        period_end=date(year, 12, 31),
        path=f"scenes/{year}.tif",
        band=1,
        grid=Grid("EPSG:32650", 500000.1, 3700000.2, 30.0, 30.0, 1000, 900),
        nodata=None,
        sha256=sha256,
    )


def recovery(site_id: int, *, rule: TemporalRule = TemporalRule.NONE, key: str = "k1") -> Recovery:
    return Recovery(
        site_id=site_id,
        product="clcd",
        edition="v1",
        from_year=2013,
        to_year=2024,
        temporal_rule=rule,
        area_units=100 * HA,
        class_units={2013: {7: 60 * HA + 1, None: 40 * HA}, 2024: {4: 59 * HA, 7: HA, None: 40 * HA}},
        transitions=(
            Transition(7, 4, "recovered", 59 * HA, 59.0, 59.1),
            Transition(7, 7, "still_disturbed", HA, 1.0000000001, None),
            Transition(None, None, "no_data", 40 * HA, 40.0, 0.1 + 0.2),
        ),
        disturbed_baseline_units=60 * HA,
        recovered_units=59 * HA,
        still_disturbed_units=HA,
        converted_units=2,
        ponded_units=3,
        new_damage_units=4,
        valid_units=60 * HA,
        baseline_late=True,
        not_yet_crop_units=5,
        end_year_unchanged=True,
        share_by_year={2013: None, 2014: 1.0, 2015: 0.1 + 0.2},
        relapse_year=2019,
        reason="no_disturbed_baseline",
        content_key=key,
    )


def evidence(site_id: int) -> Evidence:
    return Evidence(
        site_id=site_id,
        verdict=Verdict.CONTRADICTED,
        reasons=("share_low", "relapse"),
        status=Status.TREATED,
        status_today=Status.ACCEPTED,
        product="clcd",
        edition="v1",
        from_year=2013,
        to_year=2024,
        recovered_share=0.1 + 0.2,
        raw_recovered_share=None,
        valid_share=0.99,
        worklist_units=41 * HA,
        content_key="k1",
    )
