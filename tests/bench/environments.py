"""Environments of peers that do not go into ours: made at the first use under .venv-bench, ignored by git."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console

FOLDER = Path(__file__).parents[2] / ".venv-bench"
GDAL = ("--only-binary", ":all:", "gdal-wheel>=3.12", "numpy")
SPECTRAL = ("spectral-recovery==1.0.1", "setuptools<81", "pyarrow")
_PYTHONS = ("python3", "python3.12", "python3.13", "python3.14")


def environment(name: str, wants: tuple[str, ...], console: Console) -> Path | None:
    """The Python of an environment that holds `wants`; None, with the reason said, where none can be had.

    The Pythons of this machine are tried in turn, since a wheel may be there for some of them alone.
    """
    folder = FOLDER / name
    python = folder / "bin" / "python"
    if (folder / ".ready").exists():
        return python
    last = "no Python found"
    for base in _pythons():
        shutil.rmtree(folder, ignore_errors=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wants]
        for command in ([base, "-m", "venv", str(folder)], install):
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
            if done.returncode != 0:
                last = (done.stderr.strip().splitlines() or ["without a word"])[-1]
                break
        else:
            (folder / ".ready").touch()
            return python
    console.print(f"{name}: not compared, it cannot be installed here: {last}")
    return None


def _pythons() -> list[str]:
    """The Pythons on the path, this one first, and those installed beside it."""
    beside = sorted(Path(sys.base_prefix).parent.glob("*/bin/python3.1[2-9]"))
    found = [sys.executable, *filter(None, map(shutil.which, _PYTHONS)), *map(str, beside)]
    return list(dict.fromkeys(found))
