"""Accuracy and areas from a checked sample: the stratified estimator of Olofsson et al. 2014.

Olofsson, Foody, Herold, Stehman, Woodcock and Wulder, Good practices for estimating area and assessing
accuracy of land change, Remote Sensing of Environment 148 (2014) 42-57; equation numbers are theirs. The
strata are the mapped classes (rows), the columns what the check found. The sample is a simple random one
within each stratum, small against it, so no finite population correction is made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.errors import InvalidInput

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

Z_95: Final = 1.96
"""Half width of a 95 % interval in standard errors, as the paper rounds it."""


class StratumTooSmall(InvalidInput):
    """A stratum with one checked point or none has no variance."""

    template = "the stratum {stratum} has {n} checked points; a variance needs at least 2"


class BadMatrix(InvalidInput):
    """A table of counts is no error matrix of these classes."""

    template = "the error matrix: {problem}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its standard error; None where its denominator is 0."""

    value: float | None
    se: float | None

    @property
    def half_width(self) -> float | None:
        """Half the width of the 95 % interval."""
        return None if self.se is None else Z_95 * self.se


@dataclass(frozen=True, slots=True)
class RatioInterval:
    """A ratio of two estimated areas with its 95 % interval, cut to 0 and 1 where `clipped` says so."""

    value: float
    se: float
    low: float
    high: float
    clipped: bool


@dataclass(frozen=True, slots=True)
class ErrorMatrix:
    """Counts of checked points, (classes, classes) int64: rows as mapped, columns as the check found."""

    classes: tuple[str, ...]
    counts: Counts

    @classmethod
    def of(cls, classes: Sequence[str], counts: npt.ArrayLike) -> ErrorMatrix:
        """The matrix of counts. Raises `BadMatrix` for another shape, and for what is no count."""
        given = np.asarray(counts)
        if given.shape != (len(classes), len(classes)):
            size = " x ".join(map(str, given.shape))
            raise BadMatrix(problem=f"it is {size}, and there are {len(classes)} classes")
        if given.dtype.kind not in "iu" or (given < 0).any():
            raise BadMatrix(problem="every count is a whole number that is not negative")
        return cls(tuple(classes), given.astype(np.int64))

    @classmethod
    def of_points(cls, classes: Sequence[str], points: Collection[tuple[str, str]]) -> ErrorMatrix:
        """The matrix of checked points, each (as mapped, as found). Raises `BadMatrix` for another class."""
        place = {name: index for index, name in enumerate(classes)}
        counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
        for mapped, found in points:
            for word in (mapped, found):
                if word not in place:
                    raise BadMatrix(problem=f"{word!r} is none of {', '.join(classes)}")
            counts[place[mapped], place[found]] += 1
        return cls(tuple(classes), counts)

    def row_totals(self) -> dict[str, int]:
        """Checked points by stratum."""
        return dict(zip(self.classes, self.counts.sum(axis=1).tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What a checked sample says of a map: accuracies, and areas in the unit of the mapped areas."""

    classes: tuple[str, ...]
    proportions: Floats
    overall: Estimate
    users: Mapping[str, Estimate]
    producers: Mapping[str, Estimate]
    areas: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class _Strata:
    """The weights of the strata that are used, the shares within each, and its number of points."""

    weight: Floats
    share: Floats
    n: Floats
    total: float


def estimate(matrix: ErrorMatrix, mapped: Mapping[str, float]) -> Accuracy:
    """Accuracies and unbiased areas; `mapped` is the mapped area (or number of pixels) of each class.

    Overall (eqs 1, 5), user's (2, 6) and producer's accuracy (3, 7), area proportions (4, 8, 9) and areas
    with their standard errors (10, 11). Raises `StratumTooSmall` for a mapped class with fewer than 2 points,
    and `BadMatrix` where nothing is mapped or an area is negative.
    """
    strata = _strata(matrix, mapped)
    proportions = strata.weight[:, None] * strata.share
    spread = strata.share * (1 - strata.share) / np.maximum(strata.n - 1, 1)[:, None]
    found = proportions.sum(axis=0)
    found_se = np.sqrt((strata.weight[:, None] ** 2 * spread).sum(axis=0))
    overall_se = np.sqrt((strata.weight**2 * np.diag(spread)).sum())
    each = list(enumerate(matrix.classes))
    return Accuracy(
        classes=matrix.classes,
        proportions=proportions,
        overall=Estimate(float(np.trace(proportions)), float(overall_se)),
        users={name: _users(strata, spread, k) for k, name in each},
        producers={name: _producers(strata, spread, k) for k, name in each},
        areas={
            name: Estimate(strata.total * float(found[k]), strata.total * float(found_se[k]))
            for k, name in each
        },
    )


def ratio(
    matrix: ErrorMatrix, mapped: Mapping[str, float], *, part: Collection[str], whole: Collection[str]
) -> RatioInterval | None:
    """The area found to be of the classes `part`, by that of the classes `whole` (which hold them).

    The combined ratio estimator of a stratified sample (Cochran 1977, eq. 6.51): with y = 1 for a point
    found in `part`, x = 1 for one found in `whole`, W the share of each stratum in the mapped area and n its
    points, R = sum W mean(y) / sum W mean(x), and its variance sum W^2 s^2(y - R x) / n, divided by the
    square of sum W mean(x). As s^2(y - R x) = s^2(y) + R^2 s^2(x) - 2 R s(x, y), the covariance of the two
    areas is in it. None where no point was found in `whole`. Raises as `estimate` does.
    """
    strata = _strata(matrix, mapped)
    y = np.array([name in part for name in matrix.classes], dtype=np.float64)
    x = np.array([name in whole for name in matrix.classes], dtype=np.float64)
    base = float(strata.weight @ (strata.share @ x))
    if base <= 0:
        return None
    value = float(strata.weight @ (strata.share @ y)) / base
    residual = y - value * x
    mean = strata.share @ residual
    variance = strata.share @ residual**2 - mean**2
    by_stratum = strata.weight**2 * variance / np.maximum(strata.n - 1, 1)
    se = float(np.sqrt(max(0.0, by_stratum.sum()))) / base
    low, high = value - Z_95 * se, value + Z_95 * se
    return RatioInterval(value, se, max(0.0, low), min(1.0, high), clipped=low < 0 or high > 1)


def _strata(matrix: ErrorMatrix, mapped: Mapping[str, float]) -> _Strata:
    area = np.array([float(mapped.get(name, 0.0)) for name in matrix.classes])
    unknown = sorted(set(mapped) - set(matrix.classes))
    if unknown:
        raise BadMatrix(problem=f"{', '.join(unknown)} is mapped but stands in no row")
    if not np.isfinite(area).all() or (area < 0).any() or area.sum() == 0:
        raise BadMatrix(problem="the mapped areas must not be negative, and not all zero")
    n = matrix.counts.sum(axis=1).astype(np.float64)
    for name, of_class, points in zip(matrix.classes, area, n, strict=True):
        if of_class > 0 and points < 2:
            raise StratumTooSmall(stratum=name, n=int(points))
    share = matrix.counts / np.maximum(n, 1)[:, None]
    return _Strata(area / area.sum(), share, n, float(area.sum()))


def _users(strata: _Strata, spread: Floats, k: int) -> Estimate:
    if strata.n[k] < 2:
        return Estimate(None, None)
    return Estimate(float(strata.share[k, k]), float(np.sqrt(spread[k, k])))


def _producers(strata: _Strata, spread: Floats, k: int) -> Estimate:
    """Eqs 3 and 7, in shares of the mapped area."""
    found = float(strata.weight @ strata.share[:, k])
    if found == 0:
        return Estimate(None, None)
    value = float(strata.weight[k] * strata.share[k, k]) / found
    by_row = strata.weight**2 * spread[:, k]
    own = by_row[k] * (1 - value) ** 2
    others = value**2 * (by_row.sum() - by_row[k])
    return Estimate(value, float(np.sqrt(own + others)) / found)
