"""`reverdure rates` and `reverdure worklist`: the figures of the inventory."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from geo.rates import Basis, CityRate, GroupBy, ObservedRate, RateDefinition, RateQuery

if TYPE_CHECKING:
    from geo.figures import WorklistItem
    from geo.sites import Kind
    from geo.store import Store

RATE_COLUMNS = (
    "group", "key", "name", "city_type", "definition", "basis", "responsible", "kind", "as_of", "known_at",
    "rate", "reason", "numerator_ha", "denominator_ha", "numerator_count", "denominator_count", "n_missing",
    "missing_ha",
    "n_proposed", "overlap_ha", "border_ha", "seq", "head",
)  # fmt: skip


def rates(
    store: console.StoreOption = console.DEFAULT_STORE,
    group_by: Annotated[GroupBy, typer.Option(help="By what the sites are grouped.")] = GroupBy.CITY,
    definition: Annotated[RateDefinition, typer.Option(help="Which rate.")] = RateDefinition.TREATMENT,
    basis: Annotated[Basis, typer.Option(help="Hectares or number of sites.")] = Basis.AREA,
    as_of: Annotated[str | None, typer.Option(help="The day on the ground.", metavar="YYYY-MM-DD")] = None,
    known_at: Annotated[
        str | None, typer.Option(help="What was known by then.", metavar="YYYY-MM-DD")
    ] = None,
    responsible: Annotated[str, typer.Option(help="legacy, liable or all.")] = "legacy",
    kind: Annotated[str | None, typer.Option(help="Only this kind of site.")] = None,
    product: Annotated[str | None, typer.Option(help="The land-cover product.")] = None,
    edition: Annotated[str | None, typer.Option(help="Its edition.")] = None,
    from_year: Annotated[int | None, typer.Option("--from", help="The baseline year.")] = None,
    to_year: Annotated[int | None, typer.Option("--to", help="The later year.")] = None,
    city: Annotated[str | None, typer.Option(help="Only sites under this unit.", metavar="ADCODE")] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Print groups without a site, too.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")] = False,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """Restoration rates by city, province, city type, kind or all, as of a day and known at a time."""
    from api.deps import get_pair_query
    from geo.figures import rates_of

    if responsible not in {"legacy", "liable", "all"}:
        raise typer.BadParameter("legacy, liable or all", param_hint="--responsible")
    query = get_pair_query(
        RateQuery(
            definition=definition,
            basis=basis,
            as_of=console.date_of("--as-of", as_of),
            known_at=_known_at(known_at),
            responsible=responsible,
            kind=_kind(kind),
            product=product,
            edition=edition,
            from_year=from_year,
            to_year=to_year,
        )
    )
    with console.opened(store) as opened:
        found = rates_of(opened, query, group_by, adcode=city, today=console.today())
        others = 0 if any(rate.n_sites for rate in found) else _count_of_all(opened, query, city)
    if as_json:
        from api.schemas.rates import rate_item

        console.print_json({"items": [rate_item(rate) for rate in found], "next": None})
    elif as_csv:
        write_csv(found)
    else:
        listed = shown(found, group_by, show_all=show_all)
        _print_rates(listed, query, group_by, lang)
        if len(listed) < len(found):
            console.note(f"units without a site, not shown: {len(found) - len(listed)} (--all shows them)")
        if others:
            console.note(f"{others} sites are not {responsible}; --responsible all counts them")


def shown(found: Sequence[CityRate], group_by: GroupBy, *, show_all: bool = False) -> list[CityRate]:
    """The groups to print: units with a site first, those without behind them only where all are wanted."""
    if group_by not in {GroupBy.CITY, GroupBy.PROVINCE}:
        return list(found)
    return [rate for rate in sorted(found, key=_is_empty) if show_all or not _is_empty(rate)]


def _is_empty(rate: CityRate) -> bool:
    return not rate.n_sites and not any(share.count for share in rate.by_status)


def _kind(slug: str | None) -> Kind | None:
    """The kind of `--kind`; a usage error where there is no such kind."""
    from geo.sites import Kind

    if slug is not None and slug not in set(Kind):
        raise typer.BadParameter(f"{slug!r} is none of {', '.join(Kind)}", param_hint="--kind")
    return None if slug is None else Kind(slug)


def _known_at(text: str | None) -> str | None:
    """The time of `--known-at` as UTC text; a date is the end of that day."""
    from api.deps import known_at_text

    return known_at_text(text, console.settings().timezone)


def write_csv(found: list[CityRate]) -> None:
    """Write one line a rate on stdout; null is an empty cell, a share a plain decimal."""
    from api.csv_cells import csv_cell

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(RATE_COLUMNS)
    for rate in found:
        fields = console.plain(rate)
        writer.writerow([csv_cell(fields[column]) for column in RATE_COLUMNS])


def _print_rates(found: list[CityRate], query: RateQuery, group_by: GroupBy, lang: str) -> None:
    if not found:
        typer.echo(f"no group of {group_by.value} holds a site; `reverdure import FILE` brings some in")
        return
    first = found[0]
    name = console.word("rates", query.definition, lang)
    times = f"as of {first.as_of}, known at {first.known_at[:19]}Z"
    title = f"{name}, by {query.basis.value}, {query.responsible} sites, {times}"
    numbers = ("rate", "counted ha", "of ha", "sites", "observed")
    made = console.table(title, group_by.value, "code", *numbers, "95 %", "notes", right=numbers)
    for rate in found:
        observed = rate.observed
        console.add_row(
            made,
            rate.name if lang == "zh" else rate.name_en or rate.name,
            rate.key,
            console.percent(rate.rate, console.word("reasons", rate.reason, lang)),
            console.hectares(rate.numerator_ha),
            console.hectares(rate.denominator_ha),
            str(rate.n_sites),
            console.percent(observed.rate),
            _interval(observed),
            _notes(rate),
        )
    console.stdout().print(made)
    scenes = sorted({_scenes(rate.observed, lang) for rate in found if rate.observed.rate is not None})
    if scenes:
        console.note(f"observed: {'; '.join(scenes)}; raw figures, no interval without a checked sample")
    if any(rate.observed.low is None and rate.observed.indicative is not None for rate in found):
        console.note(f"≈ {console.word('reasons', 'transferred', lang)}")


def _interval(observed: ObservedRate) -> str:
    """The interval of a checked sample; after ≈ one that is carried over from elsewhere."""
    if observed.low is not None and observed.high is not None:
        return f"{console.percent(observed.low)} to {console.percent(observed.high)}"
    low, high = ((observed.indicative or {}).get(name) for name in ("low", "high"))
    if isinstance(low, float) and isinstance(high, float):
        return f"≈ {console.percent(low)} to {console.percent(high)}"
    return console.NULL


def _scenes(observed: ObservedRate, lang: str) -> str:
    product = console.word("products", observed.product, lang)
    return f"{product}, edition {observed.edition}, {observed.from_year or '…'}-{observed.to_year or '…'}"


def _count_of_all(store: Store, query: RateQuery, city: str | None) -> int:
    """How many sites the same question counts whoever is responsible for them."""
    from geo.figures import rates_of

    everyone = replace(query, responsible="all")
    return rates_of(store, everyone, GroupBy.ALL, adcode=city, today=console.today())[0].n_sites


def _notes(rate: CityRate) -> str:
    notes = [f"{rate.n_missing} missing ({console.hectares(rate.missing_ha)} ha)"] if rate.n_missing else []
    outdated = rate.observed.n_outdated
    notes += [f"{outdated} observed results outdated, run `reverdure recover`"] if outdated else []
    notes += [f"* {rate.n_proposed} proposed"] if rate.n_proposed else []
    notes += [f"overlap {console.hectares(rate.overlap_ha)} ha"] if rate.overlap_ha >= 0.05 else []
    return ", ".join(notes)


def worklist(
    store: console.StoreOption = console.DEFAULT_STORE,
    city: Annotated[str | None, typer.Option(help="Only sites under this unit.", metavar="ADCODE")] = None,
    product: Annotated[str | None, typer.Option(help="The land-cover product.")] = None,
    edition: Annotated[str | None, typer.Option(help="Its edition.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many sites.", min=1)] = 50,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """Sites where the status on paper and the evidence disagree, worst first."""
    from geo.figures import worklist as worklist_of
    from geo.store import proposals

    with console.opened(store) as opened:
        found = worklist_of(opened, adcode=city, product=product, edition=edition, limit=limit, after=None)
        with opened.read() as conn:
            waiting = proposals.open_ids(conn)
    if as_json:
        from api.schemas.recovery import WorklistEntry

        items = [WorklistEntry.of(item, waiting.get(item.site_id, ())) for item in found]
        console.print_json({"items": items, "next": None})
    elif not found:
        typer.echo(
            "no site disagrees with its evidence, or none was judged yet with this product and edition:"
            " `reverdure recover` judges them"
        )
    else:
        _print_worklist(found, waiting, lang)


def _print_worklist(found: list[WorklistItem], waiting: Mapping[int, Sequence[int]], lang: str) -> None:
    numbers = ("ha", "recovered")
    made = console.table(
        "Worklist, worst first", "site", "name", "status", "verdict", *numbers, "why", right=numbers
    )
    for item in found:
        console.add_row(
            made,
            console.starred(item.site_code, waiting.get(item.site_id, ())),
            item.name,
            console.word("status", item.status, lang),
            console.word("verdicts", item.verdict, lang),
            console.hectares(item.worklist_ha),
            console.percent(item.recovered_share),
            ", ".join(console.word("reasons", reason, lang) for reason in item.reasons),
        )
    console.stdout().print(made)
    console.note_of_stars(waiting.get(item.site_id, ()) for item in found)
