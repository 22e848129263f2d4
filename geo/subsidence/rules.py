"""The numbers by which subsidence is judged, from `data/reference/subsidence_rules.csv`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.reference import reference_rows


@dataclass(frozen=True, slots=True)
class SubsidenceRules:
    """Shares are 0 to 1, rates mm a year in the line of sight. What each number decides is in the table."""

    threshold: float
    last_epochs: float
    min_epochs: float
    moving_share: float
    displacement_valid_share: float
    ponding_share: float
    candidate_min_ha: float
    candidate_buffer_m: float
    dismissed_share: float


KNOWN_SIGMA: Final = 1_000_000
"""Degrees of freedom of a standard error that was not estimated from the residuals."""


def confidence_factors(dof: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """How many standard errors a rate may be off, by degrees of freedom; NaN below 1.

    Between two lines of the table (`data/reference/rate_confidence.csv`) the wider one counts.

    >>> confidence_factors(np.array([0, 4, 11, 1_000_000])).tolist()
    [nan, 4.604, 3.169, 2.576]
    """
    limits, factors = _confidence()
    place = np.searchsorted(limits, dof, side="right") - 1
    return np.where(place < 0, np.nan, factors[np.maximum(place, 0)])


@cache
def _confidence() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    rows = reference_rows("rate_confidence")
    return (
        np.array([int(row["dof"]) for row in rows], dtype=np.int64),
        np.array([float(row["factor"]) for row in rows]),
    )


@cache
def subsidence_rules() -> SubsidenceRules:
    """The rules of the table."""
    values = {row["slug"]: float(row["value"]) for row in reference_rows("subsidence_rules")}
    return SubsidenceRules(**{field.name: values[field.name] for field in fields(SubsidenceRules)})
