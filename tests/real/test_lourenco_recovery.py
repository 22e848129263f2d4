"""The Lourenço gold field: two editions of one product, side by side, and titles that overlap."""

import json
from datetime import date

import pytest
from shapely import MultiPolygon
from shapely.geometry import shape

from geo.areas import geodesic_area_units
from geo.changes import NewSite
from geo.history import Fact
from geo.landcover import product
from geo.recover.run import RecoverParams, recover, scene_item
from geo.scenes import inspect_scenes
from geo.store import Store, changes, recoveries, scenes

pytestmark = pytest.mark.real_data
MINING = "30"


def title(feature):
    geometry = shape(feature["geometry"])
    geometry = geometry if isinstance(geometry, MultiPolygon) else MultiPolygon([geometry])
    return NewSite(
        site_code=feature["properties"]["site_id"],
        geometry=geometry,
        area_units=geodesic_area_units(geometry),
        facts={Fact.KIND: "open_pit", Fact.RESPONSIBLE: "legacy"},
        entered_on=date(2021, 1, 1),
    )


@pytest.fixture(scope="module")
def lourenco(real_data, tmp_path_factory):
    folder = real_data / "amapa_lourenco"
    codes = product("mapbiomas").legend.keys()
    titles = json.loads((folder / "sites.geojson").read_text(encoding="utf-8"))["features"]
    yearly = sorted((folder / "col6").glob("*.tif"))
    stacked = [folder / "col8" / "lorenco_85a22.tif"]
    found = inspect_scenes(yearly, product="mapbiomas", edition="c6", legend_codes=codes)
    found += inspect_scenes(
        stacked, product="mapbiomas", edition="c8", legend_codes=codes, bands=(1985, 2022)
    )
    store = Store.open(tmp_path_factory.mktemp("lourenco") / "lourenco.gpkg", create=True)
    with store.write() as conn:
        changes.create_sites(
            conn, [title(one) for one in titles], actor="a", source="test", now="2024-01-01T00:00:00.000000Z"
        )
        scenes.add(conn, found)
    yield store
    store.close()


@pytest.mark.parametrize(("edition", "mining", "still_mining"), [("c6", 526.5, 289.1), ("c8", 870.9, 860.4)])
def test_the_mining_cells_of_1985_and_what_is_still_mining_in_2020(lourenco, edition, mining, still_mining):
    item = scene_item(lourenco, "mapbiomas", edition, from_year=1985, to_year=2020)
    still = next(one for one in item["transitions"] if one["from_code"] == one["to_code"] == 30)
    assert round(item["area_ha_grid"]["1985"][MINING], 1) == mining
    assert round(still["ha_grid"], 1) == still_mining
    assert item["area_ha"]["1985"][MINING] == pytest.approx(mining / 0.9993, rel=1e-3)


def test_the_mining_of_the_titles_is_summed_and_beside_it_counted_once(lourenco):
    result = recover(lourenco, RecoverParams("mapbiomas", "c6", 1985, 2020))
    scene = scene_item(lourenco, "mapbiomas", "c6", year=1985)["area_ha"]["1985"][MINING]
    summed = result.total["sum"]["area_ha"]["1985"][MINING]
    once = result.total["dissolved"]["area_ha"]["1985"][MINING]
    assert summed == pytest.approx(587, rel=5e-3)
    assert once <= scene < summed
    assert result.total["overlap_ha"] == pytest.approx(419.4, rel=1e-3)


def test_editions_are_kept_side_by_side_and_never_mixed(lourenco):
    shares = {}
    for edition in ("c6", "c8"):
        total = recover(lourenco, RecoverParams("mapbiomas", edition, 1985, 2020)).total
        shares[edition] = total["dissolved"]["recovered_share"]
    assert shares["c6"] == pytest.approx(0.449, abs=1e-3)
    assert shares["c8"] == pytest.approx(0.011, abs=1e-3)
    with lourenco.read() as conn:
        assert [pair[:2] for pair in recoveries.pairs(conn)] == [("mapbiomas", "c6"), ("mapbiomas", "c8")]
