"""Undo: whatever happened to a site, undoing an event and then the undo gives the state before both."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.changes import Change, NothingToChange
from geo.errors import ReverdureError
from geo.history import Fact
from geo.status import Status
from geo.store import Connection, Store, changes, history, proposals, sites
from geo.undoing import undo_of
from tests.contract.builders import NOW, new_site

FIRST, TODAY = date(2015, 1, 1), date(2024, 6, 1)
HA = 100_000_000

facts = st.one_of(
    st.sampled_from(list(Status)).map(lambda status: {Fact.STATUS: status.value}),
    st.tuples(st.sampled_from(list(Status)), st.integers(0, 90)).map(
        lambda pair: {Fact.STATUS: pair[0].value, Fact.RESTORED: {"units": pair[1] * HA}}
    ),
    st.integers(0, 90).map(lambda ha: {Fact.RESTORED: {"units": ha * HA}}),
    st.sampled_from(["forest", "grass", "none"]).map(lambda use: {Fact.TARGET_USE: use}),
    st.text(max_size=3, alphabet="abc").map(lambda name: {Fact.NAME: name}),
)
events = st.lists(st.tuples(facts, st.integers(0, 3000)), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("undo") / "empty.gpkg"
    Store.open(path, create=True).close()
    return path


def apply(conn: Connection, site_id: int, change: Change) -> tuple[int, ...]:
    """The rows of the change, approved at once where it needs a second person."""
    made = changes.apply_change(
        conn, site_id, change, actor="a", source="api", now=NOW, if_version=None, today=TODAY
    )
    if made.proposal is not None:
        made = proposals.approve(conn, made.proposal.proposal_id, actor="b", now=NOW, today=TODAY)
    return made.seqs


def told(conn: Connection, site_id: int) -> tuple[object, ...]:
    site = sites.get(conn, site_id)
    return (
        site.status,
        site.status_since,
        site.restored_units,
        site.target_use,
        site.name,
        site.area_units,
        site.left_on,
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events, st.integers(0, 7))
def test_undoing_twice_gives_the_state_again(
    empty: Path, tmp_path_factory: pytest.TempPathFactory, happened: list, which: int
) -> None:
    path = tmp_path_factory.mktemp("run") / "s.gpkg"
    shutil.copyfile(empty, path)
    store = Store.open(path)
    try:
        with store.write() as conn:
            (site_id,) = changes.create_sites(conn, [new_site("S")], actor="a", source="test", now=NOW)
            taken = []
            for index, (stated, days) in enumerate(happened):
                change = Change(stated, FIRST + timedelta(days=days), f"event {index}")
                try:
                    taken.append(apply(conn, site_id, change))
                except ReverdureError:
                    continue
            if not taken:
                return
            before = told(conn, site_id)
            rows = history.rows(conn, site_id=site_id, with_wkb=True)
            try:
                undone = apply(conn, site_id, undo_of(rows, taken[which % len(taken)][0], reason="undo"))
            except ReverdureError:
                assert told(conn, site_id) == before
                return
            rows = history.rows(conn, site_id=site_id, with_wkb=True)
            with suppress(NothingToChange):
                apply(conn, site_id, undo_of(rows, undone[0], reason="undo of the undo"))
            assert told(conn, site_id) == before
            assert history.verify(conn).ok
    finally:
        store.close()
