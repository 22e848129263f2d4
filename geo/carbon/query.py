"""What is asked of carbon: by what to group, of which product and year."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CarbonGroup(StrEnum):
    """By what the uptake is grouped."""

    SITE = "site"
    CITY = "city"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class CarbonQuery:
    """What is asked; None stands for the product with most results, its current edition, the last year."""

    product: str | None = None
    edition: str | None = None
    year: int | None = None
