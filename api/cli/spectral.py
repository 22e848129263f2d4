"""`reverdure spectral`, `indices`, `references`: recovery by a spectral index, and what it is judged by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import console
from geo.errors import BadValue

if TYPE_CHECKING:
    from geo.spectral.params import SpectralParams
    from geo.spectral.recovery import SpectralRecovery
    from geo.spectral.run import SpectralResult

references = typer.Typer(no_args_is_help=True, help="Reference polygons that sites are compared with.")


def spectral(
    product: Annotated[str, typer.Option("--product", help="The product of the composites.")],
    index: Annotated[str, typer.Option("--index", help="An index of the table, or the name of a formula.")],
    store: console.StoreOption = console.DEFAULT_STORE,
    edition: Annotated[str | None, typer.Option(help="Its edition; the current one where not given.")] = None,
    formula: Annotated[
        str | None, typer.Option(help="A formula of the bands, such as '(nir - red) / (nir + red)'.")
    ] = None,
    direction: Annotated[
        int | None, typer.Option(help="1 where the formula rises as land recovers, -1 where it falls.")
    ] = None,
    target: Annotated[
        str,
        typer.Option(
            help="Where the target comes from; with --reference ring, reference means the ring.",
            metavar="historic|reference",
        ),
    ] = "historic",
    scope: Annotated[
        str, typer.Option(help="What a historic target holds for.", metavar="pixel|focal|polygon")
    ] = "pixel",
    focal_cells: Annotated[
        int | None, typer.Option(help="Pixels along the side of a focal target's square.")
    ] = None,
    window: Annotated[
        str | None, typer.Option(help="First and last year of the target.", metavar="A:B")
    ] = None,
    k_years: Annotated[int | None, typer.Option("-k", help="Years after the start of restoration.")] = None,
    target_share: Annotated[
        float | None, typer.Option("-p", "--target-share", help="Share of the target that is asked for.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option(help="What each year is compared with.", metavar="polygons|ring|none")
    ] = None,
    reference_set: Annotated[
        str | None, typer.Option("--references", help="One set of reference polygons.")
    ] = None,
    ring: Annotated[
        str | None, typer.Option(help="Inner and outer distance of a ring in metres.", metavar="A:B")
    ] = None,
    disturbance_year: Annotated[
        int | None, typer.Option(help="For all sites, in place of their damage year.")
    ] = None,
    restoration_year: Annotated[
        int | None, typer.Option(help="For all sites, in place of the start of their treatment.")
    ] = None,
    from_year: Annotated[int | None, typer.Option("--from", help="The first year to read.")] = None,
    to_year: Annotated[int | None, typer.Option("--to", help="The last year to read.")] = None,
    workers: console.WorkersOption = None,
    dask: console.DaskOption = None,
    out_rasters: Annotated[
        Path | None, typer.Option("--out-rasters", help="Also write each metric as a GeoTIFF there.")
    ] = None,
    by_year: Annotated[bool, typer.Option("--by-year", help="Print the series of each site too.")] = False,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """Estimate the recovery of each site from yearly composites: an index, its target and its reference."""
    from geo.spectral.params import spectral_params_of
    from geo.spectral.run import spectral_recovery

    distances = None if ring is None else _pair("--ring", ring, float)
    params = spectral_params_of(
        {
            "product": product,
            "index": index,
            "edition": edition,
            "formula": formula,
            "direction": direction,
            "target": target,
            "scope": scope,
            "focal_cells": focal_cells,
            "window": None if window is None else _pair("--window", window, int),
            "k_years": k_years,
            "target_share": target_share,
            "reference": reference or ("ring" if distances else None),
            "references": reference_set,
            "ring_m": distances,
            "disturbance_year": disturbance_year,
            "restoration_year": restoration_year,
            "from_year": from_year,
            "to_year": to_year,
        }
    )
    with console.opened(store) as opened, console.progress_bar("Index under the sites") as step:
        result = spectral_recovery(opened, params, progress=step, pool=console.pool(workers, dask))
        if out_rasters is not None:
            from geo.spectral.rasters import write_metric_rasters

            paths = write_metric_rasters(opened, params, out_rasters, progress=step)
            console.note(f"written: {', '.join(map(str, paths))}")
    if as_json:
        console.print_json(as_wire(result))
    else:
        _print(result, params, lang)
        for one in result.recoveries if by_year else ():
            _print_years(one, result.codes[one.site_id])


def as_wire(result: SpectralResult) -> dict[str, Any]:
    """The result as printed: the run, and the item of each site under its code."""
    from geo.spectral.items import spectral_item

    sites = [
        {"site_code": result.codes[one.site_id], "items": [spectral_item(one)]} for one in result.recoveries
    ]
    return {"run": console.plain(result.run), "sites": sites}


def indices(as_json: console.JsonOption = False, lang: console.LangOption = "en") -> None:
    """List the spectral indices of the table with their formulas and sources."""
    from geo.spectral.indices import indices as known
    from geo.spectral.items import index_item

    if as_json:
        console.print_json({"items": [index_item(one) for one in known().values()]})
        return
    made = console.table("Spectral indices", "index", "name", "formula", "as land recovers", "source")
    for one in known().values():
        name = one.zh if lang == "zh" else one.en
        goes = "rises" if one.direction > 0 else "falls"
        console.add_row(made, one.slug, name, one.formula.text, goes, one.source)
    console.stdout().print(made)


@references.command("add")
def add_references(
    file: Annotated[Path, typer.Argument(help="A vector file of polygons.", exists=False)],
    store: console.StoreOption = console.DEFAULT_STORE,
    name: Annotated[str | None, typer.Option(help="The name of the set; the file's where not given.")] = None,
    layer: Annotated[str | None, typer.Option(help="The layer, where the file holds several.")] = None,
    as_json: console.JsonOption = False,
) -> None:
    """Take in reference polygons, in place of those of the same set."""
    from geo.references import references_from_file
    from geo.store import references as kept

    found = references_from_file(file, set_name=name, layer=layer)
    with console.opened(store) as opened, opened.write() as conn:
        kept.put(conn, found)
    _print_references([found[0].set_name], store, as_json)


@references.command("list")
def list_references(
    store: console.StoreOption = console.DEFAULT_STORE, as_json: console.JsonOption = False
) -> None:
    """List the reference polygons, set by set."""
    _print_references(None, store, as_json)


def _print_references(sets: list[str] | None, store: str, as_json: bool) -> None:
    from geo.areas import geodesic_area_units, ha_from_units
    from geo.store import references as kept

    with console.opened(store) as opened, opened.read() as conn:
        found = [one for one in kept.find(conn) if sets is None or one.set_name in sets]
    items = [
        {
            "set": one.set_name,
            "name": one.name,
            "area_ha": ha_from_units(geodesic_area_units(one.geometry)),
            "source": one.source,
            "sha256": one.sha256,
        }
        for one in found
    ]
    if as_json:
        console.print_json({"items": items})
        return
    made = console.table("Reference polygons", "set", "name", "ha", "source", right=("ha",))
    for item in items:
        cells = (item["set"], item["name"], console.hectares(float(str(item["area_ha"]))), item["source"])
        console.add_row(made, *map(str, cells))
    console.stdout().print(made)


def _pair(option: str, text: str, kind: type[int | float]) -> tuple[float, float]:
    """The two numbers of `A:B`. Raises BadValue."""
    first, colon, last = text.partition(":")
    try:
        pair = kind(first), kind(last)
    except ValueError as error:
        raise BadValue(field=option, value=text, problem="is not two numbers such as 1:2") from error
    if not colon:
        raise BadValue(field=option, value=text, problem="is not two numbers such as 1:2")
    return pair


def _print(result: SpectralResult, params: SpectralParams, lang: str) -> None:
    from geo.spectral.metrics import Metric

    numbers = ("first", "last", "target", "relative", *(metric.value for metric in Metric), "n")
    edition = result.recoveries[0].edition if result.recoveries else params.edition
    k = result.recoveries[0].k_years if result.recoveries else params.k_years
    title = f"{params.index} of {params.product}, edition {edition}: mean of the site's pixels, k = {k} years"
    made = console.table(title, "site", *numbers, "relapse", "confidence", "note", right=numbers)
    for one in result.recoveries:
        console.add_row(made, result.codes[one.site_id], *_cells(one, lang))
    console.stdout().print(made)


def _cells(one: SpectralRecovery, lang: str) -> list[str]:
    from geo.spectral.metrics import Metric

    seen = [year for year in one.years if year.value is not None]
    ends = [f"{_number(year.value)} ({year.period})" for year in (seen[:1] + seen[-1:])] or [console.NULL] * 2
    relative = _number(seen[-1].relative_value) if seen else console.NULL
    return [
        *ends,
        _number(one.target_value),
        relative,
        *(_number(one.metrics[metric].value) for metric in Metric),
        str(max((year.n_pixels for year in one.years), default=0)),
        str(one.relapse_year or console.NULL),
        console.word("spectral_confidence", one.confidence, lang),
        console.word("reasons", one.reason, lang),
    ]


def _print_years(one: SpectralRecovery, code: str) -> None:
    numbers = ("mean", "quartiles", "pixels", "valid", "reference", "relative")
    title = f"{code}: {one.index} = {one.formula} of {one.product}, edition {one.edition}"
    made = console.table(title, "time", *numbers, right=numbers)
    for year in one.years:
        console.add_row(
            made,
            year.period,
            _number(year.value),
            f"{_number(year.low)} to {_number(year.high)}",
            f"{year.n_pixels:,}",
            console.percent(year.valid_share),
            _number(year.reference_value),
            _number(year.relative_value),
        )
    console.stdout().print(made)


def _number(value: float | None) -> str:
    return console.NULL if value is None else f"{value:.4g}"
