"""Checked samples: points drawn in the outcomes of a group of sites, and matrices brought from elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache

from geo.accuracy import ErrorMatrix
from geo.errors import Conflict, InvalidInput, NotFound
from geo.rates import GroupBy
from geo.reference import reference_rows


class SampleKind(StrEnum):
    """Where a sample comes from: drawn here, or the counts of a check made elsewhere."""

    DRAWN = "drawn"
    MATRIX = "matrix"


class UnknownSample(NotFound):
    """No sample has this id."""

    template = "no sample has the id {sample_id}"


class OtherSample(Conflict):
    """The labels belong to another sample than the one asked for, or to one of another store."""

    template = "the labels are of the sample {token!r}; {problem}"


class BadLabels(InvalidInput):
    """Some rows of checked labels cannot be taken; `problems` says which, with column and value."""

    template = "{n_problems} of {n_rows} rows cannot be taken, nothing was read: {shown}"


class NotDrawn(Conflict):
    """A matrix from elsewhere has no points to label."""

    template = "sample {sample_id} is a matrix from elsewhere: it has no points to check"


def sample_token(terms: str) -> str:
    """The mark of a sample, from all that it depends on: a letter first, so that no sheet reads a number."""
    return "s" + hashlib.sha256(terms.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class SampleRules:
    """The numbers of `data/reference/sample_rules.csv`."""

    min_per_stratum: int
    default_per_stratum: int
    most_points: int


@cache
def sample_rules() -> SampleRules:
    """The rules of the table."""
    values = {row["slug"]: int(row["value"]) for row in reference_rows("sample_rules")}
    return SampleRules(**{field.name: values[field.name] for field in fields(SampleRules)})


@dataclass(frozen=True, slots=True)
class SamplePoint:
    """One point of a sample; `row` and `col` name its cell of the grid, longitude and latitude in degrees.

    `from_year` is the baseline year of its site, `stratum` the mapped outcome, `checked` the outcome that the
    check found, None where none was made.
    """

    number: int
    site_id: int
    from_year: int
    lon: float
    lat: float
    row: int
    col: int
    stratum: str
    checked: str | None = None
    checked_at: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of one product, edition and pair of years, or a matrix of counts from elsewhere.

    `group_by` and `group_key` name the sites it was drawn over (None and '' for a matrix), `population_key`
    the very results (`geo.rating.Observations.population_key`). `strata` are the mapped areas by outcome in
    units of 1e-4 m2. `from_year` is None where the baselines of the sites differ. `matrix` counts the points
    checked so far. `token` marks every exported point as one of this sample.
    """

    sample_id: int
    kind: SampleKind
    token: str
    product: str
    edition: str
    from_year: int | None
    to_year: int | None
    group_by: GroupBy | None
    group_key: str
    group_name: str
    group_name_en: str
    responsible: str
    site_kind: str | None
    seed: int | None
    blind: bool
    population_key: str
    strata: Mapping[str, int]
    matrix: ErrorMatrix
    n_points: int
    source: str
    made_at: str

    @property
    def n_checked(self) -> int:
        """How many points have a label."""
        return int(self.matrix.counts.sum())

    @property
    def adcode(self) -> str | None:
        """The unit over whose sites it was drawn, None where they lie in more than one."""
        return self.group_key if self.group_by in {GroupBy.CITY, GroupBy.PROVINCE} else None

    @property
    def missing(self) -> dict[str, int]:
        """Checked points that strata with area still lack for an interval, by stratum; empty if none."""
        least, checked = sample_rules().min_per_stratum, self.matrix.row_totals()
        return {
            slug: least - checked[slug]
            for slug, units in self.strata.items()
            if units > 0 and checked[slug] < least
        }

    @property
    def is_complete(self) -> bool:
        """Whether a drawn sample has enough checked points in every stratum with area."""
        return self.kind is SampleKind.DRAWN and any(self.strata.values()) and not self.missing
