"""Faults: a killed writer leaves the store as it was, and writers side by side lose nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from geo.changes import Change
from geo.history import Fact
from geo.store import Store, StoreBusy, embedded, get_setting, history, set_setting, sites
from geo.store.changes import apply_change, create_sites
from tests.contract.builders import NOW, new_site

BULK_WRITE = """
import sys, time
from geo.store import Store
from geo.store.changes import create_sites
from tests.contract.builders import NOW, new_site

store = Store.open(sys.argv[1])
with store.write() as conn:
    conn.exec_driver_sql("PRAGMA cache_size = 10")  # so that unfinished pages reach the disk
    create_sites(conn, [new_site(f"N{i}") for i in range(1000)], actor="a", source="import:2", now=NOW)
    print("halfway", flush=True)
    time.sleep(60)
"""

COUNT_UP = """
import sys
from geo.store import Store, get_setting, set_setting

store = Store.open(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(25):
    with store.write() as conn:
        set_setting(conn, "n", str(int(get_setting(conn, "n") or 0) + 1))
store.close()
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "store.gpkg", create=True)
    with opened.write() as conn:
        create_sites(conn, [new_site("S1"), new_site("S2")], actor="a", source="import:1", now=NOW)
    yield opened
    opened.close()


def _child(code: str, path: Path) -> subprocess.Popen[str]:
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _line(child: subprocess.Popen[str]) -> str:
    if child.stdout is None:
        pytest.fail("the child has no output")
    return child.stdout.readline().strip()


def test_a_writer_killed_in_a_bulk_write_leaves_the_store_as_before(store: Store) -> None:
    with store.read() as conn:
        before, seen = history.head(conn), sites.find(conn, sites.SiteFilter())
    log = store.path.with_name(store.path.name + "-wal")
    size = log.stat().st_size
    with _child(BULK_WRITE, store.path) as child:
        assert _line(child) == "halfway"
        assert log.stat().st_size > size + 100_000
        child.send_signal(signal.SIGKILL)
    with store.read() as conn:
        assert history.head(conn) == before
        assert sites.find(conn, sites.SiteFilter()) == seen
        found = history.verify(conn, expect=before)
        assert found.ok, found.problem
        assert conn.exec_driver_sql("SELECT count(*) FROM rtree_sites_geom").scalar() == 2
        assert conn.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    with store.write() as conn:
        create_sites(conn, [new_site("N1")], actor="a", source="import:3", now=NOW)
        assert history.verify(conn).ok


def test_a_killed_writer_gives_its_lock_back_at_once(store: Store) -> None:
    with _child(BULK_WRITE, store.path) as child:
        assert _line(child) == "halfway"
        child.kill()
    store.close()
    again = Store.open(store.path)
    with again.write() as conn:
        set_setting(conn, "a", "b")
    again.close()


def test_processes_that_count_side_by_side_lose_no_step(store: Store) -> None:
    children = [_child(COUNT_UP, store.path) for _ in range(3)]
    try:
        assert [_line(child) for child in children] == ["ready"] * 3
    finally:
        for child in children:
            child.communicate("go\n", timeout=60)
    assert [child.returncode for child in children] == [0, 0, 0]
    with store.read() as conn:
        assert get_setting(conn, "n") == "75"


def test_threads_that_change_one_site_lose_no_row(store: Store) -> None:
    failures: list[BaseException] = []

    def rename(worker: int) -> None:
        try:
            for step in range(8):
                asked = Change({Fact.NAME: f"{worker}-{step}"}, date(2020, 1, 1), "")
                with store.write() as conn:
                    apply_change(conn, 1, asked, actor="a", source="api", now=NOW, if_version=None)
        except BaseException as error:
            failures.append(error)
            raise

    with store.read() as conn:
        before = history.head(conn)[0]
    threads = [threading.Thread(target=rename, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with store.read() as conn:
        assert history.head(conn)[0] == before + 32
        assert sites.get(conn, 1).version == 33
        assert history.verify(conn).ok


def test_a_reader_sees_one_moment_while_another_writes(store: Store) -> None:
    with store.read() as conn:
        assert get_setting(conn, "a") is None
        with store.write() as writer:
            set_setting(writer, "a", "b")
        assert get_setting(conn, "a") is None
    with store.read() as conn:
        assert get_setting(conn, "a") == "b"


def test_a_writer_that_waits_too_long_is_told_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOCK_TIMEOUT_S", 0.05)
    hasty = Store.open(store.path)
    try:
        with store.write(), pytest.raises(StoreBusy), hasty.write():
            pytest.fail("two processes wrote at once")
        with hasty.write(), pytest.raises(StoreBusy), hasty.write():
            pytest.fail("two threads wrote at once")
    finally:
        hasty.close()


def test_an_interrupted_making_of_a_store_is_taken_up_again(tmp_path: Path) -> None:
    path = tmp_path / "store.gpkg"
    embedded.make_file(path)
    Store.open(path, create=True).close()
    Store.open(path).close()
