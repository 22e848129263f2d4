"""The routes: parse, call, shape."""

from __future__ import annotations

from api.routes import (
    accounts,
    attachments,
    cities,
    corrections,
    import_steps,
    imports,
    landcover,
    maps,
    notices,
    planning,
    proposals,
    rates,
    recoveries,
    redrawings,
    runs,
    service,
    sites,
    tiles,
)

ROUTERS = (
    redrawings.router,
    sites.router,
    corrections.router,
    attachments.router,
    planning.router,
    recoveries.router,
    proposals.router,
    cities.router,
    rates.router,
    landcover.router,
    runs.router,
    import_steps.router,
    imports.router,
    accounts.router,
    notices.router,
    maps.router,
    tiles.router,
    service.documented,
    service.router,
)
"""Every router of the API, in the order of its documentation."""
