"""Changes in the store: sites enter, facts change, each with its history rows in the same transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import cast

from sqlalchemy import Connection, insert, select

from geo import clock
from geo.canonical import canonical_json, parse_json
from geo.changes import Change, NewSite, plan_change
from geo.entry import SecondPersonNeeded
from geo.errors import Conflict
from geo.redrawing import Redrawing
from geo.redrawing_json import fingerprint as redrawing_fingerprint
from geo.store import history, inspections, redrawings, sites
from geo.store import proposals as proposal_store
from geo.store.entering import SiteCodeExists, create_sites
from geo.store.recording import Applied, record, replay
from geo.store.tables import IDEMPOTENCY
from geo.wkb import wkb_of

__all__ = [
    "Applied",
    "IdempotencyKeyReused",
    "SecondPersonNeeded",
    "SiteCodeExists",
    "StaleVersion",
    "apply_change",
    "create_sites",
    "replay",
]


class StaleVersion(Conflict):
    """Somebody else changed the site first."""

    template = "site {site_id} has changed: version {current} is current, not {given}"


class IdempotencyKeyReused(Conflict):
    """The key was used for another request."""

    template = "the idempotency key {key!r} was used for another request"


def enter_site(
    conn: Connection,
    new: NewSite,
    *,
    actor: str,
    source: str,
    now: str,
    idempotency_key: str | None = None,
    today: date | None = None,
) -> Applied:
    """The one new site and its rows; the same `idempotency_key` with the same site gives them again.

    Raises `IdempotencyKeyReused`, `SecondPersonNeeded` and the errors of `create_sites`.
    """
    request = "" if idempotency_key is None else _entry_fingerprint(new, actor=actor)
    if idempotency_key is not None:
        earlier = _answered(conn, idempotency_key, request)
        if earlier is not None:
            return earlier
    before = history.head(conn)[0]
    (site_id,) = create_sites(conn, [new], actor=actor, source=source, now=now, approved=False, today=today)
    rows = history.rows(conn, site_id=site_id, after_seq=before)
    applied = Applied(sites.get(conn, site_id), tuple(row.seq for row in rows))
    if idempotency_key is not None:
        _remember(conn, idempotency_key, request, applied, now=now)
    return applied


def apply_change(
    conn: Connection,
    site_id: int,
    change: Change,
    *,
    actor: str,
    source: str,
    now: str,
    if_version: int | None,
    idempotency_key: str | None = None,
    today: date | None = None,
) -> Applied:
    """What became of a change: recorded at once, or kept as a proposal for a second person.

    `if_version` is the version that the officer saw, None to skip the check. The same `idempotency_key` with
    the same request gives the first answer again. `today` is the day of `now` unless given.
    Raises `UnknownSite`, `StaleVersion`, `IdempotencyKeyReused` and the errors of `geo.changes`.
    """
    request = (
        "" if idempotency_key is None else _fingerprint(site_id, change, actor=actor, if_version=if_version)
    )
    if idempotency_key is not None:
        earlier = _answered(conn, idempotency_key, request)
        if earlier is not None:
            return earlier
    site = sites.get(conn, site_id)
    check_version(site_id, site.version, if_version)
    rows = history.rows(conn, site_id=site_id, with_wkb=True)
    plan = plan_change(
        site,
        rows,
        change,
        today=today or clock.local_date(now),
        inspected=_is_borne_out(conn, site_id, change, source),
    )
    if plan.proposed is not None:
        applied = Applied(
            site, (), proposal_store.add(conn, site, plan.proposed, actor=actor, source=source, now=now)
        )
    else:
        applied = record(
            conn,
            site_id,
            plan.rows_now,
            actor=actor,
            reason=change.reason,
            source=source,
            proposed_at=now,
            now=now,
        )
    if idempotency_key is not None:
        _remember(conn, idempotency_key, request, applied, now=now)
    return applied


def _is_borne_out(conn: Connection, site_id: int, change: Change, source: str) -> bool:
    """Whether an acceptance rests on an inspection, or on the file whose receipt it came with."""
    return source.startswith("import:") or inspections.has_passed(conn, site_id, by=change.effective_on)


def propose_redrawing(
    conn: Connection,
    redrawing: Redrawing,
    *,
    actor: str,
    now: str,
    if_versions: Mapping[int, int],
    idempotency_key: str | None = None,
    today: date | None = None,
) -> Applied:
    """The split or merge, kept as a proposal: sites leave, and that needs a second person.

    `if_versions` are the versions that the officer saw, by site; a site without one is not checked. Raises
    `StaleVersion`, `SiteCodeExists`, `IdempotencyKeyReused` and the errors of `geo.changes`.
    """
    request = redrawing_fingerprint(redrawing, actor=actor)
    if idempotency_key is not None:
        earlier = _answered(conn, idempotency_key, request)
        if earlier is not None:
            return earlier
    for site_id, version in zip(redrawing.site_ids, redrawing.versions, strict=True):
        check_version(site_id, version, if_versions.get(site_id))
    redrawings.check_leaving(conn, redrawing, today=today or clock.local_date(now))
    site = sites.get(conn, redrawing.site_ids[0])
    proposal = proposal_store.add(
        conn,
        site,
        redrawings.leaving(redrawing),
        actor=actor,
        source=redrawings.source_of(redrawing),
        now=now,
        redrawing=redrawing,
    )
    applied = Applied(site, (), proposal)
    if idempotency_key is not None:
        _remember(conn, idempotency_key, request, applied, now=now)
    return applied


def check_version(site_id: int, current: int, seen: int | None) -> None:
    """Raise `StaleVersion` unless the version that the officer saw, if any, is the current one."""
    if seen is not None and seen != current:
        raise StaleVersion(site_id=site_id, current=current, given=seen, current_version=current)


def _fingerprint(site_id: int, change: Change, *, actor: str, if_version: int | None) -> str:
    wkb = None if change.geometry is None else wkb_of(change.geometry).hex()
    request = {
        "site_id": site_id,
        "facts": {str(fact): value for fact, value in change.facts.items()},
        "effective_on": change.effective_on.isoformat(),
        "reason": change.reason,
        "voids_seq": change.voids_seq,
        "wkb": wkb,
        "actor": actor,
        "if_version": if_version,
    }
    return hashlib.sha256(canonical_json(request).encode()).hexdigest()


def _entry_fingerprint(new: NewSite, *, actor: str) -> str:
    request = {
        "site_code": new.site_code,
        "facts": {str(fact): value for fact, value in new.facts.items()},
        "entered_on": new.entered_on.isoformat(),
        "wkb": wkb_of(new.geometry).hex(),
        "actor": actor,
    }
    return hashlib.sha256(canonical_json(request).encode()).hexdigest()


def _answered(conn: Connection, key: str, request: str) -> Applied | None:
    row = conn.execute(select(IDEMPOTENCY).where(IDEMPOTENCY.c.key == key)).mappings().first()
    if row is None:
        return None
    if row["request_sha256"] != request:
        raise IdempotencyKeyReused(key=key)
    proposal = None if row["proposal_id"] is None else proposal_store.get(conn, row["proposal_id"])
    seqs = cast("list[int]", parse_json(row["seqs"]))
    return Applied(sites.get(conn, row["site_id"]), tuple(seqs), proposal)


def _remember(conn: Connection, key: str, request: str, applied: Applied, *, now: str) -> None:
    conn.execute(
        insert(IDEMPOTENCY).values(
            key=key,
            site_id=applied.site.site_id,
            request_sha256=request,
            seqs=canonical_json(applied.seqs),
            proposal_id=None if applied.proposal is None else applied.proposal.proposal_id,
            recorded_at=now,
        )
    )
