"""The rows of recoveries and verdicts: what is written of each, column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, func, insert, select

from geo.canonical import canonical_json
from geo.evidence.verdict import Evidence
from geo.recovery import Recovery
from geo.runs.seen import Seen
from geo.store.tables import CLASS_AREAS, EVIDENCE, RECOVERIES, RECOVERY_YEARS, TRANSITIONS, insert_many

_CHUNK: Final = 500
SCALARS: Final = (
    *("site_id", "product", "edition", "from_year", "to_year", "area_units", "disturbed_baseline_units"),
    *("recovered_units", "still_disturbed_units", "converted_units", "ponded_units", "new_damage_units"),
    *("valid_units", "not_yet_crop_units", "relapse_year", "reason", "content_key"),
)
EVIDENCE_SCALARS: Final = (
    *("site_id", "product", "edition", "from_year", "to_year", "recovered_share", "raw_recovered_share"),
    *("valid_share", "worklist_units", "content_key", "state_key"),
)
INPUTS: Final = ("geometry_seq", "last_scene_id", "terms")


def add(
    conn: Connection,
    run_id: int | None,
    recoveries: Sequence[Recovery],
    evidence: Sequence[Evidence],
    *,
    hidden: int,
    seen: Seen,
) -> None:
    """Keep results beside what is there; `hidden` as `geo.store.hidden` defines it."""
    for start in range(0, len(recoveries), _CHUNK):
        _add_recoveries(conn, run_id, recoveries[start : start + _CHUNK], hidden=hidden, seen=seen)
    if evidence:
        conn.execute(
            insert(EVIDENCE),
            [
                _evidence_columns(run_id, item) | {"hidden": hidden} | seen.of(item.site_id)
                for item in evidence
            ],
        )


def _add_recoveries(
    conn: Connection, run_id: int | None, recoveries: Sequence[Recovery], *, hidden: int, seen: Seen
) -> None:
    first = int(conn.execute(select(func.coalesce(func.max(RECOVERIES.c.recovery_id), 0))).scalar_one()) + 1
    keyed = list(enumerate(recoveries, start=first))
    rows = [
        _recovery_columns(key, run_id, item) | {"hidden": hidden} | seen.of(item.site_id)
        for key, item in keyed
    ]
    conn.execute(insert(RECOVERIES), rows)
    class_areas = (
        (key, year, code, units)
        for key, item in keyed
        for year, by_code in item.class_units.items()
        for code, units in by_code.items()
    )
    transitions = (
        (key, step.from_code, step.to_code, str(step.outcome), step.units, step.ha, step.ha_grid)
        for key, item in keyed
        for step in item.transitions
    )
    insert_many(conn, CLASS_AREAS, class_areas, keyed=False)
    lines = (
        (
            key,
            year,
            line.recovered_units,
            line.disturbed_baseline_units,
            line.valid_units,
            line.new_damage_units,
        )
        for key, item in keyed
        for year, line in item.lines.items()
    )
    insert_many(conn, RECOVERY_YEARS, lines, keyed=False)
    insert_many(conn, TRANSITIONS, transitions, keyed=False)


def _recovery_columns(key: int, run_id: int | None, item: Recovery) -> dict[str, object]:
    return (
        {name: getattr(item, name) for name in SCALARS}
        | _inputs_columns(item)
        | {
            "recovery_id": key,
            "run_id": run_id,
            "temporal_rule": item.temporal_rule.value,
            "baseline_late": int(item.baseline_late),
            "end_year_unchanged": int(item.end_year_unchanged),
            "share_by_year": _shares_text(item.share_by_year),
        }
    )


def _shares_text(shares: Mapping[int, float | None]) -> str:
    """The canonical JSON of shares by year; years of four digits are in the order of their texts."""
    return "{" + ",".join(f'"{year}":{canonical_json(shares[year])}' for year in sorted(shares)) + "}"


def _inputs_columns(item: Recovery | Evidence) -> dict[str, object]:
    return {name: getattr(item.inputs, name) for name in INPUTS}


def _evidence_columns(run_id: int | None, item: Evidence) -> dict[str, object]:
    return (
        {name: getattr(item, name) for name in EVIDENCE_SCALARS}
        | _inputs_columns(item)
        | {
            "run_id": run_id,
            "verdict": None if item.verdict is None else item.verdict.value,
            "reasons": canonical_json(item.reasons),
            "status": item.status.value,
            "status_today": item.status_today.value,
        }
    )
