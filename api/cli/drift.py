"""`reverdure scenes drift`: one class of a whole scene by year, and swings that are drift of the edition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console

if TYPE_CHECKING:
    from geo.agreement.drift import Drift, Flow, Series
    from geo.recovery import TemporalRule


def drift(
    product: Annotated[str, typer.Option("--product", help="The land-cover product.")],
    edition: Annotated[str, typer.Option("--edition", help="Its edition.")],
    class_code: Annotated[int, typer.Option("--class", help="The class, such as 30 for mining.")],
    store: console.StoreOption = console.DEFAULT_STORE,
    from_year: Annotated[int | None, typer.Option("--from", help="Also the flow from this year.")] = None,
    to_year: Annotated[int | None, typer.Option("--to", help="Also the flow to this year.")] = None,
    temporal_rule: Annotated[
        str | None, typer.Option(help="Only this rule; both where not given.", metavar="none|majority3")
    ] = None,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """A class of a whole scene by year: area, what was lost and gained, raw and under the majority rule."""
    from geo.agreement.drift import class_drift
    from geo.recovery import TemporalRule

    if temporal_rule is not None and temporal_rule not in set(TemporalRule):
        raise typer.BadParameter(" or ".join(TemporalRule), param_hint="--temporal-rule")
    if (from_year is None) != (to_year is None) or (from_year is not None and from_year >= (to_year or 0)):
        raise typer.BadParameter("give an earlier and a later year, or neither", param_hint="--from")
    between = None if from_year is None or to_year is None else (from_year, to_year)
    with console.opened(store) as opened:
        found = class_drift(opened, product, edition, class_code, between=between)
    rules = [rule for rule in TemporalRule if temporal_rule in {None, rule.value}]
    if as_json:
        console.print_json(
            {
                "product": found.product,
                "edition": found.edition,
                "class_code": found.class_code,
                "rules": found.rules,
                "series": [found.series[rule] for rule in rules],
            }
        )
    else:
        _print(found, rules, lang)


def _print(found: Drift, rules: list[TemporalRule], lang: str) -> None:
    from geo.landcover import product as product_of

    row = product_of(found.product).legend[found.class_code]
    name = row.zh if lang == "zh" else row.en
    title = f"{found.product}, edition {found.edition}: class {found.class_code} {name}"
    for rule in rules:
        series = found.series[rule]
        _print_years(f"{title}, {console.word('temporal_rules', rule, lang)}", series)
        if series.between is not None:
            typer.echo(_flow_words(series.between, series))
        for swing in series.swings:
            typer.echo(
                f"drift of the edition, not recovery: {_flow_words(swing.fall, series)};"
                f" {_flow_words(swing.regain, series)}: {console.percent(swing.fall_share)} of the area fell"
                f" away and {console.percent(swing.regain_share)} of that came back"
            )
        if not series.swings:
            typer.echo("no swing beyond the rules of drift")
    console.note("ha is true area on the ellipsoid; grid ha is cells x the nominal cell area")


def _print_years(title: str, series: Series) -> None:
    numbers = ("year", "ha", "grid ha", "lost ha", "gained ha", "lost grid ha", "gained grid ha")
    made = console.table(title, *numbers, right=numbers)
    steps = {step.to_year: step for step in series.steps}
    for one in series.years:
        step = steps.get(one.year)
        moved = (
            (console.NULL,) * 4
            if step is None
            else (
                console.hectares(step.lost_ha),
                console.hectares(step.gained_ha),
                console.hectares(step.lost_ha_grid),
                console.hectares(step.gained_ha_grid),
            )
        )
        year = f"{one.year}{'*' if one.unchanged else ''}"
        console.add_row(made, year, console.hectares(one.ha), console.hectares(one.ha_grid), *moved)
    console.stdout().print(made)
    if any(one.unchanged for one in series.years):
        typer.echo("* without a neighbour on one side, left as it is")


def _flow_words(flow: Flow, series: Series) -> str:
    of_year = {one.year: one for one in series.years}
    first, last = of_year[flow.from_year], of_year[flow.to_year]
    return (
        f"{flow.from_year} to {flow.to_year}: {console.hectares(first.ha)} to {console.hectares(last.ha)} ha"
        f" ({console.hectares(first.ha_grid)} to {console.hectares(last.ha_grid)} grid ha),"
        f" lost {console.hectares(flow.lost_ha)} ({console.hectares(flow.lost_ha_grid)} grid),"
        f" gained {console.hectares(flow.gained_ha)} ({console.hectares(flow.gained_ha_grid)} grid)"
    )
