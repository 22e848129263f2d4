"""The rates of all groups in one answer, and the worklist."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response

from api import deps
from api.auth.rights import require
from api.csv_cells import csv_cell
from api.paging import next_url, page_of
from api.schemas.rates import CityRate, GroupRate, Rate, RateList, rate_item
from api.schemas.recovery import WorklistEntry, WorklistPage
from api.shapes import json_answer
from api.strict_json import StrictRoute
from geo import figures
from geo.accounts.rights import Action
from geo.rates import GroupBy

router = APIRouter(
    prefix="/api", tags=["rates"], route_class=StrictRoute, dependencies=[require(Action.READ)]
)

NOT_IN_TABLE: Final = frozenset({"by_status", "alternatives", "observed", "flags"})
COLUMNS: Final = tuple(name for name in Rate.model_fields if name not in NOT_IN_TABLE)
OBSERVED: Final = (
    "rate",
    "product",
    "edition",
    "from_year",
    "to_year",
    "disturbed_baseline_ha",
    "valid_share",
    "estimate",
    "low",
    "high",
    "interval_kind",
)


@router.get("/rates", response_model=RateList, responses={200: {"content": {"text/csv": {}}}})
def list_rates(
    store: deps.StoreDep,
    query: deps.RateQueryDep,
    today: deps.TodayDep,
    group_by: Annotated[GroupBy, Query(description="By what the sites are grouped.")] = GroupBy.CITY,
    city: deps.Unit = None,
    form: Annotated[Literal["json", "csv"], Query(alias="format", description="JSON, or a table.")] = "json",
) -> Response:
    """The rates of every group of sites by the same definition, days and filters."""
    found = figures.rates_of(store, query, group_by, adcode=city, today=today)
    items = [rate_item(rate) for rate in found]
    if form == "json":
        return json_answer(RateList(items=items, next=None))
    name = f"rates-{group_by}-{query.as_of or today}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(rates_csv(items), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/worklist")
def get_worklist(
    request: Request,
    store: deps.StoreDep,
    city: deps.Unit = None,
    product: deps.Slug = None,
    edition: deps.Slug = None,
    limit: deps.Limit = 100,
    after: Annotated[str | None, Query(max_length=64, description="As `next` says it.")] = None,
) -> WorklistPage:
    """Sites where the status on paper and the land cover disagree, most hectares first."""
    found = figures.worklist(
        store, adcode=city, product=product, edition=edition, limit=limit + 1, after=after
    )
    page, last = page_of(found, limit)
    items = [WorklistEntry.model_validate(item) for item in page]
    return WorklistPage(items=items, next=next_url(request, None if last is None else last.cursor))


def rates_csv(items: Sequence[CityRate | GroupRate]) -> str:
    """The rates as a table, one line a group, null as an empty cell, with the mark that tells Excel UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["key", *COLUMNS, *(f"observed_{name}" for name in OBSERVED)])
    for item in items:
        cells = item.model_dump(mode="json")
        key = cells["adcode"] if isinstance(item, CityRate) else cells["key"]
        row = [key, *(cells[name] for name in COLUMNS), *(cells["observed"][name] for name in OBSERVED)]
        writer.writerow([csv_cell(value) for value in row])
    return "\ufeff" + out.getvalue()
