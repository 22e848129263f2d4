"""Spectral metrics beside spectral-recovery, and the floor: gathering the series that they come from."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console
from rich.table import Table

from geo.spectral.metrics import ROW_OF, Metric, Pixels, Rules, Years, measure_sites
from tests.bench.environments import SPECTRAL, environment
from tests.bench.worker import forget_peak, peak_mb

FACTS = {"first_year": 2003, "disturbance": 2007, "restoration": 2008, "window": [2003, 2006]}
METRICS = (Metric.DELTA_IR, Metric.YRYR, Metric.R80P, Metric.Y2R, Metric.RRI)
SIZE = 1000
Spectral = tuple[np.ndarray, np.ndarray]


def run(*, n_sites: int, n_years: int, rounds: int, console: Console) -> None:
    """Time our kernel, the floor and the peer on one input; print times, memory, accuracy and targets."""
    series, places = made(n_sites, n_years)
    pixels = pixels_of(series, places)
    years = Years.same(
        n_sites, disturbance=FACTS["disturbance"], restoration=FACTS["restoration"],
        window=tuple(FACTS["window"]),
    )  # fmt: skip
    measure_sites(pixels, years, Rules())
    forget_peak()
    base_mb = peak_mb()
    ours, floor = [], []
    for _ in range(max(rounds, 5)):
        floor.append(_timed(lambda: pixels.values[:, pixels.at]))
        ours.append(_timed(lambda: measure_sites(pixels, years, Rules())))
    over_mb = peak_mb() - base_mb
    found = measure_sites(pixels, years, Rules()).of_pixels
    console.print(
        f"spectral metrics: {n_sites} sites, {len(pixels.at)} pixels, {n_years} years, 5 metrics, "
        "historic targets per pixel"
    )
    times = Table("engine", "seconds", "x peer", "x limit", "over start MB", "largest difference")
    with console.status("spectral-recovery in an environment of its own"):
        peer = peer_of(series, places, console)
    limit_s, ours_s = median(floor), median(ours)
    peer_s = None if peer is None else peer[1]["s"]
    times.add_row("limit: gathering the series", f"{limit_s:.4f}", _over(limit_s, peer_s), "1.00", "", "")
    differs = None if peer is None else difference(found, peer[0])
    times.add_row(
        "ours", f"{ours_s:.4f}", _over(ours_s, peer_s), f"{ours_s / limit_s:.2f}", f"{over_mb:.0f}",
        "" if differs is None else f"{differs:.1e}",
    )  # fmt: skip
    if peer is not None:
        times.add_row(
            "spectral-recovery 1.0.1, sites cropped first", f"{peer_s:.2f}", "1", f"{peer_s / limit_s:.0f}",
            f"{peer[1]['over_start_mb']:.0f}", "",
        )  # fmt: skip
    console.print(times)
    targets = Table("target", "reached", "aim", "")
    targets.add_row("ours / limit", f"{ours_s / limit_s:.2f}", "<= 1.5", _met(ours_s / limit_s <= 1.5))
    if peer_s is not None:
        ratio = peer_s / ours_s
        targets.add_row("peer / ours", f"{ratio:.0f}", ">= 1000", _met(ratio >= 1000))
        targets.add_row("largest difference", f"{differs:.1e}", "<= 1e-9", _met(differs <= 1e-9))
    console.print(targets)


def made(n_sites: int, n_years: int) -> Spectral:
    """A series (years, rows, columns) that falls at the disturbance and grows back, and sites as boxes."""
    rng = np.random.default_rng(5)
    year = np.arange(n_years)[:, None, None]
    fall = year >= FACTS["disturbance"] - FACTS["first_year"]
    regrown = np.clip((year - 4) * rng.uniform(0.01, 0.08, (1, SIZE, SIZE)), 0, 0.6)
    series = 0.7 - 0.6 * fall + regrown * fall + rng.normal(0, 0.02, (n_years, SIZE, SIZE))
    places = np.column_stack([rng.integers(0, SIZE - 20, (n_sites, 2)), rng.integers(6, 18, (n_sites, 2))])
    return series, places


def pixels_of(series: np.ndarray, places: np.ndarray) -> Pixels:
    """The pixels of the sites, each whole, where they lie in the series."""
    at = [
        (np.arange(r, r + h)[:, None] * SIZE + np.arange(c, c + w)).ravel() for r, c, h, w in places.tolist()
    ]
    starts = np.concatenate([[0], np.cumsum([len(one) for one in at])])
    n_years = len(series)
    return Pixels(
        values=np.ascontiguousarray(series.reshape(n_years, -1)),
        years=np.arange(FACTS["first_year"], FACTS["first_year"] + n_years, dtype=np.int32),
        at=np.concatenate(at).astype(np.int64),
        starts=starts.astype(np.int64),
        weight=np.ones(starts[-1]),
    )


def peer_of(
    series: np.ndarray, places: np.ndarray, console: Console
) -> tuple[np.ndarray, dict[str, float]] | None:
    """The metrics of the peer (metrics, pixels) and what it took; None where it cannot be had."""
    python = environment("spectral", SPECTRAL, console)
    if python is None:
        return None
    with tempfile.TemporaryDirectory(prefix="reverdure-bench-") as name:
        folder = Path(name)
        np.save(folder / "series.npy", series)
        np.save(folder / "sites.npy", places)
        (folder / "facts.json").write_text(json.dumps(FACTS))
        command = [str(python), str(Path(__file__).parent / "peer_spectral.py"), str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["without a word"])[-1]
            console.print(f"spectral-recovery: not compared, it stopped: {last}")
            return None
        return np.load(folder / "peer.npy"), json.loads(done.stdout.strip().splitlines()[-1])


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference over metrics and pixels; never (theirs: -9999) and no value count as one."""
    own = np.array([ours[ROW_OF[metric]] for metric in METRICS])
    other = np.where((theirs == -9999) | ~np.isfinite(theirs), np.nan, theirs)
    own = np.where(np.isfinite(own), own, np.nan)
    if (np.isnan(own) != np.isnan(other)).any():
        return float("inf")
    return float(np.nanmax(np.abs(own - other)))


def _timed(work: object) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _over(seconds: float, peer_s: float | None) -> str:
    return "" if peer_s is None else f"{seconds / peer_s:.2g}"


def _met(holds: bool) -> str:
    return "met" if holds else "MISSED"
