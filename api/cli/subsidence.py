"""`reverdure subsidence`: how the ground of the sites moves, and where they stand under water."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import console

if TYPE_CHECKING:
    from geo.subsidence.items import PondingSeries, SiteSubsidence
    from geo.subsidence.ponding import PondingYear
    from geo.subsidence.run import SubsidenceResult
    from geo.subsidence.site import Subsidence

app = typer.Typer(no_args_is_help=True, help="Displacement, settlement and ponding of the sites.")

LINE_OF_SIGHT = "mm a year in the line of sight, positive away from the satellite; not vertical"

Product = Annotated[str, typer.Option("--product", help="The displacement or land-cover product.")]
Edition = Annotated[str | None, typer.Option(help="Its edition; the current one where not given.")]


@app.command("rate")
def rate(
    product: Annotated[str, typer.Option("--product", help="The displacement product.")],
    store: console.StoreOption = console.DEFAULT_STORE,
    edition: Edition = None,
    out: Annotated[Path | None, typer.Option(help="Write rate, error and epochs as a GeoTIFF.")] = None,
    compare: Annotated[
        Path | None, typer.Option(help="A rate raster of the same grid to compare with.")
    ] = None,
    as_json: console.JsonOption = False,
) -> None:
    """The linear rate of every cell of a displacement series, by least squares, the zero epoch included."""
    from geo.subsidence.displacement_rate import compare as compared_with
    from geo.subsidence.displacement_rate import rate_raster, write_rate
    from geo.subsidence.plan import series_of

    with console.opened(store) as opened:
        series = series_of(opened, product, edition)
        raster = rate_raster(series, opened.locate)
        beside = None if compare is None else compared_with(raster, series, compare)
        if out is not None:
            write_rate(raster, series, opened, out)
    span = series.span
    item = {
        "product": span.product,
        "edition": span.edition,
        "period_start": span.period_start,
        "period_end": span.period_end,
        "n_epochs": span.n_epochs,
        "cells": raster.n_cells,
        "cells_by_epochs": raster.cells_by_epochs(),
        "least": raster.least,
        "greatest": raster.greatest,
        "compared": beside,
    }
    if as_json:
        console.print_json(item)
        return
    typer.echo(
        f"{span.product}, edition {span.edition}, {span.period_start} to {span.period_end}: {LINE_OF_SIGHT}"
    )
    counts = ", ".join(f"{cells} with {epochs} epochs" for epochs, cells in raster.cells_by_epochs().items())
    typer.echo(f"{raster.n_cells} cells have a rate ({counts or 'none'})")
    if raster.least is not None:
        typer.echo(f"from {raster.least:.4f} to {raster.greatest:.4f} mm a year")
    if beside is not None:
        largest = console.NULL if beside.largest is None else f"{beside.largest:.3g} mm a year"
        typer.echo(
            f"{compare}: {beside.both} cells in both, {beside.only_ours} only here, "
            f"{beside.only_theirs} only there; largest difference {largest}"
        )


@app.command("run")
def run(
    product: Product,
    store: console.StoreOption = console.DEFAULT_STORE,
    edition: Edition = None,
    threshold: Annotated[
        float | None, typer.Option("--threshold-mm-per-year", help="Speed above which ground moves fast.")
    ] = None,
    last_epochs: Annotated[
        int | None, typer.Option(help="The latest epochs by which settlement is judged.")
    ] = None,
    workers: console.WorkersOption = None,
    dask: console.DaskOption = None,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """Displacement under every site, or, for a land-cover product, its water by year and season."""
    from geo.subsidence.plan import SubsidenceParams
    from geo.subsidence.run import find_subsidence

    params = SubsidenceParams(product, edition, threshold=threshold, last_epochs=last_epochs)
    with console.opened(store) as opened, console.progress_bar("Ground and water of the sites") as step:
        pool = console.pool(workers, dask)
        result = find_subsidence(opened, params, progress=step, today=console.today(), pool=pool)
        records = _records(opened, result)
    if as_json:
        console.print_json(_as_wire(result, records))
        return
    if result.subsidences:
        _print_displacements(result, lang)
    if result.pondings:
        _print_pondings(result, lang)
    console.note(f"{len(result.codes)} sites, {result.n_outside} outside, {result.n_unchanged} unchanged")


@app.command("show")
def show(
    site_code: Annotated[str, typer.Argument(help="The code of the site.")],
    store: console.StoreOption = console.DEFAULT_STORE,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """What displacement and water say of one site, beside what is recorded."""
    from geo.subsidence.items import site_subsidence

    with console.opened(store) as opened:
        found = site_subsidence(opened, _id_of(opened, site_code))
    if as_json:
        console.print_json(_site_wire(found))
        return
    for one in found.displacements:
        typer.echo(_displacement_line(one, lang))
    for series in found.pondings:
        _print_years(series, lang)
    for slug in found.disagreements():
        typer.echo(console.word("reasons", slug, lang))
    if not found.displacements and not found.pondings:
        typer.echo("nothing is known; `reverdure subsidence run --product P` finds it")


@app.command("disagreements")
def disagreements(
    store: console.StoreOption = console.DEFAULT_STORE,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """List the sites whose recorded settlement or ponding the scenes contradict."""
    from geo.subsidence.items import contradicted_records

    with console.opened(store) as opened:
        found = contradicted_records(opened)
    if as_json:
        items = [{"site_code": one.site.site_code, "disagreements": one.disagreements()} for one in found]
        console.print_json({"items": items, "next": None})
        return
    if not found:
        typer.echo("no record is contradicted")
        return
    made = console.table("Records that the scenes contradict", "site", "name", "what")
    for one in found:
        words = "; ".join(console.word("reasons", slug, lang) for slug in one.disagreements())
        console.add_row(made, one.site.site_code, one.site.name, words)
    console.stdout().print(made)


def _id_of(opened: Any, code: str) -> int:
    from geo.errors import UnknownSiteCode
    from geo.store import sites

    with opened.read() as conn:
        site = sites.by_code(conn, code)
    if site is None:
        raise UnknownSiteCode(site_code=code)
    return site.site_id


def _records(opened: Any, result: SubsidenceResult) -> dict[int, Any]:
    from geo.store import sites

    told = {one.site_id for one in result.subsidences} | {one.site_id for one in result.pondings}
    with opened.read() as conn:
        return {site_id: sites.get(conn, site_id) for site_id in sorted(told)}


def _as_wire(result: SubsidenceResult, records: dict[int, Any]) -> dict[str, Any]:
    """The run and, by site code, its displacement or its water by year."""
    from geo.subsidence.items import ponding_item, series_of_years, subsidence_item

    by_site: dict[int, dict[str, list[Any]]] = {}
    for one in result.subsidences:
        found = by_site.setdefault(one.site_id, {"items": [], "ponding": []})
        found["items"].append(subsidence_item(one, records[one.site_id]))
    for site_id, record in records.items():
        years = [line for line in result.pondings if line.site_id == site_id]
        found = by_site.setdefault(site_id, {"items": [], "ponding": []})
        found["ponding"] += [ponding_item(series, record) for series in series_of_years(record, years)]
    sites = [
        {"site_code": result.codes[site_id], **found}
        for site_id, found in sorted(by_site.items(), key=lambda pair: result.codes[pair[0]])
    ]
    return {"run": console.plain(result.run), "sites": sites, "n_outside": result.n_outside}


def _site_wire(found: SiteSubsidence) -> dict[str, Any]:
    from geo.subsidence.items import ponding_item, subsidence_item

    return {
        "site_code": found.site.site_code,
        "items": [subsidence_item(one, found.site) for one in found.displacements],
        "ponding": [ponding_item(one, found.site) for one in found.pondings],
        "disagreements": found.disagreements(),
    }


def _print_displacements(result: SubsidenceResult, lang: str) -> None:
    first = result.subsidences[0]
    numbers = ("mean", "p95", "p95 of speed", "sigma", "moving", "valid")
    title = (
        f"Displacement, {first.product}, edition {first.edition}, "
        f"{first.period_start} to {first.period_end}, {LINE_OF_SIGHT}"
    )
    made = console.table(title, "site", *numbers, "settlement", right=numbers)
    for one in result.subsidences:
        rates = (_mm(value) for value in (one.mean, one.p95, one.p95_abs, one.sigma))
        shares = (console.percent(one.moving_share), console.percent(one.valid_share))
        console.add_row(made, result.codes[one.site_id], *rates, *shares, _settlement(one, lang))
    console.stdout().print(made)
    by = "the rates themselves"
    if first.epochs:
        by = f"the last {first.last_epochs} epochs, from {first.last_from}"
    console.note(
        f"moving: share of the valid area faster than {first.threshold:g} mm a year over the whole span; "
        f"settlement: by {by}, noise allowed for where it is known"
    )


def _displacement_line(one: Subsidence, lang: str) -> str:
    outdated = f" ({console.word('reasons', 'results_outdated', lang)})" if one.outdated else ""
    return (
        f"{one.product}, edition {one.edition}, {one.period_start} to {one.period_end}{outdated}: "
        f"mean {_mm(one.mean)}, p95 {_mm(one.p95)}, p95 of speed {_mm(one.p95_abs)}, sigma {_mm(one.sigma)} "
        f"({LINE_OF_SIGHT}); {console.percent(one.moving_share)} faster than {one.threshold:g}; "
        f"valid {console.percent(one.valid_share)}; {_settlement(one, lang)}"
    )


def _settlement(one: Subsidence, lang: str) -> str:
    settled = console.word("settlements", one.settlement, lang)
    return "; ".join(word for word in (settled, console.word("reasons", one.reason, lang)) if word)


def _print_pondings(result: SubsidenceResult, lang: str) -> None:
    first = result.pondings[0]
    made = _years_table(f"Water, {first.product}, edition {first.edition}, ha", "site")
    for line in result.pondings:
        console.add_row(made, result.codes[line.site_id], *_year_cells(line, lang))
    console.stdout().print(made)


def _print_years(series: PondingSeries, lang: str) -> None:
    made = _years_table(f"Water, {series.product}, edition {series.edition}, ha")
    for line in series.years:
        console.add_row(made, *_year_cells(line, lang))
    console.stdout().print(made)


def _years_table(title: str, *first: str) -> Any:
    numbers = ("year", "seasons", "annual", "perennial", "seasonal", "valid")
    return console.table(title, *first, *numbers, "note", right=numbers)


def _year_cells(line: PondingYear, lang: str) -> tuple[str, ...]:
    from geo.areas import ha_from_units

    areas = (line.annual_units, line.perennial_units, line.seasonal_units)
    unknown = line.perennial_units is None
    return (
        str(line.year),
        str(line.n_seasons) if line.n_seasons else console.NULL,
        *(console.hectares(None if units is None else ha_from_units(units), 2) for units in areas),
        console.percent(line.valid_share),
        console.word("reasons", "seasons_unknown", lang) if unknown else "",
    )


def _mm(value: float | None) -> str:
    return console.NULL if value is None else f"{value:.2f}"
