"""`python -m tests.bench`: the engine beside its peers, in one run.

BENCH=quick takes fewer sites for the zonal part, BENCH=full countries of up to a million for the scaling.
"""

from __future__ import annotations

import argparse
import os

from rich.console import Console

from tests.bench import scaling, spectral, tables, zonal

PARTS = ("zonal", "spectral", "tables", "scaling")


def main() -> None:
    full, quick = (os.environ.get("BENCH") == word for word in ("full", "quick"))
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all where none given"
    )
    parser.add_argument(
        "--sites", type=int, default=5_000 if quick else 20_000, help="polygons of the zonal part"
    )
    parser.add_argument("--size", type=int, default=12_000, help="cells along one side of its raster")
    parser.add_argument("--years", type=int, default=10, help="rasters in its series")
    parser.add_argument(
        "--rounds", type=int, default=3 if quick else 5, help="interleaved rounds; medians are shown"
    )
    parser.add_argument(
        "--scales", type=int, nargs="+", metavar="SITES", help="sites of the countries of the scaling part",
        default=[1_000, 10_000, 100_000, 1_000_000] if full else [1_000, 3_000, 10_000],
    )  # fmt: skip
    parser.add_argument("--scale-years", type=int, default=30 if full else 8, help="their years")
    chosen = parser.parse_args()
    if wrong := set(chosen.parts) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(wrong))}")
    console, parts = Console(width=150), chosen.parts or PARTS
    if "zonal" in parts:
        zonal.run(
            n_sites=chosen.sites,
            size=chosen.size,
            n_years=chosen.years,
            rounds=chosen.rounds,
            console=console,
        )
    if "spectral" in parts:
        spectral.run(n_sites=500, n_years=18, rounds=chosen.rounds, console=console)
    if "tables" in parts:
        tables.run(n_rows=50_000, rounds=3, console=console)
    if "scaling" in parts:
        scaling.run(sizes=chosen.scales, n_years=chosen.scale_years, console=console)


if __name__ == "__main__":
    main()
