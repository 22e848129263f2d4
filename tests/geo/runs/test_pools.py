"""Pools: the same results in the same order wherever shards are computed, and what happens when one dies."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from geo.errors import UnknownSite
from geo.runs.dask_pool import ClusterAway, DaskCluster
from geo.runs.pools import NoSuchPool, Processes, Serial, WorkerDied, pool_of
from tests.geo import shard_functions as given
from tests.geo.dask_cluster import dask_cluster


@pytest.fixture(scope="module")
def cluster():
    """A Dask scheduler with two worker processes on loopback."""
    with dask_cluster() as address:
        yield address


@pytest.fixture(params=["serial", "processes", "dask"])
def pool(request):
    if request.param == "dask":
        return DaskCluster(request.getfixturevalue("cluster"))
    return Serial() if request.param == "serial" else Processes(2)


def test_results_come_in_the_order_of_the_tasks_wherever_they_are_computed(pool):
    assert list(pool.map_shards(given.late_first, range(9))) == [n * n for n in range(9)]


def test_an_error_of_the_domain_arrives_as_it_was_raised(pool):
    with pytest.raises(UnknownSite, match="no site has the id 3") as caught:
        list(pool.map_shards(given.refuses_three, range(5)))
    assert caught.value.context == {"site_id": 3}


def test_tasks_are_drawn_only_a_few_ahead_of_the_results(pool):
    drawn = []
    results = pool.map_shards(given.square, (drawn.append(n) or n for n in range(100)))
    assert next(results) == 0
    assert len(drawn) <= 9
    results.close()


def test_looking_stops_the_work_while_a_shard_is_computed(pool):
    class Enough(Exception):
        pass

    begun = time.monotonic()

    def look():
        if time.monotonic() > begun + 0.3:
            raise Enough

    with pytest.raises(Enough):
        list(pool.map_shards(given.looks_for_a_minute, [1, 2], look=look))
    assert time.monotonic() - begun < 30


def test_no_tasks_give_no_results(pool):
    assert list(pool.map_shards(given.square, [])) == []


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_a_shard_whose_process_is_killed_is_tried_once_more(tmp_path):
    tasks = [(n, str(tmp_path / "once") if n == 2 else None) for n in range(6)]
    assert list(Processes(2).map_shards(given.killed_once, tasks)) == list(range(6))


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_a_shard_that_kills_two_processes_is_an_error_that_names_it(tmp_path):
    with pytest.raises(WorkerDied, match="part 3 of the run died, and so did the next"):
        list(Processes(2).map_shards(given.killed_always, range(6)))


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_processes_end_with_a_killed_parent(tmp_path):
    code = (
        "from geo.runs.pools import Processes\nfrom tests.geo import shard_functions as given\n"
        "if __name__ == '__main__':\n"
        f"    list(Processes(2).map_shards(given.notes_pid, [{str(tmp_path)!r}] * 2))\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(code)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    parent = subprocess.Popen([sys.executable, str(script)], env=environment)
    assert _until(lambda: len(list(tmp_path.glob("pid-*"))) == 2, 60)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    children = [int(path.name.removeprefix("pid-")) for path in tmp_path.glob("pid-*")]
    assert _until(lambda: not any(map(_is_running, children)), 20)


def _until(holds, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.1)
    return holds()


def _is_running(pid):
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_cluster_that_does_not_answer_is_told_with_its_address():
    with pytest.raises(ClusterAway, match=r"tcp://127\.0\.0\.1:9"):
        list(DaskCluster("tcp://127.0.0.1:9").map_shards(given.square, [1]))


def test_settings_name_the_pool():
    assert pool_of() == Serial()
    assert pool_of(3) == Processes(3)
    assert pool_of(3, "tcp://127.0.0.1:8786") == DaskCluster("tcp://127.0.0.1:8786")
    for workers, dask in ((0, None), (1, "127.0.0.1:8786")):
        with pytest.raises(NoSuchPool):
            pool_of(workers, dask)


def test_every_error_travels_between_processes_with_its_fields():
    error = pickle.loads(pickle.dumps(UnknownSite(site_id=7)))
    assert (str(error), error.context) == ("no site has the id 7", {"site_id": 7})
