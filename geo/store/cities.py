"""Administrative units and the list of resource-based cities in the store."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, RowMapping, delete, insert, null, select, update

from geo.cities import City, CityType, Level, Listing
from geo.errors import UnknownCity
from geo.store.tables import CITIES, CITY_LISTINGS, SITES


@dataclass(frozen=True, slots=True)
class UnitNames:
    """The names of the units that hold a site, for people who read the layer; None where unknown."""

    county: str | None = None
    prefecture: str | None = None
    province: str | None = None


def put(conn: Connection, cities: Iterable[City], listings: Iterable[Listing]) -> None:
    """Take units and listings into the store, in place of those with the same code (and day of entry)."""
    units = {city.adcode: city for city in cities}
    listed = {(row.adcode, row.entered_on): row for row in listings}
    known = dict(conn.execute(select(CITIES.c.adcode, CITIES.c.fid)).all())
    for code in units.keys() & known.keys():
        conn.execute(update(CITIES).where(CITIES.c.fid == known[code]).values(_city_columns(units[code])))
    fresh = [_city_columns(city) for code, city in units.items() if code not in known]
    if fresh:
        conn.execute(insert(CITIES), fresh)
    for adcode, entered_on in listed:
        conn.execute(
            delete(CITY_LISTINGS).where(
                CITY_LISTINGS.c.adcode == adcode, CITY_LISTINGS.c.entered_on == entered_on.isoformat()
            )
        )
    if listed:
        conn.execute(insert(CITY_LISTINGS), [_listing_columns(row) for row in listed.values()])
    _rename_units_of_sites(conn)


def all(conn: Connection, with_outlines: bool = False) -> dict[str, City]:  # noqa: A001 - read as cities.all
    """Every unit by its code; without outlines unless asked for."""
    return {city.adcode: city for city in _find(conn, with_outlines=with_outlines)}


def get(conn: Connection, adcode: str) -> City:
    """The unit with this code and its outline; raises `UnknownCity`."""
    row = conn.execute(select(CITIES).where(CITIES.c.adcode == adcode)).mappings().first()
    if row is None:
        raise UnknownCity(adcode=adcode)
    return _city(row)


def listings(conn: Connection) -> list[Listing]:
    """Every membership in the list, by code and day of entry."""
    query = select(CITY_LISTINGS).order_by(CITY_LISTINGS.c.adcode, CITY_LISTINGS.c.entered_on)
    return [_listing(row) for row in conn.execute(query).mappings()]


def outlines(
    conn: Connection, level: Level | None = None, adcodes: Collection[str] | None = None
) -> list[City]:
    """The units that have an outline, of one level or of given codes, in order of code."""
    found = _find(conn, with_outlines=True, level=level, adcodes=adcodes)
    return [city for city in found if city.outline is not None]


def unit_names(conn: Connection, adcode: str | None) -> UnitNames:
    """The names of the unit `adcode` and of those above it."""
    names: dict[str, str] = {}
    code = adcode
    while code is not None:
        row = conn.execute(
            select(CITIES.c.level, CITIES.c.name_zh, CITIES.c.name_en, CITIES.c.parent).where(
                CITIES.c.adcode == code
            )
        ).first()
        if row is None or row[0] in names:
            break
        names[row[0]] = row[1] or row[2]
        code = row[3]
    return UnitNames(names.get(Level.COUNTY), names.get(Level.PREFECTURE), names.get(Level.PROVINCE))


def names(conn: Connection, adcode: str) -> tuple[str, str]:
    """The Chinese and the English name of a unit; the code itself where it is not known."""
    query = select(CITIES.c.name_zh, CITIES.c.name_en).where(CITIES.c.adcode == adcode)
    row = conn.execute(query).first()
    return (adcode, adcode) if row is None else (row[0], row[1])


def place(conn: Connection, adcode: str | None) -> tuple[str, ...]:
    """The codes of the unit and of those above it, innermost first; an unknown code stands for itself."""
    codes: list[str] = []
    while adcode is not None and adcode not in codes:
        codes.append(adcode)
        adcode = conn.execute(select(CITIES.c.parent).where(CITIES.c.adcode == adcode)).scalar()
    return tuple(codes)


def _rename_units_of_sites(conn: Connection) -> None:
    columns = (SITES.c.adcode, SITES.c.county, SITES.c.prefecture, SITES.c.province)
    for adcode, *old in conn.execute(select(*columns).where(SITES.c.adcode.is_not(None)).distinct()).all():
        names = unit_names(conn, adcode)
        if [names.county, names.prefecture, names.province] != old:
            conn.execute(
                update(SITES)
                .where(SITES.c.adcode == adcode)
                .values(county=names.county, prefecture=names.prefecture, province=names.province)
            )


def _find(
    conn: Connection,
    *,
    with_outlines: bool,
    level: Level | None = None,
    adcodes: Collection[str] | None = None,
) -> list[City]:
    columns = [
        column if with_outlines or column.name != "geom" else null().label("geom") for column in CITIES.c
    ]
    query = select(*columns).order_by(CITIES.c.adcode)
    if level is not None:
        query = query.where(CITIES.c.level == level.value)
    if adcodes is not None:
        query = query.where(CITIES.c.adcode.in_(adcodes))
    return [_city(row) for row in conn.execute(query).mappings()]


def _city_columns(city: City) -> dict[str, object]:
    return {
        "geom": city.outline,
        "adcode": city.adcode,
        "name_zh": city.name_zh,
        "name_en": city.name_en,
        "level": city.level.value,
        "parent": city.parent,
        "edition": city.edition,
    }


def _city(row: RowMapping) -> City:
    return City(
        adcode=row["adcode"],
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        level=Level(row["level"]),
        parent=row["parent"],
        edition=row["edition"],
        outline=row["geom"],
    )


def _listing_columns(listing: Listing) -> dict[str, object]:
    return {
        "adcode": listing.adcode,
        "name_listed": listing.name_listed,
        "city_type": listing.city_type.value,
        "basis": listing.basis,
        "entered_on": listing.entered_on.isoformat(),
        "left_on": None if listing.left_on is None else listing.left_on.isoformat(),
        "source": listing.source,
        "note": listing.note,
    }


def _listing(row: RowMapping) -> Listing:
    return Listing(
        adcode=row["adcode"],
        name_listed=row["name_listed"],
        city_type=CityType(row["city_type"]),
        basis=row["basis"],
        entered_on=date.fromisoformat(row["entered_on"]),
        left_on=None if row["left_on"] is None else date.fromisoformat(row["left_on"]),
        source=row["source"],
        note=row["note"],
    )
