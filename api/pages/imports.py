"""The import wizard: choose a file, check its columns, try it, commit it, undo it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, File, Form, Response, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse

from api import deps, import_work
from api.auth.rights import require
from api.errors import status_of
from api.import_rights import check_seen
from api.pages.import_form import FormTornApart, mapping_options, reading_options
from api.pages.import_receipt import problem_words, receipt_page, undone_counts
from api.pages.view import Page, PageDep, PageRoute
from api.paging import page_of
from api.schemas.import_steps import DetectedOut
from api.spool import Spool, discarded_unless_kept
from api.status_lists import status_list
from geo.accounts.rights import Action
from geo.errors import Conflict, ReverdureError
from geo.imports.fields import FIELDS, ROW_NUMBER
from geo.imports.prepare import ImportOptions
from geo.readers.vector_formats import READ_FORMATS
from geo.reference import reference_rows
from geo.store import Connection, cities, import_undos, imports
from geo.values import HA_BY_UNIT

router = APIRouter(route_class=PageRoute, dependencies=[require(Action.READ)])

PAST_IMPORTS: Final = 50
InUnits = Annotated[Literal["", "none"], Form(alias="cities")]


@router.get("/imports", response_class=HTMLResponse, include_in_schema=False)
def show_imports(page: PageDep, after: deps.After = None) -> HTMLResponse:
    """The first step and the past imports, a page of them at a time."""
    return first_step(page, after=after)


@router.get(
    "/imports/status.xlsx",
    response_class=Response,
    include_in_schema=False,
    dependencies=[require(Action.EXPORT)],
)
def get_status_list(page: PageDep, today: deps.TodayDep, city: deps.Unit = None) -> Response:
    """The status list of a city, or of all, as a download."""
    return status_list(page.store, city=city, today=today, lang=page.lang)


@router.post(
    "/imports/look",
    response_class=HTMLResponse,
    include_in_schema=False,
    dependencies=[require(Action.IMPORT)],
)
def look(
    page: PageDep,
    today: deps.TodayDep,
    options: Annotated[ImportOptions, Depends(reading_options)],
    file: Annotated[UploadFile | None, File(description=f"{READ_FORMATS}.")] = None,
    upload: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """The second step: what the file looks like; for a status list the dry run at once."""
    spool = Spool(page.store)
    try:
        if file is None and not upload:
            raise FormTornApart
        path = spool.held(upload) if file is None else spool.keep(file.file, file.filename or "")
        with discarded_unless_kept(spool, path):
            if options.kind == "status":
                tried = import_work.try_file(page.store, page.rights, path, options, today, in_units=False)
                import_id = import_work.keep_try(page.store, page.rights, spool, path, tried, in_units=False)
                return see(import_id)
            found = import_work.look(page.store, page.rights, path, options)
            return second_step(page, DetectedOut.of(found, spool.hold(path)), options)
    except ReverdureError as error:
        return first_step(page, error)


@router.post(
    "/imports/try",
    response_class=HTMLResponse,
    include_in_schema=False,
    dependencies=[require(Action.IMPORT)],
)
def try_upload(
    page: PageDep,
    today: deps.TodayDep,
    options: Annotated[ImportOptions, Depends(mapping_options)],
    upload: Annotated[str, Form(max_length=64)],
    cities_: InUnits = "",
) -> Response:
    """The third step: the dry run, then to its receipt."""
    spool = Spool(page.store)
    try:
        path = spool.held(upload)
        with discarded_unless_kept(spool, path):
            tried = import_work.try_file(page.store, page.rights, path, options, today, in_units=not cities_)
            import_id = import_work.keep_try(
                page.store, page.rights, spool, path, tried, in_units=not cities_
            )
    except ReverdureError as error:
        return _second_step_again(page, spool, upload, options, error)
    return see(import_id)


@router.get("/imports/{import_id}", response_class=HTMLResponse, include_in_schema=False)
def show_import(import_id: deps.Id, page: PageDep) -> HTMLResponse:
    """The receipt, with what can be done next."""
    return receipt_page(page, import_id)


@router.get(
    "/imports/{import_id}/columns",
    response_class=HTMLResponse,
    include_in_schema=False,
    dependencies=[require(Action.IMPORT)],
)
def columns_again(import_id: deps.Id, page: PageDep) -> HTMLResponse:
    """The second step once more for the file of a dry run, with what was chosen, to be changed."""
    spool = Spool(page.store)
    try:
        with page.store.read() as conn:
            receipt = imports.get(conn, import_id)
            check_seen(conn, page.rights, receipt)
        path, options, _ = spool.recall(receipt.sha256, import_id)
        found = import_work.look(page.store, page.rights, path, options)
    except Conflict as error:
        return receipt_page(page, import_id, error)
    return second_step(page, DetectedOut.of(found, spool.hold(path)), options)


@router.post(
    "/imports/{import_id}/commit",
    response_class=HTMLResponse,
    include_in_schema=False,
    dependencies=[require(Action.IMPORT)],
)
def commit(
    import_id: deps.Id,
    page: PageDep,
    today: deps.TodayDep,
    only_valid: Annotated[bool, Form()] = False,
) -> Response:
    """The fourth step: written, then to the receipt."""

    def work() -> int:
        done = import_work.commit_tried(page.store, page.rights, import_id, today, only_valid=only_valid)
        return done[0].import_id

    return _then_receipt(page, import_id, work)


@router.post(
    "/imports/{import_id}/undo",
    response_class=HTMLResponse,
    include_in_schema=False,
    dependencies=[require(Action.IMPORT)],
)
def undo(
    import_id: deps.Id,
    page: PageDep,
    today: deps.TodayDep,
    partly: Annotated[bool, Form()] = False,
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Taken back, then to the receipt, which says so."""

    def work() -> int:
        done = import_work.undo(page.store, page.rights, import_id, today, partly=partly, reason=reason)
        return done.import_id

    return _then_receipt(page, import_id, work)


def _then_receipt(page: Page, import_id: int, work: Callable[[], int]) -> Response:
    """On to the receipt of what was done; where it was refused, the receipt as it is, with the reason."""
    try:
        return see(work())
    except ReverdureError as error:
        return receipt_page(page, import_id, error)


def see(import_id: int) -> Response:
    """On to the receipt's page, so that loading it again sends nothing twice."""
    return RedirectResponse(f"/imports/{import_id}", status_code=303)


def first_step(page: Page, error: ReverdureError | None = None, *, after: int | None = None) -> HTMLResponse:
    """The form for a file, with what was wrong with the last one, and the past imports, the newest first."""
    with page.store.read() as conn:
        past, last = page_of(imports.find(conn, limit=PAST_IMPORTS + 1, after=after), PAST_IMPORTS)
        since = import_undos.standing(conn, [one.import_id for one in past])
        units = _units(page, conn)
    return page.render(
        "imports.html",
        active="imports",
        past=past,
        since=since,
        undo_words=lambda undo: page.say("wizard_undo_short", counts=undone_counts(page, undo)),
        next_url=page.url("/imports", after=last.import_id) if last else None,
        first_url=page.url("/imports", after=None) if after else None,
        units=units,
        problem=problem_words(page, error),
        status_code=200 if error is None else status_of(error),
    )


def _units(page: Page, conn: Connection) -> list[tuple[str, str]]:
    known = cities.all(conn)
    mine = page.rights.user.units if not page.rights.is_administrator else frozenset(known)
    found = [(code, page.name(known[code])) for code in sorted(mine) if code in known]
    return [("", page.say("wizard_all")), *found]


def second_step(
    page: Page, found: DetectedOut, options: ImportOptions, error: ReverdureError | None = None
) -> HTMLResponse:
    """The columns with their fields, units and words, and the system of coordinates."""
    labels = {row["slug"]: row[page.lang] for row in reference_rows("import_fields")}
    return page.render(
        "import_columns.html",
        active="imports",
        found=found,
        options=options,
        numbered=options.constants.get("site_code", "").removesuffix(ROW_NUMBER),
        fields=[(name, labels[name]) for name in FIELDS],
        areas={name for name, one in FIELDS.items() if one.form == "area"},
        units=list(HA_BY_UNIT),
        problem=problem_words(page, error),
        status_code=200 if error is None else status_of(error),
    )


def _second_step_again(
    page: Page, spool: Spool, upload: str, options: ImportOptions, error: ReverdureError
) -> HTMLResponse:
    """The second step with what was chosen and what was wrong with it."""
    try:
        path = spool.held(upload)
        with discarded_unless_kept(spool, path):
            found = import_work.look(page.store, page.rights, path, options)
    except ReverdureError:
        return first_step(page, error)
    return second_step(page, DetectedOut.of(found, upload), options, error)
