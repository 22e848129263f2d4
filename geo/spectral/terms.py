"""The terms of a spectral run: what its figures depend on beside the sites; they travel to who computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shapely import MultiPolygon

from geo.grid import Grid
from geo.scenes import Scene
from geo.spectral.indices import Index
from geo.spectral.metrics import Rules, Scope
from geo.spectral.params import SpectralParams
from geo.spectral.recovery import ReferenceKind, TargetKind

ENGINE_VERSION = 1
"""Rises where the computation itself changes, so that results of before count as outdated."""


@dataclass(frozen=True, slots=True)
class SpectralSubject:
    """One site with its years and, where it is compared with one, its ring.

    `window` is that of a historic target, None where no year is before the disturbance or none is known.
    """

    site_id: int
    site_code: str
    geometry: MultiPolygon
    area_units: int
    disturbance_year: int | None
    restoration_year: int | None
    window: tuple[int, int] | None
    ring: MultiPolygon | None
    content_key: str = ""


@dataclass(frozen=True, slots=True)
class SpectralTerms:
    """What holds for all sites of a run."""

    params: SpectralParams
    index: Index
    edition: str
    rules: Rules
    scenes: Sequence[Scene]
    grid: Grid
    reference_kind: ReferenceKind
    engine: int = field(default=ENGINE_VERSION)

    @property
    def has_one_scene_a_year(self) -> bool:
        """Whether no year has several scenes."""
        return len({scene.year for scene in self.scenes}) == len(self.scenes)

    @property
    def is_focal(self) -> bool:
        """Whether the targets of pixels are those of their neighbours before the disturbance."""
        return self.params.target is TargetKind.HISTORIC and self.params.scope is Scope.FOCAL

    @property
    def reference_window(self) -> tuple[int, int]:
        """The years of a target from reference polygons: those asked for, else all."""
        return self.params.window or (self.scenes[0].year, self.scenes[-1].year)
