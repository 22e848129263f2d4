"""Sites that go from one unit to another: the right to it is needed in both, whichever way they go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.accounts_case import add_people, token_for

ANY = {"If-Match": "*"}
Json = dict[str, Any]


@pytest.fixture
def ask(start_service):  # type: ignore[no-untyped-def]
    """Ask as somebody with an account."""
    service = start_service()
    store = service.app.state.store
    add_people(store)

    def asked(name: str, method: str, url: str, **more: Any) -> Any:
        headers = {**token_for(store, name), **more.pop("headers", ANY)}
        return service.client.request(method, url, headers=headers, **more)

    return asked


def outline(west: float) -> Json:
    ring = [[west, 33.5], [west + 0.01, 33.5], [west + 0.01, 33.51], [west, 33.51], [west, 33.5]]
    return {"type": "Polygon", "coordinates": [ring]}


def moved(ask: Any) -> dict[str, Json]:
    """The rows by which site 2 went from otto's county to olga's."""
    body = {"geometry": outline(117.5), "reason": "surveyed", "effective_on": "2021-05-01"}
    made = ask("adam", "PATCH", "/api/sites/2", json=body)
    assert made.status_code == 202, made.text
    number = made.json()["proposal"]["proposal_id"]
    assert ask("rosa", "POST", f"/api/proposals/{number}/approve").status_code == 200
    assert adcode(ask) == "340621"
    rows = ask("vera", "GET", "/api/sites/2/history").json()["items"]
    return {row["fact"]: row for row in rows if row["reason"] == "surveyed"}


def adcode(ask: Any) -> str | None:
    return ask("vera", "GET", "/api/sites/2").json()["properties"]["adcode"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("fact", ["unit", "geometry"])
def test_voiding_what_moved_a_site_here_needs_the_right_where_it_goes_back(ask, fact) -> None:  # type: ignore[no-untyped-def]
    seq = moved(ask)[fact]["seq"]
    void = {"voids_seq": seq, "reason": "not ours"}
    for name in ("olga", "otto"):
        for method, url, body in (
            ("PATCH", "/api/sites/2", void),
            ("POST", "/api/sites/2/corrections", void),
            ("POST", f"/api/history/{seq}/undo", {"reason": "not ours"}),
        ):
            answer = ask(name, method, url, json=body)
            assert (answer.status_code, answer.json()["reason"]) == (403, "unit"), (name, url)


def test_a_fact_that_came_with_the_first_unit_is_corrected_by_an_officer_of_the_unit(ask) -> None:  # type: ignore[no-untyped-def]
    rows = ask("vera", "GET", "/api/sites/2/history").json()["items"]
    kind = next(row for row in rows if row["fact"] == "kind")
    assert any(row["fact"] == "unit" and row["recorded_at"] == kind["recorded_at"] for row in rows)
    body = {"voids_seq": kind["seq"], "kind": "tailings", "reason": "mistyped"}
    answer = ask("otto", "POST", "/api/sites/2/corrections", json=body)
    assert answer.status_code == 200, answer.text
    assert ask("olga", "POST", "/api/sites/2/corrections", json=body).json()["reason"] == "unit"


def test_a_voided_outline_takes_its_unit_along_and_a_unit_is_not_voided_alone(ask) -> None:  # type: ignore[no-untyped-def]
    rows = moved(ask)
    alone = ask("adam", "PATCH", "/api/sites/2", json={"voids_seq": rows["unit"]["seq"], "reason": "wrong"})
    assert (alone.status_code, alone.json()["type"]) == (409, "/docs/errors#not-voidable")
    made = ask(
        "adam", "PATCH", "/api/sites/2", json={"voids_seq": rows["geometry"]["seq"], "reason": "wrong"}
    )
    number = made.json()["proposal"]["proposal_id"]
    assert ask("rosa", "POST", f"/api/proposals/{number}/approve").status_code == 200
    assert adcode(ask) == "340604"


def test_an_import_that_moved_a_site_is_taken_back_with_the_right_in_both_units(ask) -> None:  # type: ignore[no-untyped-def]
    feature = {"type": "Feature", "geometry": outline(117.5), "properties": {"site_code": "002"}}
    body = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
    given = {"files": {"file": ("a.geojson", body)}, "data": {"dry_run": "false", "as_of": "2021-05-01"}}
    tried = {**given, "data": {**given["data"], "dry_run": "true"}}
    ask("adam", "POST", "/api/imports", headers={}, **tried)  # takes the number of the case's own import
    sent = ask("adam", "POST", "/api/imports", headers={}, **given).json()
    (number,) = sent["rows"][0]["proposal_ids"]
    assert ask("rosa", "POST", f"/api/proposals/{number}/approve").status_code == 200
    assert adcode(ask) == "340621"
    undo = f"/api/imports/{sent['import_id']}/undo"
    assert ask("olga", "POST", undo).json()["reason"] == "unit"
    taken = ask("adam", "POST", undo)
    assert taken.status_code == 200, taken.text
    (number,) = taken.json()["rows"][0]["proposal_ids"]
    assert ask("rosa", "POST", f"/api/proposals/{number}/approve").status_code == 200
    assert adcode(ask) == "340604"


def test_an_outline_whose_unit_is_not_looked_up_leaves_the_unit_before(ask) -> None:  # type: ignore[no-untyped-def]
    feature = {"type": "Feature", "geometry": outline(117.5), "properties": {"site_code": "002"}}
    body = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
    given = {
        "files": {"file": ("a.geojson", body)},
        "data": {"dry_run": "false", "as_of": "2021-05-01", "cities": "none"},
    }
    assert ask("otto", "POST", "/api/imports", headers={}, **given).json()["reason"] == "no_unit"
    sent = ask("adam", "POST", "/api/imports", headers={}, **given).json()
    (number,) = sent["rows"][0]["proposal_ids"]
    assert ask("rosa", "POST", f"/api/proposals/{number}/approve").status_code == 403
    assert adcode(ask) == "340604"
