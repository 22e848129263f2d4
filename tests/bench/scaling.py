"""Scaling of the recovery run: from few sites to many, with a fitted exponent, and from one worker to two."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from geo.store import Store
from tests.bench.country import fill, write_scenes

POOLS = ("one process", "two processes", "Dask, two workers")


def run(*, sizes: list[int], n_years: int, console: Console) -> None:
    """Time whole runs over synthetic countries, stores and rasters included, each in a process of its own."""
    console.print(
        f"scaling of a recovery run: {n_years} years, both temporal rules, results stored and shown"
    )
    table = Table("sites", "pool", "seconds", "sites a second", "peak MB", "over start MB", "x one process")
    found: dict[tuple[int, str], dict[str, float | str]] = {}
    with tempfile.TemporaryDirectory(prefix="reverdure-bench-") as name:
        for n_sites in sizes:
            folder = Path(name) / str(n_sites)
            with console.status(f"making a country of {n_sites} sites"):
                made = write_scenes(folder / "scenes", n_sites, n_years)
                store = Store.open(folder / "made.gpkg", create=True)
                fill(store, n_sites, made)
                store.close()
            for pool in POOLS if n_sites == sizes[-1] else POOLS[:1]:
                with console.status(f"{n_sites} sites, {pool}"):
                    found[n_sites, pool] = one = _run(folder, pool)
                alone = found[n_sites, POOLS[0]]
                table.add_row(
                    str(n_sites), pool, f"{one['s']:.1f}", f"{n_sites / one['s']:.0f}",
                    f"{one['peak_mb']:.0f}", f"{one['peak_mb'] - one['base_mb']:.0f}",
                    f"{alone['s'] / one['s']:.2f}",
                )  # fmt: skip
            shutil.rmtree(folder)
    console.print(table)
    _say(found, sizes, console)


def _say(found: dict[tuple[int, str], dict[str, float | str]], sizes: list[int], console: Console) -> None:
    alone = [found[n, POOLS[0]] for n in sizes]
    if len(sizes) > 1:
        exponent = np.polyfit(np.log(sizes), np.log([one["s"] for one in alone]), 1)[0]
        console.print(f"time grows as sites to the power of {exponent:.2f}")
        grown = alone[-1]["peak_mb"] - alone[-2]["peak_mb"]
        console.print(
            f"peak memory grew by {grown:.0f} MB from {sizes[-2]} to {sizes[-1]} sites; "
            f"at {sizes[-1]} it is {alone[-1]['peak_mb']:.0f} MB (aim at 10^6 sites and 30 years: <= 4096 MB)"
        )
    totals = {one["total"] for (n, _), one in found.items() if n == sizes[-1]}
    console.print(
        f"the results of every pool are {'the same to the bit' if len(totals) == 1 else 'DIFFERENT'}"
    )


def _run(folder: Path, pool: str) -> dict[str, float | str]:
    """One run on a copy of the store without results, which lies where the rasters are found."""
    store = folder / "store.gpkg"
    shutil.copyfile(folder / "made.gpkg", store)
    command = [sys.executable, "-m", "tests.bench.scaling_run", str(store), pool]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for path in folder.glob("store.gpkg*"):
        path.unlink()
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))
