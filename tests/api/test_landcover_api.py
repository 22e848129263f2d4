"""From a registered raster to recovery, verdicts, the worklist, tiles and maps, over HTTP."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from fastapi.testclient import TestClient
from rasterio.transform import from_origin

BARREN, FOREST = 7, 2


def write_scene(path: Path, code: int) -> None:
    """A CLCD raster of one class over the second site, forest around it."""
    cells = np.full((120, 120), FOREST, np.uint8)
    cells[40:80, 40:80] = code
    profile = {
        "driver": "GTiff",
        "width": 120,
        "height": 120,
        "count": 1,
        "dtype": "uint8",
        "crs": "EPSG:4326",
    }
    transform = from_origin(116.69, 33.52, 0.00025, 0.00025)
    with rasterio.open(path, "w", transform=transform, **profile) as file:
        file.write(cells, 1)


def add_scenes(client: TestClient, folder: Path, later: int = FOREST) -> None:
    for year, code in ((2018, BARREN), (2022, later)):
        write_scene(folder / f"clcd_{year}.tif", code)
        body = {"path": f"clcd_{year}.tif", "product": "clcd", "edition": "v1"}
        answer = client.post("/api/scenes", json=body)
        assert answer.status_code == 201, answer.text


def finished(client: TestClient, place: str) -> Any:
    for _ in range(400):
        run = client.get(place).json()
        if run["state"] in {"done", "failed", "cancelled"}:
            return run
        time.sleep(0.05)
    raise AssertionError(run)


def test_products_come_with_legends_and_editions(service) -> None:  # type: ignore[no-untyped-def]
    products = {item["slug"]: item for item in service.client.get("/api/products").json()["items"]}
    assert {"clcd", "mapbiomas"} <= set(products)
    assert products["clcd"]["editions"] == []
    barren = next(item for item in products["clcd"]["legend"] if item["code"] == BARREN)
    assert barren["role"] == "disturbed"


def test_a_raster_below_the_stores_folder_becomes_a_scene(service) -> None:  # type: ignore[no-untyped-def]
    add_scenes(service.client, service.folder)
    items = service.client.get("/api/scenes?product=clcd").json()["items"]
    assert [(item["year"], item["path"]) for item in items] == [
        (2018, "clcd_2018.tif"),
        (2022, "clcd_2022.tif"),
    ]
    assert service.client.get("/api/scenes?year=2022&limit=1").json()["next"] is None
    first = service.client.get("/api/scenes?limit=1").json()
    assert service.client.get(first["next"]).json()["items"][0]["year"] == 2022


def test_a_raster_elsewhere_is_not_read(service, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    outside = tmp_path / "outside_2018.tif"
    write_scene(outside, BARREN)
    (service.folder / "link_2018.tif").symlink_to(outside)
    for path in (
        str(outside),
        "../outside_2018.tif",
        "link_2018.tif",
        ".",
        "absent_2018.tif",
        "/etc/passwd",
        "a\\b",
    ):
        answer = service.client.post("/api/scenes", json={"path": path, "product": "clcd", "edition": "v1"})
        assert (answer.status_code, answer.json()["type"]) == (422, "/docs/errors#outside-store"), path


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"product": "nothing"}, 404),
        ({"year": 3}, 422),
        ({"year": 2018, "bands": [2018, 2019]}, 422),
        ({"edition": "../x"}, 422),
        ({"path": "not_2018.tif"}, 422),
        ({"path": "sites.gpkg", "year": 2018}, 422),
    ],
)
def test_a_scene_that_cannot_be_is_a_problem(service, change: dict[str, object], status: int) -> None:  # type: ignore[no-untyped-def]
    write_scene(service.folder / "clcd_2018.tif", BARREN)
    (service.folder / "not_2018.tif").write_text('<VRTDataset rasterXSize="1" rasterYSize="1"/>')
    body = {"path": "clcd_2018.tif", "product": "clcd", "edition": "v1", **change}
    assert service.client.post("/api/scenes", json=body).status_code == status


def test_a_run_recovers_judges_and_is_watched(start_service) -> None:  # type: ignore[no-untyped-def]
    service = start_service(worker=True)
    client = service.client
    add_scenes(client, service.folder)
    queued = client.post("/api/runs", json={"product": "clcd"})
    assert queued.status_code == 202
    place = queued.headers["location"]
    with client.stream("GET", f"{place}/events") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        lines = list(events.iter_lines())
    last = json.loads(next(line for line in reversed(lines) if line.startswith("data: "))[6:])
    assert last["state"] == "done", last
    assert "event: end" in lines
    assert finished(client, place)["state"] == "done"

    item = client.get("/api/sites/2/recovery").json()["items"][0]
    assert (item["from_year"], item["to_year"], item["temporal_rule"]) == (2018, 2022, "none")
    assert item["recovered_share"] == pytest.approx(1.0)
    assert item["area_ha"]["2018"][str(BARREN)] == pytest.approx(103.1, abs=0.5)
    assert item["transitions"][0]["outcome"] in {"recovered", "stable"}
    smoothed = client.get("/api/sites/2/recovery?temporal_rule=majority3").json()["items"]
    assert [each["temporal_rule"] for each in smoothed] == ["majority3"]
    assert client.get("/api/sites/2/recovery?edition=v2").json()["items"] == []

    verdict = client.get("/api/sites/2/evidence").json()["items"][0]
    assert verdict["status"] == "planned"
    assert client.get("/api/sites/77/evidence").status_code == 404
    observed = client.get("/api/cities/340604/rate?definition=observed_recovery_rate").json()
    assert observed["rate"] == pytest.approx(1.0)
    assert client.get("/api/runs").json()["items"][0]["state"] == "done"
    assert client.delete(place).json()["state"] == "done"


def test_an_unclaimed_recovery_is_on_the_worklist(start_service) -> None:  # type: ignore[no-untyped-def]
    service = start_service(worker=True)
    client = service.client
    back = {"status": "untreated", "effective_on": "2018-02-01"}
    assert client.post("/api/sites/2/status", json=back, headers={"If-Match": "*"}).status_code == 200
    add_scenes(client, service.folder)
    run = finished(client, client.post("/api/runs", json={"product": "clcd"}).headers["location"])
    assert run["state"] == "done", run
    (entry,) = client.get("/api/worklist?city=340600").json()["items"]
    assert (entry["site_code"], entry["verdict"]) == ("002", "unclaimed")
    assert entry["worklist_ha"] == pytest.approx(103.1, abs=0.5)


def test_sites_are_chosen_and_counted_by_verdict_in_every_form(start_service) -> None:  # type: ignore[no-untyped-def]
    service = start_service(worker=True)
    client = service.client
    back = {"status": "untreated", "effective_on": "2018-02-01"}
    assert client.post("/api/sites/2/status", json=back, headers={"If-Match": "*"}).status_code == 200
    assert client.get("/api/sites?facets=true").json()["facets"]["verdict"] == {"none": 5}
    add_scenes(client, service.folder)
    finished(client, client.post("/api/runs", json={"product": "clcd"}).headers["location"])
    found = client.get("/api/sites?facets=true&geometry=false").json()
    verdicts = Counter(one["properties"]["verdict"] or "none" for one in found["features"])
    counts = found["facets"]["verdict"]
    assert {slug: count for slug, count in counts.items() if count} == dict(verdicts)
    assert verdicts["unclaimed"] == 1
    assert {one["geometry"] for one in found["features"]} == {None}
    for slug in (*verdicts, "contradicted"):
        listed = client.get(f"/api/sites?verdict={slug}").json()["features"]
        assert {one["properties"]["verdict"] or "none" for one in listed} <= {slug}
        assert len(listed) == verdicts[slug]
        table = client.get(f"/api/exports/sites.csv?verdict={slug}").text
        assert len(table.splitlines()) - 1 == verdicts[slug]
    elsewhere = client.get("/api/sites?facets=true&verdict=unclaimed&status=treated").json()
    assert elsewhere["features"] == []
    assert elsewhere["facets"]["status"] == {"untreated": 1}
    assert elsewhere["facets"]["verdict"].get("unclaimed", 0) == 0
    page = client.get("/sites?lang=en&verdict=unclaimed").text
    assert "Unclaimed recovery (1)" in page
    assert page.count('<td><a href="/sites/') == 1
    assert client.get("/api/sites?verdict=maybe").status_code == 422


def test_a_verdict_no_longer_counts_once_its_site_has_changed(start_service) -> None:  # type: ignore[no-untyped-def]
    service = start_service(worker=True)
    client = service.client
    add_scenes(client, service.folder)
    finished(client, client.post("/api/runs", json={"product": "clcd"}).headers["location"])
    assert client.get("/api/sites?q=002").json()["features"][0]["properties"]["verdict"] is not None
    back = {"status": "untreated", "effective_on": "2018-02-01"}
    assert client.post("/api/sites/2/status", json=back, headers={"If-Match": "*"}).status_code == 200
    assert client.get("/api/sites?q=002").json()["features"][0]["properties"]["verdict"] is None


def test_a_queued_run_is_cancelled_at_once(service) -> None:  # type: ignore[no-untyped-def]
    client = service.client
    add_scenes(client, service.folder)
    place = client.post("/api/runs", json={"product": "clcd", "site_ids": [2]}).headers["location"]
    assert client.get(place).json()["state"] == "queued"
    assert client.get("/api/runs?state=queued").json()["items"][0]["params"]["site_ids"] == [2]
    assert client.delete(place).status_code == 202
    assert client.get(place).json()["state"] == "cancelled"
    assert "event: end" in client.get(f"{place}/events").text


def test_a_run_that_cannot_be_is_refused_at_once(service) -> None:  # type: ignore[no-untyped-def]
    client = service.client
    assert client.post("/api/runs", json={"product": "nothing"}).status_code == 404
    assert client.post("/api/runs", json={"product": "clcd"}).status_code in {404, 422}
    assert (
        client.post("/api/runs", json={"product": "clcd", "from_year": 2020, "to_year": 2019}).status_code
        == 422
    )
    for url in ("/api/runs/9", "/api/runs/9/events"):
        assert client.get(url).status_code == 404
    assert client.delete("/api/runs/9").status_code == 404


def test_tiles_are_png_with_an_etag_and_empty_outside(service) -> None:  # type: ignore[no-untyped-def]
    client = service.client
    add_scenes(client, service.folder)
    described = client.get("/tiles/landcover.json?product=clcd&edition=v1&year=2018").json()
    assert described["tilejson"] == "3.0.0"
    west, south, east, north = described["bounds"]
    assert 116.6 < west < east < 116.8
    assert 33.4 < south < north < 33.6
    inside = client.get(described["tiles"][0].format(z=12, x=3375, y=1642))
    assert inside.headers["content-type"] == "image/png"
    assert inside.content.startswith(b"\x89PNG")
    assert "immutable" in inside.headers["cache-control"]
    url = "/tiles/landcover/clcd/v1/2018/12/3375/1642.png"
    again = client.get(url, headers={"If-None-Match": inside.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/tiles/landcover/clcd/v1/2018/5/0/0.png").status_code == 200
    for bad in ("clcd/v1/2019/5/0/0", "nothing/v1/2018/5/0/0"):
        assert client.get(f"/tiles/landcover/{bad}.png").status_code == 404
    for bad in ("clcd/v1/2018/3/9/0", "clcd/v1/2018/3/-1/0", "clcd/v1/2018/99/0/0", "clcd/v1/x/3/0/0"):
        assert client.get(f"/tiles/landcover/{bad}.png").status_code == 422
    assert client.get("/tiles/nothing.json?product=clcd&edition=v1&year=2018").status_code == 422


def test_maps_are_pages_that_name_no_other_host(service) -> None:  # type: ignore[no-untyped-def]
    client = service.client
    add_scenes(client, service.folder)
    for url in ("/maps/remediation?city=340600&as_of=2020-01-01", "/maps/recovery?lang=zh", "/maps/sites/2"):
        page = client.get(url)
        assert page.status_code == 200, page.text
        assert page.headers["content-type"].startswith("text/html")
        assert "<html" in page.text
    assert client.get("/maps/remediation?city=999999").status_code == 404
    assert client.get("/maps/sites/77").status_code == 404
    assert client.get("/maps/recovery?from=abc").status_code == 422


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/2020.tif",
        "http://127.0.0.1:9/2020.tif",
        "s3://bucket/2020.tif",
        "remote:/https:/h/2020.tif",
    ],
)
def test_an_address_is_never_registered_over_http(service, address) -> None:  # type: ignore[no-untyped-def]
    body = {"path": address, "product": "clcd", "edition": "v1"}
    answer = service.client.post("/api/scenes", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "/docs/errors#outside-store")
