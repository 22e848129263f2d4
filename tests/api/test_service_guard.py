"""What stands before every route: hosts, origins, sizes, headers, hostile bodies; the service's own pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.openapi import TABLES
from api.settings import NotLoopback, Settings
from geo.errors import ReverdureError
from geo.reference import reference_rows

HOSTILE_BODIES = [
    b'{"status": NaN}',
    b'{"status": Infinity}',
    b'{"status": "planned", "restored_ha": 1e999}',
    b'{"status": "planned", "restored_ha": -Infinity}',
    b'{"status": "\\ud800"}',
    b'{"\\ud800": 1, "status": "planned"}',
    b'{"status": "planned", "reason": "\\u0000"}',
    b'{"status": "planned", "reason": "\xff"}',
    b'{"status": "planned", "restored_ha": ' + b"9" * 5000 + b"}",
    b"[" * 100_000,
    b"[" * 100 + b"]" * 100,
    b'{"status": ',
    b"null",
    b'"text"',
    b"",
    b'{"status": "planned", "effective_on": "99999-01-01"}',
    b'{"status": "planned", "effective_on": 1e300}',
]


@pytest.mark.parametrize("body", HOSTILE_BODIES)
def test_a_hostile_body_is_422_and_never_500(reader: TestClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "If-Match": "*"}
    for method, url in (("POST", "/api/sites/1/status"), ("PATCH", "/api/sites/1"), ("POST", "/api/runs")):
        answer = reader.request(method, url, content=body, headers=headers)
        assert answer.status_code == 422, (url, body[:40], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        json.dumps(answer.json(), allow_nan=False).encode()


def test_attributes_take_any_json_value_but_no_nan(client: TestClient) -> None:
    headers = {"Content-Type": "application/json", "If-Match": "*"}
    bad = client.request("PATCH", "/api/sites/1", content=b'{"attributes": {"a": [NaN]}}', headers=headers)
    assert bad.status_code == 422
    body = {"attributes": {"minerals": ["coal"], "cost": {"planned": 1.5}}}
    good = client.request("PATCH", "/api/sites/1", json=body, headers={"If-Match": "*"})
    assert good.json()["site"]["properties"]["attributes"] == body["attributes"]


TEXT = st.text(max_size=12) | st.sampled_from(["nan", "1e999", "-1", "\x00", "9" * 30, "2024-02-30", "all"])
PATHS = [
    "/api/sites",
    "/api/rates",
    "/api/cities",
    "/api/cities/340600/rate",
    "/api/cities/340600/rate/series",
    "/api/worklist",
    "/api/scenes",
    "/api/runs",
    "/api/proposals",
    "/api/sites/1/recovery",
]
NAMES = [
    "bbox", "city", "status", "kind", "q", "limit", "after", "definition", "basis", "as_of", "known_at",
    "responsible", "product", "edition", "from", "to", "group_by", "year", "state", "temporal_rule", "format",
]  # fmt: skip


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS), query=st.dictionaries(st.sampled_from(NAMES), TEXT, max_size=3))
def test_no_query_makes_the_service_fail(reader: TestClient, path: str, query: dict[str, str]) -> None:
    answer = reader.get(path, params=query)
    assert answer.status_code in {200, 404, 422}, (path, query, answer.text)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil@127.0.0.1", "", "[::1"])
def test_another_name_for_this_machine_is_not_answered(reader: TestClient, host: str) -> None:
    assert reader.get("/api/sites", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8000", "[::1]:8000", "LOCALHOST"])
def test_the_machines_own_names_are_answered(reader: TestClient, host: str) -> None:
    assert reader.get("/healthz", headers={"Host": host}).text == "ok"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 428),
        ({"Origin": "http://testserver"}, 428),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://testserver:81"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 428),
    ],
)
def test_a_page_of_another_site_cannot_write(
    reader: TestClient, headers: dict[str, str], status: int
) -> None:
    answer = reader.post("/api/sites/1/status", json={"status": "planned"}, headers=headers)
    assert answer.status_code == status


def test_every_answer_carries_the_safe_headers(reader: TestClient) -> None:
    for url in ("/api/sites", "/nowhere", "/docs", "/healthz"):
        headers = reader.get(url, headers={"X-Request-ID": "from-me"}).headers
        assert headers["x-request-id"] == "from-me"
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in headers["content-security-policy"]
    assert "'unsafe-inline'" not in script_policy(reader, "/")
    assert "'unsafe-inline'" in script_policy(reader, "/maps/remediation")
    assert reader.get("/healthz", headers={"X-Request-ID": "a b"}).headers["x-request-id"] != "a b"


def script_policy(client: TestClient, url: str) -> str:
    policy = client.get(url).headers["content-security-policy"]
    return next(part for part in policy.split("; ") if part.startswith("script-src"))


def test_the_background_map_of_the_settings_is_the_only_other_host(start_service) -> None:  # type: ignore[no-untyped-def]
    basemap = "https://tiles.example/{z}/{x}/{y}.png"
    policy = start_service(basemap_url=basemap).client.get("/").headers["content-security-policy"]
    assert policy.count("://") == 1
    assert "https://tiles.example" in policy


def test_a_body_over_the_limit_is_refused_declared_or_not(start_service) -> None:  # type: ignore[no-untyped-def]
    client = start_service(max_body_mb=0.001).client
    headers = {"If-Match": "*", "Content-Type": "application/json"}
    assert client.patch("/api/sites/1", content=b"x" * 2000, headers=headers).status_code == 413
    chunked = client.patch("/api/sites/1", content=(b"x" * 500 for _ in range(4)), headers=headers)
    assert chunked.status_code == 413
    assert chunked.headers["content-type"] == "application/problem+json"


def test_an_unforeseen_error_says_its_request_id_and_nothing_of_the_inside(service, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret: /home/officer")

    monkeypatch.setattr("api.routes.cities.figures.rate_of", fail)
    answer = service.client.get("/api/cities/340600/rate")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "secret" not in answer.text


def test_unknown_paths_and_methods_are_problems(reader: TestClient) -> None:
    for answer, status in ((reader.get("/api/nowhere"), 404), (reader.put("/api/sites/1"), 405)):
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", "::"])
def test_the_service_binds_this_machine_only(tmp_path: Path, host: str) -> None:
    with pytest.raises(NotLoopback, match="until there are accounts"):
        create_app(Settings(store=str(tmp_path / "x.gpkg"), host=host))


def test_settings_come_from_constructor_environment_and_file(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "reverdure.toml"
    file.write_text('port = 8100\nlang = "zh"\ntimezone = "Asia/Shanghai"\n')
    monkeypatch.setenv("REVERDURE_CONFIG", str(file))
    monkeypatch.setenv("REVERDURE_PORT", "8200")
    monkeypatch.setenv("REVERDURE_ALLOWED_HOSTS", "a.local, b.local")
    found = Settings(lang="en")
    assert (found.lang, found.port, found.timezone) == ("en", 8200, "Asia/Shanghai")
    assert found.allowed_hosts == ("a.local", "b.local")
    file.write_text("prot = 8100\n")
    with pytest.raises(ValueError, match="prot"):
        Settings()


def test_a_time_zone_that_is_none_is_refused() -> None:
    with pytest.raises((ValueError, ReverdureError), match="time zone"):
        Settings(timezone="Mars/Olympus")


def test_the_service_says_how_it_is(client: TestClient) -> None:
    assert client.get("/healthz").text == "ok"
    assert client.get("/readyz").text == "ready"
    client.get("/api/sites/1")
    text = client.get("/metrics").text
    assert 'reverdure_requests_total{method="GET",route="/api/sites/{site_id}",status="200"} ' in text
    assert 'reverdure_request_seconds_bucket{route="/healthz",le="+Inf"} ' in text
    assert "reverdure_sites 5" in text


def test_a_service_whose_worker_died_is_not_ready(start_service) -> None:  # type: ignore[no-untyped-def]
    service = start_service(worker=True)
    assert service.client.get("/readyz").status_code == 200
    service.app.state.worker.stop()
    assert service.client.get("/readyz").status_code == 503


def test_the_documentation_loads_nothing_from_another_host(reader: TestClient) -> None:
    page = reader.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    errors = reader.get("/docs/errors").text
    assert 'id="unknown-site"' in errors
    assert 'id="stale-version"' in errors


def test_an_asset_outside_the_table_is_not_served(reader: TestClient) -> None:
    for name in ("../pyproject.toml", "..%2F..%2Fpyproject.toml", "leaflet/../../x", "/etc/passwd"):
        assert reader.get(f"/assets/{name}").status_code == 404


def test_openapi_names_every_word_of_its_closed_sets(reader: TestClient) -> None:
    document = reader.get("/openapi.json").json()
    assert document["openapi"].startswith("3.")
    schemas = document["components"]["schemas"]
    shown = [name for name in TABLES if name in schemas]
    assert {"Status", "Kind", "CityType", "RateDefinition", "Verdict", "Outcome", "RunState"} <= set(shown)
    for name in shown:
        rows = {row["slug"]: row for row in reference_rows(TABLES[name])}
        for slug in schemas[name]["enum"]:
            assert f"`{slug}`: {rows[slug]['en']} · {rows[slug]['zh']}" in schemas[name]["description"]
    references = set(refs_of(document))
    assert all(reference.removeprefix("#/components/schemas/") in schemas for reference in references)
    assert all("422" not in op["responses"] for path in document["paths"].values() for op in path.values())


def refs_of(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for item in node.values() for ref in refs_of(item)]
    return [ref for item in node for ref in refs_of(item)] if isinstance(node, list) else []


def test_head_answers_as_get_without_a_body(reader: TestClient) -> None:
    answer = reader.head("/api/sites/1")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"] == '"1"'


def test_every_setting_says_what_it_is() -> None:
    undescribed = [name for name, field in Settings.model_fields.items() if not field.description]
    assert undescribed == []
