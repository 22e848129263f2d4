"""The areas of one site out of the long tables of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.assessment import JointCell, SiteSeries
from geo.recovery import TemporalRule
from geo.transitions import SeriesAreas


class SeriesBySite:
    """The class and joint areas of a series, looked up by site."""

    def __init__(self, series: SeriesAreas, rule: TemporalRule) -> None:
        self._rule = rule
        self._classes = {
            year: _by_site(table.site, [table.code, table.units]) for year, table in series.classes.items()
        }
        self._joint = {
            year: _by_site(table.site, [table.from_code, table.to_code, table.units, table.cells])
            for year, table in series.joint.items()
        }

    def of(self, site_id: int, *, end_year_unchanged: bool) -> SiteSeries:
        """The areas of one site in every year; a year in which it has none is there, and empty."""
        return SiteSeries(
            rule=self._rule,
            classes={year: dict(_rows(table, site_id)) for year, table in self._classes.items()},
            joint={
                year: [JointCell(*row) for row in _rows(table, site_id)]
                for year, table in self._joint.items()
            },
            end_year_unchanged=end_year_unchanged and self._rule is TemporalRule.MAJORITY3,
        )


def _rows(
    table: Mapping[int, list[tuple[int, ...]]], site_id: int
) -> Any:  # rows of as many columns as given
    return table.get(site_id, [])


def _by_site(
    site: npt.NDArray[np.int64], columns: Sequence[npt.NDArray[Any]]
) -> dict[int, list[tuple[int, ...]]]:
    by_site: dict[int, list[tuple[int, ...]]] = {}
    for site_id, *values in zip(site.tolist(), *(column.tolist() for column in columns), strict=True):
        by_site.setdefault(site_id, []).append(tuple(values))
    return by_site
