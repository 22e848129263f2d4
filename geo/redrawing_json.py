"""Redrawings as text: how a proposal keeps the sites that would leave and enter."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import cast

from geo.canonical import canonical_json, parse_json
from geo.changes import NewSite
from geo.errors import BadValue
from geo.history import Fact
from geo.redrawing import Redrawing, RedrawingKind
from geo.status import Status
from geo.wkb import geometry_of, wkb_of


def redrawing_json(redrawing: Redrawing) -> str:
    """The redrawing as canonical JSON, polygons as hexadecimal WKB, as a proposal keeps it."""
    return canonical_json(
        {
            "kind": redrawing.kind.value,
            "site_ids": list(redrawing.site_ids),
            "versions": list(redrawing.versions),
            "enters": [_site_json(site) for site in redrawing.enters],
            "effective_on": redrawing.effective_on.isoformat(),
            "reason": redrawing.reason,
            "left_units": redrawing.left_units,
            "shared": [fact.value for fact in redrawing.shared],
        }
    )


def redrawing_of(text: str) -> Redrawing:
    """The redrawing that `redrawing_json` wrote. Raises `BadValue` for anything else."""
    kept = parse_json(text)
    if not isinstance(kept, Mapping):
        raise BadValue(field="redrawing", value=text, problem="is not what a proposal keeps")
    enters = cast("list[Mapping[str, object]]", kept["enters"])
    return Redrawing(
        kind=RedrawingKind(str(kept["kind"])),
        site_ids=tuple(cast("list[int]", kept["site_ids"])),
        versions=tuple(cast("list[int]", kept["versions"])),
        enters=tuple(_site_of(site) for site in enters),
        effective_on=date.fromisoformat(str(kept["effective_on"])),
        reason=str(kept["reason"]),
        left_units=cast("int", kept["left_units"]),
        shared=tuple(Fact(fact) for fact in cast("list[str]", kept["shared"])),
    )


def fingerprint(redrawing: Redrawing, *, actor: str) -> str:
    """SHA-256 (hex) of what is asked for, by whom; the versions of the sites do not count."""
    asked = redrawing_json(replace(redrawing, versions=(), left_units=0))
    return hashlib.sha256(f"{actor}\n{asked}".encode()).hexdigest()


def _site_json(site: NewSite) -> dict[str, object]:
    return {
        "site_code": site.site_code,
        "wkb": wkb_of(site.geometry).hex(),
        "area_units": site.area_units,
        "facts": {fact.value: value for fact, value in site.facts.items()},
        "source_crs": site.source_crs,
        "extra": canonical_json(site.extra),
        "statuses": [[status.value, day.isoformat()] for status, day in site.status_rows],
        "entered_on": site.entered_on.isoformat(),
    }


def _site_of(kept: Mapping[str, object]) -> NewSite:
    facts = cast("Mapping[str, object]", kept["facts"])
    statuses = cast("list[tuple[str, str]]", kept["statuses"])
    return NewSite(
        site_code=str(kept["site_code"]),
        geometry=geometry_of(bytes.fromhex(str(kept["wkb"]))),
        area_units=cast("int", kept["area_units"]),
        facts={Fact(fact): value for fact, value in facts.items()},
        entered_on=date.fromisoformat(str(kept["entered_on"])),
        source_crs=str(kept["source_crs"]),
        extra=cast("Mapping[str, object]", parse_json(str(kept["extra"]))),
        status_rows=tuple((Status(status), date.fromisoformat(day)) for status, day in statuses),
    )
