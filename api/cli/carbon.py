"""`reverdure carbon`: what the new cover of restored land takes up, as a range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from geo.carbon.query import CarbonGroup

if TYPE_CHECKING:
    from geo.carbon.totals import CarbonTotal
    from geo.carbon.uptake import KgRange


def carbon(
    store: console.StoreOption = console.DEFAULT_STORE,
    group_by: Annotated[CarbonGroup, typer.Option(help="By what the sites are grouped.")] = CarbonGroup.CITY,
    year: Annotated[int | None, typer.Option(help="The year; the last with results by default.")] = None,
    product: Annotated[str | None, typer.Option(help="The land-cover product.")] = None,
    edition: Annotated[str | None, typer.Option(help="Its edition.")] = None,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """Uptake of the new cover of recovered land by class and age: always a range, never one number."""
    from geo.carbon.items import ASSUMPTIONS, total_item
    from geo.carbon.query import CarbonQuery
    from geo.carbon.totals import carbon_totals

    with console.opened(store) as opened:
        query = CarbonQuery(product, edition, year)
        found = carbon_totals(opened, query, group_by, today=console.today())
    if as_json:
        console.print_json(
            {"items": [total_item(one) for one in found], "assumptions": ASSUMPTIONS, "next": None}
        )
        return
    _print([one for one in found if one.n_sites], lang)
    for slug in ASSUMPTIONS:
        console.note(console.word("reasons", slug, lang))


def _print(found: list[CarbonTotal], lang: str) -> None:
    if not found:
        typer.echo(console.word("reasons", "no_sites", lang))
        return
    first = found[0]
    what = console.NULL
    if first.product is not None:
        what = f"{console.word('products', first.product, lang)}, edition {first.edition}, {first.year or ''}"
    numbers = ("sites", "new cover ha", "with factor ha", "unverified ha", "t CO2 a year", "t CO2 so far")
    made = console.table(f"Uptake of new cover, {what}", "group", *numbers, "note", right=numbers)
    for one in found:
        name = (one.name if lang == "zh" else one.name_en or one.name) or one.key
        areas = (one.recovered_units, one.factored_units, one.unverified_units)
        console.add_row(
            made,
            f"{one.key} {name}" if name != one.key else name,
            f"{one.n_known}/{one.n_sites}",
            *(console.hectares(units / 1e8, 2) for units in areas),
            _tonnes(one.a_year),
            _tonnes(one.so_far),
            console.word("reasons", one.reason, lang),
        )
    console.stdout().print(made)
    overlap = sum(one.overlap_units for one in found)
    if overlap:
        console.note(
            f"the sites of a group overlap, by {console.hectares(overlap / 1e8)} ha in all: counted in each"
        )


def _tonnes(one: KgRange | None) -> str:
    return console.NULL if one is None else f"{one.low / 1000:,.1f} to {one.high / 1000:,.1f}"
