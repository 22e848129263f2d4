"""The shard of a spectral run: what it is asked, and the recoveries that it answers with.

A shard is computed from what it is given and from the rasters alone, wherever that happens; its task and its
answer travel between processes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from shapely import MultiPolygon

from geo.coverage import cover
from geo.recover.shard import EngineDiffers
from geo.references import EmptyReference, ReferencePolygon
from geo.runs.pools import Look, keep_on
from geo.spectral.assessment import Compared, Gathered, recoveries_of
from geo.spectral.focal import with_neighbours
from geo.spectral.loops import Floats, Int64s
from geo.spectral.metrics import Rules, Years, measure_pixels, site_quantile
from geo.spectral.recovery import ReferenceKind, SpectralRecovery, TargetKind
from geo.spectral.series import SiteSeries, part_of, site_series
from geo.spectral.terms import ENGINE_VERSION, SpectralSubject, SpectralTerms

_AROUND: Final = 1 << 40
"""Added to the id of a site for its polygon with its neighbours."""


@dataclass(frozen=True, slots=True)
class SpectralTask:
    """What one shard is asked. `files` gives for each scene's path where its raster is found."""

    terms: SpectralTerms
    files: Mapping[str, Path]
    subjects: tuple[SpectralSubject, ...]
    compared: Compared


def assess_spectral_shard(task: SpectralTask | None, look: Look) -> list[SpectralRecovery]:
    """The recoveries of a shard, in the order of its subjects; none for None: nothing to compute.

    Raises EngineDiffers and what reading does.
    """
    if task is None:
        return []
    if task.terms.engine != ENGINE_VERSION:
        raise EngineDiffers(theirs=ENGINE_VERSION, ours=task.terms.engine)
    return recoveries_of(task.terms, task.subjects, gather(task, look))


def gather(task: SpectralTask, look: Look = keep_on) -> Gathered:
    """The pixels of the subjects, with those of their rings and neighbours where the terms ask for these."""
    terms, subjects, n = task.terms, task.subjects, len(task.subjects)
    with_ring = [at for at, one in enumerate(subjects) if one.ring is not None]
    ids = np.array([one.site_id for one in subjects], dtype=np.int64)
    shapes = [one.geometry for one in subjects]
    rings = [one.ring for one in subjects if one.ring is not None]
    around = []
    if terms.is_focal:
        around = [with_neighbours(shape, terms.grid, terms.params.focal()) for shape in shapes]
    keys = np.concatenate([ids, -ids[with_ring], _AROUND + ids[: len(around)]])
    series = _series(terms, task.files, keys, [*shapes, *rings, *around], look)
    compared = task.compared
    if with_ring:
        by_site = np.full((len(terms.scenes), n), np.nan)
        by_site[:, with_ring] = _means(part_of(series, n, n + len(with_ring)))
        of_ring = terms.params.target is TargetKind.REFERENCE and compared.target is None
        compared = Compared(by_site, _ring_targets(terms, by_site) if of_ring else compared.target)
    last = n + len(with_ring)
    return Gathered(part_of(series, 0, n), compared, part_of(series, last, last + n) if around else None)


def compared_with(
    terms: SpectralTerms, files: Mapping[str, Path], polygons: Sequence[ReferencePolygon], look: Look
) -> Compared:
    """The reference polygons' mean by scene, over all of them, and the target that they set.

    The target is taken as spectral-recovery takes it: of each pixel over the years, then over the pixels of
    each polygon, then over the polygons, the median each time. Raises EmptyReference.
    """
    if not polygons:
        return Compared(None, None)
    n = len(polygons)
    shapes = [one.geometry for one in polygons]
    pixels = _series(terms, files, np.arange(n, dtype=np.int64), shapes, look).pixels
    first, last = terms.reference_window
    found = measure_pixels(pixels, Years.same(n, window=(first, last)), Rules())
    in_window = (pixels.years >= first) & (pixels.years <= last)
    for at, polygon in enumerate(polygons):
        if not found.n_pixels[in_window, at].any():
            raise EmptyReference(
                name=polygon.name,
                set_name=polygon.set_name,
                product=terms.params.product,
                edition=terms.edition,
                first=first,
                last=last,
            )
    target = None
    if terms.params.target is TargetKind.REFERENCE:
        target = float(np.median(site_quantile(pixels, found.pixel_targets[None, :], 0.5)[0]))
    if terms.reference_kind is not ReferenceKind.POLYGONS:
        return Compared(None, target)
    heavy = found.valid_weight
    sums = np.where(heavy > 0, found.mean * heavy, 0.0).sum(axis=1)
    total = heavy.sum(axis=1)
    mean = np.divide(sums, total, out=np.full(len(sums), np.nan), where=total > 0)
    return Compared(mean[:, None], target)


def _ring_targets(terms: SpectralTerms, by_site: Floats) -> Floats:
    """The target that each site's ring sets: the median of its means over the years of the target."""
    first, last = terms.reference_window
    within = by_site[[row for row, scene in enumerate(terms.scenes) if first <= scene.year <= last]]
    targets = np.full(by_site.shape[1], np.nan)
    known = np.isfinite(within).any(axis=0)
    targets[known] = np.nanmedian(within[:, known], axis=0)
    return targets


def _series(
    terms: SpectralTerms, files: Mapping[str, Path], ids: Int64s, shapes: Sequence[MultiPolygon], look: Look
) -> SiteSeries:
    return site_series(
        cover(terms.grid, ids, shapes),
        terms.scenes,
        terms.index.formula,
        locate=lambda scene: files[scene.path],
        progress=lambda _done, _total: look(),
    )


def _means(series: SiteSeries) -> Floats:
    n = series.pixels.n_sites
    return measure_pixels(series.pixels, Years.same(n), Rules(), targets=np.full(n, np.nan)).mean
