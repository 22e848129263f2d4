"""A process killed in the middle of a run: its worker, and the whole of it; the run goes on where it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from geo.recover.run import recover
from geo.runs.jobs import submit_recovery
from geo.runs.pools import Processes
from geo.runs.run import RunState
from geo.store import Store, recoveries, run_shards, runs
from tests.geo.recovery_case import PARAMS, TODAY, add_scenes, add_sites, site, square

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")

ROOT = Path(__file__).parents[2]
SITES = [(row, col) for row in range(0, 36, 5) for col in range(0, 36, 5)]

KILLED = """
import os, signal, sys
from geo.recover import going as recover_run
from geo.runs import shards
from geo.runs.jobs import Worker
from geo.recover.shard import assess_shard
from geo.store import Store

count = 0

def dies_at_the_fifth(task, look):
    global count
    count += 1
    if count == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return assess_shard(task, look)

recover_run.assess_shard = dies_at_the_fifth
import geo.runs.jobs
from functools import partial
geo.runs.jobs.recover = partial(geo.runs.jobs.recover, most_sites=8)
Worker(Store.open(sys.argv[1])).run_next()
"""


@pytest.fixture
def filled(tmp_path: Path) -> Store:
    store = Store.open(tmp_path / "store.gpkg", create=True)
    rng = np.random.default_rng(7)
    codes = np.array([2, 5, 7, 255], dtype=np.uint8)
    add_scenes(store, {year: rng.choice(codes, (40, 40)) for year in (2013, 2016, 2020)})
    add_sites(store, *(site(f"s{row}-{col}", square(row, col, 6, 6)) for row, col in SITES))
    yield store
    store.close()


def everything(store: Store) -> tuple[object, ...]:
    with store.read() as conn:
        return recoveries.find(conn), recoveries.evidence(conn)


def test_a_run_killed_whole_is_taken_up_by_the_next_worker_behind_its_last_shard(filled: Store) -> None:
    run = submit_recovery(filled, PARAMS)
    done = subprocess.run([sys.executable, "-c", KILLED, str(filled.path)], check=False, cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    with filled.read() as conn:
        assert runs.get(conn, run.run_id).state is RunState.RUNNING
        assert run_shards.count(conn, run.run_id) == 4
        assert recoveries.find(conn) == []
    _worker(filled, "--once")
    with filled.read() as conn:
        ended = runs.get(conn, run.run_id)
        assert (ended.state, ended.result["n_sites"]) == (RunState.DONE, len(SITES))
        assert len(recoveries.find(conn)) == 2 * len(SITES)
    before = everything(filled)
    whole = recover(filled, PARAMS, today=TODAY)
    assert whole.n_unchanged == len(SITES)
    assert ended.result["total"] == whole.run.result["total"]
    assert everything(filled) == before


def test_a_worker_process_killed_in_a_run_changes_no_figure(filled: Store) -> None:
    killed: list[int] = []

    def progress(done: int, _total: int) -> None:
        if done and not killed:
            killed.extend(_children())
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    result = recover(filled, PARAMS, today=TODAY, pool=Processes(2), progress=progress, most_sites=4)
    assert len(killed) >= 1
    first = everything(filled)
    with filled.write() as conn:
        conn.exec_driver_sql("DELETE FROM recoveries")
        conn.exec_driver_sql("DELETE FROM evidence")
    alone = recover(filled, PARAMS, today=TODAY)
    assert everything(filled) == first
    assert (alone.total, alone.recoveries) == (result.total, result.recoveries)


def test_a_worker_that_is_asked_to_end_leaves_its_run_to_the_next(filled: Store) -> None:
    process = _start(filled)
    try:
        time.sleep(0.2)
        run = submit_recovery(filled, PARAMS)
        assert _until(lambda: _state(filled, run.run_id) is RunState.DONE)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def _worker(store: Store, *options: str) -> None:
    subprocess.run(_command(store, *options), check=True, cwd=ROOT, timeout=120)


def _start(store: Store) -> subprocess.Popen[bytes]:
    return subprocess.Popen(_command(store), cwd=ROOT)


def _command(store: Store, *options: str) -> list[str]:
    code = "from api.cli import main; main()"
    return [sys.executable, "-c", code, "worker", "--store", str(store.path), *options]


def _state(store: Store, run_id: int) -> RunState:
    with store.read() as conn:
        return runs.get(conn, run_id).state


def _until(holds) -> bool:  # type: ignore[no-untyped-def]
    until = time.monotonic() + 60
    while time.monotonic() < until and not holds():
        time.sleep(0.1)
    return bool(holds())


def _children() -> list[int]:
    """The running workers of pools of this process."""
    children = [
        pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()
    ]
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
