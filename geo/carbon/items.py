"""Carbon as it goes out: the same items for the service and the command line."""

from __future__ import annotations

from typing import Final

from geo.areas import ha_from_units
from geo.carbon.totals import CarbonTotal
from geo.carbon.uptake import KG_PER_T, CarbonPart, KgRange, SiteCarbon

ASSUMPTIONS: Final = (
    "carbon_linear",
    "carbon_age_limit",
    "carbon_same_age",
    "carbon_cover_only",
)
"""What every figure of uptake assumes, as slugs of `data/reference/reasons.csv`."""


def carbon_item(one: SiteCarbon) -> dict[str, object]:
    """The uptake of a site as JSON values: tonnes of CO2 as ranges, hectares in `*_ha`."""
    return {
        "product": one.product,
        "edition": one.edition,
        "from_year": one.from_year,
        "year": one.year,
        "new_cover_ha": ha_from_units(one.recovered_units),
        "with_factor_ha": ha_from_units(one.factored_units),
        "unverified_ha": ha_from_units(one.unverified_units),
        "t_co2_per_year": _tonnes(one.a_year),
        "t_co2_so_far": _tonnes(one.so_far),
        "reason": one.reason,
        "parts": [_part_item(part) for part in one.parts],
        "assumptions": list(ASSUMPTIONS),
        "outdated": one.outdated,
    }


def total_item(one: CarbonTotal) -> dict[str, object]:
    """The uptake of a group as JSON values."""
    return {
        "key": one.key,
        "name": one.name,
        "name_en": one.name_en,
        "product": one.product,
        "edition": one.edition,
        "year": one.year,
        "n_sites": one.n_sites,
        "n_known": one.n_known,
        "n_outdated": one.n_outdated,
        "new_cover_ha": ha_from_units(one.recovered_units),
        "with_factor_ha": ha_from_units(one.factored_units),
        "unverified_ha": ha_from_units(one.unverified_units),
        "overlap_ha": ha_from_units(one.overlap_units),
        "t_co2_per_year": _tonnes(one.a_year),
        "t_co2_so_far": _tonnes(one.so_far),
        "reason": one.reason,
    }


def _part_item(part: CarbonPart) -> dict[str, object]:
    factor = part.factor
    return {
        "class_code": part.class_code,
        "ha": ha_from_units(part.units),
        "factor": None if factor is None else factor.slug,
        "t_co2_per_ha_year": None if factor is None else [float(factor.low), float(factor.high)],
        "source": None if factor is None else factor.source,
        "verified": None if factor is None else factor.verified,
        "t_co2_per_year": _tonnes(part.a_year),
        "t_co2_so_far": _tonnes(part.so_far),
    }


def _tonnes(one: KgRange | None) -> dict[str, float] | None:
    return None if one is None else {"low": one.low / KG_PER_T, "high": one.high / KG_PER_T}
