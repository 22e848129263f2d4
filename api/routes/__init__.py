"""The routes: parse, call, shape."""

from __future__ import annotations

from api.routes import (
    agreement,
    cities,
    imports,
    landcover,
    maps,
    proposals,
    rates,
    recoveries,
    runs,
    samples,
    service,
    sites,
    spectral,
    subsidence,
    tiles,
)

ROUTERS = (
    sites.router,
    recoveries.router,
    subsidence.router,
    proposals.router,
    cities.router,
    rates.router,
    landcover.router,
    agreement.router,
    samples.router,
    spectral.router,
    runs.router,
    imports.router,
    maps.router,
    tiles.router,
    service.documented,
    service.router,
)
"""Every router of the API, in the order of its documentation."""
