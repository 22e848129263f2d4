"""The subsidence run: displacement rates of the sites, or their water by year and season."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import partial

from shapely import MultiPolygon

from geo import clock
from geo.assessment import content_key
from geo.errors import BadValue, InvalidInput, ReverdureError, UnknownScene
from geo.inputs import InputsNow, inputs_of
from geo.landcover import Product, Role, product
from geo.readings import known_until, ledger_of
from geo.recover.params import BadRunParams
from geo.recovery import Inputs
from geo.runs.owner import Heartbeat, this_process
from geo.runs.run import Run
from geo.scenes import Scene, SceneKind
from geo.sites import Site
from geo.store import Connection, Store, pondings, runs, scenes, sites, subsidences
from geo.store.sites import SiteFilter
from geo.subsidence.displacement_series import DisplacementSeries, displacement_series
from geo.subsidence.inputs import displacement_terms, ponding_terms
from geo.subsidence.ponding import PondingYear
from geo.subsidence.rules import subsidence_rules
from geo.subsidence.site import Subsidence, subsidence
from geo.subsidence.site_displacement import site_displacements
from geo.subsidence.site_ponding import WaterUnits, YearScenes, scenes_by_year, site_waters

Progress = Callable[[int, int], None]

KIND = "subsidence"


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
    """All that a run needs: the series, or the years with their legend, and the sites with their outlines."""

    product: str
    edition: str
    sites: Mapping[int, Site]
    geometry_seq: Mapping[int, int]
    series: DisplacementSeries | None = None
    years: tuple[YearScenes, ...] = ()
    legend: Product | None = None


@dataclass(frozen=True, slots=True)
class SubsidenceResult:
    """What a run found: `subsidences` of displacement or `pondings` of land cover; `codes` is {id: code}.

    `n_outside` sites do not meet the rasters; `n_unchanged` results were known already.
    """

    run: Run
    subsidences: list[Subsidence] = field(default_factory=list)
    pondings: list[PondingYear] = field(default_factory=list)
    codes: Mapping[int, str] = field(default_factory=dict)
    n_outside: int = 0
    n_unchanged: int = 0


def plan_subsidence(store: Store, params: SubsidenceParams, *, today: date) -> SubsidencePlan:
    """The plan of a run. Raises as `find_subsidence` does, before anything is computed."""
    if params.last_epochs is not None and params.last_epochs < 3:
        raise BadValue(field="last_epochs", value=params.last_epochs, problem="is less than 3")
    if params.threshold is not None and not params.threshold > 0:
        raise BadValue(field="threshold", value=params.threshold, problem="is not above 0")
    with store.read() as conn:
        edition, found = _scenes(conn, params)
        ledger = ledger_of(store, conn)
        now = ledger.snapshot(as_of=today, known_us=known_until(ledger, None))
        asked = (
            sites.find(conn, SiteFilter(limit=None))
            if params.site_ids is None
            else [sites.get(conn, site_id) for site_id in sorted(set(params.site_ids))]
        )
        chosen = {site.site_id: site for site in asked if now.state_of(site.site_id) is not None}
        inputs = InputsNow(conn, ledger)
        common = partial(
            SubsidencePlan,
            product=params.product,
            edition=edition,
            sites=chosen,
            geometry_seq={site_id: inputs.geometry_seq(site_id) for site_id in chosen},
        )
    if found[0].kind is SceneKind.DISPLACEMENT:
        rules = subsidence_rules()
        return common(
            series=displacement_series(
                found, rules, threshold=params.threshold, last_epochs=params.last_epochs
            )
        )
    if found[0].kind is not SceneKind.LANDCOVER:
        raise NotOfSubsidence(product=params.product, kind=found[0].kind.value)
    return common(years=tuple(scenes_by_year(found)), legend=product(params.product))


def series_of(store: Store, slug: str, edition: str | None) -> DisplacementSeries:
    """The displacement series of a product and edition; raises `UnknownScene`, `NotOfSubsidence`."""
    with store.read() as conn:
        _, found = _scenes(conn, SubsidenceParams(slug, edition))
    if found[0].kind is not SceneKind.DISPLACEMENT:
        raise NotOfSubsidence(product=slug, kind=found[0].kind.value)
    return displacement_series(found, subsidence_rules())


def find_subsidence(
    store: Store,
    params: SubsidenceParams,
    *,
    run_id: int | None = None,
    progress: Progress | None = None,
    today: date | None = None,
) -> SubsidenceResult:
    """The displacement, or the ponding, of the sites asked for, kept in one transaction.

    `progress(done, total)` may raise to stop. Without `run_id` a run is made and ended here. Raises
    `UnknownScene`, `UnknownSite`, `MixedDisplacements`, `NotOfSubsidence`, `BadValue`, `GridsDiffer`.
    """
    plan = plan_subsidence(store, params, today=today or clock.today())
    if run_id is not None:
        with Heartbeat(store, run_id):
            return _run(store, plan, run_id=run_id, progress=progress)
    with store.write() as conn:
        created = runs.create(conn, KIND, subsidence_run_params(params))
        run = runs.start(conn, created.run_id, owner=this_process())
    try:
        with Heartbeat(store, run.run_id):
            return _run(store, plan, run_id=run.run_id, progress=progress)
    except ReverdureError as error:
        with store.write() as conn:
            runs.fail(conn, run.run_id, str(error))
        raise
    except KeyboardInterrupt:
        with store.write() as conn:
            runs.cancelled(conn, run.run_id)
        raise


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


def _scenes(conn: Connection, params: SubsidenceParams) -> tuple[str, list[Scene]]:
    edition = params.edition or scenes.current_edition(conn, params.product)
    found: list[Scene] = []
    if edition is not None:
        found = scenes.find(conn, product=params.product, edition=edition, kind=None, seasons=True)
    if edition is None or not found:
        raise UnknownScene(product=params.product, edition=edition or "any", year="any year", known="none")
    return edition, found


def _run(store: Store, plan: SubsidencePlan, *, run_id: int, progress: Progress | None) -> SubsidenceResult:
    fresh, kept = ([], []) if plan.series is None else _subsidences(store, plan, plan.series, progress)
    ponded = _pondings(store, plan, progress)
    told = {one.site_id for one in (*fresh, *kept)} | {one.site_id for one in ponded}
    counts = {"n_sites": len(plan.sites), "n_told": len(told), "n_unchanged": len(kept)}
    with store.write() as conn:
        subsidences.put(conn, run_id, fresh)
        pondings.put(conn, run_id, ponded)
        run = runs.finish(conn, run_id, {**counts, "edition": plan.edition})
    return SubsidenceResult(
        run=run,
        subsidences=sorted([*fresh, *kept], key=lambda one: one.site_id),
        pondings=ponded,
        codes={site.site_id: site.site_code for site in plan.sites.values()},
        n_outside=len(plan.sites) - len(told),
        n_unchanged=len(kept),
    )


def _subsidences(
    store: Store, plan: SubsidencePlan, series: DisplacementSeries, progress: Progress | None
) -> tuple[list[Subsidence], list[Subsidence]]:
    """The results of the sites that were computed now, and those that are stored and still hold."""
    span = series.span
    terms = displacement_terms(series.scenes, threshold=span.threshold, last_epochs=span.last_epochs)
    last_scene_id = max(scene.scene_id for scene in series.scenes)
    keys = {site_id: content_key(terms, site.geometry) for site_id, site in plan.sites.items()}
    inputs = {one: inputs_of(seq, terms, last_scene_id) for one, seq in plan.geometry_seq.items()}
    with store.read() as conn:
        stored = subsidences.find(conn, product=plan.product, edition=plan.edition)
    kept = [
        one
        for one in stored
        if (keys.get(one.site_id), inputs.get(one.site_id)) == (one.content_key, one.inputs)
    ]
    found = site_displacements(series, _outlines(plan, kept), locate=store.locate, progress=progress)
    fresh = [
        subsidence(
            site_id,
            plan.sites[site_id].area_units,
            cells,
            span=span,
            rules=series.rules,
            epochs=epochs,
            content_key=keys[site_id],
            inputs=inputs[site_id],
        )
        for site_id, (cells, epochs) in found
    ]
    return fresh, kept


def _outlines(plan: SubsidencePlan, kept: Sequence[Subsidence] = ()) -> dict[int, MultiPolygon]:
    known = {one.site_id for one in kept}
    return {site_id: site.geometry for site_id, site in plan.sites.items() if site_id not in known}


def _pondings(store: Store, plan: SubsidencePlan, progress: Progress | None) -> list[PondingYear]:
    legend = plan.legend
    if legend is None:
        return []
    found = site_waters(
        plan.years,
        _outlines(plan),
        water_codes=legend.codes_of(Role.WATER),
        blind_codes=legend.codes_of(Role.NO_DATA),
        locate=store.locate,
        progress=progress,
    )
    terms = {one.year: ponding_terms(one, legend) for one in plan.years}
    last = {one.year: max(scene.scene_id for scene in one.used) for one in plan.years}
    return [
        _line(
            plan,
            site_id,
            year,
            units,
            key=content_key(terms[year], plan.sites[site_id].geometry),
            inputs=inputs_of(plan.geometry_seq[site_id], terms[year], last[year]),
        )
        for site_id, by_year in sorted(found.items())
        for year, units in sorted(by_year.items())
    ]


def _line(
    plan: SubsidencePlan, site_id: int, year: int, units: WaterUnits, *, key: str, inputs: Inputs
) -> PondingYear:
    return PondingYear(
        site_id=site_id,
        product=plan.product,
        edition=plan.edition,
        year=year,
        n_seasons=units.n_seasons,
        area_units=plan.sites[site_id].area_units,
        valid_units=units.valid,
        annual_units=units.annual,
        perennial_units=units.perennial,
        seasonal_units=units.seasonal,
        content_key=key,
        inputs=inputs,
    )
