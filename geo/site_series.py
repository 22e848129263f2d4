"""The areas of one site out of the long tables of many."""

from __future__ import annotations

from collections.abc import Sequence
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
            year: _BySite(table.site, [table.code, table.units]) for year, table in series.classes.items()
        }
        self._joint = {
            year: _BySite(table.site, [table.from_code, table.to_code, table.units, table.cells])
            for year, table in series.joint.items()
        }

    def of(self, site_id: int, *, end_year_unchanged: bool) -> SiteSeries:
        """The areas of one site in every year; a year in which it has none is there, and empty."""
        return SiteSeries(
            rule=self._rule,
            classes={year: dict(table.rows(site_id)) for year, table in self._classes.items()},
            joint={
                year: [JointCell(*row) for row in table.rows(site_id)] for year, table in self._joint.items()
            },
            end_year_unchanged=end_year_unchanged and self._rule is TemporalRule.MAJORITY3,
        )


class _BySite:
    """The columns of a table that is sorted by site, and where the rows of each site begin."""

    def __init__(self, site: npt.NDArray[np.int64], columns: Sequence[npt.NDArray[Any]]) -> None:
        sites, starts, counts = np.unique(site, return_index=True, return_counts=True)
        spans = zip(starts.tolist(), (starts + counts).tolist(), strict=True)
        self._span = dict(zip(sites.tolist(), spans, strict=True))
        self._columns = [column.tolist() for column in columns]

    def rows(self, site_id: int) -> Any:  # rows of as many columns as given
        first, end = self._span.get(site_id, (0, 0))
        return zip(*[column[first:end] for column in self._columns], strict=True)
