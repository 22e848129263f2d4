"""`reverdure recover`: estimate the recovery of every site from two dated land-cover scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import console

if TYPE_CHECKING:
    from geo.recover.run import RecoverResult


def recover(
    product: Annotated[str, typer.Option("--product", help="The land-cover product.")],
    store: console.StoreOption = console.DEFAULT_STORE,
    edition: Annotated[str | None, typer.Option(help="Its edition; the current one where not given.")] = None,
    from_year: Annotated[int | None, typer.Option("--from", help="The baseline year.")] = None,
    to_year: Annotated[int | None, typer.Option("--to", help="The later year.")] = None,
    workers: console.WorkersOption = None,
    dask: console.DaskOption = None,
    totals: Annotated[
        bool, typer.Option("--totals", help="Print the total alone; the store has the sites.")
    ] = False,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """Estimate how far each site has recovered, and judge its status by the evidence."""
    from geo.recover.run import RecoverParams
    from geo.recover.run import recover as run_recover

    params = RecoverParams(product=product, edition=edition, from_year=from_year, to_year=to_year)
    with console.opened(store) as opened, console.progress_bar("Land cover under the sites") as step:
        result = run_recover(
            opened,
            params,
            progress=step,
            today=console.today(),
            pool=console.pool(workers, dask),
            keep=not totals,
        )
    if as_json:
        console.print_json(as_wire(result))
    elif totals:
        _print_total(console.plain(result.total))
    else:
        _print(result, lang)


def as_wire(result: RecoverResult) -> dict[str, Any]:
    """The result as printed: the run, the raw items of each site under its code, the total.

    Each item has the trajectory of its site under majority3, the raw one beside it.
    """
    from geo.recover.items import recovery_items
    from geo.recovery import TemporalRule

    items: dict[str, list[dict[str, Any]]] = {}
    made = recovery_items([*result.recoveries, *result.majority], TemporalRule.NONE)
    for recovery, item in zip(result.recoveries, made, strict=True):
        items.setdefault(result.codes[recovery.site_id], []).append(item)
    sites = [{"site_code": code, "items": found} for code, found in sorted(items.items())]
    return {"run": console.plain(result.run), "sites": sites, "total": console.plain(result.total)}


def _print(result: RecoverResult, lang: str) -> None:
    from geo.areas import ha_from_units

    verdicts = {found.site_id: found.verdict for found in result.evidence}
    numbers = ("baseline ha", "recovered ha", "share", "new damage ha", "valid")
    years = sorted({(found.from_year, found.to_year) for found in result.recoveries})
    span = ", ".join(f"{first}-{last}" for first, last in years) or "no pair of years"
    of = sorted(
        {f"{console.word('products', one.product, lang)}, edition {one.edition}" for one in result.recoveries}
    )
    made = console.table(
        f"Recovery, {'; '.join([*of, span])}, raw figures", "site", *numbers, "verdict", right=numbers
    )
    for found in result.recoveries:
        verdict = verdicts.get(found.site_id)
        console.add_row(
            made,
            result.codes[found.site_id],
            console.hectares(ha_from_units(found.disturbed_baseline_units)),
            console.hectares(ha_from_units(found.recovered_units)),
            console.percent(found.recovered_share, console.word("reasons", found.reason, lang)),
            console.hectares(ha_from_units(found.new_damage_units)),
            console.percent(found.valid_share),
            console.word("verdicts", verdict, lang) if verdict else console.NULL,
        )
    console.stdout().print(made)
    _print_total(console.plain(result.total))


def _print_total(total: dict[str, Any]) -> None:
    """Print the sum over the sites, and the same with no land counted twice where sites overlap."""
    overlap = total["overlap_ha"]
    lines = [("all sites, summed", total["sum"])]
    if overlap:
        lines.append(("the same, no land twice", total["dissolved"]))
    numbers = ("baseline ha", "recovered ha", "share", "new damage ha")
    made = console.table(f"Total of {total['n_sites']} sites", "", *numbers, right=numbers)
    for words, part in lines:
        console.add_row(
            made,
            words,
            console.hectares(part["disturbed_baseline_ha"]),
            console.hectares(part["recovered_ha"]),
            console.percent(part["recovered_share"]),
            console.hectares(part["new_damage_ha"]),
        )
    console.stdout().print(made)
    if overlap:
        console.note(f"the sites overlap by {console.hectares(overlap)} ha")
