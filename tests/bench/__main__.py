"""`python -m tests.bench`: the engine beside its peers, in one run."""

from __future__ import annotations

import argparse

from rich.console import Console

from tests.bench.zonal import run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--sites", type=int, default=5_000, help="polygons (default 5000; the full bench has 20000)"
    )
    parser.add_argument("--size", type=int, default=12_000, help="cells along one side of the raster")
    parser.add_argument("--years", type=int, default=10, help="rasters in the series")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds; medians are shown")
    chosen = parser.parse_args()
    run(
        n_sites=chosen.sites, size=chosen.size, n_years=chosen.years, rounds=chosen.rounds,
        console=Console(width=140),
    )  # fmt: skip


if __name__ == "__main__":
    main()
