"""What there is of all planning: every version of a record, and the sites that are overdue."""

from __future__ import annotations

from fastapi import APIRouter

from api import deps
from api.auth.rights import require
from api.planning import overdue_sites
from api.schemas.planning import OverdueItem, OverdueList, VersionItem, VersionList
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.planning import RecordKind
from geo.store import proposals, versions

router = APIRouter(tags=["planning"], route_class=StrictRoute, dependencies=[require(Action.READ)])


@router.get("/api/{records}/{record_id}/versions")
def record_versions(records: deps.Records, record_id: deps.Id, store: deps.StoreDep) -> VersionList:
    """Every version that there was of a project, target, inspection or attachment, its removal too."""
    with store.read() as conn:
        return VersionList(
            items=[VersionItem.of(one) for one in versions.of(conn, RecordKind(records[:-1]), record_id)]
        )


@router.get("/api/overdue")
def list_overdue(store: deps.StoreDep, today: deps.TodayDep, city: deps.Unit = None) -> OverdueList:
    """The sites whose treatment, or whose project, should have ended and which are not treated."""
    with store.read() as conn:
        found = overdue_sites(conn, today=today, adcode=city)
        waiting = proposals.open_ids(conn)
    items = [OverdueItem.of(each, site, today, waiting.get(site.site_id, ())) for each, site in found]
    return OverdueList(items=items, next=None)
