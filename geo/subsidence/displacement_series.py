"""Displacement rasters read as series: the epochs of an edition, block by block, in millimetres."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from rasterio.io import DatasetReader

from geo.band_scenes import DISPLACEMENT, SIGMA
from geo.errors import InvalidInput
from geo.grid import Grid
from geo.rasters import block_window, missing_of, read_window
from geo.scenes import Scene
from geo.subsidence.displacement import Floats, LinearFit, linear_fit, propagated_error, years_since
from geo.subsidence.rules import KNOWN_SIGMA, SubsidenceRules, confidence_factors
from geo.subsidence.site import Source, Span
from geo.zonal import open_scene, refuse_changed

PLAUSIBLE_MM: Final = 9_000.0
"""What is beyond 9 m no radar sees the ground move by: it is a fill value that the file does not declare."""


class MixedDisplacements(InvalidInput):
    """The displacement scenes of one edition do not make one series."""

    template = "{product} edition {edition}: {problem}; register them as editions of their own"


class ImplausibleDisplacement(InvalidInput):
    """A raster holds a value that no ground moves by."""

    template = (
        "{path} band {band}: {value:g} mm is no movement of ground; declare it (--nodata) if it means no data"
    )


@dataclass(frozen=True, slots=True)
class CellLines:
    """The lines of some cells: over the whole span, and over the last epochs; NaN where not known.

    `values` (epochs, cells) are the displacements themselves, the zero epoch first; empty for a rate raster.
    """

    values: Floats
    rate: Floats
    sigma: Floats
    last_rate: Floats
    last_noise: Floats


@dataclass(frozen=True, slots=True)
class DisplacementSeries:
    """The scenes of one product and edition that make one series, the earliest first, and how to judge it.

    A cumulative series has one scene an epoch, all from the same zero epoch; of rate rasters the last counts.
    """

    scenes: tuple[Scene, ...]
    span: Span
    rules: SubsidenceRules

    @property
    def grid(self) -> Grid:
        """The grid that all scenes share."""
        return self.scenes[0].grid

    @property
    def days(self) -> list[date]:
        """The days of the epochs, the zero epoch first."""
        return [self.span.period_start, *(scene.period_end for scene in self.scenes)]

    @property
    def is_cumulative(self) -> bool:
        """Whether the lines are fitted here, not read."""
        return self.span.source is Source.CUMULATIVE

    def lines(self, epochs: Floats, sigmas: Floats | None) -> CellLines:
        """The lines of cells from their stored values and sigmas (None without), both (scenes, cells)."""
        if not self.is_cumulative:
            rate = epochs[0]
            sigma = np.full(len(rate), np.nan) if sigmas is None else sigmas[0]
            known = confidence_factors(np.array([KNOWN_SIGMA]))
            return CellLines(np.empty((0, len(rate))), rate, sigma, rate, sigma * known)
        values = with_zero_epoch(epochs)
        spread = None if sigmas is None else np.vstack([np.zeros((1, sigmas.shape[1])), sigmas])
        years = years_since(self.span.period_start, self.days)
        last = slice(-self.span.last_epochs, None)
        lately = None if spread is None else spread[last]
        rate, sigma, _ = self._line(values, spread, years)
        last_rate, last_sigma, dof = self._line(values[last], lately, years[last])
        return CellLines(values, rate, sigma, last_rate, last_sigma * confidence_factors(dof))

    def _line(
        self, values: Floats, sigmas: Floats | None, years: Floats
    ) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
        """Rate, its sigma and the degrees of freedom of that sigma."""
        fit = linear_fit(values, years, min_epochs=int(self.rules.min_epochs))
        if sigmas is not None:
            known = np.full(len(fit.rate), KNOWN_SIGMA, dtype=np.int64)
            return fit.rate, propagated_error(values, sigmas, years), known
        return fit.rate, fit.error, fit.epochs.astype(np.int64) - 2

    def fit(self, epochs: Floats) -> LinearFit:
        """The line over the whole span of every cell of `epochs` (scenes, rows, columns)."""
        years = years_since(self.span.period_start, self.days)
        return linear_fit(with_zero_epoch(epochs), years, min_epochs=int(self.rules.min_epochs))


def with_zero_epoch(epochs: Floats) -> Floats:
    """The epochs after a zero epoch, at which every cell that is ever seen has moved by 0 mm."""
    seen = np.isfinite(epochs).any(axis=0)
    return np.concatenate([np.where(seen, 0.0, np.nan)[None], epochs])


def displacement_series(
    scenes: Sequence[Scene],
    rules: SubsidenceRules,
    *,
    threshold: float | None = None,
    last_epochs: int | None = None,
) -> DisplacementSeries:
    """The series that the scenes of one product and edition make; raises MixedDisplacements.

    `threshold` (mm a year) and `last_epochs` are those of the rules where not given. A series shorter than
    `last_epochs` is judged by all its epochs.
    """
    ordered = sorted(scenes, key=lambda scene: (scene.period_end, scene.period_start))
    last = ordered[-1]
    if any(scene.unit != last.unit for scene in ordered):
        raise MixedDisplacements(
            product=last.product, edition=last.edition, problem="some scenes are in mm, others in mm a year"
        )
    cumulative = last.unit == "mm"
    if cumulative and any(scene.period_start != last.period_start for scene in ordered):
        raise MixedDisplacements(
            product=last.product,
            edition=last.edition,
            problem=f"not all epochs are reckoned from {last.period_start}",
        )
    used = tuple(ordered) if cumulative else (last,)
    days = [last.period_start, *(scene.period_end for scene in used)]
    recent = min(int(rules.last_epochs) if last_epochs is None else last_epochs, len(days))
    span = Span(
        product=last.product,
        edition=last.edition,
        source=Source.CUMULATIVE if cumulative else Source.RATE,
        period_start=last.period_start,
        period_end=last.period_end,
        n_epochs=len(days) if cumulative else 1,
        last_epochs=recent if cumulative else 1,
        last_from=days[-recent] if cumulative else last.period_start,
        threshold=rules.threshold if threshold is None else threshold,
    )
    return DisplacementSeries(used, span, rules)


class SeriesReader:
    """The open rasters of a series: stored values and sigmas of a block, scaled, NaN where there are none.

    All bands of one file come in one read, since many files interleave them.
    """

    def __init__(self, series: DisplacementSeries, locate: Callable[[Scene], Path], stack: ExitStack) -> None:
        self._scenes = series.scenes
        self._files: dict[Path, tuple[DatasetReader, list[int]]] = {}
        for place, scene in enumerate(series.scenes):
            path = locate(scene)
            if path not in self._files:
                self._files[path] = (stack.enter_context(open_scene(scene, path)), [])
            refuse_changed(scene, self._files[path][0], path)
            self._files[path][1].append(place)

    def read(self, block_row: int, block_col: int) -> tuple[Floats, Floats | None]:
        """Displacement and sigma of a block, both (scenes, rows, columns) float64; sigma None without one.

        Raises ImplausibleDisplacement for a value that no ground moves by.
        """
        values: dict[tuple[int, str], Floats] = {}
        for path, (dataset, places) in self._files.items():
            wanted = [(place, name, band) for place in places for name, band in self._bands(place)]
            window = block_window(dataset, block_row, block_col)
            stored = read_window(dataset, window, [band for _, _, band in wanted])
            for (place, name, band), cells in zip(wanted, stored, strict=True):
                scene = self._scenes[place]
                missing = missing_of(cells, dataset, band, window, nodata=scene.nodata)
                values[place, name] = _scaled(cells, missing, scene, name)
            for place in places:
                _refuse_implausible(values[place, DISPLACEMENT], path, self._scenes[place])
        every = range(len(self._scenes))
        epochs = np.stack([values[place, DISPLACEMENT] for place in every])
        if not any(name == SIGMA for _, name in values):
            return epochs, None
        blank = np.full(epochs.shape[1:], np.nan)
        return epochs, np.stack([values.get((place, SIGMA), blank) for place in every])

    def _bands(self, place: int) -> list[tuple[str, int]]:
        bands = self._scenes[place].bands
        return [(name, bands[name]) for name in (DISPLACEMENT, SIGMA) if name in bands]


def _scaled(
    cells: npt.NDArray[np.generic], missing: npt.NDArray[np.bool_], scene: Scene, name: str
) -> Floats:
    """Millimetres, NaN where there is no data; a sigma has no offset and no sign."""
    physical = cells.astype(np.float64) * scene.scale
    physical = np.abs(physical) if name == SIGMA else physical + scene.offset
    return np.where(missing, np.nan, physical)


def _refuse_implausible(values: Floats, path: Path, scene: Scene) -> None:
    wild = np.abs(values) > PLAUSIBLE_MM
    if wild.any():
        raise ImplausibleDisplacement(path=path, band=scene.bands[DISPLACEMENT], value=values[wild][0].item())
