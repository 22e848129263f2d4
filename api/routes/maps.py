"""The folium maps, composed by `tiles.maps`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from api import deps
from api.auth.rights import require
from api.import_map import drawn_rows
from api.import_rights import check_seen
from api.import_words import receipt_said
from geo.accounts.rights import Action
from geo.store import imports
from tiles import maps

router = APIRouter(
    prefix="/maps", tags=["maps"], default_response_class=HTMLResponse, dependencies=[require(Action.READ)]
)


@router.get("/remediation")
def remediation_map(
    store: deps.StoreDep,
    settings: deps.SettingsDep,
    today: deps.TodayDep,
    lang: deps.LangDep,
    city: deps.Unit = None,
    as_of: Annotated[date | None, Query(description="The day on the ground; today by default.")] = None,
) -> str:
    """Units by treatment rate and sites by status, as of a day."""
    return maps.remediation_html(
        store, city=city, as_of=as_of, lang=lang, today=today, basemap_url=settings.basemap_url or ""
    )


@router.get("/recovery")
def recovery_map(
    store: deps.StoreDep,
    settings: deps.SettingsDep,
    lang: deps.LangDep,
    city: deps.Unit = None,
    product: deps.Slug = None,
    edition: deps.Slug = None,
    from_year: deps.FromYear = None,
    to_year: deps.ToYear = None,
) -> str:
    """The land cover of two years beside each other, sites by verdict."""
    return maps.recovery_html(
        store,
        city=city,
        product=product,
        edition=edition,
        from_year=from_year,
        to_year=to_year,
        lang=lang,
        basemap_url=settings.basemap_url or "",
    )


@router.get("/sites/{site_id}")
def site_map(
    site_id: deps.Id,
    store: deps.StoreDep,
    settings: deps.SettingsDep,
    lang: deps.LangDep,
    product: deps.Slug = None,
    edition: deps.Slug = None,
) -> str:
    """One site and its land cover by year."""
    return maps.site_html(
        store, site_id, lang=lang, product=product, edition=edition, basemap_url=settings.basemap_url or ""
    )


@router.get("/imports/{import_id}")
def import_map(
    import_id: deps.Id,
    store: deps.StoreDep,
    settings: deps.SettingsDep,
    rights: deps.RightsDep,
    lang: deps.LangDep,
) -> str:
    """The rows of an import by what becomes of them, with their findings."""
    with store.read() as conn:
        receipt = receipt_said(imports.get(conn, import_id), "page", lang)
        if receipt.dry_run:
            check_seen(conn, rights, receipt)
    rows = drawn_rows(store, receipt)
    return maps.import_html(receipt, rows, lang=lang, basemap_url=settings.basemap_url or "")
