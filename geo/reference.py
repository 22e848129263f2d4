"""The reference tables of `data/reference/`, read once, from a checkout or from an installed wheel."""

from __future__ import annotations

import csv
import hashlib
from functools import cache
from pathlib import Path

_HERE = Path(__file__).resolve().parent


@cache
def reference_dir() -> Path:
    """The folder of the reference tables: `geo/_reference` in a wheel, `data/reference` in a checkout."""
    packed = _HERE / "_reference"
    return packed if packed.is_dir() else _HERE.parent / "data" / "reference"


def reference_path(name: str) -> Path:
    """The path of one file of the reference folder, such as `legends/clcd.csv`."""
    return reference_dir() / name


@cache
def reference_rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of the table `name` (without `.csv`), each a dict by column; UTF-8, an empty cell is ''.

    Lines that begin with `#` are comments (sources) and are left out.
    """
    return read_rows(reference_path(f"{name}.csv"))


def read_rows(path: Path) -> tuple[dict[str, str], ...]:
    """The rows of a CSV table at `path`, read as `reference_rows` reads its own."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(line for line in file if not line.startswith("#")))


@cache
def reference_sha256(name: str) -> str:
    """The SHA-256 (hex) of the table `name`, so that a figure can name the table it came from."""
    return hashlib.sha256(reference_path(f"{name}.csv").read_bytes()).hexdigest()
