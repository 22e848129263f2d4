"""Outdated results over HTTP: marked on the site, counted in the rate, off the worklist, said on pages."""

from __future__ import annotations

from datetime import date

from geo.changes import Change
from geo.recover.run import recover
from geo.status import Status
from geo.store import Store, changes, proposals
from tests.geo.recovery_case import LATER, PARAMS, TODAY, add_sites, ramp, site, square

SAYS = "run recovery again"


def move(store: Store, site_id: int) -> None:
    moved = Change({}, date(2024, 6, 1), "surveyed", geometry=square(21, 20))
    with store.write() as conn:
        applied = changes.apply_change(
            conn, site_id, moved, actor="a", source="t", now=LATER, if_version=None
        )
        assert applied.proposal is not None
        proposals.approve(conn, applied.proposal.proposal_id, actor="b", now=LATER, today=TODAY)


def test_a_changed_outline_marks_results_until_the_next_run(service) -> None:  # type: ignore[no-untyped-def]
    client, store = service.client, service.app.state.store
    ramp(store)
    (one,) = add_sites(store, site("x", square(20, 20), Status.TREATED), now="2024-05-01T08:00:00.000000Z")

    def seen() -> tuple[object, ...]:
        answers = [
            client.get(f"/api/sites/{one}/{name}").json()["items"] for name in ("recovery", "evidence")
        ]
        marks = {item["outdated"] for items in answers for item in items}
        (rate,) = client.get("/api/rates?group_by=all&definition=observed_recovery_rate").json()["items"]
        listed = [item["site_code"] for item in client.get("/api/worklist").json()["items"]]
        page = client.get(f"/sites/{one}?lang=en").text
        return marks, rate["rate"], rate["observed"]["n_outdated"], listed, page.count(SAYS) > 1

    recover(store, PARAMS, today=TODAY)
    assert seen() == ({False}, 0.0, 0, ["x"], False)
    move(store, one)
    marks, rate, n_outdated, listed, said = seen()
    assert (marks, n_outdated, listed, said) == ({True}, 1, [], True)
    assert rate is None
    recover(store, PARAMS, today=TODAY)
    assert seen() == ({False}, 0.0, 0, ["x"], False)
