"""Changes to sites as the API makes them: versions compared, differences told, units found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import cast

from shapely import MultiPolygon

from api.auth.rights import Rights
from api.deps import Write
from api.schemas.sites import NewSiteIn, fact_on_wire
from geo import clock
from geo.accounts.rights import Action
from geo.areas import geodesic_area_units
from geo.canonical import parse_json
from geo.changes import Change, FutureDate, NewSite
from geo.facts import current
from geo.history import Fact
from geo.outlines import UnitAssignment, UnitIndex
from geo.store import Connection, changes, cities, history, proposals, sites


class SiteChanged(changes.StaleVersion):
    """Somebody else changed the site since it was read."""

    template = "site {site_id} is at version {current_version} by now, not at {given}"


@dataclass
class Units:
    """The units of the store, ready for looking up; read anew when the store's units change."""

    _lock: Lock = field(default_factory=Lock)
    _key: object = None
    _index: UnitIndex | None = None

    def fact(self, conn: Connection, polygon: MultiPolygon) -> dict[str, object]:
        """The value of the unit fact of a polygon: its unit, the outlines' edition, the shares."""
        found = self.place(conn, polygon)
        shares = {code: repr(share) for code, share in found.shares.items()}
        return {"adcode": found.adcode, "edition": found.edition, "shares": shares}

    def place(self, conn: Connection, polygon: MultiPolygon) -> UnitAssignment:
        """In which unit a polygon lies, and with which shares."""
        return self._current(conn).assign([polygon])[0]

    def _current(self, conn: Connection) -> UnitIndex:
        known = cities.all(conn)
        key = hash(tuple((city.adcode, city.edition) for city in known.values()))
        with self._lock:
            if self._index is None or key != self._key:
                self._index, self._key = UnitIndex(cities.outlines(conn)), key
            return self._index


def change_site(conn: Connection, site_id: int, change: Change, write: Write) -> changes.Applied:
    """What became of the change.

    Raises `NotAllowed` outside the units of whoever writes, the old and the new one of a move, and
    `SiteChanged` with the difference where the site has moved on.
    """
    units = proposals.units_of(conn, sites.get(conn, site_id), change)
    write.rights.check(conn, Action.CHANGE_SITE, *units)
    try:
        return changes.apply_change(
            conn,
            site_id,
            change,
            actor=write.actor,
            source="api",
            now=clock.now_utc(),
            if_version=write.if_version,
            idempotency_key=write.idempotency_key,
            today=write.today,
        )
    except changes.StaleVersion as error:
        raise site_changed(conn, error, change.facts, change.geometry) from error


def site_changed(
    conn: Connection,
    error: changes.StaleVersion,
    wanted: Mapping[Fact, object],
    polygon: MultiPolygon | None = None,
) -> SiteChanged:
    """The error that also tells the present version and how it differs from what was asked for."""
    site_id, given = cast("int", error.context["site_id"]), error.context["given"]
    asked = dict(wanted)
    if polygon is not None:
        asked[Fact.GEOMETRY] = {"area_units": geodesic_area_units(polygon)}
    return SiteChanged(
        site_id=site_id,
        given=given if given != -1 else "an unknown one",
        current_version=sites.get(conn, site_id).version,
        difference=difference(conn, site_id, asked),
    )


def difference(conn: Connection, site_id: int, wanted: Mapping[Fact, object]) -> list[dict[str, object]]:
    """What the site is now beside what was asked for, fact by fact."""
    now = current(history.rows(conn, site_id=site_id))
    return [
        {
            "fact": fact.value,
            "current": fact_on_wire(parse_json(now[fact].value)) if fact in now else None,
            "yours": fact_on_wire(value),
            "recorded_at": now[fact].recorded_at if fact in now else None,
            "actor": now[fact].actor if fact in now else None,
        }
        for fact, value in wanted.items()
        if fact is not Fact.UNIT
    ]


def enter_site(
    conn: Connection,
    body: NewSiteIn,
    *,
    units: Units,
    rights: Rights,
    today: date,
    idempotency_key: str | None = None,
) -> changes.Applied:
    """The new site and its rows.

    Raises `NotAllowed`, `FutureDate`, `SiteCodeExists`, `SecondPersonNeeded`, `BadPolygon` and
    `IdempotencyKeyReused`.
    """
    polygon = body.geometry.polygon()
    entered_on = body.entered_on or today
    if entered_on > today:
        raise FutureDate(effective_on=entered_on, today=today)
    unit = units.fact(conn, polygon)
    rights.check(conn, Action.CREATE_SITE, cast("str | None", unit["adcode"]))
    facts = {**body.facts(), Fact.STATUS: body.status.value, Fact.UNIT: unit}
    new = NewSite(body.site_code, polygon, geodesic_area_units(polygon), facts, entered_on)
    return changes.enter_site(
        conn,
        new,
        actor=rights.name,
        source="api",
        now=clock.now_utc(),
        idempotency_key=idempotency_key,
        today=today,
    )
