"""Imports over HTTP: a dry run, its receipt, its commit."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.spool import Spool, discarded_unless_kept


def feature(code: str, west: float, **properties: object) -> dict[str, Any]:
    ring = [[west, 33.1], [west + 0.01, 33.1], [west + 0.01, 33.11], [west, 33.11], [west, 33.1]]
    return {
        "type": "Feature",
        "properties": {"site_id": code, **properties},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def geojson(*features: dict[str, Any]) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def send(client: TestClient, content: bytes, name: str = "mines.geojson", **fields: object) -> Any:
    return client.post("/api/imports", files={"file": (name, content)}, data=fields)


def test_a_dry_run_writes_nothing_and_its_commit_writes_all(service) -> None:  # type: ignore[no-untyped-def]
    client = service.client
    content = geojson(feature("101", 116.1, state="open"), feature("102", 117.1, state="done"))
    fields = {"status_map": "open=untreated,done=treated", "map": "status=state", "as_of": "2021-05-01"}
    tried = send(client, content, **fields)
    assert tried.status_code == 201, tried.text
    receipt = tried.json()
    assert receipt["dry_run"] is True
    assert receipt["rows_in"] == 2
    assert receipt["counts"]["new"] == 2
    assert [row["result"] for row in receipt["rows"]] == ["new", "new"]
    assert len(client.get("/api/sites").json()["features"]) == 5

    done = client.post(f"{tried.headers['location']}/commit")
    assert done.status_code == 201, done.text
    committed = client.get(done.headers["location"]).json()
    assert committed["dry_run"] is False
    assert committed["seq"] > 0
    found = {each["properties"]["site_code"]: each["properties"] for each in sites(client)}
    assert found["102"]["status"] == "treated"
    assert found["102"]["adcode"] == "340621"
    assert found["101"]["entered_on"] == "2021-05-01"
    assert not list((service.folder / "sites-uploads").glob("*/*"))
    assert client.post(f"{done.headers['location']}/commit").status_code == 409
    assert client.post(f"{tried.headers['location']}/commit").status_code == 409


def sites(client: TestClient) -> list[dict[str, Any]]:
    return list(client.get("/api/sites").json()["features"])


def test_a_refused_row_holds_all_back_unless_the_valid_ones_are_asked_for(service) -> None:  # type: ignore[no-untyped-def]
    client = service.client
    bow_tie = feature("201", 116.1)
    bow_tie["geometry"]["coordinates"] = [[[116, 33], [116.1, 33.1], [116.1, 33], [116, 33.1], [116, 33]]]
    content = geojson(bow_tie, feature("202", 116.3))
    tried = send(client, content).json()
    assert tried["counts"]["rejected"] == 1
    assert tried["rows"][0]["findings"][0]["severity"] == "error"
    refused = client.post(f"/api/imports/{tried['import_id']}/commit")
    assert (refused.status_code, refused.json()["rejected"]) == (422, 1)
    assert len(sites(client)) == 5
    done = client.post(f"/api/imports/{tried['import_id']}/commit", json={"only_valid": True})
    assert done.status_code == 201, done.text
    assert len(sites(client)) == 6


def test_the_same_file_again_changes_nothing(service) -> None:  # type: ignore[no-untyped-def]
    client = service.client
    content = geojson(feature("301", 116.1))
    assert send(client, content, dry_run="false").json()["counts"]["new"] == 1
    again = send(client, content, dry_run="false").json()
    assert again["counts"]["unchanged"] == 1
    assert [item["import_id"] for item in client.get("/api/imports").json()["items"]] == [2, 1]


def test_receipts_page_by_row(service) -> None:  # type: ignore[no-untyped-def]
    client = service.client
    number = send(
        client, geojson(*(feature(str(400 + index), 116 + index / 10) for index in range(5)))
    ).json()
    first = client.get(f"/api/imports/{number['import_id']}?limit=3").json()
    rest = client.get(first["next"]).json()
    assert [row["row"] for row in (*first["rows"], *rest["rows"])] == [1, 2, 3, 4, 5]
    assert rest["next"] is None
    assert client.get("/api/imports/99").status_code == 404
    assert client.post("/api/imports/99/commit").status_code == 404


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mines.geojson", b"\x00\x01\x02"),
        ("mines.geojson", b""),
        ("mines.gpkg", b"SQLite format 3\x00" + b"\x00" * 100),
        ("mines.zip", b"PK\x03\x04 no zip"),
        ("../../mines.exe", b"MZ"),
        ("", b"{}"),
        ("mines.geojson", b'{"type": "FeatureCollection", "features": []}'),
        ("mines.vrt", b"<OGRVRTDataSource></OGRVRTDataSource>"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_a_problem(service, name: str, content: bytes) -> None:  # type: ignore[no-untyped-def]
    answer = send(service.client, content, name=name)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert str(service.folder) not in answer.text
    assert not list(service.folder.glob("sites-uploads/*"))


@pytest.mark.parametrize(
    "fields", [{"status_map": "nothing"}, {"as_of": "soon"}, {"as_of": "2190-01-01"}, {"dry_run": "perhaps"}]
)
def test_options_that_mean_nothing_are_refused(service, fields: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    assert send(service.client, geojson(feature("1", 116.1)), **fields).status_code == 422


def test_an_import_without_a_file_is_refused(client: TestClient) -> None:
    assert client.post("/api/imports", data={"dry_run": "true"}).status_code == 422
    assert client.post("/api/imports", json={}).status_code == 422


def test_sites_outside_every_unit_enter_where_none_is_wanted(service) -> None:  # type: ignore[no-untyped-def]
    client = service.client
    content = geojson(feature("501", -51.6))
    assert send(client, content).json()["counts"]["rejected"] == 1
    tried = send(client, content, cities="none").json()
    assert tried["counts"]["new"] == 1
    assert client.post(f"/api/imports/{tried['import_id']}/commit").status_code == 201
    assert sites(client)[-1]["properties"]["adcode"] is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary at all",
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a\x00.zip"\r\n\r\n{}\r\n--b--\r\n',
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="\xff\xfe.zip"\r\n\r\nPK\r\n--b--\r\n',
        b'--b\r\nContent-Disposition: form-data; name="as_of"\r\n\r\n\xff\xfe\r\n--b--\r\n',
        b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nplain text\r\n--b--\r\n',
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
        b"--b\r\n" * 2000,
    ],
)
def test_a_hostile_form_is_a_problem_and_never_500(reader: TestClient, body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = reader.post("/api/imports", content=body, headers=headers)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_long_file_name_in_chinese_is_cut_to_what_a_folder_can_hold(service) -> None:  # type: ignore[no-untyped-def]
    name = "濉溪县历史遗留矿山图斑成果数据" * 10 + ".geojson"
    tried = send(service.client, geojson(feature("101", 116.1)), name, as_of="2021-05-01")
    assert tried.status_code == 201, tried.text
    assert tried.json()["file_name"].endswith("数据.geojson")
    marked = service.client.get(f"{tried.headers['location']}/marked.xlsx")
    assert marked.status_code == 200


def test_an_upload_is_kept_while_another_request_works_on_the_same_content(service) -> None:  # type: ignore[no-untyped-def]
    spool = Spool(service.client.app.state.store)
    first = spool.keep(BytesIO(b"the same"), "a.geojson")
    second = spool.keep(BytesIO(b"the same"), "a.geojson")
    with discarded_unless_kept(spool, second):
        pass
    assert first.read_bytes() == b"the same"
    spool.discard(first)
    assert not list(spool.folder.iterdir())


def test_a_commit_leaves_the_other_dry_run_of_the_same_content_its_file(service) -> None:  # type: ignore[no-untyped-def]
    content = geojson(feature("101", 116.1))
    ours, theirs = (send(service.client, content, as_of="2021-05-01").headers["location"] for _ in range(2))
    assert service.client.post(f"{ours}/commit").status_code == 201
    assert service.client.post(f"{ours}/commit").status_code == 409
    again = service.client.post(f"{theirs}/commit")
    assert again.status_code == 201, again.text
    assert again.json()["counts"]["unchanged"] == 1
    assert not list(service.folder.glob("sites-uploads/*"))


def test_an_empty_upload_leaves_nothing_behind(service) -> None:  # type: ignore[no-untyped-def]
    assert send(service.client, b"").status_code == 422
    assert not list(service.folder.glob("sites-uploads/*"))
