"""A Dask cluster on loopback for tests: patient, for a busy machine starts processes slowly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dask
from distributed import LocalCluster

_PATIENCE = {"distributed.comm.timeouts.connect": "120s", "distributed.comm.timeouts.tcp": "120s"}


@contextmanager
def dask_cluster(n_workers: int = 2) -> Iterator[str]:
    """The address of a scheduler with this many worker processes."""
    with (
        dask.config.set(_PATIENCE),
        LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=50,
        ) as running,
    ):
        yield running.scheduler_address
