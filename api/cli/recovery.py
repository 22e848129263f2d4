"""`reverdure recover`: estimate the recovery of every site from two dated land-cover scenes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import console

if TYPE_CHECKING:
    from geo.recover import RecoverResult


def recover(
    product: Annotated[str, typer.Option("--product", help="The land-cover product.")],
    store: console.StoreOption = console.DEFAULT_STORE,
    edition: Annotated[str | None, typer.Option(help="Its edition; the current one where not given.")] = None,
    from_year: Annotated[int | None, typer.Option("--from", help="The baseline year.")] = None,
    to_year: Annotated[int | None, typer.Option("--to", help="The later year.")] = None,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """Estimate how far each site has recovered, and judge its status by the evidence."""
    from geo.recover import RecoverParams
    from geo.recover import recover as run_recover

    params = RecoverParams(product=product, edition=edition, from_year=from_year, to_year=to_year)
    with console.opened(store) as opened:
        with console.progress_bar("Land cover under the sites", quiet=False) as step:
            result = run_recover(opened, params, progress=step)
        codes = _codes(opened)
    if as_json:
        console.print_json(as_wire(result, codes))
    else:
        _print(result, codes, lang)


def as_wire(result: RecoverResult, codes: Mapping[int, str]) -> dict[str, Any]:
    """The result as printed: the run, the items of each site, the total."""
    from geo.recover import recovery_item

    items: dict[str, list[dict[str, Any]]] = {}
    for recovery in result.recoveries:
        items.setdefault(codes[recovery.site_id], []).append(recovery_item(recovery))
    sites = [{"site_code": code, "items": found} for code, found in sorted(items.items())]
    return {"run": console.plain(result.run), "sites": sites, "total": console.plain(result.total)}


def _codes(store: Any) -> dict[int, str]:
    from geo.store import sites

    with store.read() as conn:
        return {site_id: code for code, site_id in sites.code_index(conn).items()}


def _print(result: RecoverResult, codes: Mapping[int, str], lang: str) -> None:
    verdicts = {found.site_id: found.verdict for found in result.evidence}
    numbers = ("baseline ha", "recovered ha", "share", "new damage ha", "valid")
    years = sorted({(found.from_year, found.to_year) for found in result.recoveries})
    span = ", ".join(f"{first}-{last}" for first, last in years) or "no pair of years"
    made = console.table(f"Recovery, {span}", "site", *numbers, "verdict", right=numbers)
    for found in result.recoveries:
        verdict = verdicts.get(found.site_id)
        console.add_row(
            made,
            codes[found.site_id],
            console.hectares(found.disturbed_baseline_units / 1e8),
            console.hectares(found.recovered_units / 1e8),
            console.percent(found.recovered_share, console.word("reasons", found.reason, lang)),
            console.hectares(found.new_damage_units / 1e8),
            console.percent(found.valid_share),
            console.word("verdicts", verdict, lang) if verdict else console.NULL,
        )
    console.stdout().print(made)
    for name, value in console.plain(result.total).items():
        if not isinstance(value, dict | list):
            typer.echo(f"{name}: {value}")
