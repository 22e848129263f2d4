"""`gdal raster zonal-stats` run by the Python of an environment of its own.

The sites come from a file, in the raster's CRS already or, for the task `first-lonlat`, in degrees.

Speaks as `tests.bench.worker` does: `python peer_gdal.py FOLDER YEARS TASK` says when it is ready, and
answers `run` and `save PATH`. Pixels count by the share that a site covers; classes and their shares come
out.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from osgeo import gdal

gdal.UseExceptions()
FIRST_YEAR = 2013


def peak_mb():
    status = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def say(**fields):
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def lonlat_zones(folder):
    """The sites as they are kept, taken to the raster's CRS, for zonal-stats does not do that by itself."""
    with gdal.OpenEx(str(folder / f"scene_{FIRST_YEAR}.tif")) as raster:
        crs = raster.GetSpatialRef()
    return gdal.VectorTranslate("", str(folder / "sites.gpkg"), format="MEM", dstSRS=crs)


def count(folder, year, zones):
    algorithm = gdal.Algorithm("raster", "zonal-stats")
    for name, value in {
        "input": str(folder / f"scene_{year}.tif"),
        "zones": zones,
        "output": "",
        "output-format": "MEM",
        "pixels": "fractional",
        "stat": ["unique", "frac", "count"],
        "include-field": ["site"],
        "quiet": True,
    }.items():
        algorithm[name] = value
    algorithm.Run()
    return algorithm["output"].GetDataset()


def table(dataset):
    layer = dataset.GetLayer(0)
    names = [
        layer.GetLayerDefn().GetFieldDefn(i).GetName() for i in range(layer.GetLayerDefn().GetFieldCount())
    ]
    wanted = {
        word: next(name for name in names if name.endswith(word)) for word in ("unique", "frac", "count")
    }
    rows = []
    for feature in layer:
        total = feature[wanted["count"]]
        classes, shares = feature[wanted["unique"]], feature[wanted["frac"]]
        rows += [(feature["site"], c, share * total) for c, share in zip(classes, shares, strict=True)]
    return np.array(rows, dtype=np.float64)


def main():
    folder, years = Path(sys.argv[1]), [int(year) for year in sys.argv[2].split(",")]
    task = sys.argv[3]
    Path("/proc/self/clear_refs").write_text("5")
    say(warm_s=0.0, base_mb=peak_mb())
    found = None
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "run":
            begun, used = time.perf_counter(), time.process_time()
            zones = lonlat_zones(folder) if task == "first-lonlat" else str(folder / "sites_projected.gpkg")
            of_years = [count(folder, year, zones) for year in years]
            found = of_years[0]
            say(s=time.perf_counter() - begun, cpu_s=time.process_time() - used, peak_mb=peak_mb())
        elif word == "save":
            np.save(rest, table(found))
            say(saved=rest)


if __name__ == "__main__":
    main()
