"""Cities, rates and their series over HTTP."""

from __future__ import annotations

import csv
import io

import pytest
from fastapi.testclient import TestClient

RATE_FIELDS = {
    "adcode", "name", "city_type", "definition", "basis", "responsible", "as_of", "known_at", "rate",
    "reason", "numerator_ha", "denominator_ha", "numerator_count", "denominator_count", "n_missing",
    "missing_ha", "overlap_ha", "border_ha", "by_status", "alternatives", "observed", "seq", "head",
}  # fmt: skip
OBSERVED_FIELDS = {
    "rate", "low", "high", "interval_kind", "indicative", "product", "edition", "from_year", "to_year",
    "disturbed_baseline_ha", "valid_share",
}  # fmt: skip


def test_cities_carry_their_type_and_memberships(reader: TestClient) -> None:
    body = reader.get("/api/cities").json()
    assert [item["adcode"] for item in body["items"]] == ["340000", "340600", "340604", "340621"]
    listed = body["items"][1]
    assert listed["city_type"] == "declining"
    assert listed["memberships"][0]["entered_on"] == "2013-11-12"
    assert body["items"][2]["city_type"] == "unlisted"
    before = reader.get("/api/cities/340600?as_of=2013-01-01").json()
    assert before["city_type"] == "unlisted"
    assert [item["adcode"] for item in reader.get("/api/cities?city_type=declining").json()["items"]] == [
        "340600"
    ]
    assert [item["adcode"] for item in reader.get("/api/cities?q=suixi").json()["items"]] == ["340621"]


def test_cities_page_by_code(reader: TestClient) -> None:
    first = reader.get("/api/cities?limit=3").json()
    assert [item["adcode"] for item in reader.get(first["next"]).json()["items"]] == ["340621"]


def test_one_city_names_those_above_and_below_it(reader: TestClient) -> None:
    body = reader.get("/api/cities/340600").json()
    assert body["lineage"] == ["340000"]
    assert body["children"] == ["340604", "340621"]
    assert body["n_sites"] == 5
    assert body["bbox"] == [116, 33, 118, 34]
    assert reader.get("/api/cities/999999").status_code == 404


def test_a_rate_has_every_name_that_the_design_gives_it(reader: TestClient) -> None:
    body = reader.get("/api/cities/340600/rate").json()
    assert set(body) >= RATE_FIELDS
    assert set(body["observed"]) >= OBSERVED_FIELDS
    assert body["definition"] == "treatment_rate"
    assert body["rate"] == pytest.approx(0.2, abs=0.001)
    assert body["by_status"]["treated"]["count"] == 1
    assert body["n_sites"] == 5


def test_a_rate_without_sites_is_null_with_its_reason(reader: TestClient) -> None:
    body = reader.get("/api/cities/340600/rate?kind=subsidence").json()
    assert body["rate"] is None
    assert body["reason"]
    undefined = reader.get("/api/cities/340600/rate?definition=restoration_rate&basis=count").json()
    assert (undefined["rate"], undefined["reason"]) == (None, "not_defined")


def test_a_rate_is_as_of_a_day_and_known_at_a_time(reader: TestClient) -> None:
    rate = "/api/cities/340600/rate"
    assert reader.get(f"{rate}?as_of=2017-12-31").json()["rate"] is None
    assert reader.get(f"{rate}?as_of=2018-01-01").json()["n_sites"] == 5
    assert reader.get(f"{rate}?known_at=2020-01-14").json()["n_sites"] == 0
    assert reader.get(f"{rate}?known_at=2020-01-15").json()["n_sites"] == 5
    assert reader.get(f"{rate}?known_at=2020-01-15T00:00:00%2B08:00").json()["n_sites"] == 0
    assert reader.get(f"{rate}?known_at=2020-01-15T09:00:00+08:00").json()["n_sites"] == 5


@pytest.mark.parametrize(
    "known_at", ["yesterday", "2020-13-01", "2020-01-15T00:00:00", "9999-12-31T23:59:59-23:59"]
)
def test_a_time_that_is_none_is_refused(reader: TestClient, known_at: str) -> None:
    answer = reader.get("/api/cities/340600/rate", params={"known_at": known_at})
    assert (answer.status_code, answer.json()["field"]) == (422, "known_at")


def test_a_change_between_two_times_is_seen_at_the_later_alone(client: TestClient) -> None:
    before = client.get("/api/cities/340600/rate").json()
    changed = client.post("/api/sites/3/status", json={"status": "treated"}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200
    after = client.get("/api/cities/340600/rate").json()
    assert after["rate"] == pytest.approx(0.4, abs=0.001)
    again = client.get("/api/cities/340600/rate", params={"known_at": before["known_at"]}).json()
    assert (again["rate"], again["head"]) == (before["rate"], before["head"])


def test_the_series_has_one_rate_a_year(reader: TestClient) -> None:
    items = reader.get("/api/cities/340600/rate/series?from=2016&to=2020").json()["items"]
    assert [item["as_of"] for item in items] == [f"{year}-12-31" for year in range(2016, 2021)]
    assert [item["rate"] is None for item in items] == [True, True, False, False, False]
    assert reader.get("/api/cities/340600/rate/series?from=2020&to=2016").status_code == 422


@pytest.mark.parametrize("group", ["province", "city_type", "kind", "all"])
def test_groups_that_are_no_city_carry_group_and_key(reader: TestClient, group: str) -> None:
    items = reader.get(f"/api/rates?group_by={group}").json()["items"]
    assert {item["group"] for item in items} == {group}
    assert all("adcode" not in item for item in items)
    assert sum(item["n_sites"] for item in items) == 5


def test_rates_by_city_carry_adcodes(reader: TestClient) -> None:
    items = reader.get("/api/rates?group_by=city").json()["items"]
    assert "340600" in [item["adcode"] for item in items]
    assert all("key" not in item for item in items)


def test_rates_come_as_a_table_too(reader: TestClient) -> None:
    answer = reader.get("/api/exports/rates.csv?group_by=all")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 1
    assert float(rows[0]["rate"]) == pytest.approx(0.2, abs=0.001)
    assert rows[0]["observed_rate"] == ""
    assert reader.get("/api/exports/rates.pdf").status_code == 422


def test_the_worklist_of_a_store_without_land_cover_is_empty(reader: TestClient) -> None:
    assert reader.get("/api/worklist").json() == {"items": [], "next": None}
    assert reader.get("/api/worklist?after=nonsense").status_code in {200, 422}
