"""The numbers of spectral recovery and the levels of confidence, from their tables."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

from geo.reference import reference_rows


@dataclass(frozen=True, slots=True)
class SpectralSettings:
    """Distances in metres, shares 0 to 1. What each number decides is said in the table."""

    k_years: float
    target_share: float
    focal_cells: float
    ring_inner_m: float
    ring_outer_m: float
    valid_year_share: float
    spread_low: float
    spread_high: float


@cache
def spectral_settings() -> SpectralSettings:
    """The numbers of `data/reference/spectral_settings.csv`."""
    values = {row["slug"]: float(row["value"]) for row in reference_rows("spectral_settings")}
    return SpectralSettings(**{field.name: values[field.name] for field in fields(SpectralSettings)})


def confidence_level(valid_years: int, n_years: int) -> str:
    """The level of `data/reference/spectral_confidence.csv` for so many valid years of so many.

    >>> confidence_level(10, 10), confidence_level(5, 10), confidence_level(0, 0)
    ('high', 'low', 'insufficient')
    """
    share = valid_years / n_years if n_years else 0.0
    levels = [(row["slug"], float(row["min_share"])) for row in reference_rows("spectral_confidence")]
    return next(slug for slug, least in levels if share >= least)
