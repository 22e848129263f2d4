"""`reverdure sample`: draw points to check, read back what was found, see what follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.sample_words import of_words, over_words, print_sample, span_words
from geo.errors import InvalidInput
from geo.rates import GroupBy

if TYPE_CHECKING:
    from geo.samples.points import PointRow
    from geo.samples.report import SampleReport
    from geo.store import Store

app = typer.Typer(no_args_is_help=True, help="Check the land cover by a sample of points.")

ProductOption = Annotated[str, typer.Option("--product", help="The land-cover product.")]
EditionOption = Annotated[str, typer.Option("--edition", help="Its edition.")]
FromOption = Annotated[int | None, typer.Option("--from", help="The baseline year.")]
ToOption = Annotated[int | None, typer.Option("--to", help="The later year.")]
SampleId = Annotated[int, typer.Argument(help="The number of a sample, as `sample list` shows it.")]


class UnknownForm(InvalidInput):
    """A file name whose ending names no form that points are written in."""

    template = "--out: {path} ends in none of .gpkg, .kml, .csv, .geojson"


class FileIsThere(InvalidInput):
    """The file that points should be written to exists: it may hold labels, or be the store."""

    template = "--out: {path} is there already and is not overwritten; choose another name"


@app.command("draw")
def draw(
    product: ProductOption,
    edition: EditionOption,
    store: console.StoreOption = console.DEFAULT_STORE,
    from_year: FromOption = None,
    to_year: ToOption = None,
    city: Annotated[str | None, typer.Option(help="Only sites under this unit.", metavar="ADCODE")] = None,
    group_by: Annotated[GroupBy, typer.Option(help="Over which kind of group.")] = GroupBy.ALL,
    key: Annotated[str, typer.Option(help="Which group: a type, a kind, an adcode.")] = "all",
    responsible: Annotated[str, typer.Option(help="legacy, liable or all.")] = "legacy",
    per_stratum: Annotated[int | None, typer.Option(help="Points in each outcome.")] = None,
    n: Annotated[int | None, typer.Option("--n", help="Points in all.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same points.")] = 1,
    blind: Annotated[bool, typer.Option(help="Leave out of the file what is mapped.")] = True,
    out: Annotated[Path | None, typer.Option(help="FILE.gpkg, .kml, .csv or .geojson.")] = None,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """Draw points over the outcomes of a group of sites, so many in each, for somebody to check."""
    from geo.rates import RateDefinition, RateQuery
    from geo.samples.design import Allocation, draw_sample
    from geo.samples.population import population_of
    from geo.samples.report import sample_report

    if per_stratum is not None and n is not None:
        raise typer.BadParameter("give --per-stratum or --n, not both", param_hint="--n")
    if responsible not in {"legacy", "liable", "all"}:
        raise typer.BadParameter("legacy, liable or all", param_hint="--responsible")
    _form(out)
    query = RateQuery(
        definition=RateDefinition.OBSERVED,
        product=product,
        edition=edition,
        from_year=from_year,
        to_year=to_year,
        responsible=responsible,
    )
    group = (GroupBy.CITY, city) if city is not None else (group_by, key)
    with console.opened(store) as opened:
        population = population_of(opened, query, *group, today=console.today())
        actor = console.settings().actor
        sample = draw_sample(
            opened, population, Allocation(per_stratum, n), seed=seed, blind=blind, source=actor
        )
        report = sample_report(opened, sample, today=console.today())
        rows = _rows(opened, sample.sample_id) if out is not None else []
    if out is not None:
        _write(out, rows)
    if as_json:
        console.print_json(_wire(report))
        return
    print_sample(report, lang)
    if out is not None:
        next_step = (
            "" if out.suffix.lower() == ".kml" else "; fill its column `checked`, `sample read` it back"
        )
        console.note(f"{len(rows)} points are in {out}{next_step}")


@app.command("points")
def points(
    sample_id: SampleId,
    out: Annotated[Path, typer.Option(help="FILE.gpkg, .kml, .csv or .geojson.")],
    store: console.StoreOption = console.DEFAULT_STORE,
) -> None:
    """Write the points of a sample with what was found so far."""
    _form(out)
    with console.opened(store) as opened:
        rows = _rows(opened, sample_id)
    _write(out, rows)
    typer.echo(f"{len(rows)} points are in {out}")


@app.command("read")
def read(
    file: Annotated[Path, typer.Argument(help="The file of points with its column `checked` filled.")],
    store: console.StoreOption = console.DEFAULT_STORE,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """Read what was found at the points; empty ones are left, and reading a file again changes nothing."""
    from geo.samples.labels import put_labels, read_label_file
    from geo.samples.report import sample_report
    from geo.store import samples

    with console.opened(store) as opened:
        receipt = put_labels(opened, read_label_file(file))
        with opened.read() as conn:
            sample = samples.get(conn, receipt.sample_id)
        report = sample_report(opened, sample, today=console.today())
    if as_json:
        console.print_json({"receipt": receipt, "sample": _wire(report)})
        return
    typer.echo(
        f"sample {receipt.sample_id}: {receipt.n_rows} rows gave {receipt.n_new} new, {receipt.n_changed}"
        f" changed, {receipt.n_unchanged} unchanged labels, {receipt.n_empty} empty"
    )
    print_sample(report, lang)


@app.command("matrix")
def matrix(
    file: Annotated[Path, typer.Argument(help="CSV: mapped outcomes in rows, found ones in columns.")],
    product: ProductOption,
    edition: EditionOption,
    store: console.StoreOption = console.DEFAULT_STORE,
    from_year: FromOption = None,
    to_year: ToOption = None,
    source: Annotated[str, typer.Option(help="Where the check was made; the file's name by default.")] = "",
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """Register an error matrix from elsewhere: it is carried over as indicative, never as an interval."""
    from geo.samples.matrix import read_matrix, register_matrix
    from geo.samples.report import sample_report

    with console.opened(store) as opened:
        sample = register_matrix(
            opened,
            read_matrix(file),
            land_cover=product,
            edition=edition,
            years=(from_year, to_year),
            source=source or file.name,
        )
        report = sample_report(opened, sample, today=console.today())
    if as_json:
        console.print_json(_wire(report))
    else:
        print_sample(report, lang)


@app.command("list")
def list_samples(
    store: console.StoreOption = console.DEFAULT_STORE,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """List the samples."""
    from geo.samples.report import sample_report
    from geo.store import samples

    with console.opened(store) as opened:
        with opened.read() as conn:
            found = samples.find(conn)
        reports = [sample_report(opened, one, today=console.today()) for one in found]
    if as_json:
        console.print_json({"items": [_wire(report) for report in reports], "next": None})
        return
    if not found:
        typer.echo("there is no sample; `reverdure sample draw --product P --edition E` draws one")
        return
    numbers = ("sample", "points", "checked", "estimate")
    made = console.table("Samples", *numbers[:1], "of", "over", *numbers[1:], "95 %", "", right=numbers)
    for report in reports:
        one = report.sample
        console.add_row(
            made,
            str(one.sample_id),
            of_words(report, lang),
            over_words(report, lang),
            str(one.n_points),
            str(one.n_checked),
            console.percent(None if report.interval is None else report.interval.value),
            span_words(report),
            "" if report.holds is not False else console.word("reasons", "sample_outdated", lang),
        )
    console.stdout().print(made)


@app.command("show")
def show(
    sample_id: SampleId,
    store: console.StoreOption = console.DEFAULT_STORE,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """Show one sample: its counts, accuracies, areas and interval."""
    from geo.samples.report import sample_report
    from geo.store import samples

    with console.opened(store) as opened:
        with opened.read() as conn:
            sample = samples.get(conn, sample_id)
        report = sample_report(opened, sample, today=console.today())
    if as_json:
        console.print_json(_wire(report))
    else:
        print_sample(report, lang)


def _wire(report: SampleReport) -> object:
    from api.schemas.samples import SampleItem

    return SampleItem.of(report)


def _rows(store: Store, sample_id: int) -> list[PointRow]:
    from geo.samples.points import point_rows

    with store.read() as conn:
        return point_rows(conn, sample_id)


def _form(out: Path | None) -> None:
    if out is not None and out.suffix.lower() not in {".gpkg", ".kml", ".csv", ".geojson"}:
        raise UnknownForm(path=out)
    if out is not None and out.exists():
        raise FileIsThere(path=out)


def _write(out: Path, rows: list[PointRow]) -> None:
    """Write the points in the form that the name of the file says."""
    import json

    from geo.samples.points import csv_text, feature_collection, kml_text
    from geo.store.sample_gpkg import write_points

    match out.suffix.lower():
        case ".gpkg":
            write_points(out, rows)
        case ".kml":
            out.write_text(kml_text(rows, out.stem), encoding="utf-8")
        case ".csv":
            out.write_text(csv_text(rows), encoding="utf-8", newline="")
        case _:
            out.write_text(json.dumps(feature_collection(rows), ensure_ascii=False), encoding="utf-8")
