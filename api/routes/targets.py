"""Annual targets: list them with what was done, set one, change it, take it off."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from api import deps
from api.auth.rights import require
from api.paging import next_url, page_of
from api.planning import progress_of
from api.records import Changed, NewRecord, Removed, record_answer
from api.schemas.planning import TargetIn, TargetItem, TargetList, TargetPatchIn
from api.strict_json import StrictRoute
from geo.accounts.rights import Action
from geo.areas import units_from_ha
from geo.planning import Progress, RecordKind, Target
from geo.store import Connection, cities, targets
from geo.store.versions import Stamp

router = APIRouter(tags=["planning"], route_class=StrictRoute, dependencies=[require(Action.READ)])

PLAN: Final = [require(Action.PLAN)]


def _answer(found: tuple[Target, Stamp], done: Progress, *, status: int = 200) -> Response:
    item = TargetItem.of(found, done)
    return record_answer(item, f"/api/targets/{item.target_id}", item.version, status=status)


@router.get("/api/targets")
def list_targets(
    request: Request,
    store: deps.StoreDep,
    today: deps.TodayDep,
    year: deps.Year = None,
    city: deps.Unit = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: deps.After = None,
) -> TargetList:
    """The annual targets with what was done of each."""
    with store.read() as conn:
        found = targets.find(conn, year=year, adcode=city, after=after, limit=limit + 1)
    page, last = page_of(found, limit)
    return TargetList(
        items=[TargetItem.of(one, progress_of(store, one[0], today)) for one in page],
        next=next_url(request, None if last is None else last[1].record_id),
    )


@router.post("/api/targets", status_code=201, response_model=TargetItem, dependencies=PLAN)
def add_target(body: TargetIn, write: NewRecord) -> Response:
    """Set the hectares that a unit is to treat within a year."""
    target = body.target()
    done = progress_of(write.store, target, write.today)

    def work(conn: Connection) -> Response:
        write.rights.check(conn, Action.PLAN, cities.get(conn, target.adcode).adcode)
        return _answer(targets.put(conn, target, actor=write.actor, now=write.now), done, status=201)

    return write.once(body, work)


@router.get("/api/targets/{target_id}", response_model=TargetItem)
def get_target(target_id: deps.Id, store: deps.StoreDep, today: deps.TodayDep) -> Response:
    """One target and its progress; its ETag is what a write sends back as If-Match."""
    with store.read() as conn:
        found = targets.get(conn, target_id)
    return _answer(found, progress_of(store, found[0], today))


@router.patch("/api/targets/{target_id}", response_model=TargetItem, dependencies=PLAN)
def patch_target(target_id: deps.Id, body: TargetPatchIn, change: Changed) -> Response:
    """Change a target; every version is kept."""
    write = change.write
    with write.store.read() as conn:
        done = progress_of(write.store, targets.get(conn, target_id)[0], write.today)

    def work(conn: Connection) -> Response:
        before, _ = targets.get(conn, target_id)
        write.rights.check(conn, Action.PLAN, before.adcode)
        target = replace(
            before,
            units=before.units if body.target_ha is None else units_from_ha(body.target_ha),
            notes=before.notes if body.notes is None else body.notes,
        )
        put = targets.put(
            conn, target, actor=write.actor, now=write.now, target_id=target_id, if_version=change.seen
        )
        return _answer(put, done)

    return write.once(body, work)


@router.delete("/api/targets/{target_id}", status_code=204, dependencies=PLAN)
def remove_target(target_id: deps.Id, removal: Removed) -> Response:
    """Take a target off; its versions are kept, and the removal is the last of them."""

    def check(conn: Connection) -> None:
        removal.write.rights.check(conn, Action.PLAN, targets.get(conn, target_id)[0].adcode)

    return removal.of(RecordKind.TARGET, target_id, check)
