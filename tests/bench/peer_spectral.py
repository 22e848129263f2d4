"""spectral-recovery on the sites of the spectral bench, run by the Python of an environment of its own.

`python peer_spectral.py FOLDER` reads `series.npy` (years, rows, columns) and `sites.npy` (sites, 4: row,
column, rows, columns), crops the series to each site first, and writes `peer.npy` (metrics, pixels) in the
order of sites and rows, and one JSON line with the seconds and the megabytes over the start.
"""

import json
import resource
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rioxarray  # noqa: F401 - gives arrays their CRS
import shapely
import xarray as xr
from spectral_recovery.metrics import compute_metrics
from spectral_recovery.targets import historic

METRICS = ["deltaIR", "YrYr", "R80P", "Y2R", "RRI"]
X0, Y0, CELL_M = 500_000.0, 4_000_000.0, 30.0


def main() -> None:
    folder = Path(sys.argv[1])
    facts = json.loads((folder / "facts.json").read_text())
    series, places = np.load(folder / "series.npy"), np.load(folder / "sites.npy")
    n_years, rows, cols = series.shape
    array = xr.DataArray(
        series[None],
        dims=("band", "time", "y", "x"),
        coords={
            "band": ["NBR"],
            "time": pd.to_datetime([f"{facts['first_year'] + n}-01-01" for n in range(n_years)]),
            "y": Y0 - (np.arange(rows) + 0.5) * CELL_M,
            "x": X0 + (np.arange(cols) + 0.5) * CELL_M,
        },
    ).rio.write_crs("EPSG:32650")
    sites = gpd.GeoDataFrame(
        {"dist_start": facts["disturbance"], "rest_start": facts["restoration"]},
        geometry=[
            shapely.box(X0 + c * CELL_M, Y0 - (r + h) * CELL_M, X0 + (c + w) * CELL_M, Y0 - r * CELL_M)
            for r, c, h, w in places
        ],
        crs="EPSG:32650",
        index=range(len(places)),
    )
    first, last = facts["window"]
    start_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begun = time.perf_counter()
    found = []
    for number, (r, c, h, w) in enumerate(places):
        own, one = array.isel(y=slice(r, r + h), x=slice(c, c + w)), sites.iloc[[number]]
        years = {number: [first, last]}
        target = historic.median(one, own, years, scale="pixel")
        metrics = compute_metrics(METRICS, own, one, recovery_targets=target)[number]
        found.append(metrics.sel(metric=METRICS).transpose("metric", "band", "y", "x").values.reshape(5, -1))
    seconds = time.perf_counter() - begun
    np.save(folder / "peer.npy", np.concatenate(found, axis=1))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"s": seconds, "over_start_mb": peak_mb - start_mb}) + "\n")


if __name__ == "__main__":
    main()
