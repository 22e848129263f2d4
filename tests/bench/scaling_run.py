"""`python -m tests.bench.scaling_run STORE POOL`: one recovery run; prints seconds, memory and a digest."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from geo.recover.run import RecoverParams, recover
from geo.runs.dask_pool import DaskCluster
from geo.runs.pools import Pool, Processes, Serial
from geo.store import Store
from geo.store.tables import CLASS_AREAS, EVIDENCE, RECOVERIES, TRANSITIONS
from tests.bench.worker import forget_peak, peak_mb, say
from tests.geo.dask_cluster import dask_cluster


@contextmanager
def _pool(name: str) -> Iterator[Pool]:
    if name.startswith("Dask"):
        with dask_cluster() as address:
            yield DaskCluster(address)
    else:
        yield Processes(2) if name.startswith("two") else Serial()


def _digest(store: Store) -> str:
    """SHA-256 over every stored row of the results."""
    digest = hashlib.sha256()
    with store.read() as conn:
        for table in (RECOVERIES, CLASS_AREAS, TRANSITIONS, EVIDENCE):
            for row in conn.execution_options(yield_per=1000).execute(table.select()):
                digest.update(json.dumps(tuple(row)).encode())
    return digest.hexdigest()


def main() -> None:
    store = Store.open(sys.argv[1])
    with _pool(sys.argv[2]) as pool:
        forget_peak()
        base_mb = peak_mb()
        begun = time.perf_counter()
        recover(store, RecoverParams("clcd", "made"), pool=pool, keep=False)
        seconds = time.perf_counter() - begun
        peak = peak_mb()
    say(s=seconds, base_mb=base_mb, peak_mb=peak, total=_digest(store))
    store.close()


if __name__ == "__main__":
    main()
