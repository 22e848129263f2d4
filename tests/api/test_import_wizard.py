"""The pages of the import wizard without a browser: rights, tokens of forms, what was chosen stays."""

from __future__ import annotations

import re

import pytest
from shapely import box

from tests.api.accounts_case import add_people, sign_in

WKT = box(116.5, 33.2, 116.51, 33.21).wkt
FILE = f'代号,状况,WKT\nN1,完,"{WKT}"\n'.encode("gb18030")


def chosen(upload: str, **more: object) -> dict[str, object]:
    fields = {
        "upload": upload,
        "column": ["代号", "状况"],
        "field": ["site_code", "status"],
        "unit": ["", ""],
    }
    return {**fields, "word": ["完"], "word_status": ["treated"], "as_of": "2021-01-01", **more}


def look(client, **fields: object):
    return client.post("/imports/look?lang=en", files={"file": ("sites.csv", FILE)}, data=fields)


def upload_of(page: str) -> str:
    return re.search(r'name="upload" value="(\w+)"', page)[1]


def test_the_steps_follow_each_other_as_plain_forms(service) -> None:
    client = service.client
    page = look(client).text
    assert "No column looks like the site code" in page
    tried = client.post("/imports/try", data=chosen(upload_of(page)), follow_redirects=False)
    assert (tried.status_code, tried.headers["location"]) == (303, "/imports/1")
    done = client.post("/imports/1/commit?lang=en", data={}, follow_redirects=True)
    assert "Committed on" in done.text
    assert client.get("/api/sites?q=N1").json()["features"][0]["properties"]["status"] == "treated"
    undone = client.post("/imports/2/undo?lang=en", data={"reason": "wrong"}, follow_redirects=True)
    assert "Waits for a second person 1" in undone.text
    assert "was undone before" in client.post("/imports/2/undo?lang=en", data={}).text
    again = look(client).text
    assert "is used again" in again
    assert 'value="site_code" selected' in again


def test_what_was_chosen_stays_beside_what_was_wrong_with_it(service) -> None:
    client = service.client
    upload = upload_of(look(client).text)
    wrong = client.post(
        "/imports/try?lang=en", data=chosen(upload, column=["代号", "nowhere"], as_of="2021-01-01")
    )
    assert wrong.status_code == 422
    assert "has no column" in wrong.text
    assert client.post("/imports/try", data=chosen(upload, field=["site_code"])).status_code == 422
    twice = client.post("/imports/try", data=chosen(upload, field=["site_code", "site_code"]))
    assert twice.status_code == 422
    assert client.post("/imports/try?lang=en", data=chosen("0" * 64)).status_code == 409


@pytest.mark.parametrize("name", ["otto", "vera"])
def test_who_is_signed_in_needs_the_right_and_the_token_of_the_form(service, name: str) -> None:
    client = service.client
    add_people(service.app.state.store, name)
    csrf = sign_in(client, name)
    assert look(client).status_code == 403
    answer = look(client, csrf_token=csrf)
    assert answer.status_code == (200 if name == "otto" else 403)
    if name == "vera":
        return
    assert f'name="csrf_token" value="{csrf}"' in answer.text
    sent = chosen(upload_of(answer.text), csrf_token=csrf)
    assert client.post("/imports/try", data=sent, follow_redirects=False).status_code == 303
    assert client.post("/imports/1/commit", data={}, follow_redirects=False).status_code == 403
    done = client.post("/imports/1/commit", data={"csrf_token": csrf}, follow_redirects=False)
    assert done.status_code == 303
    far = FILE.replace(b"116.5", b"117.5")
    page = client.post("/imports/look", files={"file": ("far.csv", far)}, data={"csrf_token": csrf}).text
    client.post("/imports/try", data=chosen(upload_of(page), csrf_token=csrf))
    refused = client.post("/imports/3/commit?lang=en", data={"csrf_token": csrf})
    assert refused.status_code == 403
    assert "otto may not do this" in refused.text
