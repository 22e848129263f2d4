"""The parent's side of the reader process: how it is started, and how its answer is read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.errors import InvalidInput
from geo.readers.found_layer import Note
from geo.readers.vector_formats import drivers_for

MAX_VERTICES: Final = 50_000_000
READ_SECONDS: Final = 900

_PACKAGE_ROOT: Final = Path(__file__).resolve().parents[2]
_GDAL_ENVIRONMENT: Final = {
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTP_TIMEOUT": "1",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_CACHEMAX": "64",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_DRIVER_PATH": "disable",
    "GDAL_PYTHON_DRIVER_PATH": "",
    "OGR_SQLITE_LOAD_EXTENSIONS": "",
    "SHAPE_RESTORE_SHX": "YES",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONIOENCODING": "utf-8",
}
_KEPT_ENVIRONMENT: Final = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "LD_LIBRARY_PATH")


class FileUnreadable(InvalidInput):
    """The reader refused the file, or broke on it."""

    template = "{file_name} cannot be read: {problem}"


@dataclass(frozen=True, slots=True)
class RawRow:
    """One feature as sent: `row` is 1 for the first; `geometry` in the layer's own system, None if missing.

    `problem` is a slug of `data/reference/findings.csv` where the geometry could not be read; `notes` are
    what else the reader noticed; `line` is where the row stands in the file, None where it has no lines.
    """

    row: int
    values: Mapping[str, Any]
    geometry: BaseGeometry | None
    problem: str | None = None
    notes: tuple[Note, ...] = ()
    line: int | None = None

    @property
    def place(self) -> int:
        """The number by which whoever sent the file finds the row: its line, else its number."""
        return self.row if self.line is None else self.line


def run_reader(file_name: str, job: Mapping[str, str | None], folder: Path) -> dict[str, Any]:
    """The facts of the layer that the reader process wrote into `folder`; raises FileUnreadable."""
    job_path = folder / "job.json"
    job_path.write_text(json.dumps(job), encoding="utf-8")
    command = [sys.executable, "-m", "geo.readers.process", str(job_path)]
    try:
        done = subprocess.run(  # noqa: S603 - our own module, no shell
            command,
            env=reader_environment(str(job["kind"])),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=READ_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise FileUnreadable(file_name=file_name, problem="reading it takes too long") from error
    result = folder / "meta.json"
    meta: dict[str, Any] = json.loads(result.read_text("utf-8")) if result.is_file() else {}
    if "refused" in meta:
        raise FileUnreadable(file_name=file_name, problem=meta["refused"])
    if done.returncode or not meta:
        raise FileUnreadable(file_name=file_name, problem=f"the reader ended with code {done.returncode}")
    return meta


def reader_environment(kind: str = "") -> dict[str, str]:
    """The whole environment of the reader process: what a program needs to start, and GDAL shut in.

    Of GDAL's drivers only those are left that a file of this `kind` needs.
    """
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    return {
        **kept,
        **_GDAL_ENVIRONMENT,
        "GDAL_SKIP": _skipped_drivers(kind),
        "PYTHONPATH": str(_PACKAGE_ROOT),
    }


@cache
def _skipped_drivers(kind: str) -> str:
    """Every driver of the installed GDAL but those that may open such a file, as GDAL_SKIP wants them."""
    from pyogrio import list_drivers  # noqa: PLC0415 - slow to load, and only reading needs it

    return ",".join(sorted(set(list_drivers()) - drivers_for(kind)))


def read_rows(file_name: str, folder: Path, meta: Mapping[str, Any]) -> Iterator[RawRow]:
    """The features that the reader process wrote into `folder`, in file order; raises FileUnreadable.

    `meta` are the facts of the layer.
    """
    lines_of, notes = meta.get("lines", ()), meta.get("notes", {})
    shapes, missing = _shapes(folder / "shapes.wkb")
    vertices = int(shapely.get_num_coordinates(shapes).sum())
    if vertices > MAX_VERTICES:
        raise FileUnreadable(file_name=file_name, problem=f"it has more than {MAX_VERTICES:,} vertices")
    with (folder / "rows.jsonl").open(encoding="utf-8") as lines:
        for position, line in enumerate(lines):
            values, problem = json.loads(line)
            shape = shapes[position]
            if shape is None and not missing[position]:
                problem = "broken_geometry"
            noted = tuple(map(tuple, notes.get(str(position), ())))
            line_number = lines_of[position] if lines_of else None
            yield RawRow(position + 1, values, shape, problem, noted, line_number)


def _shapes(path: Path) -> tuple[Any, list[bool]]:
    """The geometries (None where there is none or its WKB is broken), and whether each was missing."""
    raw, at, parts = path.read_bytes(), 0, []
    while at < len(raw):
        length = int.from_bytes(raw[at : at + 4], "little", signed=True)
        at += 4
        parts.append(None if length < 0 else raw[at : at + length])
        at += max(length, 0)
    packed = np.empty(len(parts), dtype=object)
    packed[:] = parts
    return shapely.from_wkb(packed, on_invalid="ignore"), [part is None for part in parts]
