"""What an undo says while it waits, and proposals of one source decided together."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from api.cli import app
from tests.api.accounts_case import add_people, token_for
from tests.api.test_import_steps import FILE, MAPPED, csv_file, square


def undone(client, **headers: str) -> int:
    """The number of an import of two new sites whose undo waits for a second person."""
    sent = {**MAPPED, "dry_run": "false"}
    done = client.post("/api/imports", files={"file": ("a.csv", FILE)}, data=sent, headers=headers)
    number = done.json()["import_id"]
    assert client.post(f"/api/imports/{number}/undo", json={}, headers=headers).status_code == 200
    return int(number)


def standing(client, number: int) -> dict:
    undo = client.get(f"/api/imports/{number}").json()["undo"]
    return {name: count for name, count in undo["counts"].items() if count} | {"complete": undo["complete"]}


def decide(client, kind: str, source: str = "undo:1", **more: object):
    return client.post(f"/api/proposals/{kind}", json={"source": source, "as": "wang", **more})


def test_an_undo_that_waits_is_not_called_done_anywhere(service) -> None:
    client = service.client
    number = undone(client)
    assert standing(client, number) == {"proposed": 2, "complete": False}
    listed = client.get("/api/imports").json()["items"][0]
    assert listed["undo"]["reviews"] == "/reviews?source=undo:1"
    page = client.get(f"/imports/{number}?lang=en").text
    assert "asked for an undo on" in page
    assert "Undone on" not in page
    assert 'href="/reviews?source=undo:1"' in page
    assert "Undo: Waits for a second person 2" in client.get("/imports?lang=en").text
    assert len(client.get("/api/sites?q=0090").json()["features"]) == 2


def test_all_proposals_of_an_undo_are_approved_in_one_go(service) -> None:
    client = service.client
    number = undone(client)
    answer = decide(client, "approve", comment="agreed")
    assert (answer.status_code, answer.json()["decided"], answer.json()["left"]) == (200, 2, 0)
    assert standing(client, number) == {"undone": 2, "complete": True}
    page = client.get(f"/imports/{number}?lang=en").text
    assert "Undone on" in page
    assert "/reviews?source" not in page
    assert client.get("/api/sites?q=0090").json()["features"] == []
    assert decide(client, "approve").status_code == 404
    assert decide(client, "approve", "undo:99").status_code == 404


def test_an_undo_that_is_turned_down_says_by_whom_and_why(service) -> None:
    client = service.client
    number = undone(client)
    assert decide(client, "reject", comment="the sites are right").json()["decided"] == 2
    assert standing(client, number) == {"turned_down": 2, "complete": False}
    page = client.get(f"/imports/{number}?lang=en").text
    assert "Turned down</b>: wang: the sites are right" in page
    again = client.post(f"/api/imports/{number}/undo", json={})
    assert again.status_code == 409
    assert "0 of 2 rows are undone, 0 wait" in again.json()["detail"]


def outdate_one(client, number: int) -> None:
    """Of the two sites of the import the first leaves by another's proposal before the undo is decided."""
    site_id = client.get(f"/api/imports/{number}").json()["rows"][0]["site_id"]
    left = client.delete(
        f"/api/sites/{site_id}?effective_on=2021-06-01&reason=sold", headers={"If-Match": "*"}
    )
    assert left.status_code == 202, left.text
    own = left.json()["proposal"]["proposal_id"]
    assert client.post(f"/api/proposals/{own}/approve", json={"as": "wang"}).status_code == 200


def test_one_that_cannot_be_decided_holds_all_back_and_is_named_unless_partly(service) -> None:
    client = service.client
    number = undone(client)
    outdate_one(client, number)
    refused = decide(client, "approve")
    assert refused.status_code == 409
    assert "1 of 2 proposals of undo:1 cannot be decided, so none was: 00901" in refused.json()["detail"]
    assert standing(client, number) == {"proposed": 2, "complete": False}
    partly = decide(client, "approve", partly=True).json()
    assert (partly["decided"], partly["left"]) == (1, 1)
    assert [(one["site_code"], one["done"]) for one in partly["items"]] == [("00901", False), ("00902", True)]
    assert standing(client, number) == {"proposed": 1, "undone": 1, "complete": False}


def test_a_retry_of_a_batch_hears_the_first_answer(service) -> None:
    client = service.client
    undone(client)
    sent = {"json": {"source": "undo:1", "as": "wang"}, "headers": {"Idempotency-Key": "k"}}
    first, again = (client.post("/api/proposals/approve", **sent) for _ in range(2))
    assert (first.status_code, first.json()) == (200, again.json())


@pytest.mark.parametrize(("who", "status"), [("vera", 403), ("otto", 403), ("rosa", 200), ("adam", 200)])
def test_who_may_decide_on_one_may_decide_on_all_in_their_units(service, who: str, status: int) -> None:
    client = service.client
    add_people(service.app.state.store)
    undone(client, **token_for(service.app.state.store, "otto"))
    headers = token_for(service.app.state.store, who)
    answer = client.post("/api/proposals/approve", json={"source": "undo:1"}, headers=headers)
    assert answer.status_code == status, answer.text


def test_a_reviewer_is_told_of_an_undo_once_and_led_to_it(service) -> None:
    client = service.client
    add_people(service.app.state.store)
    undone(client, **token_for(service.app.state.store, "otto"))
    rosa = token_for(service.app.state.store, "rosa")
    told = client.get("/api/notifications", headers=rosa).json()["items"]
    assert [(one["link"], one["count"]) for one in told] == [("/reviews?source=undo:1", 2)]
    page = client.get("/reviews?source=undo:1&lang=en", headers=rosa).text
    assert "Undo of import 1: a.csv" in page
    assert "Approve all 2" in page
    assert "Withdraw all" not in page
    otto = client.get("/reviews?source=undo:1&lang=en", headers=token_for(service.app.state.store, "otto"))
    assert "Withdraw all 2" in otto.text
    assert "Approve all" not in otto.text
    assert "Approve all" not in client.get("/reviews?source=undo:7&lang=en", headers=rosa).text


def test_changes_of_an_import_that_need_a_second_person_are_decided_together(service) -> None:
    client = service.client
    undone(client)
    decide(client, "reject")
    other = csv_file(f"00901,完,1500,{square(116.15)}", f"00902,完,1500,{square(116.35)}")
    sent = {**MAPPED, "dry_run": "false"}
    done = client.post("/api/imports", files={"file": ("b.csv", other)}, data=sent).json()
    assert done["proposals"] == {"open": 2, "approved": 0, "rejected": 0}
    number = done["import_id"]
    assert done["reviews"] == f"/reviews?source=import:{number}"
    assert f"Import {number}: b.csv" in client.get(f"/reviews?source=import:{number}&lang=en").text
    assert decide(client, "approve", f"import:{number}").json()["decided"] == 2
    page = client.get(f"/imports/{number}?lang=en").text
    assert "Changes that need a second person: Approved 2" in page


def test_the_commands_say_what_waits_and_what_became_of_it(service) -> None:
    client = service.client
    number = undone(client)
    store = ["--store", str(service.folder / "sites.gpkg")]
    said = CliRunner().invoke(app, ["import", "show", str(number), *store])
    assert said.exit_code == 0, said.output
    assert "2 waits for a second person" in said.output
    outdate_one(client, number)
    refused = CliRunner().invoke(app, ["approve", "--source", "undo:1", "--as", "wang", *store])
    assert refused.exit_code != 0
    partly = CliRunner().invoke(app, ["approve", "--source", "undo:1", "--as", "wang", "--partly", *store])
    assert "1 proposals of undo:1 are approved by wang" in partly.output
    assert "(site 00901) stays open" in partly.output
