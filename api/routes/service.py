"""The service itself: health, metrics, assets, and the documentation of the API."""

from __future__ import annotations

from collections import Counter
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse

from api import deps
from api.auth.rights import require
from api.pages import STATIC_DIR
from geo.accounts.rights import Action
from geo.runs.run import RunState
from geo.store import history, runs, sites
from geo.store.database import SCHEMA_VERSION
from tiles.asset_gate import asset_file

router = APIRouter(include_in_schema=False, dependencies=[require(Action.OPEN)])
documented = APIRouter(tags=["service"], dependencies=[require(Action.OPEN)])

ASSET_CACHE: Final = "public, max-age=86400"


@documented.get("/healthz", response_class=PlainTextResponse)
async def healthz() -> str:
    """`ok` while the process answers."""
    return "ok"


@documented.get("/readyz", response_class=PlainTextResponse)
def readyz(request: Request, store: deps.StoreDep) -> Response:
    """200 where the store opens at the present schema and the worker runs, else 503 with what is wrong."""
    worker = getattr(request.app.state, "worker", None)
    problems = [] if store.schema_version() == SCHEMA_VERSION else ["the store's schema is not current"]
    if worker is not None and not worker.is_alive():
        problems.append("the worker does not run")
    return PlainTextResponse("; ".join(problems) or "ready", status_code=503 if problems else 200)


@documented.get("/metrics", response_class=PlainTextResponse, dependencies=[require(Action.READ)])
def metrics(request: Request, store: deps.StoreDep) -> Response:
    """Requests, latencies, sites and runs in the text format of Prometheus."""
    with store.read() as conn:
        states = Counter(run.state for run in runs.find(conn))
        gauges = {
            "reverdure_sites": {"": float(sites.count(conn))},
            "reverdure_history_rows": {"": float(history.head(conn)[0])},
            "reverdure_runs": {f'{{state="{state}"}}': float(states[state]) for state in RunState},
        }
    return PlainTextResponse(request.app.state.metrics.text(gauges), media_type="text/plain; version=0.0.4")


@router.get("/assets/{name:path}")
def asset(name: str) -> Response:
    """A script, style, font or image of the pages and maps; only names of the asset table."""
    return FileResponse(asset_file(name), headers={"Cache-Control": ASSET_CACHE})


@router.get("/favicon.ico")
def favicon() -> Response:
    """The mark of the pages; browsers ask for it under this name where a document names none."""
    return FileResponse(
        STATIC_DIR / "mark.svg", media_type="image/svg+xml", headers={"Cache-Control": ASSET_CACHE}
    )


@router.get("/docs", dependencies=[require(Action.READ)])
async def docs() -> HTMLResponse:
    """The API's documentation to try out, its assets from this host."""
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Reverdure API",
        swagger_js_url="/assets/swagger-ui/swagger-ui-bundle.js",
        swagger_css_url="/assets/swagger-ui/swagger-ui.css",
        swagger_favicon_url="/assets/swagger-ui/favicon-32x32.png",
        swagger_ui_parameters={"validatorUrl": None},
    )
