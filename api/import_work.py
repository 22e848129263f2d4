"""Imports as pages and interface do them, under the rights of whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from api.auth.rights import Rights
from api.import_rights import check_import
from api.spool import Spool
from geo import clock
from geo.accounts.rights import Action
from geo.cities import City, listed_cities
from geo.errors import Conflict
from geo.events import adcode_in, unit_before
from geo.history import Fact
from geo.imports.detect import Detected, detect
from geo.imports.plan import SOURCES
from geo.imports.prepare import ImportOptions, PreparedImport, Receipt, commit_import, prepare_layer
from geo.imports.profiles import profile_of, with_profile
from geo.imports.receipts import RowResult, Undo
from geo.imports.undo import undo_import
from geo.outlines import UnitIndex, china_units
from geo.sites import Site
from geo.store import Connection, Store, cities, history, import_profiles, imports, proposals, sites
from geo.vector_io import RawLayer, read_vector

_SITES_AT_ONCE: Final = 10_000
_ENTERED_OR_CHANGED: Final = frozenset({RowResult.NEW, RowResult.CHANGED})


class AlreadyCommitted(Conflict):
    """The import was committed before."""

    template = "import {import_id} is committed already"


@dataclass(frozen=True, slots=True)
class Tried:
    """A file that was read and judged: its rows, the layer as sent, the units to be stored with it."""

    prepared: PreparedImport
    layer: RawLayer
    units: Sequence[City]


def department_of(rights: Rights) -> str:
    """For whom a mapping is remembered: the units of an officer, '' for those who have all.

    Without accounts that is everybody.
    """
    return "" if rights.is_administrator else ",".join(sorted(rights.user.units))


def look(store: Store, rights: Rights, path: Path, options: ImportOptions) -> Detected:
    """What the file looks like, with the mapping that its department last used for such columns."""
    layer = read_vector(path, layer=options.layer, encoding=options.encoding)
    with store.read() as conn:
        known = with_profile(options, import_profiles.get(conn, department_of(rights), layer.columns))
        places = [site.geometry for site in sites.find(conn, sites.SiteFilter(limit=2000))]
        places = places or [city.outline for city in cities.outlines(conn) if city.outline is not None]
    return detect(layer, known, places=places)


def try_file(
    store: Store, rights: Rights, path: Path, options: ImportOptions, today: date, *, in_units: bool
) -> Tried:
    """The file, read and judged, and the units to be stored with it: China's for a store without any."""
    layer = read_vector(path, layer=options.layer, encoding=options.encoding)
    with store.read() as conn:
        found = sites.find(conn, sites.SiteFilter(limit=None, with_left=True))
        waiting = proposals.open_by_site(conn)
        known = cities.outlines(conn) if in_units else []
        if options.kind == "sites":
            profile = import_profiles.get(conn, department_of(rights), layer.columns)
            options = with_profile(options, profile)
    new_units = china_units() if in_units and not found and not known else ()
    existing = {site.site_code: site for site in found}
    index = UnitIndex(known or new_units) if known or new_units else None
    prepared = prepare_layer(layer, options, existing=existing, waiting=waiting, units=index, today=today)
    return Tried(prepared, layer, new_units)


def keep_try(store: Store, rights: Rights, spool: Spool, path: Path, tried: Tried, *, in_units: bool) -> int:
    """The id of a dry run, its receipt stored and its file waiting for the commit."""
    with store.write() as conn:
        import_id = imports.put(conn, tried.prepared.receipt(dry=True, actor=rights.name))
    spool.note(path, import_id, tried.prepared.options, in_units=in_units)
    return import_id


def commit(store: Store, rights: Rights, tried: Tried, today: date) -> Receipt:
    """The receipt of the import, written; what was said of its columns is remembered.

    Raises `NotAllowed`, `HistoryNeedsAdministrator` and `ImportRefused`.
    """
    now = clock.now_utc()
    codes = {unit.adcode for unit in tried.units}
    with store.read() as conn:
        check_import(conn, rights, tried.prepared)
    receipt = commit_import(
        store,
        tried.prepared,
        actor=rights.name,
        now=now,
        cities=tried.units,
        listings=[listing for listing in listed_cities() if listing.adcode in codes],
        today=today,
    )
    profile = profile_of(tried.prepared.options)
    if not profile.says_nothing and tried.prepared.options.kind == "sites":
        with store.write() as conn:
            import_profiles.put(
                conn, department_of(rights), tried.layer.columns, profile, actor=rights.name, now=now
            )
    return receipt


def commit_tried(
    store: Store, rights: Rights, import_id: int, today: date, *, only_valid: bool
) -> tuple[Receipt, Receipt]:
    """The receipt of a dry run's import, judged anew against the inventory as it is now, and the dry run's.

    The file is kept for some days where rows of it were refused, so that their workbook can be had. Raises
    `AlreadyCommitted`, `UploadGone` and the errors of `commit`.
    """
    with store.read() as conn:
        before = imports.get(conn, import_id)
    if not before.dry_run:
        raise AlreadyCommitted(import_id=import_id)
    spool = Spool(store)
    path, options, in_units = spool.recall(before.sha256, import_id)
    options = replace(options, only_valid=options.only_valid or only_valid)
    tried = try_file(store, rights, path, options, today, in_units=in_units)
    receipt = commit(store, rights, tried, today)
    if receipt.counts[RowResult.REJECTED]:
        spool.renote(path, import_id, receipt.import_id)
    else:
        spool.forget(path, import_id)
    return receipt, before


def layer_of(store: Store, receipt: Receipt) -> tuple[RawLayer, ImportOptions] | None:
    """The file of an import as it was read, and how, None where it is not kept any more."""
    spool = Spool(store)
    if not spool.has(receipt.sha256, receipt.import_id):
        return None
    path, options, _ = spool.recall(receipt.sha256, receipt.import_id)
    return read_vector(path, layer=options.layer, encoding=options.encoding), options


def undo(
    store: Store, rights: Rights, import_id: int, today: date, *, partly: bool = False, reason: str = ""
) -> Undo:
    """The import taken back. Raises `NotAllowed` outside one's units and the errors of `undo_import`."""
    with store.read() as conn:
        receipt = imports.get(conn, import_id)
        touched = {row.site_id for row in receipt.rows if row.result in _ENTERED_OR_CHANGED}
        known = _sites_of(conn, {site_id for site_id in touched if site_id is not None})
        back = units_before_import(conn, receipt)
        rights.check(conn, Action.IMPORT, *{site.adcode for site in known}, *back)
    return undo_import(
        store,
        import_id,
        actor=rights.name,
        now=clock.now_utc(),
        reason=reason,
        partly=partly,
        today=today,
    )


def units_before_import(conn: Connection, receipt: Receipt) -> set[str | None]:
    """The units to which sites go back where the import that moved them is taken back."""
    changed = [row.site_id for row in receipt.rows if row.result is RowResult.CHANGED and row.site_id]
    source = f"{SOURCES['sites']}:{receipt.import_id}"
    found = set()
    for start in range(0, len(changed), _SITES_AT_ONCE):
        part = history.rows(conn, site_ids=changed[start : start + _SITES_AT_ONCE])
        for rows in history.of_sites(part).values():
            moves = [row for row in rows if row.fact is Fact.UNIT and row.source == source]
            found |= {adcode_in(unit_before(rows, row)) for row in moves}
    return found


def _sites_of(conn: Connection, wanted: set[int]) -> list[Site]:
    found = sites.find(conn, sites.SiteFilter(limit=None, with_left=True))
    return [site for site in found if site.site_id in wanted]
