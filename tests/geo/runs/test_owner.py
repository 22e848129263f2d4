"""Runs and their processes: a run is taken back only when the process that holds it is gone."""

import subprocess
import sys
import time

import pytest

from geo.errors import UnknownScene
from geo.recover.run import recover
from geo.runs import owner as run_owner
from geo.runs.jobs import Worker, submit_recovery
from geo.runs.owner import Heartbeat, is_gone, take_back, this_process
from geo.runs.run import RunState
from geo.runs.work import RunCancelled, RunStopped
from geo.store import recoveries, runs
from tests.geo.recovery_case import PARAMS, TODAY, add_sites, ramp, site, square

NOW = "2024-06-01T08:00:00.000000Z"
SOON = "2024-06-01T08:01:00.000000Z"
LATER = "2024-06-01T08:01:00.000001Z"


@pytest.fixture
def neighbour():
    """Another process of this host that lives until its input ends."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.stdin.close()
    process.wait(10)


def owner_of(process):
    return f"{this_process().rpartition(' ')[0]} {process.pid}"


def end(process):
    process.kill()
    process.wait(10)


def state_of(store, run_id):
    with store.read() as conn:
        return runs.get(conn, run_id).state


def test_a_process_is_gone_a_minute_after_its_last_note():
    for owner in (this_process(), "host boot pid:[1] 1", "nonsense"):
        assert not is_gone(owner, NOW, SOON)
        assert is_gone(owner, NOW, LATER)
    assert is_gone(None, None, NOW)


def test_a_dead_process_of_this_host_is_gone_at_once_one_elsewhere_is_not_known(neighbour):
    assert not is_gone(owner_of(neighbour), NOW, NOW)
    end(neighbour)
    assert is_gone(owner_of(neighbour), NOW, NOW)
    assert not is_gone(f"elsewhere {owner_of(neighbour)}", NOW, NOW)


def test_a_starting_worker_leaves_the_run_of_another_process_alone(store, neighbour):
    ramp(store)
    add_sites(store, site("a", square(0, 0)))
    with store.write() as conn:
        held = runs.start(
            conn, runs.create(conn, "recovery", {"product": "clcd"}).run_id, owner=owner_of(neighbour)
        )
    queued = submit_recovery(store, PARAMS)
    worker = Worker(store)
    worker.start()
    try:
        deadline = time.monotonic() + 10
        while state_of(store, queued.run_id) is not RunState.DONE and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        worker.stop()
    assert state_of(store, queued.run_id) is RunState.DONE
    assert state_of(store, held.run_id) is RunState.RUNNING
    end(neighbour)
    assert take_back(store) == 1
    assert state_of(store, held.run_id) is RunState.QUEUED
    assert take_back(store) == 0


def test_a_run_of_a_gone_process_that_was_to_stop_is_cancelled(store, neighbour):
    with store.write() as conn:
        run_id = runs.create(conn, "recovery", {"product": "clcd"}).run_id
        runs.start(conn, run_id, owner=owner_of(neighbour))
        runs.request_cancel(conn, run_id)
    end(neighbour)
    assert take_back(store) == 0
    assert state_of(store, run_id) is RunState.CANCELLED


def test_a_process_notes_that_it_works_until_its_run_ends(store, monkeypatch):
    monkeypatch.setattr(run_owner, "BEAT_SECONDS", 0.01)
    with store.write() as conn:
        run_id = runs.create(conn, "recovery", {"product": "clcd"}).run_id
        runs.start(conn, run_id, owner=this_process(), now=NOW)
    with Heartbeat(store, run_id):
        deadline = time.monotonic() + 10
        while heartbeat(store) == NOW and time.monotonic() < deadline:
            time.sleep(0.01)
    assert heartbeat(store) > NOW
    assert take_back(store) == 0


def heartbeat(store):
    with store.read() as conn:
        return runs.held(conn)[0].heartbeat_at


def test_a_direct_run_is_held_by_its_process_while_it_works(store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)))
    seen = []

    def progress(_done, _total):
        with store.read() as conn:
            seen.extend(one.owner for one in runs.held(conn))

    recover(store, PARAMS, today=TODAY, progress=progress)
    assert set(seen) == {this_process()}
    with store.read() as conn:
        assert runs.held(conn) == []


def test_a_direct_run_that_is_interrupted_is_cancelled_not_done_again(store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)))

    def progress(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recover(store, PARAMS, today=TODAY, progress=progress)
    with store.read() as conn:
        assert [one.state for one in runs.find(conn)] == [RunState.CANCELLED]
        assert recoveries.find(conn) == []


def test_a_direct_run_that_meets_an_unexpected_error_has_failed_and_is_not_done_again(store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)))

    def progress(_done, _total):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        recover(store, PARAMS, today=TODAY, progress=progress)
    with store.read() as conn:
        (run,) = runs.find(conn)
        assert (run.state, run.error) == (RunState.FAILED, "an unexpected error; the log has it")
        assert recoveries.find(conn) == []


def test_a_direct_run_shows_its_progress_and_can_be_cancelled_by_somebody_else(store):
    ramp(store)
    add_sites(store, site("a", square(0, 0)))

    def progress(done, total):
        if done == total:
            with store.write() as conn:
                (run,) = runs.find(conn)
                runs.request_cancel(conn, run.run_id)

    with pytest.raises(RunCancelled):
        recover(store, PARAMS, today=TODAY, progress=progress)
    assert recover(store, PARAMS, today=TODAY).run.state is RunState.DONE
    with store.read() as conn:
        done, given_up = runs.find(conn)
    assert (given_up.state, done.done, done.total) == (RunState.CANCELLED, 1, 1)


def test_a_run_that_is_refused_before_it_begins_leaves_no_trace(store):
    add_sites(store, site("a", square(0, 0)))
    with pytest.raises(UnknownScene):
        recover(store, PARAMS, today=TODAY)
    with store.read() as conn:
        assert runs.find(conn) == []


def test_a_worker_that_stops_puts_its_run_back(store, monkeypatch):
    ramp(store)
    add_sites(store, site("a", square(0, 0)))
    queued = submit_recovery(store, PARAMS)

    def stopped(*_args, **_more):
        raise RunStopped(run_id=queued.run_id)

    monkeypatch.setattr("geo.runs.jobs.recover", stopped)
    assert Worker(store).run_next().state is RunState.QUEUED
    monkeypatch.undo()
    assert Worker(store).run_next().state is RunState.DONE
