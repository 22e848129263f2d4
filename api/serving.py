"""Serving: uvicorn with the limits that a service on one machine needs."""

from __future__ import annotations

from typing import Final

import uvicorn
from fastapi import FastAPI

from api.settings import Settings

KEEP_ALIVE_S: Final = 15
SHUTDOWN_S: Final = 10
MOST_CONNECTIONS: Final = 512
MOST_HEADER_BYTES: Final = 32 * 1024


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """How `app` is served: bounded connections and headers, no trust in forwarded addresses."""
    return uvicorn.Config(
        app,
        host=settings.host.strip("[]"),
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=SHUTDOWN_S,
        limit_concurrency=MOST_CONNECTIONS,
        h11_max_incomplete_event_size=MOST_HEADER_BYTES,
        http="h11",
    )


def run(app: FastAPI, settings: Settings) -> None:
    """Serve `app` until somebody stops it."""
    uvicorn.Server(server_config(app, settings)).run()
