"""Imports: try a file, see what would become of every row, commit."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile

from api import deps, import_work
from api.auth.rights import require
from api.import_rights import check_seen
from api.paging import next_url, page_of
from api.pairs import pairs_of
from api.retries import RetryDep
from api.schemas.imports import CommitIn, ImportList, ReceiptItem, ReceiptOut
from api.shapes import json_answer
from api.spool import Spool, discarded_unless_kept
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.errors import BadValue, InvalidInput
from geo.imports.prepare import ImportOptions, Receipt
from geo.readers.vector_formats import READ_FORMATS
from geo.store import Store, import_undos, imports

router = APIRouter(
    prefix="/api/imports", tags=["imports"], route_class=StrictRoute, dependencies=[require(Action.READ)]
)

ROWS: Final = 1000
Flag = Annotated[bool, Form()]
Words = Annotated[str, Form(max_length=2000)]
Pairs = Annotated[list[str], Form(max_length=500)]


class NoFile(InvalidInput):
    """Neither a file nor the token of one."""

    template = "file: send a file, or the `upload` of one that was looked at"


def options_of(
    lang: deps.LangDep,
    map_: Annotated[Pairs, Form(alias="map", description="FIELD=COLUMN, any number of times.")] = [],  # noqa: B006
    status_map: Annotated[
        Pairs, Form(description="WORD=STATUS, any number of times or parted by commas.")
    ] = [],  # noqa: B006
    constants: Annotated[Pairs, Form(alias="set", description="FIELD=VALUE for every row.")] = [],  # noqa: B006
    as_of: Words = "",
    layer: Words = "",
    encoding: Words = "",
    crs: Words = "",
    reason: Words = "",
    unit: Annotated[Pairs, Form(description="COLUMN=UNIT of its areas (mu, ha, m2 ...).")] = [],  # noqa: B006
    kind: Annotated[
        Literal["sites", "status"], Form(description="`status`: a status list that was exported here.")
    ] = "sites",
    repair: Flag = False,
    only_valid: Flag = False,
    swap_axes: Flag = False,
) -> ImportOptions:
    """How the file is to be read; an empty field is one not given. Raises `BadValue`."""
    return ImportOptions(
        field_map=pairs_of("map", map_),
        status_map=pairs_of("status_map", status_map, last_sign=True),
        constants=pairs_of("set", constants),
        as_of=_day(as_of),
        layer=layer or None,
        encoding=encoding or None,
        source_crs=crs or None,
        repair=repair,
        only_valid=only_valid,
        swap_axes=swap_axes,
        reason=reason,
        area_units=pairs_of("unit", unit, last_sign=True),
        kind=kind,
        lang=lang,
    )


@router.post("", status_code=201, response_model=ReceiptOut, dependencies=[require(Action.IMPORT)])
def add_import(
    request: Request,
    store: deps.StoreDep,
    rights: deps.RightsDep,
    today: deps.TodayDep,
    options: Annotated[ImportOptions, Depends(options_of)],
    retry: RetryDep,
    file: Annotated[UploadFile | None, File(description=f"{READ_FORMATS}.")] = None,
    upload: Annotated[
        str, Form(max_length=64, description="In place of a file: the `upload` of one that was looked at.")
    ] = "",
    dry_run: Annotated[bool, Form(description="Only say what would become of every row.")] = True,
    cities_: Annotated[
        Literal["", "none"], Form(alias="cities", description="`none` places no site in a unit.")
    ] = "",
) -> Response:
    """Try a file (`dry_run`, the default) or import it at once; either way a receipt for every row."""
    spool = Spool(store)
    if file is None and not upload:
        raise NoFile
    path = spool.held(upload) if file is None else spool.keep(file.file, file.filename or "")

    def work() -> Response:
        tried = import_work.try_file(store, rights, path, options, today, in_units=not cities_)
        if not dry_run:
            return _answer(request, store, import_work.commit(store, rights, tried, today))
        import_id = import_work.keep_try(store, rights, spool, path, tried, in_units=not cities_)
        with store.read() as conn:
            return _answer(request, store, imports.get(conn, import_id))

    with discarded_unless_kept(spool, path):
        return retry.around(store, f"{path.parent.name} {options} {dry_run} {cities_}", work)


@router.get("")
def list_imports(
    request: Request, store: deps.StoreDep, limit: deps.Limit = 100, after: deps.After = None
) -> ImportList:
    """The imports and dry runs, the newest first, without their rows."""
    with store.read() as conn:
        page, last = page_of(imports.find(conn, limit=limit + 1, after=after), limit)
        since = import_undos.standing(conn, [receipt.import_id for receipt in page])
    items = [ReceiptItem.of(receipt, since[receipt.import_id]) for receipt in page]
    return ImportList(items=items, next=next_url(request, None if last is None else last.import_id))


@router.get("/{import_id}")
def get_import(
    import_id: deps.Id,
    request: Request,
    store: deps.StoreDep,
    rights: deps.RightsDep,
    limit: deps.Limit = ROWS,
    after: Annotated[int, Query(ge=0, le=deps.LARGEST_ID, description="Only rows behind this one.")] = 0,
) -> ReceiptOut:
    """One receipt with its rows; a dry run is for who sent the file and may act on all of it."""
    with store.read() as conn:
        receipt = imports.get(conn, import_id)
        if receipt.dry_run:
            check_seen(conn, rights, receipt)
    page, last = _page(store, receipt, after=after, limit=limit)
    return page.model_copy(update={"next": next_url(request, last)})


@router.post(
    "/{import_id}/commit", status_code=201, response_model=ReceiptOut, dependencies=[require(Action.IMPORT)]
)
def commit(
    import_id: deps.Id,
    request: Request,
    store: deps.StoreDep,
    rights: deps.RightsDep,
    today: deps.TodayDep,
    retry: RetryDep,
    body: CommitIn | None = None,
) -> Response:
    """Import the file of a dry run, judged anew against the inventory as it is now."""
    only_valid = body is not None and body.only_valid

    def work() -> Response:
        receipt, _ = import_work.commit_tried(store, rights, import_id, today, only_valid=only_valid)
        return _answer(request, store, receipt)

    return retry.around(store, f"only_valid {only_valid}", work)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadValue(field="as_of", value=text, problem="is not a date (YYYY-MM-DD)") from error


def _page(store: Store, receipt: Receipt, *, after: int, limit: int) -> tuple[ReceiptOut, int | None]:
    with store.read() as conn:
        standing = import_undos.standing(conn, [receipt.import_id])[receipt.import_id]
    return ReceiptOut.page(receipt, standing, after=after, limit=limit)


def _answer(request: Request, store: Store, receipt: Receipt) -> Response:
    page, last = _page(store, receipt, after=0, limit=ROWS)
    location = f"/api/imports/{receipt.import_id}"
    rest = None if last is None else f"{str(request.base_url).rstrip('/')}{location}?after={last}"
    return json_answer(page.model_copy(update={"next": rest}), status=201, headers={"Location": location})
