"""The plan of a subsidence run: which series or years it reads, over which sites, and how they are parted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from geo.errors import BadValue, InvalidInput, UnknownScene, UnknownSite
from geo.grid import Grid
from geo.landcover import Product, product
from geo.recover.params import BadRunParams
from geo.runs.run import Run
from geo.runs.shards import Shard, shards_of
from geo.scenes import Scene, SceneKind, check_same_grid
from geo.store import Connection, Store, scenes, site_boxes, sites
from geo.subsidence.displacement_series import DisplacementSeries, displacement_series
from geo.subsidence.rules import subsidence_rules
from geo.subsidence.site_ponding import YearScenes, scenes_by_year


class NotOfSubsidence(InvalidInput):
    """The scenes asked for tell neither how ground moves nor where water stands."""

    template = "{product} holds {kind} scenes; subsidence is told by displacement or land cover"


@dataclass(frozen=True, slots=True)
class SubsidenceParams:
    """What a run is asked for; None stands for the current edition, the numbers of the rules, all sites."""

    product: str
    edition: str | None = None
    threshold: float | None = None
    last_epochs: int | None = None
    site_ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class SubsidencePlan:
    """What a run does, whatever its sites: the series, or the years with their legend."""

    params: SubsidenceParams
    edition: str
    scenes: tuple[Scene, ...]
    series: DisplacementSeries | None = None
    years: tuple[YearScenes, ...] = ()
    legend: Product | None = None

    @property
    def grid(self) -> Grid:
        """The grid that the scenes share."""
        return self.scenes[-1].grid

    @property
    def scene_seq(self) -> int:
        """How far scenes were registered when the run was planned."""
        return max(scene.scene_id for scene in self.scenes)

    def shards(self, store: Store, most_sites: int) -> list[Shard]:
        """The sites as they are now, parted by space."""
        asked = self.params.site_ids
        chosen = None if asked is None else np.unique(np.array(asked, dtype=np.int64))
        with store.read() as conn:
            ids, boxes = site_boxes.boxes(conn, chosen)
        return shards_of(self.grid, ids, boxes, most_sites=most_sites)


def plan_subsidence(store: Store, params: SubsidenceParams) -> SubsidencePlan:
    """The plan of a run. Raises as `geo.subsidence.run.find_subsidence` does, before anything is computed."""
    if params.last_epochs is not None and params.last_epochs < 3:
        raise BadValue(field="last_epochs", value=params.last_epochs, problem="is less than 3")
    if params.threshold is not None and not params.threshold > 0:
        raise BadValue(field="threshold", value=params.threshold, problem="is not above 0")
    with store.read() as conn:
        edition, found = _scenes(conn, params)
        _check_sites(conn, params.site_ids or ())
    if found[0].kind is SceneKind.DISPLACEMENT:
        series = displacement_series(
            found, subsidence_rules(), threshold=params.threshold, last_epochs=params.last_epochs
        )
        return SubsidencePlan(params, edition, tuple(found), series=series)
    if found[0].kind is not SceneKind.LANDCOVER:
        raise NotOfSubsidence(product=params.product, kind=found[0].kind.value)
    years = tuple(scenes_by_year(found))
    check_same_grid([scene for year in years for scene in year.used])
    return SubsidencePlan(params, edition, tuple(found), years=years, legend=product(params.product))


def series_of(store: Store, slug: str, edition: str | None) -> DisplacementSeries:
    """The displacement series of a product and edition; raises `UnknownScene`, `NotOfSubsidence`."""
    with store.read() as conn:
        _, found = _scenes(conn, SubsidenceParams(slug, edition))
    if found[0].kind is not SceneKind.DISPLACEMENT:
        raise NotOfSubsidence(product=slug, kind=found[0].kind.value)
    return displacement_series(found, subsidence_rules())


def subsidence_run_params(params: SubsidenceParams) -> dict[str, object]:
    """The parameters as a run keeps them: JSON values by name, those not given left out."""
    values = {name: value for name, value in asdict(params).items() if value is not None}
    return values | ({"site_ids": list(params.site_ids)} if params.site_ids is not None else {})


def subsidence_params_of(run: Run) -> SubsidenceParams:
    """The parameters that `subsidence_run_params` made a run of. Raises `BadRunParams`."""
    values = dict(run.params)
    site_ids = values.pop("site_ids", None)
    if isinstance(site_ids, list | tuple):
        values["site_ids"] = tuple(site_ids)
    try:
        return SubsidenceParams(**values)  # type: ignore[arg-type]  # a wrong name is caught below
    except TypeError as error:
        raise BadRunParams(params=values, problem=str(error)) from error


def _check_sites(conn: Connection, site_ids: Sequence[int]) -> None:
    wanted = sorted(set(site_ids))
    known = sites.known_ids(conn, wanted)
    for site_id in wanted:
        if site_id not in known:
            raise UnknownSite(site_id=site_id)


def _scenes(conn: Connection, params: SubsidenceParams) -> tuple[str, list[Scene]]:
    edition = params.edition or scenes.current_edition(conn, params.product)
    found: list[Scene] = []
    if edition is not None:
        found = scenes.find(conn, product=params.product, edition=edition, kind=None, seasons=True)
    if edition is None or not found:
        raise UnknownScene(product=params.product, edition=edition or "any", year="any year", known="none")
    return edition, found
