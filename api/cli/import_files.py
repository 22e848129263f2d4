"""What stands around `reverdure import`: a look at a file, its marked workbook, undo, status lists."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console

if TYPE_CHECKING:
    from geo.imports.detect import Detected
    from geo.imports.prepare import ImportOptions, Receipt
    from geo.imports.receipts import Undo
    from geo.store import Store

EVERYBODY = ""
status_app = typer.Typer(no_args_is_help=True, help="Status lists: export, change in Excel, apply.")


def with_remembered(store: str, options: ImportOptions, columns: Sequence[str]) -> ImportOptions:
    """The options with what was said of such columns before."""
    from geo.imports.profiles import with_profile
    from geo.store import import_profiles

    if not console.store_exists(store) or options.kind != "sites":
        return options
    with console.opened(store) as opened, opened.read() as conn:
        known = with_profile(options, import_profiles.get(conn, EVERYBODY, columns))
    if known.remembered_at:
        console.note(f"the mapping of such columns of {known.remembered_at[:10]} is used again")
    return known


def remember(opened: Store, options: ImportOptions, columns: Sequence[str]) -> None:
    """Keep what was said of the columns for the next file that has them."""
    from geo.imports.profiles import profile_of
    from geo.store import import_profiles

    profile = profile_of(options)
    if profile.says_nothing:
        return
    with opened.write() as conn:
        actor = console.settings().actor
        import_profiles.put(conn, EVERYBODY, columns, profile, actor=actor, now=console.now())


def keep_marked(target: Path | None, file: Path, receipt: Receipt, options: ImportOptions) -> None:
    """Write the marked workbook of a file where one is asked for."""
    from geo.imports.marked_workbook import write_marked
    from geo.vector_io import read_vector

    if target is None:
        return
    layer = read_vector(file, layer=options.layer, encoding=options.encoding)
    with target.open("wb") as book:
        write_marked(book, receipt, layer, lang=options.lang)
    console.note(f"the findings are marked in {target}")


def print_detected(store: str, file: Path, options: ImportOptions, *, as_json: bool) -> None:
    """Say what a file looks like, as the API says it or in words."""
    from api.schemas.import_steps import DetectedOut
    from geo.imports.detect import detect
    from geo.vector_io import read_vector

    layer = read_vector(file, layer=options.layer, encoding=options.encoding)
    found = detect(layer, with_remembered(store, options, layer.columns))
    if as_json:
        console.print_json(DetectedOut.of(found, ""))
        return
    typer.echo(
        f"{found.file_name}: {found.format}, layer {found.layer!r}, {found.encoding or 'UTF-8'}, "
        f"{found.rows_in} rows, {found.shapes} with geometry"
    )
    _print_crs(found)
    made = console.table("Columns", "column", "field", "unit", "filled", "such as", right=("filled",))
    for one in found.columns:
        unit = f"{one.unit}?" if one.unit and one.unit_assumed else one.unit or ""
        if one.unit_hint and one.unit_hint != one.unit:
            unit += f" (fits {one.unit_hint})"
        console.add_row(made, one.name, one.field or "", unit, str(one.filled), ", ".join(one.samples))
    console.stdout().print(made)
    for word, count in found.unknown_statuses.items():
        option = shlex.quote(f"{word}=STATUS")
        typer.echo(f"status word not known: {word} ({count} rows); say --status-map {option}")


def _print_crs(found: Detected) -> None:
    from geo.imports.detect import crs_label

    if found.crs:
        typer.echo(f"system: {crs_label(found.crs)}")
    elif found.guess is not None:
        shown = "; ".join(crs_label(code) for code in found.guess.codes[:3])
        typer.echo(
            f"system: not named; {found.guess.reason}; if that is right say --crs with one of: {shown}"
        )
    elif found.shapes:
        typer.echo(
            "system: not named, and its numbers fit none in common use; ask the sender, then say --crs"
        )


def import_template(
    target: Annotated[Path, typer.Argument(help="The workbook to write.", metavar="FILE.xlsx")],
    lang: console.LangOption = "en",
) -> None:
    """Write the template workbook with drop-downs and instructions."""
    from geo.imports.template_workbook import write_template

    with target.open("wb") as book:
        write_template(book, lang="zh" if lang == "zh" else "en")
    typer.echo(f"{target} written")


def import_undo(
    import_id: Annotated[int, typer.Argument(help="The import, by the number of its receipt.")],
    store: console.StoreOption = console.DEFAULT_STORE,
    partly: Annotated[
        bool, typer.Option("--partly", help="Leave the sites that somebody has changed since.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    as_json: console.JsonOption = False,
) -> None:
    """Take an import back by new events; what needs a second person waits as proposals."""
    from api.schemas.import_steps import UndoOut
    from geo.imports.undo import undo_import

    with console.opened(store) as opened:
        undo = undo_import(
            opened,
            import_id,
            actor=console.settings().actor,
            now=console.now(),
            reason=reason,
            partly=partly,
            today=console.today(),
        )
    if as_json:
        console.print_json(UndoOut.of(undo))
    else:
        _print_undo(undo)


def _print_undo(undo: Undo) -> None:
    from geo.imports.receipts import UndoResult

    counts = ", ".join(
        f"{count} {console.word('undo_results', result).lower()}"
        for result in UndoResult
        if (count := undo.count(result))
    )
    typer.echo(
        f"undo of import {undo.import_id}: of {len(undo.rows)} rows {counts or 'nothing to take back'}"
    )
    for row in undo.rows:
        if row.result is UndoResult.REFUSED:
            typer.echo(f"row {row.row} (site {row.site_code}) stays: {row.problem}")
        elif row.result is UndoResult.TURNED_DOWN:
            typer.echo(f"row {row.row} (site {row.site_code}) stays, turned down by {row.problem}")
    if waiting := undo.count(UndoResult.PROPOSED):
        typer.echo(
            f"{waiting} stay in the inventory until a second person agrees: "
            f"`reverdure approve --source {undo.source} --as NAME`"
        )


def import_show(
    import_id: Annotated[int, typer.Argument(help="The import, by the number of its receipt.")],
    store: console.StoreOption = console.DEFAULT_STORE,
    as_json: console.JsonOption = False,
) -> None:
    """Print the receipt of an import and what became of it since: decisions, undo."""
    from api.cli.imports import print_receipt
    from geo.store import import_undos, imports

    with console.opened(store) as opened, opened.read() as conn:
        receipt = imports.get(conn, import_id)
        since = import_undos.standing(conn, [import_id])[import_id]
    print_receipt(receipt, since, as_json=as_json)
    if since.undo is not None and not as_json:
        _print_undo(since.undo)


@status_app.command("export")
def status_export(
    target: Annotated[Path, typer.Argument(help="The workbook to write.", metavar="FILE.xlsx")],
    store: console.StoreOption = console.DEFAULT_STORE,
    city: Annotated[str | None, typer.Option(help="Only the sites of this unit.", metavar="ADCODE")] = None,
    lang: console.LangOption = "en",
) -> None:
    """Write the status list of a city to change in Excel."""
    from api.status_lists import write_list

    with console.opened(store) as opened, opened.read() as conn, target.open("wb") as book:
        count = write_list(conn, book, city=city, today=console.today(), lang="zh" if lang == "zh" else "en")
    typer.echo(f"{target}: {count} sites")


@status_app.command("apply")
def status_apply(
    file: Annotated[Path, typer.Argument(help="The list as it comes back.", exists=True, dir_okay=False)],
    store: console.StoreOption = console.DEFAULT_STORE,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", help="The day of changes without one; today by default.", metavar="YYYY-MM-DD"
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="The reason of changes without one.")] = "",
    only_valid: Annotated[
        bool, typer.Option("--only-valid", help="Take the good rows though some are refused.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing, print the receipt.")] = False,
    marked: Annotated[
        Path | None, typer.Option(help="Write a workbook with the findings marked.", metavar="FILE.xlsx")
    ] = None,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """Apply what was changed in a status list; rows that somebody else changed since are conflicts."""
    from api.cli.imports import print_receipt
    from geo.imports.prepare import ImportOptions, ImportRefused, commit_import, prepare_import
    from geo.store import sites

    options = ImportOptions(
        kind="status",
        as_of=console.date_of("--as-of", as_of),
        reason=reason,
        only_valid=only_valid,
        lang="zh" if lang == "zh" else "en",
    )
    actor = console.settings().actor
    with console.opened(store) as opened:
        with opened.read() as conn:
            found = sites.find(conn, sites.SiteFilter(limit=None, with_left=True))
        existing = {site.site_code: site for site in found}
        prepared = prepare_import(file, options, existing=existing, today=console.today())
        receipt, refused = prepared.receipt(actor=actor), None
        if not dry_run:
            try:
                receipt = commit_import(
                    opened, prepared, actor=actor, now=console.now(), today=console.today()
                )
            except ImportRefused as error:
                receipt, refused = error.receipt, error
    keep_marked(marked, file, receipt, options)
    print_receipt(receipt, as_json=as_json)
    if refused is not None:
        raise refused
