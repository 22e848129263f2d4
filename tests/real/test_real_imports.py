"""The real files: West Virginia's coal permits and the mining titles of Lourenco."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from geo.areas import ha_from_units
from geo.history import Fact
from geo.imports.prepare import ImportOptions, PreparedImport, RowResult, commit_import, prepare_import
from geo.store import Store, sites
from geo.store.sites import SiteFilter

pytestmark = pytest.mark.real_data

TODAY = date(2026, 6, 1)
STATUS_MAP = {
    "Released": "closed",
    "Bonded": "in_progress",
    "Not Bonded": "untreated",
    "Forfeited": "untreated",
}
EQUAL_AREA = Transformer.from_crs("EPSG:4326", "EPSG:6933", always_xy=True)


def equal_area_ha(shape: shapely.MultiPolygon) -> float:
    """Hectares by another way than ours: the plane area in an equal-area projection."""
    return float(shapely.transform(shapely.segmentize(shape, 0.001), _project).area) / 10_000


def _project(points):
    return np.column_stack(EQUAL_AREA.transform(points[:, 0], points[:, 1]))


@pytest.fixture(scope="module")
def permits(real_data: Path) -> PreparedImport:
    path = real_data / "wv_coal_permits" / "wv_coal_permits.geojson"
    return prepare_import(path, ImportOptions(status_map=STATUS_MAP), today=TODAY)


def test_88_permits_import_with_their_status(permits):
    assert permits.receipt().counts[RowResult.NEW] == len(permits.rows) == 88
    assert permits.mapping["status"] == "Std_Status"
    assert Counter(row.new.facts[Fact.STATUS] for row in permits.rows) == {
        "closed": 14,
        "in_progress": 68,
        "untreated": 6,
    }


def test_5_permits_with_0_declared_acres_are_flagged(permits):
    flagged = [row for row in permits.rows if any(one.code == "declared_area_zero" for one in row.findings)]
    assert len(flagged) == 5


def test_areas_agree_with_an_equal_area_projection(permits):
    for row in permits.rows:
        assert ha_from_units(row.area_units) == pytest.approx(equal_area_ha(row.new.geometry), rel=1e-3)


def test_without_a_status_map_the_words_are_asked_for(real_data):
    path = real_data / "wv_coal_permits" / "wv_coal_permits.geojson"
    prepared = prepare_import(path, ImportOptions(), today=TODAY)
    assert {one.code for row in prepared.rejected for one in row.findings} >= {"unknown_word"}


def test_the_titles_of_lourenco_keep_their_codes_digits_and_declared_areas(real_data, tmp_path):
    path = real_data / "amapa_lourenco" / "sites.geojson"
    prepared = prepare_import(path, ImportOptions(), today=TODAY)
    store = Store.open(tmp_path / "lourenco.gpkg", create=True)
    try:
        commit_import(store, prepared, actor="local", now="2026-06-01T08:00:00.000000Z")
        with store.read() as conn:
            stored = {site.site_code: site for site in sites.find(conn, SiteFilter())}
    finally:
        store.close()
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    assert len(stored) == len(features) == 12
    for feature in features:
        values = feature["properties"]
        site = stored[values["site_id"]]
        sent = shapely.from_geojson(json.dumps(feature["geometry"]))
        assert shapely.equals_identical(site.geometry, sent)
        assert site.attributes["declared_area_ha"] == pytest.approx(values["area_ha_official"])
        assert site.area_ha == pytest.approx(values["area_ha_polygon"], rel=2e-3)


def test_the_titles_overlap_and_the_receipt_says_so(real_data):
    path = real_data / "amapa_lourenco" / "sites.geojson"
    prepared = prepare_import(path, ImportOptions(), today=TODAY)
    assert ha_from_units(prepared.overlap_units) == pytest.approx(419.4, abs=0.1)
