"""What a spectral run is asked for, and how a run and a result keep it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from geo.canonical import canonical_json
from geo.errors import InvalidInput
from geo.spectral.indices import Index
from geo.spectral.metrics import Rules, Scope
from geo.spectral.recovery import ReferenceKind, TargetKind
from geo.spectral.settings import spectral_settings

_MOST_YEARS = 100
_MOST_CELLS = 31


class BadSpectralParams(InvalidInput):
    """What a spectral run was asked for cannot be."""

    template = "{field}: {value!r} {problem}"


@dataclass(frozen=True, slots=True)
class SpectralParams:
    """What a run is asked for. None stands for: the current edition, the table's formula and numbers, the
    site's own years, the years before the disturbance, every scene, every site.

    `reference` None is the reference polygons where the store has some, else the ring of the settings;
    `references` names one set of them, `ring_m` the distances of a ring.
    """

    product: str
    index: str
    edition: str | None = None
    formula: str | None = None
    direction: int | None = None
    target: TargetKind = TargetKind.HISTORIC
    scope: Scope = Scope.PIXEL
    window: tuple[int, int] | None = None
    focal_cells: int | None = None
    k_years: int | None = None
    target_share: float | None = None
    reference: ReferenceKind | None = None
    references: str | None = None
    ring_m: tuple[float, float] | None = None
    disturbance_year: int | None = None
    restoration_year: int | None = None
    from_year: int | None = None
    to_year: int | None = None
    site_ids: tuple[int, ...] | None = None

    def rules(self, index: Index) -> Rules:
        """k, p and the direction. Raises BadSpectralParams."""
        settings = spectral_settings()
        k = int(settings.k_years) if self.k_years is None else self.k_years
        share = settings.target_share if self.target_share is None else self.target_share
        if not 1 <= k <= _MOST_YEARS:
            raise BadSpectralParams(field="k_years", value=k, problem=f"is not from 1 to {_MOST_YEARS}")
        if not 0 < share <= 1:
            raise BadSpectralParams(field="target_share", value=share, problem="is not above 0 and up to 1")
        return Rules(k_years=k, target_share=share, direction=index.direction)

    def focal(self) -> int:
        """The pixels along one side of the square of a focal target. Raises BadSpectralParams."""
        size = int(spectral_settings().focal_cells) if self.focal_cells is None else self.focal_cells
        if size % 2 == 0 or not 1 <= size <= _MOST_CELLS:
            raise BadSpectralParams(
                field="focal_cells", value=size, problem=f"is no odd number from 1 to {_MOST_CELLS}"
            )
        return size

    def ring(self) -> tuple[float, float]:
        """The inner and the outer distance of a ring in metres."""
        settings = spectral_settings()
        return self.ring_m or (settings.ring_inner_m, settings.ring_outer_m)


def spectral_run_params(params: SpectralParams) -> dict[str, object]:
    """The parameters as a run keeps them: JSON values by name, those not given left out."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(params).items()
        if value is not None
    }


def spectral_params_of(values: Mapping[str, object]) -> SpectralParams:
    """The parameters that `spectral_run_params` made JSON of; raises BadSpectralParams."""
    given = {
        name: tuple(value) if isinstance(value, list | tuple) else value for name, value in values.items()
    }
    try:
        for name, kind in (("target", TargetKind), ("scope", Scope), ("reference", ReferenceKind)):
            if given.get(name) is not None:
                given[name] = kind(str(given[name]))
        return SpectralParams(**given)  # type: ignore[arg-type]  # a wrong name is caught below
    except (TypeError, ValueError) as error:
        raise BadSpectralParams(field="params", value=dict(values), problem=str(error)) from error


def stored_params(params: SpectralParams, edition: str) -> dict[str, object]:
    """The parameters as results keep them: the edition named, without the sites."""
    values = spectral_run_params(params) | {"edition": edition}
    values.pop("site_ids", None)
    return values


def params_key(stored: Mapping[str, object]) -> str:
    """One short text for one set of parameters, under which a site has one result."""
    return sha256_of(stored)[:16]


def sha256_of(value: object) -> str:
    """The SHA-256 (hex) of a JSON value in its canonical form."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
