"""`reverdure agreement`: what two editions or products say of the same land."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console

if TYPE_CHECKING:
    from geo.agreement.class_fate import ClassFate
    from geo.agreement.tables import Agreement, Seen


def agreement(
    product: Annotated[str, typer.Option("--product", help="The land-cover product.")],
    edition: Annotated[str, typer.Option("--edition", help="Its edition.")],
    other: Annotated[
        str, typer.Option("--with", help="The other edition, or PRODUCT:EDITION.", metavar="[P:]EDITION")
    ],
    from_year: Annotated[int, typer.Option("--from", help="The baseline year.")],
    to_year: Annotated[int, typer.Option("--to", help="The later year.")],
    store: console.StoreOption = console.DEFAULT_STORE,
    scene: Annotated[bool, typer.Option("--scene", help="The whole scene instead of the sites.")] = False,
    city: Annotated[str | None, typer.Option(help="Only sites under this unit.", metavar="ADCODE")] = None,
    site: Annotated[str | None, typer.Option(help="Only the site of this code.", metavar="CODE")] = None,
    responsible: Annotated[str, typer.Option(help="legacy, liable or all.")] = "all",
    class_code: Annotated[
        int | None, typer.Option("--class", help="With --scene: what became of the land of this class.")
    ] = None,
    vegetated: Annotated[
        str | None,
        typer.Option(
            help="Classes that count as vegetated; by default those of the roles green and wetland."
        ),
    ] = None,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """Where two editions or products agree on what became of the land, and the range that they span."""
    from api.sides import side_of
    from geo.agreement.class_fate import Side
    from geo.agreement.sites import compared_sites
    from geo.agreement.tables import scene_agreement, site_agreement

    if class_code is not None and not scene:
        raise typer.BadParameter("a class is followed over the whole --scene", param_hint="--class")
    if responsible not in {"legacy", "liable", "all"}:
        raise typer.BadParameter("legacy, liable or all", param_hint="--responsible")
    first, second, years = Side(product, edition), side_of(product, other), (from_year, to_year)
    with console.opened(store) as opened:
        if scene:
            found = scene_agreement(
                opened, first, second, years, class_code=class_code, vegetated=_codes(vegetated)
            )
        else:
            with opened.read() as conn:
                chosen = compared_sites(conn, adcode=city, site_code=site, responsible=responsible)
            found = site_agreement(opened, chosen, first, second, years, scope=site or city or "all")
    if as_json:
        from api.schemas.agreement import AgreementOut

        console.print_json(AgreementOut.model_validate(found))
    else:
        _print(found, lang)


def _codes(text: str | None) -> frozenset[int] | None:
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise typer.BadParameter(f"{text!r} is not of the form 3,11,12", param_hint="--vegetated")
    return frozenset(map(int, parts))


def _name(seen: Seen, lang: str) -> str:
    return f"{console.word('products', seen.side.product, lang)} {seen.side.edition}"


def _print(found: Agreement, lang: str) -> None:
    numbers = ("disturbed ha", "recovered ha", "share")
    title = f"{found.scope}: disturbed in {found.from_year}, recovered by {found.to_year}, raw figures"
    made = console.table(title, "by", *numbers, right=numbers)
    for seen in (found.first, found.second):
        console.add_row(
            made,
            _name(seen, lang),
            console.hectares(seen.disturbed_baseline_ha),
            console.hectares(seen.recovered_ha),
            console.percent(seen.recovered_share, console.word("reasons", "no_disturbed_baseline", lang)),
        )
    console.stdout().print(made)
    typer.echo(f"the range: {console.percent(found.low)} to {console.percent(found.high)}")
    if found.sites:
        _print_sites(found, lang)
    _print_table(found, lang)
    for fate in found.classes:
        _print_fate(fate, found, lang)


def _print_sites(found: Agreement, lang: str) -> None:
    shares = (_name(found.first, lang), _name(found.second, lang))
    made = console.table("Recovered share by site", "site", *shares, right=shares)
    for one in found.sites:
        shown = (console.percent(seen.recovered_share) for seen in (one.first, one.second))
        console.add_row(made, one.site_code, *shown)
    console.stdout().print(made)


def _print_table(found: Agreement, lang: str) -> None:
    if found.table is None:
        console.note(console.word("reasons", found.reason, lang))
        return
    first, second = _name(found.first, lang), _name(found.second, lang)
    made = console.table("Hectares by outcome", first, second, "ha", right=("ha",))
    for cell in sorted(found.table.cells, key=lambda cell: -cell.ha):
        words = (_outcome(cell.row, lang), _outcome(cell.column, lang))
        console.add_row(made, *words, console.hectares(cell.ha, 2))
    console.stdout().print(made)
    table = found.table
    typer.echo(
        f"they agree on {console.hectares(table.agree_ha)} ha and differ on"
        f" {console.hectares(table.disagree_ha)} ha; {console.hectares(table.undecided_ha)} ha lack data"
    )
    if table.both_disturbed is not None:
        shares = " and ".join(console.percent(share) for share in table.both_disturbed)
        typer.echo(
            f"of the {console.hectares(table.both_disturbed_ha)} ha that both call disturbed in"
            f" {found.from_year}, {shares} recovered"
        )


def _outcome(slug: str, lang: str) -> str:
    return console.word("outcome_words" if slug == "no_data" else "sample_outcomes", slug, lang)


def _print_fate(fate: ClassFate, found: Agreement, lang: str) -> None:
    from geo.landcover import product as product_of

    legend = product_of(fate.side.product).legend
    numbers = ("ha", "grid ha", "share")
    row = legend.get(fate.class_code)
    name = str(fate.class_code) if row is None else f"{row.code} {row.zh if lang == 'zh' else row.en}"
    title = (
        f"{fate.side.product} {fate.side.edition}: class {name} of {found.from_year}"
        f" ({console.hectares(fate.ha)} ha, {console.hectares(fate.ha_grid)} grid ha) in {found.to_year}"
    )
    made = console.table(title, "class", "counted", *numbers, right=numbers)
    for became in fate.became:
        later = None if became.class_code is None else legend.get(became.class_code)
        words = "no data" if later is None else f"{later.code} {later.zh if lang == 'zh' else later.en}"
        console.add_row(
            made,
            words,
            "vegetated" if became.class_code in fate.vegetated else "",
            console.hectares(became.ha, 2),
            console.hectares(became.ha_grid, 2),
            console.percent(became.share),
        )
    console.stdout().print(made)
    typer.echo(f"vegetated: {console.percent(fate.vegetated_share)}")
