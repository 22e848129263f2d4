"""The pages on which the outline of a site is drawn, reshaped, split and merged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import shapely
from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.auth.rights import require
from api.deps import Id, SettingsDep, etag
from api.pages.view import Page, PageDep, PageRoute
from api.pages.workflow import fact_words
from geo.accounts.rights import Action
from geo.sites import Kind, Responsible
from geo.store import cities, sites

router = APIRouter(route_class=PageRoute, dependencies=[require(Action.CHANGE_SITE)], include_in_schema=False)

WORDS: Final = (
    "area_wait",
    "outline_empty",
    "overlap_none",
    "unit_none",
    "vertex_add",
    "vertex_drop",
    "merge_none",
    "hole_outside",
    "lon",
    "lat",
)
SENTENCES: Final = {
    "area_shown": ("ha", "mu"),
    "area_before": ("ha", "change"),
    "overlap_with": ("codes", "ha"),
    "unit_inside": ("name",),
    "unit_outside": ("name", "share"),
    "problem_at": ("problem", "lon", "lat"),
    "split_sum": ("ha", "change"),
}
WORLD: Final = (73.0, 18.0, 135.0, 54.0)


@router.get("/sites/new", response_class=HTMLResponse)
def draw_site(page: PageDep, settings: SettingsDep) -> HTMLResponse:
    """Draw a site that is not in the inventory yet."""
    with page.store.read() as conn:
        drawn = [city.outline.bounds for city in cities.outlines(conn) if city.outline is not None]
    bounds = WORLD
    if drawn:
        bounds = (
            min(box[0] for box in drawn),
            min(box[1] for box in drawn),
            max(box[2] for box in drawn),
            max(box[3] for box in drawn),
        )
    editor = {"site_id": None, "geometry": None, "bounds": list(bounds), "basemap": settings.basemap_url}
    return _editor(page, page.work("draw_title"), editor)


@router.get("/sites/{site_id}/edit", response_class=HTMLResponse)
def edit_site(page: PageDep, site_id: Id, settings: SettingsDep) -> HTMLResponse:
    """Reshape, split or merge a site."""
    with page.store.read() as conn:
        site = sites.get(conn, site_id)
        decision = page.rights.may(conn, Action.CHANGE_SITE, [site.adcode])
    editor = {
        "site_id": site_id,
        "site_code": site.site_code,
        "version": site.version,
        "etag": etag(site.version),
        "geometry": json.loads(shapely.to_geojson(site.geometry)),
        "bounds": list(site.geometry.bounds),
        "area_ha": site.area_ha,
        "damaged_ha": site.damaged_ha,
        "restored_ha": site.restored_ha,
        "basemap": settings.basemap_url,
    }
    refused = page.word("refusals", decision.reason) if not decision else ""
    return _editor(page, page.work("edit_title", code=site.site_code), editor, refused=refused)


def _editor(page: Page, title: str, editor: Mapping[str, object], *, refused: str = "") -> HTMLResponse:
    places = {slug: {name: f"{{{name}}}" for name in names} for slug, names in SENTENCES.items()}
    return page.render(
        "editor.html",
        active="sites",
        title=title,
        editor=editor,
        refused=refused,
        editor_words={
            **{slug: page.work(slug) for slug in WORDS},
            **{slug: page.work(slug, **places[slug]) for slug in SENTENCES},
        },
        fact_words=fact_words(page),
        kinds=[(kind.value, page.word("kinds", kind)) for kind in Kind],
        responsibles=[(one.value, page.word("responsible", one)) for one in Responsible],
    )
