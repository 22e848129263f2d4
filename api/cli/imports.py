"""`reverdure import FILE`: a file that somebody sent becomes rows of the inventory, with a receipt."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console, import_files
from geo.readers.vector_formats import READ_FORMATS

if TYPE_CHECKING:
    from geo.cities import City, Listing
    from geo.imports.prepare import ImportOptions, Receipt
    from geo.imports.receipts import ImportStanding
    from geo.outlines import UnitIndex
    from geo.proposals import Proposal
    from geo.sites import Site

SHOWN_ROWS = 20


def import_sites(
    file: Annotated[Path, typer.Argument(help=f"{READ_FORMATS}.", exists=True, dir_okay=False)],
    store: console.StoreOption = console.DEFAULT_STORE,
    cities: Annotated[
        str | None,
        typer.Option(
            help="A file of units, or none. A new store takes China's units by default.", metavar="FILE|none"
        ),
    ] = None,
    field_map: Annotated[
        list[str] | None, typer.Option("--map", help="Which column holds a field.", metavar="FIELD=COLUMN")
    ] = None,
    status_map: Annotated[
        list[str] | None,
        typer.Option("--status-map", help="What a status word means.", metavar="WORD=STATUS"),
    ] = None,
    area_units: Annotated[
        list[str] | None,
        typer.Option("--unit", help="The unit of a column's areas: mu, ha, m2.", metavar="COLUMN=UNIT"),
    ] = None,
    constants: Annotated[
        list[str] | None,
        typer.Option("--set", help="One value for every row; {row} is its number.", metavar="FIELD=VALUE"),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The day that the file describes.", metavar="YYYY-MM-DD")
    ] = None,
    layer: Annotated[str | None, typer.Option(help="The layer, where the file holds several.")] = None,
    encoding: Annotated[str | None, typer.Option(help="The text encoding, such as gb18030.")] = None,
    crs: Annotated[str | None, typer.Option(help="The reference system, such as EPSG:4527.")] = None,
    swap_axes: Annotated[
        bool, typer.Option("--swap-axes", help="The coordinates are latitude before longitude.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend invalid polygons, areas before and after told.")
    ] = False,
    only_valid: Annotated[
        bool, typer.Option("--only-valid", help="Take the good rows though some are refused.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing, print the receipt.")] = False,
    detect: Annotated[
        bool, typer.Option("--detect", help="Only say what the file looks like and how it would be mapped.")
    ] = False,
    marked: Annotated[
        Path | None, typer.Option(help="Write a workbook with the findings marked.", metavar="FILE.xlsx")
    ] = None,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """Import mine polygons with their status; every input row is accounted for.

    Beside it: `reverdure import template FILE.xlsx`, `reverdure import show ID`, `reverdure import undo ID`.
    """
    from geo.imports.prepare import ImportOptions, ImportRefused

    options = ImportOptions(
        field_map=console.pairs("--map", field_map or []),
        status_map=console.pairs("--status-map", status_map or [], last_sign=True),
        constants=console.pairs("--set", constants or []),
        as_of=_as_of(as_of, file),
        layer=layer,
        encoding=encoding,
        source_crs=crs,
        area_units=console.pairs("--unit", area_units or [], last_sign=True),
        swap_axes=swap_axes,
        repair=repair,
        only_valid=only_valid,
        lang="zh" if lang == "zh" else "en",
    )
    if detect:
        import_files.print_detected(store, file, options, as_json=as_json)
        return
    try:
        receipt = _run(store, file, options, cities=cities, dry_run=dry_run)
    except ImportRefused as refused:
        import_files.keep_marked(marked, file, refused.receipt, options)
        print_receipt(refused.receipt, as_json=as_json)
        raise
    import_files.keep_marked(marked, file, receipt, options)
    print_receipt(receipt, as_json=as_json)


def _as_of(text: str | None, file: Path) -> date | None:
    """The day the file describes: the option, else asked for on a terminal, else None (today)."""
    if text is None and sys.stdin.isatty() and sys.stderr.isatty():
        today = console.today().isoformat()
        text = typer.prompt(f"As of which day does {file.name} describe the sites?", default=today, err=True)
    return console.date_of("--as-of", text)


def _run(store: str, file: Path, options: ImportOptions, *, cities: str | None, dry_run: bool) -> Receipt:
    """The receipt of the import. A dry run, and an import that is refused, make no store."""
    from geo.imports.prepare import ImportRefused, commit_import, prepare_layer
    from geo.vector_io import read_vector

    existing, waiting, known, is_new = _stored(store)
    given = _given_units(cities, is_new=is_new)
    index = _index(known if given is None else given)
    layer = read_vector(file, layer=options.layer, encoding=options.encoding)
    options = import_files.with_remembered(store, options, layer.columns)
    prepared = prepare_layer(
        layer, options, existing=existing, waiting=waiting, units=index, today=console.today()
    )
    if dry_run:
        return prepared.receipt(actor=console.settings().actor)
    if prepared.rejected and not options.only_valid:
        raise ImportRefused(prepared.receipt(actor=console.settings().actor))
    units = given or ()
    with console.opened(store, create=True) as opened:
        import_files.remember(opened, options, layer.columns)
        return commit_import(
            opened,
            prepared,
            actor=console.settings().actor,
            now=console.now(),
            cities=units,
            listings=_listings(units),
            today=console.today(),
        )


def _stored(
    store: str,
) -> tuple[dict[str, Site], dict[int, tuple[Proposal, ...]], Sequence[City], bool]:
    """The sites by code, the open proposals by site, the units with outlines; whether there is nothing."""
    if not console.store_exists(store):
        return {}, {}, (), True
    from geo.store import cities, proposals, sites

    with console.opened(store) as opened, opened.read() as conn:
        found = sites.find(conn, sites.SiteFilter(limit=None, with_left=True))
        units = cities.outlines(conn)
        waiting = proposals.open_by_site(conn)
    return {site.site_code: site for site in found}, waiting, units, not found and not units


def _given_units(cities: str | None, *, is_new: bool) -> Sequence[City] | None:
    """The units of the file named, none, or China's for a new store; None where the store's own stand."""
    from geo.outlines import china_units, units_from_file

    if cities == "none":
        return ()
    if cities is not None:
        return units_from_file(Path(cities))
    return china_units() if is_new else None


def _index(units: Sequence[City]) -> UnitIndex | None:
    from geo.outlines import UnitIndex

    return UnitIndex(units) if units else None


def _listings(units: Sequence[City]) -> list[Listing]:
    """Those of the listed resource cities that are among the units."""
    from geo.cities import listed_cities

    codes = {unit.adcode for unit in units}
    return [listing for listing in listed_cities() if listing.adcode in codes]


def print_receipt(receipt: Receipt, since: ImportStanding | None = None, *, as_json: bool) -> None:
    """Print the receipt as the API says it, whole, or in words; `since` is what became of it later."""
    if as_json:
        from api.schemas.imports import NOTHING_SINCE, ReceiptOut

        whole, _ = ReceiptOut.page(receipt, since or NOTHING_SINCE, after=0, limit=max(1, len(receipt.rows)))
        console.print_json(whole)
        return
    from geo.areas import ha_from_units
    from geo.imports.prepare import RowResult

    counts = ", ".join(f"{receipt.counts.get(result, 0)} {result.value}" for result in RowResult)
    done = "would give" if receipt.dry_run else "gave"
    typer.echo(f"{receipt.file_name}: {receipt.rows_in} rows {done} {counts}")
    if receipt.source_crs:
        typer.echo(f"read as {receipt.source_crs}, {receipt.encoding or 'utf-8'}")
    if receipt.mapping:
        typer.echo(
            "columns: " + ", ".join(f"{field} = {column}" for field, column in receipt.mapping.items())
        )
    if receipt.defaults_used:
        typer.echo(
            "defaults: "
            + ", ".join(f"{name} ({count} rows)" for name, count in receipt.defaults_used.items())
        )
    if receipt.overlap_units:
        typer.echo(f"the polygons overlap by {console.hectares(ha_from_units(receipt.overlap_units))} ha")
    _print_findings(receipt)
    proposals = sum(len(row.proposal_ids) for row in receipt.rows)
    if since is not None and since.proposals:
        counts = ", ".join(f"{count} {state.value}" for state, count in since.proposals.items())
        typer.echo(f"changes that need a second person: {counts}")
    elif proposals:
        typer.echo(f"{proposals} changes wait for a second person: `reverdure approve` lists them")


def _print_findings(receipt: Receipt) -> None:
    """The findings row by row, the refusals first; the rest is counted, and whole in --json."""
    from geo.imports.prepare import Severity

    found = [(row, finding) for row in receipt.rows for finding in row.findings]
    found.sort(key=lambda pair: (pair[1].severity is not Severity.ERROR, pair[0].row))
    if not found:
        return
    codes = Counter(finding.code for _, finding in found)
    typer.echo("findings: " + ", ".join(f"{code} ({count})" for code, count in codes.most_common()))
    made = console.table(
        "Findings", "row", "site", "", "column", "value", "problem", "what helps", right=("row",)
    )
    for row, finding in found[:SHOWN_ROWS]:
        console.add_row(
            made,
            str(row.place),
            row.site_code or console.NULL,
            finding.severity.value,
            finding.column or "",
            finding.value or "",
            finding.problem,
            finding.suggestion,
        )
    console.stdout().print(made)
    if len(found) > SHOWN_ROWS:
        typer.echo(f"and {len(found) - SHOWN_ROWS} more; --json prints all")
