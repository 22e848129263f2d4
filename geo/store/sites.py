"""Sites in the store: read by id, code, box and words. They change by `geo.store.changes` alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any, Final, Literal, cast

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPolygon
from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    RowMapping,
    Select,
    and_,
    func,
    or_,
    select,
    type_coerce,
)

from geo.canonical import parse_json
from geo.errors import UnknownSite
from geo.sites import Approach, Kind, Ponding, Responsible, Settlement, Site, Target
from geo.status import Status
from geo.store import embedded
from geo.store.gpkg import wkb_of_blob
from geo.store.tables import CITIES, SITES

_IDS_AT_ONCE = 10_000
Facet = dict[str, int]


class SiteOrder(StrEnum):
    """By what sites are put in order; equal ones by their ids."""

    ID = "site_id"
    CODE = "site_code"
    NAME = "name"
    UNIT = "adcode"
    KIND = "kind"
    STATUS = "status"
    SINCE = "status_since"
    AREA = "area_ha"


_ORDER_COLUMNS: Final[Mapping[SiteOrder, ColumnElement[Any]]] = {
    SiteOrder.CODE: SITES.c.site_code,
    SiteOrder.NAME: SITES.c.name,
    SiteOrder.UNIT: func.coalesce(SITES.c.adcode, ""),
    SiteOrder.KIND: SITES.c.kind,
    SiteOrder.STATUS: SITES.c.status,
    SiteOrder.SINCE: SITES.c.status_since,
    SiteOrder.AREA: SITES.c.area_units,
}


@dataclass(frozen=True, slots=True)
class SiteFilter:
    """Which sites are asked for; None asks for all. Pages by `after`, the last id of the page before.

    `bbox` is (min x, min y, max x, max y) in degrees and meets the site's own box. `adcodes` are codes of
    counties or of any unit above them. `q` is part of a code or name. `among` are the only sites that may
    come, `besides` those that may not, by id. Sites that left come only if asked.
    """

    bbox: tuple[float, float, float, float] | None = None
    adcodes: frozenset[str] | None = None
    status: str | None = None
    kind: str | None = None
    responsible: str | None = None
    q: str | None = None
    among: frozenset[int] | None = None
    besides: frozenset[int] | None = None
    limit: int | None = 1000
    after: int | None = None
    with_left: bool = False
    order: SiteOrder = SiteOrder.ID
    descending: bool = False


def get(conn: Connection, site_id: int) -> Site:
    """The site with this id, whether it left or not; raises `UnknownSite`."""
    row = conn.execute(select(SITES).where(SITES.c.fid == site_id)).mappings().first()
    if row is None:
        raise UnknownSite(site_id=site_id)
    return _site(row)


def by_code(conn: Connection, code: str) -> Site | None:
    """The site with this code, None without one."""
    row = conn.execute(select(SITES).where(SITES.c.site_code == code)).mappings().first()
    return None if row is None else _site(row)


def find(conn: Connection, wanted: SiteFilter) -> list[Site]:
    """The sites that match, in the order asked for."""
    query = _matching(select(SITES), wanted).order_by(*_order(wanted)).limit(wanted.limit)
    return [_site(row) for row in conn.execute(query).mappings()]


def ids(conn: Connection, wanted: SiteFilter) -> Sequence[int]:
    """The ids of the sites that match, whatever `limit` says, in no order."""
    return conn.execute(_matching(select(SITES.c.fid), wanted)).scalars().all()


def many(conn: Connection, site_ids: Iterable[int]) -> list[Site]:
    """The sites with these ids, whether they left or not, in order of their ids; unknown ids are left out."""
    ids = sorted(set(site_ids))
    return [
        _site(row)
        for start in range(0, len(ids), _IDS_AT_ONCE)
        for row in conn.execute(
            select(SITES).where(SITES.c.fid.in_(ids[start : start + _IDS_AT_ONCE])).order_by(SITES.c.fid)
        ).mappings()
    ]


def known_ids(conn: Connection, site_ids: Sequence[int]) -> set[int]:
    """Those of the ids that some site has, whether it left or not."""
    return {
        site_id
        for start in range(0, len(site_ids), _IDS_AT_ONCE)
        for site_id in conn.execute(
            select(SITES.c.fid).where(SITES.c.fid.in_(site_ids[start : start + _IDS_AT_ONCE]))
        ).scalars()
    }


def damage_years(conn: Connection, site_ids: Sequence[int] | None = None) -> list[int | None]:
    """The different damage years of the sites that have not left, or of those with the given ids."""
    query = select(SITES.c.damage_year).distinct()
    if site_ids is None:
        return list(conn.execute(query.where(SITES.c.left_on.is_(None))).scalars())
    found: set[int | None] = set()
    for start in range(0, len(site_ids), _IDS_AT_ONCE):
        part = site_ids[start : start + _IDS_AT_ONCE]
        found.update(conn.execute(query.where(SITES.c.fid.in_(part))).scalars())
    return list(found)


def treated_years(
    conn: Connection, site_ids: Sequence[int] | None = None
) -> Iterator[tuple[str, int | None, int | None]]:
    """Code, damage year and year of treatment of the sites that have not left, or of those with these ids."""
    columns = SITES.c
    query = select(columns.site_code, columns.damage_year, columns.treatment_start)
    query = query.where(columns.left_on.is_(None)).order_by(columns.fid)
    parts: Sequence[Sequence[int] | None] = [None]
    if site_ids is not None:
        parts = [site_ids[at : at + _IDS_AT_ONCE] for at in range(0, len(site_ids), _IDS_AT_ONCE)]
    for part in parts:
        chosen = query if part is None else query.where(columns.fid.in_(part))
        for code, damaged, started in conn.execution_options(yield_per=_IDS_AT_ONCE).execute(chosen):
            yield code, damaged, None if started is None else date.fromisoformat(started).year


def count(conn: Connection, wanted: SiteFilter | None = None) -> int:
    """How many sites match, whatever the page; without a filter all that have not left."""
    matching = _matching(select(func.count()).select_from(SITES), wanted or SiteFilter())
    return int(conn.execute(matching).scalar_one())


def facet(conn: Connection, wanted: SiteFilter, name: Literal["status", "kind", "responsible"]) -> Facet:
    """{slug: how many sites}: of those that match whatever their `name`, and whatever the page."""
    column = SITES.c[name]
    free = {
        "status": replace(wanted, after=None, status=None),
        "kind": replace(wanted, after=None, kind=None),
        "responsible": replace(wanted, after=None, responsible=None),
    }
    query = _matching(select(column, func.count()), free[name]).group_by(column)
    return dict(conn.execute(query).all())


def code_index(conn: Connection) -> dict[str, int]:
    """{site code: id} of every site that ever was."""
    return dict(conn.execute(select(SITES.c.site_code, SITES.c.fid)).all())


def with_true_attribute(conn: Connection, name: str) -> set[int]:
    """The ids of the sites whose attribute `name` is true."""
    query = select(SITES.c.fid, SITES.c.attributes).where(SITES.c.attributes.contains(name, autoescape=True))
    found = ((fid, cast("Mapping[str, object]", parse_json(text))) for fid, text in conn.execute(query))
    return {fid for fid, attributes in found if attributes.get(name) is True}


def taken_codes(conn: Connection, codes: Sequence[str]) -> set[str]:
    """Those of the codes that some site has, or had."""
    return {
        code
        for start in range(0, len(codes), _IDS_AT_ONCE)
        for code in conn.execute(
            select(SITES.c.site_code).where(SITES.c.site_code.in_(codes[start : start + _IDS_AT_ONCE]))
        ).scalars()
    }


def geometries(
    conn: Connection, site_ids: Iterable[int] | None = None
) -> tuple[npt.NDArray[np.int64], list[MultiPolygon]]:
    """Ids and polygons (longitude, latitude), in order of ids; of the sites that have not left where None."""
    query = select(SITES.c.fid, type_coerce(SITES.c.geom, LargeBinary)).order_by(SITES.c.fid)
    if site_ids is None:
        found = conn.execute(query.where(SITES.c.left_on.is_(None))).all()
    else:
        ids = sorted(set(site_ids))
        found = [
            row
            for start in range(0, len(ids), _IDS_AT_ONCE)
            for row in conn.execute(query.where(SITES.c.fid.in_(ids[start : start + _IDS_AT_ONCE])))
        ]
    polygons = shapely.from_wkb([wkb_of_blob(blob) for _, blob in found])
    return np.array([fid for fid, _ in found], dtype=np.int64), list(polygons)


def _matching(query: Select[Any], wanted: SiteFilter) -> Select[Any]:
    columns = SITES.c
    words = {"status": wanted.status, "kind": wanted.kind, "responsible": wanted.responsible}
    for name, word in words.items():
        if word is not None:
            query = query.where(columns[name] == word)
    if wanted.bbox is not None:
        query = query.where(embedded.in_box(columns.fid, "sites", wanted.bbox))
    if wanted.adcodes is not None:
        query = query.where(inside(wanted.adcodes)(columns.adcode))
    if wanted.q:
        text = wanted.q.strip()
        query = query.where(
            or_(
                columns.site_code.icontains(text, autoescape=True),
                columns.name.icontains(text, autoescape=True),
            )
        )
    if wanted.among is not None:
        query = query.where(embedded.is_one_of(columns.fid, wanted.among))
    if wanted.besides:
        query = query.where(~embedded.is_one_of(columns.fid, wanted.besides))
    if wanted.after is not None:
        query = query.where(_behind(wanted, wanted.after))
    return query if wanted.with_left else query.where(columns.left_on.is_(None))


def _order(wanted: SiteFilter) -> list[ColumnElement[Any]]:
    columns = [*([_ORDER_COLUMNS[wanted.order]] if wanted.order in _ORDER_COLUMNS else []), SITES.c.fid]
    return [column.desc() if wanted.descending else column.asc() for column in columns]


def _behind(wanted: SiteFilter, site_id: int) -> ColumnElement[bool]:
    """The condition that a site comes behind this one in the order asked for."""
    further = SITES.c.fid < site_id if wanted.descending else SITES.c.fid > site_id
    column = _ORDER_COLUMNS.get(wanted.order)
    if column is None:
        return further
    last = select(column).where(SITES.c.fid == site_id).correlate(None).scalar_subquery()
    return or_(column < last if wanted.descending else column > last, and_(column == last, further))


def inside(adcodes: frozenset[str]) -> embedded.Condition:
    """Of a code, the condition that it is that of one of these units or of one below them."""
    below = _units_under(adcodes)
    return lambda code: or_(code.in_(adcodes), code.in_(below))


def _units_under(adcodes: frozenset[str]) -> Select[Any]:
    """The codes of all units below the given ones."""
    below = select(CITIES.c.adcode).where(CITIES.c.parent.in_(adcodes)).cte("below", recursive=True)
    below = below.union(select(CITIES.c.adcode).join(below, CITIES.c.parent == below.c.adcode))
    return select(below.c.adcode)


def _site(row: RowMapping) -> Site:
    shares = cast("Mapping[str, str]", parse_json(row["unit_shares"]))
    return Site(
        site_id=row["fid"],
        site_code=row["site_code"],
        name=row["name"],
        version=row["version"],
        geometry=row["geom"],
        area_units=row["area_units"],
        status=Status(row["status"]),
        kind=Kind(row["kind"]),
        target_use=Target(row["target_use"]),
        responsible=Responsible(row["responsible"]),
        entered_on=date.fromisoformat(row["entered_on"]),
        status_since=date.fromisoformat(row["status_since"]),
        left_on=_day(row["left_on"]),
        approach=None if row["approach"] is None else Approach(row["approach"]),
        damaged_units=row["damaged_units"],
        restored_units=row["restored_units"],
        damage_year=row["damage_year"],
        treatment_start=_day(row["treatment_start"]),
        treatment_end=_day(row["treatment_end"]),
        settlement=None if row["settlement"] is None else Settlement(row["settlement"]),
        ponding=None if row["ponding"] is None else Ponding(row["ponding"]),
        adcode=row["adcode"],
        outline_edition=row["outline_edition"],
        unit_shares={code: float(share) for code, share in shares.items()},
        source_crs=row["source_crs"],
        attributes=cast("Mapping[str, object]", parse_json(row["attributes"])),
        extra=cast("Mapping[str, object]", parse_json(row["extra"])),
        updated_at=row["updated_at"],
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
