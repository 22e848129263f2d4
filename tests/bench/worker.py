"""One task of one engine in a process of its own, repeated on demand, so that peak memory is its own.

`python -m tests.bench.worker ENGINE TASK FOLDER YEARS` prints one JSON line when it is ready and one
for every line `run` it reads; `save PATH` writes the result of the last run.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from pathlib import Path

import numpy as np


def peak_mb() -> float:
    """Peak resident memory since `forget_peak`. Not ru_maxrss: a child starts with that of its parent."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def say(**fields: object) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def main() -> None:
    engine, task, folder, years = sys.argv[1:5]
    module = import_module(f"tests.bench.engine_{engine}")
    prepared = module.prepare(task, Path(folder), [int(year) for year in years.split(",")])
    started = time.perf_counter()
    if prepared.warm is not None:
        prepared.warm()
    warm_s = time.perf_counter() - started
    forget_peak()
    say(warm_s=warm_s, base_mb=peak_mb())
    result: object = None
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "run":
            started, used = time.perf_counter(), time.process_time()
            result = prepared.run()
            say(s=time.perf_counter() - started, cpu_s=time.process_time() - used, peak_mb=peak_mb())
        elif word == "save":
            np.save(rest, prepared.table(result))
            say(saved=rest)


if __name__ == "__main__":
    main()
