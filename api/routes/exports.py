"""Every list as a table: what its JSON says, all of it, as CSV or as a workbook."""

from __future__ import annotations

from typing import Annotated, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Request, Response

from api import deps
from api.auth.rights import require
from api.exports import MEDIA, ExportForm, export_list, export_slugs, table_of
from api.strict_json import StrictRoute
from api.whole_list import whole_list
from geo.accounts.rights import Action
from geo.errors import NotFound
from geo.store import cities

router = APIRouter(
    prefix="/api/exports", tags=["exports"], route_class=StrictRoute, dependencies=[require(Action.EXPORT)]
)

TABLE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {media: {} for media in MEDIA.values()}, "description": "The table."}
}


class UnknownList(NotFound):
    """There is no list of this name to be taken away."""

    template = "there is no list {name} to be taken away; there are {known}"


@router.get("/{name}.{form}", responses=TABLE, response_class=Response)
async def export(
    name: Annotated[str, Path(pattern="^[a-z_]{1,32}$", description="Which list (`exports.csv`).")],
    form: Annotated[ExportForm, Path(description="CSV with slugs, or a workbook with words.")],
    request: Request,
    store: deps.StoreDep,
    lang: deps.LangDep,
    today: deps.TodayDep,
) -> Response:
    """A list under the filters of its JSON, whatever `limit` and `after` say, in the order of its JSON."""
    if name not in export_slugs():
        raise UnknownList(name=name, known=", ".join(export_slugs()))
    wanted = export_list(name, lang)
    found = await whole_list(request, wanted.path)
    if isinstance(found, Response):
        return found

    def written() -> bytes:
        with store.read() as conn:
            units = cities.all(conn)
        return table_of(wanted, found, form=form, units=units, lang=lang)

    headers = {"Content-Disposition": f'attachment; filename="{name}-{today}.{form}"'}
    return Response(await to_thread.run_sync(written), media_type=MEDIA[form], headers=headers)
