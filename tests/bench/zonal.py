"""The zonal engine beside its peers: time, memory and accuracy on one synthetic input, in one run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from tests.bench.environments import GDAL, environment
from tests.bench.synthetic import CRS, make_sites, scene_path, write_scene

FIRST_YEAR = 2013
TASKS = (
    ("limit", "first"),
    ("ours", "first"),
    ("ours", "first-file"),
    ("ours", "further"),
    ("exactextract", "first"),
    ("exactextract", "first-lonlat"),
    ("gdal", "first"),
    ("gdal", "first-lonlat"),
    ("rasterstats", "first"),
    ("limit", "ten"),
    ("ours", "ten"),
    ("ours", "ten-joint"),
    ("exactextract", "ten"),
    ("gdal", "ten"),
)
PEERS = {"exactextract", "rasterstats", "gdal"}
ONCE = {("rasterstats", "first"), ("exactextract", "ten"), ("gdal", "ten")}


@dataclass
class Worker:
    """A process that runs one task of one engine on demand."""

    engine: str
    task: str
    folder: Path
    years: list[int]
    python: Path | None = None
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    peak_mb: float = 0.0

    def __post_init__(self) -> None:
        used = self.years if self.task.startswith("ten") else self.years[:1]
        years = ",".join(map(str, self.years))
        command = [
            sys.executable,
            "-m",
            "tests.bench.worker",
            self.engine,
            self.task,
            str(self.folder),
            years,
        ]
        if self.python is not None:
            script = Path(__file__).parent / "peer_gdal.py"
            used_years = ",".join(map(str, used))
            command = [str(self.python), str(script), str(self.folder), used_years, self.task]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = self._answer()
        self.warm_s, self.base_mb = ready["warm_s"], ready["base_mb"]

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.engine} {self.task} stopped with code {self.process.wait()}")
        return dict(json.loads(line))

    def _ask(self, line: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self._answer()

    def run(self) -> None:
        answer = self._ask("run")
        self.seconds.append(answer["s"])
        self.cpu_seconds.append(answer["cpu_s"])
        self.peak_mb = answer["peak_mb"]

    def table(self) -> np.ndarray:
        path = self.folder / f"{self.engine}_{self.task}.npy"
        self._ask(f"save {path}")
        return np.load(path)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    @property
    def median_s(self) -> float:
        return median(self.seconds)

    @property
    def median_cpu_s(self) -> float:
        """Processor time, which other work on the machine stretches less than the clock."""
        return median(self.cpu_seconds)


def largest_difference(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference in weighted cells over all pairs of site and class; absent pairs count as 0."""
    ours = {(int(s), int(c)): n for s, c, n in a}
    theirs = {(int(s), int(c)): n for s, c, n in b}
    return max(abs(ours.get(key, 0.0) - theirs.get(key, 0.0)) for key in ours.keys() | theirs.keys())


def run(*, n_sites: int, size: int, n_years: int, rounds: int, console: Console) -> None:
    """Make the input, time every engine in interleaved rounds, print the table."""
    peers = ", ".join(
        f"{name} {version(name)}" for name in ("exactextract", "rasterstats", "rasterio", "numba")
    )
    console.print(f"{peers}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    with tempfile.TemporaryDirectory(prefix="reverdure-bench-") as name:
        folder = Path(name)
        years = list(range(FIRST_YEAR, FIRST_YEAR + n_years))
        with console.status(f"writing {n_years} scenes of {size} x {size} cells and {n_sites} sites"):
            for year in years:
                write_scene(scene_path(folder, year), size=size, seed=year)
            sites = make_sites(n_sites, size=size, seed=1)
            sites.to_file(folder / "sites.gpkg")
            sites.to_crs(CRS).to_file(folder / "sites_projected.gpkg")
        with console.status("starting the engines"):
            gdal = environment("gdal", GDAL, console)
            workers = {
                key: Worker(*key, folder, years, python=gdal if key[0] == "gdal" else None)
                for key in TASKS
                if key[0] != "gdal" or gdal is not None
            }
        for number in range(rounds):
            with console.status(f"round {number + 1} of {rounds}"):
                for key, worker in workers.items():
                    if number == 0 or key not in ONCE:
                        worker.run()
        report(workers, console, n_sites=n_sites, size=size, n_years=n_years)
        for worker in workers.values():
            worker.close()


def report(
    workers: dict[tuple[str, str], Worker], console: Console, *, n_sites: int, size: int, n_years: int
) -> None:
    exact = workers["exactextract", "first"].table()
    blocks = int(workers["limit", "first"].table()[0, 0])
    peers = [
        worker.median_s for (engine, task), worker in workers.items() if task == "first" and engine in PEERS
    ]
    peers_ten = [
        worker.median_s for (engine, task), worker in workers.items() if task == "ten" and engine in PEERS
    ]
    console.print(
        f"zonal class areas: {n_sites} sites, {exact[:, 2].sum():.0f} covered cells, {size} x {size} uint8, "
        f"{blocks} blocks, {n_years} years"
    )
    times = Table(
        *("engine", "work", "seconds", "cpu s", "runs", "x best peer", "x limit", "peak MB", "over start MB"),
        "cells off",
    )
    for (engine, task), worker in workers.items():
        many = task.startswith("ten")
        peer = min(peers_ten if many else peers)
        floor = workers["limit", "ten" if many else "first"].median_s
        off = "" if engine == "limit" else f"{largest_difference(worker.table(), exact):.1e}"
        times.add_row(
            engine, task, f"{worker.median_s:.3f}", f"{worker.median_cpu_s:.3f}",
            str(len(worker.seconds)), f"{worker.median_s / peer:.3f}",
            f"{worker.median_s / floor:.2f}", f"{worker.peak_mb:.0f}",
            f"{worker.peak_mb - worker.base_mb:.0f}", off,
        )  # fmt: skip
    console.print(times)
    console.print(
        f"before the first call, to compile or to load what was: {workers['ours', 'first'].warm_s:.2f} s"
    )
    console.print(verdicts(workers, exact, min(peers), min(peers_ten)))


def verdicts(
    workers: dict[tuple[str, str], Worker], exact: np.ndarray, peer_s: float, peer_ten_s: float
) -> Table:
    """Each target with what was reached, by the clock and in processor time."""
    ours = {task: workers["ours", task] for task in ("first", "first-file", "further", "ten")}
    exact_ten = workers["exactextract", "ten"]
    extra = max(ours["ten"].peak_mb - ours["ten"].base_mb, 1.0)
    table = Table("target", "reached", "in processor time", "aim", "")

    def ratio(name: str, own: Worker, other: Worker, aim: float | None) -> None:
        _add(table, name, own.median_s / other.median_s, aim, cpu=own.median_cpu_s / other.median_cpu_s)

    ratio(
        "first year / exactextract: polygons in memory, degrees",
        ours["first"],
        workers["exactextract", "first-lonlat"],
        0.15,
    )
    if ("gdal", "first-lonlat") in workers:
        ratio(
            "first year / GDAL: polygons from a file, degrees",
            ours["first-file"],
            workers["gdal", "first-lonlat"],
            0.15,
        )
    _add(
        table,
        "first year / best peer, which starts on the raster's CRS",
        ours["first"].median_s / peer_s,
        None,
    )
    ratio("further year / limit", ours["further"], workers["limit", "first"], 1.15)
    ratio("all years / exactextract", ours["ten"], exact_ten, 0.10)
    _add(table, "all years / best peer (no target)", ours["ten"].median_s / peer_ten_s, None)
    memory = extra / (exact_ten.peak_mb - exact_ten.base_mb)
    _add(table, "all years, memory over start / exactextract's", memory, 0.10)
    off = largest_difference(ours["first"].table(), exact)
    _add(table, "largest difference to exactextract, cells", off, 1e-6)
    return table


def _add(table: Table, name: str, reached: float, aim: float | None, *, cpu: float | None = None) -> None:
    word = "" if aim is None else "met" if reached <= aim else "MISSED"
    used = "" if cpu is None else f"{cpu:.3g}"
    table.add_row(name, f"{reached:.3g}", used, "" if aim is None else f"<= {aim:g}", word)
