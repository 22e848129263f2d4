"""Steps around an import: look at a file, the template, the marked workbook, undo, the status list."""

from __future__ import annotations

import io
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, File, Response, UploadFile

from api import deps, import_work
from api.auth.rights import require
from api.import_rights import check_seen
from api.import_words import receipt_said
from api.retries import RetryDep
from api.routes.imports import options_of
from api.schemas.import_steps import DetectedOut, UndoIn, UndoOut
from api.shapes import json_answer
from api.spool import Spool, discarded_unless_kept
from api.status_lists import status_list, workbook
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.imports.marked_workbook import write_marked
from geo.imports.prepare import ImportOptions
from geo.imports.template_workbook import write_template
from geo.readers.vector_formats import READ_FORMATS
from geo.store import import_undos, imports
from geo.workbooks import XLSX

router = APIRouter(tags=["imports"], route_class=StrictRoute, dependencies=[require(Action.READ)])

WORKBOOK: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {XLSX: {}}, "description": "An Excel workbook."}
}


@router.post("/api/imports/detect", status_code=201, dependencies=[require(Action.IMPORT)])
def detect(
    store: deps.StoreDep,
    rights: deps.RightsDep,
    options: Annotated[ImportOptions, Depends(options_of)],
    file: Annotated[UploadFile, File(description=f"{READ_FORMATS}.")],
) -> DetectedOut:
    """What the file looks like: encoding, system, columns and the fields that they are taken for."""
    spool = Spool(store)
    path = spool.keep(file.file, file.filename or "")
    with discarded_unless_kept(spool, path):
        found = import_work.look(store, rights, path, options)
        return DetectedOut.of(found, spool.hold(path))


@router.get("/api/imports/template.xlsx", responses=WORKBOOK, response_class=Response)
def get_template(lang: deps.LangDep) -> Response:
    """The template: a head row that is understood, drop-downs, a sheet of instructions."""
    target = io.BytesIO()
    write_template(target, lang=lang)
    return workbook(target, "reverdure-template.xlsx")


@router.get(
    "/api/imports/{import_id}/marked.xlsx",
    responses=WORKBOOK,
    response_class=Response,
    dependencies=[require(Action.EXPORT)],
)
def get_marked(
    import_id: deps.Id, store: deps.StoreDep, rights: deps.RightsDep, lang: deps.LangDep
) -> Response:
    """The rows of the file with their findings as colours and notes; without its cells once it is gone."""
    with store.read() as conn:
        receipt = receipt_said(imports.get(conn, import_id), "page", lang)
        check_seen(conn, rights, receipt)
    kept = import_work.layer_of(store, receipt)
    target = io.BytesIO()
    write_marked(target, receipt, None if kept is None else kept[0], lang=lang)
    return workbook(target, f"{receipt.file_name.rpartition('.')[0] or 'import'}-marked.xlsx")


@router.post("/api/imports/{import_id}/undo", response_model=UndoOut, dependencies=[require(Action.IMPORT)])
def undo(
    import_id: deps.Id,
    store: deps.StoreDep,
    rights: deps.RightsDep,
    today: deps.TodayDep,
    retry: RetryDep,
    body: UndoIn | None = None,
) -> Response:
    """Take an import back by new events; what needs a second person waits as proposals."""
    given = body or UndoIn.model_validate({})

    def work() -> Response:
        undone = import_work.undo(store, rights, import_id, today, partly=given.partly, reason=given.reason)
        return json_answer(UndoOut.of(undone))

    return retry.around(store, given.model_dump_json(), work)


@router.get("/api/imports/{import_id}/undo")
def get_undo(import_id: deps.Id, store: deps.StoreDep) -> UndoOut:
    """How an import was undone."""
    with store.read() as conn:
        return UndoOut.of(import_undos.get(conn, import_id))


@router.get(
    "/api/exports/status.xlsx",
    responses=WORKBOOK,
    response_class=Response,
    dependencies=[require(Action.EXPORT)],
)
def get_status_list(
    store: deps.StoreDep, today: deps.TodayDep, lang: deps.LangDep, city: deps.Unit = None
) -> Response:
    """The sites of a unit in a workbook, to change their status in and send back (`kind=status`)."""
    return status_list(store, city=city, today=today, lang=lang)
