"""The process that opens a file which somebody sent: few formats, little memory, no network.

Run as `python -m geo.readers.process JOB`; JOB is a JSON file written by `geo.vector_io` with the fields
kind, path, layer, encoding and out. Into the folder `out` it writes `meta.json`, `rows.jsonl` (values and
problem of each feature) and `shapes.wkb` (little-endian int32 length, -1 for none, then WKB, of each). A
refusal is written to `meta.json` as `{"refused": reason}`; anything worse ends the process.
"""

from __future__ import annotations

import json
import struct
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Final, cast

from geo.readers.found_layer import MAX_FEATURES, FileRefused, FoundLayer
from geo.uncollected import uncollected

MEMORY_BYTES: Final = 6 << 30
CPU_SECONDS: Final = 600
OUTPUT_BYTES: Final = 4 << 30

_READERS: Final = {
    "geojson": "geo.readers.geojson",
    "gpkg": "geo.readers.gdal",
    "shp": "geo.readers.gdal",
    "gdb": "geo.readers.gdal",
    "kml": "geo.readers.kml",
    "dxf": "geo.readers.dxf",
    "points": "geo.readers.points",
    "csv": "geo.readers.csv",
    "xlsx": "geo.readers.excel",
    "xls": "geo.readers.excel",
}


def main(job_path: str) -> int:
    """0 when the layer was written, 3 when it was refused with a reason."""
    limit_resources()
    job = json.loads(Path(job_path).read_text(encoding="utf-8"))
    out = Path(job["out"])
    # pyogrio would load geopandas if it could; it is not needed here and costs half a second
    sys.modules["geopandas"] = cast("ModuleType", None)
    try:
        with uncollected():
            write(import_module(_READERS[job["kind"]]).read(job), out)
    except FileRefused as refusal:
        return _refuse(out, str(refusal))
    except MemoryError:
        return _refuse(out, "reading it needs too much memory")
    except OSError as error:
        for name in ("rows.jsonl", "shapes.wkb"):
            (out / name).unlink(missing_ok=True)
        return _refuse(out, f"what is read of it cannot be written to {out.parent}: {error.strerror}")
    return 0


def _refuse(out: Path, reason: str) -> int:
    (out / "meta.json").write_text(json.dumps({"refused": reason}), encoding="utf-8")
    return 3


def limit_resources() -> None:
    """Lowers the limits of this process, where the system has them: memory, time, file size, core dumps."""
    if find_spec("resource") is None:
        return
    import resource  # noqa: PLC0415 - only where the system has it

    for name, wanted in (
        ("RLIMIT_AS", MEMORY_BYTES),
        ("RLIMIT_CPU", CPU_SECONDS),
        ("RLIMIT_FSIZE", OUTPUT_BYTES),
        ("RLIMIT_CORE", 0),
    ):
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        ceiling = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (ceiling, hard))


def write(layer: FoundLayer, out: Path) -> None:
    """Writes the layer into the folder `out`, the facts last."""
    count = 0
    with (out / "rows.jsonl").open("w", encoding="utf-8") as rows, (out / "shapes.wkb").open("wb") as shapes:
        for values, wkb, problem in layer.features:
            count += 1
            if count > MAX_FEATURES:
                raise FileRefused(f"it has more than {MAX_FEATURES} features")
            rows.write(json.dumps([values, problem], allow_nan=False) + "\n")
            shapes.write(struct.pack("<i", -1 if wkb is None else len(wkb)))
            shapes.write(wkb or b"")
    facts = {
        "layer": layer.name,
        "crs": layer.crs,
        "encoding": layer.encoding,
        "columns": layer.columns,
        "count": count,
        "lines": list(layer.lines),
        "notes": {str(place): list(notes) for place, notes in layer.notes.items()},
        "has_shapes": layer.has_shapes,
    }
    (out / "meta.json").write_text(json.dumps(facts), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
