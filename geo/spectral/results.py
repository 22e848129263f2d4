"""Stored spectral recoveries as they are read, with those that no longer hold marked."""

from __future__ import annotations

from dataclasses import replace

from geo.errors import ReverdureError
from geo.spectral.params import SpectralParams, spectral_params_of
from geo.spectral.plan import plan_spectral, subjects_of
from geo.spectral.recovery import SpectralRecovery
from geo.store import Connection, Store, spectral


def site_spectral(
    store: Store,
    site_id: int,
    *,
    product: str | None = None,
    edition: str | None = None,
    index: str | None = None,
) -> list[SpectralRecovery]:
    """The spectral recoveries of one site that match; outdated ones marked."""
    with store.read() as conn:
        found = spectral.find(conn, site_id=site_id, product=product, edition=edition, index=index)
        return [replace(one, outdated=not _holds(conn, one)) for one in found]


def _holds(conn: Connection, one: SpectralRecovery) -> bool:
    """Whether a run with the same parameters would rest on the same inputs today."""
    params: SpectralParams = replace(spectral_params_of(one.params), site_ids=(one.site_id,))
    try:
        plan = plan_spectral(conn, params)
    except ReverdureError:
        return False
    subject = subjects_of(conn, plan, [one.site_id]).by_id.get(one.site_id)
    return subject is not None and subject.content_key == one.content_key
