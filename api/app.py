"""The service: `create_app(settings)` opens the store and puts routes, pages, guard and worker together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from anyio import to_thread
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from api import answers, guard, openapi
from api.audit_watch import AuditWatch
from api.auth.file_links import FileLinks
from api.auth.gate import Gate
from api.auth.opening import check_reach
from api.auth.rights import check_routes
from api.metrics import Metrics
from api.pages import STATIC_DIR
from api.pages import router as pages_router
from api.routes import ROUTERS
from api.settings import Settings
from api.site_writing import Units
from geo import landcover
from geo.runs.jobs import Worker
from geo.runs.pools import pool_of
from geo.store import Store
from tiles.raster import close_open_rasters

VERSION: Final = "0.1.0"
MB: Final = 1_000_000


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service on the store that the settings name, opened and brought to the present schema.

    Raises `NotLoopback` where it would be open to the network, and the errors of `Store.open`.
    """
    settings = settings or Settings()
    check_reach(settings)
    app = bare_app(settings)
    if settings.legends is not None:
        landcover.register_legends(settings.legends)
    app.state.store = Store.open(settings.store)
    return app


def bare_app(settings: Settings) -> FastAPI:
    """The service without a store: enough for its OpenAPI document."""
    app = FastAPI(
        title="Reverdure",
        version=VERSION,
        summary="Sites, their status, their recovery as the satellite sees it, and the rates of each city.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.settings, app.state.metrics, app.state.units = settings, Metrics(), Units()
    app.state.rules, app.state.file_links = guard_rules(settings), FileLinks.new()
    app.state.audit_watch = AuditWatch()
    app.add_middleware(Gate)
    app.add_middleware(guard.Guard, rules=app.state.rules, metrics=app.state.metrics)
    answers.add_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(pages_router)
    app.mount("/static", StaticFiles(directory=STATIC_DIR, check_dir=False), name="static")
    check_routes(app)
    openapi.describe(app)
    return app


def guard_rules(settings: Settings) -> guard.GuardRules:
    """What the guard lets pass under these settings."""
    own = f"[{settings.host}]" if ":" in settings.host else settings.host
    origin = settings.basemap_origin
    return guard.GuardRules(
        hosts=guard.LOOPBACK_NAMES | {own.lower(), *(name.lower() for name in settings.allowed_hosts)},
        max_body_bytes=int(settings.max_body_mb * MB),
        max_upload_bytes=int(settings.max_upload_mb * MB),
        max_attachment_bytes=int(settings.max_attachment_mb * MB) + guard.FORM_ROOM_BYTES,
        image_origins=() if origin is None else (origin,),
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """The worker runs while the service does; both leave the store closed."""
    settings = app.state.settings
    pool = pool_of(settings.workers, settings.dask)
    worker = Worker(app.state.store, pool) if settings.worker else None
    app.state.worker, app.state.closing = worker, False
    if worker is not None:
        await to_thread.run_sync(worker.start)
    try:
        yield
    finally:
        app.state.closing = True
        if worker is not None:
            await to_thread.run_sync(worker.stop)
        close_open_rasters()
        app.state.store.close()
