"""Agreement of two editions or products on the wire."""

from __future__ import annotations

from api.schemas.common import Wire


class SideOut(Wire):
    """A product and its edition."""

    product: str
    edition: str


class SeenOut(Wire):
    """What one side says of the land: hectares by outcome, and its recovered share."""

    side: SideOut
    ha: dict[str, float]
    disturbed_baseline_ha: float
    recovered_ha: float
    recovered_share: float | None


class CrossOut(Wire):
    """Hectares that the first side calls `row` and the second `column`."""

    row: str
    column: str
    ha: float


class TableOut(Wire):
    """Where the two sides agree, cell by cell."""

    cells: list[CrossOut]
    agree_ha: float
    disagree_ha: float
    undecided_ha: float
    both_disturbed_ha: float
    both_disturbed: tuple[float, float] | None


class SiteAgreementOut(Wire):
    """One site as both see it."""

    site_id: int
    site_code: str
    first: SeenOut
    second: SeenOut


class ClassShareOut(Wire):
    """Land that became one class; null is no data."""

    class_code: int | None
    ha: float
    ha_grid: float | None
    share: float


class ClassFateOut(Wire):
    """What became of the land of one class of the earlier year, by one side."""

    side: SideOut
    class_code: int
    ha: float
    ha_grid: float | None
    became: list[ClassShareOut]
    vegetated: list[int]
    vegetated_share: float | None


class AgreementOut(Wire):
    """Two sides over the same land and years; `table` is null with its `reason` where the grids differ."""

    from_year: int
    to_year: int
    scope: str
    first: SeenOut
    second: SeenOut
    low: float | None
    high: float | None
    table: TableOut | None
    sites: list[SiteAgreementOut]
    classes: list[ClassFateOut]
    reason: str | None
