"""The page of one checked sample: what it says so far, its points to take away, its labels to send back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, File, UploadFile
from fastapi.responses import HTMLResponse

from api.auth.rights import require
from api.deps import Id
from api.errors import status_of
from api.pages.samples import SampleLine, sample_line
from api.pages.view import NULL, Page, PageDep, PageRoute, hectares, percent
from api.spool import Spool, discarded_unless_kept
from geo.accounts.rights import Action
from geo.accuracy import Estimate
from geo.areas import ha_from_units
from geo.errors import BadValue, ReverdureError, StoreError
from geo.reference import reference_rows
from geo.samples.labels import LabelReceipt, put_labels, read_label_file
from geo.samples.report import SampleReport, sample_report
from geo.samples.sample import SampleKind
from geo.store import samples

router = APIRouter(route_class=PageRoute, dependencies=[require(Action.READ)])


@dataclass(frozen=True, slots=True)
class StratumLine:
    """One outcome as mapped: hectares, points checked and lacking, accuracies and area with half widths."""

    outcome: str
    mapped_ha: float | None
    n_checked: int
    n_missing: int
    users: str
    producers: str
    estimated_ha: str


@router.get("/samples/{sample_id}", response_class=HTMLResponse, include_in_schema=False)
def show_sample(page: PageDep, sample_id: Id) -> HTMLResponse:
    """A sample by outcome, with the form for what was found at its points. Raises `UnknownSample`."""
    return sample_page(page, sample_id)


@router.post(
    "/samples/{sample_id}/labels",
    response_class=HTMLResponse,
    include_in_schema=False,
    dependencies=[require(Action.CHECK)],
)
def send_labels(
    page: PageDep, sample_id: Id, file: Annotated[UploadFile | None, File()] = None
) -> HTMLResponse:
    """What was found, out of the file of points; then the sample as it is now, or what is wrong there."""
    spool = Spool(page.store)
    with page.store.read() as conn:
        page.rights.check(conn, Action.CHECK, samples.get(conn, sample_id).adcode)
    try:
        if file is None or not file.filename:
            raise BadValue(field="file", value="", problem="is missing; choose the filled file")
        path = spool.keep(file.file, file.filename)
        with discarded_unless_kept(spool, path):
            receipt = put_labels(page.store, read_label_file(path), sample_id=sample_id)
    except StoreError:
        raise
    except ReverdureError as error:
        return sample_page(page, sample_id, error=error)
    return sample_page(page, sample_id, receipt=receipt)


def sample_page(
    page: Page, sample_id: int, *, receipt: LabelReceipt | None = None, error: ReverdureError | None = None
) -> HTMLResponse:
    """The page of a sample, with what came of a file of labels. Raises `UnknownSample`."""
    with page.store.read() as conn:
        found = samples.get(conn, sample_id)
        may_send = (
            bool(page.rights.may(conn, Action.CHECK, [found.adcode])) and found.kind is SampleKind.DRAWN
        )
    report = sample_report(page.store, found, today=page.today)
    line: SampleLine = sample_line(page, report)
    return page.render(
        "sample.html",
        active="dashboard",
        line=line,
        source=found.source,
        overall=None if report.accuracy is None else _with_half_width(report.accuracy.overall),
        strata=stratum_lines(page, report),
        may_send=may_send,
        words=", ".join(
            row["zh" if page.lang == "zh" else "slug"] for row in reference_rows("sample_outcomes")
        ),
        done="" if receipt is None else _done(page, receipt),
        problem="" if error is None else str(error),
        status_code=200 if error is None else status_of(error),
    )


def stratum_lines(page: Page, report: SampleReport) -> list[StratumLine]:
    """The outcomes of a sample, in the order of its matrix."""
    sample, accuracy = report.sample, report.accuracy
    lines = []
    for slug, n_checked in sample.matrix.row_totals().items():
        mapped = sample.strata.get(slug)
        area = None if accuracy is None else accuracy.areas[slug]
        estimated = NULL if area is None else f"{hectares(area.value)} ± {hectares(area.half_width)}"
        lines.append(
            StratumLine(
                outcome=page.word("sample_outcomes", slug),
                mapped_ha=None if mapped is None else ha_from_units(mapped),
                n_checked=n_checked,
                n_missing=sample.missing.get(slug, 0),
                users=NULL if accuracy is None else _with_half_width(accuracy.users[slug]),
                producers=NULL if accuracy is None else _with_half_width(accuracy.producers[slug]),
                estimated_ha=estimated,
            )
        )
    return lines


def _with_half_width(one: Estimate) -> str:
    if one.value is None or one.half_width is None:
        return NULL
    return f"{percent(one.value)} ± {percent(one.half_width)}"


def _done(page: Page, receipt: LabelReceipt) -> str:
    return page.work(
        "sample_taken",
        rows=receipt.n_rows,
        new=receipt.n_new,
        changed=receipt.n_changed,
        unchanged=receipt.n_unchanged,
        empty=receipt.n_empty,
    )
