"""Site results: stored recoveries and verdicts as they are read, with those that no longer hold marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from geo import clock
from geo.evidence.thresholds import thresholds
from geo.evidence.verdict import Evidence, state_key_of
from geo.inputs import InputsNow, StoredInputs
from geo.ledger import Ledger
from geo.readings import known_until
from geo.recovery import NO_INPUTS, Recovery, TemporalRule
from geo.snapshot import Snapshot
from geo.store import Connection, Store, history, recoveries


def site_recoveries(
    store: Store,
    site_id: int,
    *,
    product: str | None = None,
    edition: str | None = None,
    from_year: int | None = None,
    to_year: int | None = None,
    rule: TemporalRule | None = None,
) -> list[Recovery]:
    """The recoveries of one site that match, by product, edition, years and rule; outdated ones marked."""
    with store.read() as conn:
        found = recoveries.find(
            conn,
            site_id=site_id,
            product=product,
            edition=edition,
            from_year=from_year,
            to_year=to_year,
            rule=rule,
        )
        return Marker(conn, Ledger(history.rows(conn, site_id=site_id))).recoveries(found)


def site_evidence(store: Store, site_id: int) -> list[Evidence]:
    """Every verdict on one site, by product, edition and years; outdated ones marked."""
    with store.read() as conn:
        found = recoveries.evidence(conn, site_id=site_id)
        return Marker(conn, Ledger(history.rows(conn, site_id=site_id))).evidence(found)


class Marker:
    """Marks the results that no longer describe the sites of a ledger, the scenes and the tables."""

    def __init__(self, conn: Connection, ledger: Ledger, *, today: date | None = None) -> None:
        self._ledger = ledger
        self._now = InputsNow(conn, ledger)
        self._today = today or clock.today()
        self._snapshots: dict[date, Snapshot] = {}

    def recoveries(self, found: Sequence[Recovery]) -> list[Recovery]:
        """The same recoveries in the same order, `outdated` set."""
        usable = self._usable(found)
        return [one if fits else replace(one, outdated=True) for one, fits in zip(found, usable, strict=True)]

    def evidence(self, found: Sequence[Evidence]) -> list[Evidence]:
        """The same verdicts in the same order, `outdated` and today's status set."""
        usable = self._usable(found)
        return [self._checked(one, fits=fits) for one, fits in zip(found, usable, strict=True)]

    def _usable(self, found: Sequence[Recovery | Evidence]) -> list[bool]:
        """Which results rest on a recovery from the inputs of now, or on none."""
        usable = [one.inputs == NO_INPUTS and isinstance(one, Evidence) for one in found]
        for key in {(one.product, one.edition) for one in found}:
            places = [place for place, one in enumerate(found) if (one.product, one.edition) == key]
            rows = np.array(
                [
                    (
                        one.site_id,
                        one.from_year,
                        one.to_year,
                        one.inputs.geometry_seq,
                        one.inputs.last_scene_id,
                        one.inputs.terms,
                    )
                    for one in (found[place] for place in places)
                ],
                dtype=np.int64,
            )
            for place, fits in zip(
                places, self._now.usable(*key, StoredInputs(*rows.T)).tolist(), strict=True
            ):
                usable[place] = usable[place] or fits
        return usable

    def _checked(self, one: Evidence, *, fits: bool) -> Evidence:
        then = self._snapshot(min(self._today, date(one.to_year, 12, 31))).state_of(one.site_id)
        today = self._snapshot(self._today).state_of(one.site_id)
        judged = then or today
        if judged is None:
            return replace(one, outdated=True)
        key = state_key_of(then, judged, limits=thresholds(), with_recovery=one.inputs != NO_INPUTS)
        status = one.status_today if today is None else today.status
        return replace(one, outdated=not fits or key != one.state_key, status_today=status)

    def _snapshot(self, day: date) -> Snapshot:
        if day not in self._snapshots:
            known = known_until(self._ledger, None)
            self._snapshots[day] = self._ledger.snapshot(as_of=day, known_us=known)
        return self._snapshots[day]
