"""Checked samples: draw one, see its points, send what was found."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Response

from api import deps
from api.auth.rights import require
from api.schemas.samples import (
    LabelReceiptOut,
    LabelsIn,
    PointFeatures,
    SampleIn,
    SampleItem,
    SampleList,
)
from api.shapes import GeoJSONResponse, json_answer
from api.strict_json import StrictRoute
from geo import landcover
from geo.accounts.rights import Action
from geo.rates import RateDefinition, RateQuery
from geo.samples.design import Allocation, draw_sample
from geo.samples.labels import Label, put_labels
from geo.samples.points import PointRow, csv_text, feature_collection, kml_text, point_rows
from geo.samples.population import population_of
from geo.samples.report import sample_report
from geo.store import samples
from geo.store.sample_gpkg import write_points

Form = Literal["geojson", "gpkg", "kml", "csv"]
FORMS: Final = {
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
    "kml": "application/vnd.google-earth.kml+xml",
    "csv": "text/csv; charset=utf-8",
}
"""The forms of the points with their media types."""

router = APIRouter(
    prefix="/api/samples", tags=["samples"], route_class=StrictRoute, dependencies=[require(Action.READ)]
)


@router.get("")
def list_samples(
    store: deps.StoreDep, today: deps.TodayDep, product: deps.Slug = None, edition: deps.Slug = None
) -> SampleList:
    """The samples by their ids, each with what it says so far."""
    with store.read() as conn:
        found = samples.find(conn, product=product, edition=edition)
    items = [SampleItem.of(sample_report(store, one, today=today)) for one in found]
    return SampleList(items=items, next=None)


@router.post("", status_code=201, response_model=SampleItem, dependencies=[require(Action.RUN)])
def draw(body: SampleIn, store: deps.StoreDep, rights: deps.RightsDep, today: deps.TodayDep) -> Response:
    """Draw a sample of points over the results of a group of sites; the same request gives the same one."""
    if body.product is not None:
        landcover.product(body.product)
    query = RateQuery(
        definition=RateDefinition.OBSERVED,
        responsible=body.responsible,
        kind=body.kind,
        product=body.product,
        edition=body.edition,
        from_year=body.from_year,
        to_year=body.to_year,
    )
    sample = draw_sample(
        store,
        population_of(store, query, body.group_by, body.key, today=today),
        Allocation(body.per_stratum, body.n),
        seed=body.seed,
        blind=body.blind,
        source=rights.name,
    )
    item = SampleItem.of(sample_report(store, sample, today=today))
    return json_answer(item, status=201, headers={"Location": f"/api/samples/{sample.sample_id}"})


@router.get("/{sample_id}")
def get_sample(sample_id: deps.Id, store: deps.StoreDep, today: deps.TodayDep) -> SampleItem:
    """A sample: its matrix, accuracies, interval, and the points that it still lacks."""
    with store.read() as conn:
        found = samples.get(conn, sample_id)
    return SampleItem.of(sample_report(store, found, today=today))


@router.get(
    "/{sample_id}/points",
    response_model=PointFeatures,
    response_class=GeoJSONResponse,
    responses={200: {"content": {media: {} for media in FORMS.values()}}},
)
def get_points(
    sample_id: deps.Id,
    store: deps.StoreDep,
    form: Annotated[Form, Query(alias="format", description="GeoJSON, or a file to work on.")] = "geojson",
) -> Response:
    """The points of a drawn sample; `mapped` is null where it is blind, `checked` where nothing was found."""
    with store.read() as conn:
        rows = point_rows(conn, sample_id)
    if form == "geojson":
        return GeoJSONResponse(feature_collection(rows))
    headers = {"Content-Disposition": f'attachment; filename="sample-{sample_id}.{form}"'}
    return Response(_file(rows, sample_id, form), media_type=FORMS[form], headers=headers)


def _file(rows: list[PointRow], sample_id: int, form: Form) -> bytes:
    """The points as a table, KML or GeoPackage."""
    if form == "csv":
        return csv_text(rows).encode()
    if form == "kml":
        return kml_text(rows, f"sample {sample_id}").encode()
    with TemporaryDirectory(prefix="reverdure-") as folder:
        path = Path(folder) / "points.gpkg"
        write_points(path, rows)
        return path.read_bytes()


@router.post("/{sample_id}/labels", dependencies=[require(Action.CHECK)])
def label_points(
    sample_id: deps.Id, body: LabelsIn, store: deps.StoreDep, rights: deps.RightsDep
) -> LabelReceiptOut:
    """What was found at points of the sample; the interval of the rate follows at once."""
    with store.read() as conn:
        sample = samples.get(conn, sample_id)
        rights.check(conn, Action.CHECK, sample.adcode)
    labels = [
        Label(row, sample.token, str(one.point), one.checked, one.note)
        for row, one in enumerate(body.labels, start=1)
    ]
    return LabelReceiptOut.model_validate(put_labels(store, labels, sample_id=sample_id))
