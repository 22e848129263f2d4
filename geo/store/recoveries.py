"""Recoveries and evidence in the store: the latest of each site, product, edition, pair of years and rule.

Readers see what is not hidden (`geo.store.hidden`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar, cast

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, delete, func, select

from geo.canonical import parse_json
from geo.evidence.verdict import Evidence, Verdict
from geo.recovery import Inputs, Recovery, TemporalRule, YearLine
from geo.runs.seen import NOTHING_SEEN, Seen
from geo.status import Status
from geo.store import hidden, recovery_rows
from geo.store.recovery_rows import EVIDENCE_SCALARS, INPUTS, SCALARS
from geo.store.tables import CLASS_AREAS, EVIDENCE, RECOVERIES, RECOVERY_YEARS, TRANSITIONS
from geo.transitions import Transition

_Item = TypeVar("_Item", Recovery, Evidence)

_CHUNK = 500
_LINE: Final = ("recovered_units", "disturbed_baseline_units", "valid_units", "new_damage_units")


def put(
    conn: Connection, run_id: int | None, recoveries: Sequence[Recovery], evidence: Sequence[Evidence]
) -> None:
    """Keep the results of a run in place of the older ones of the same sites, pairs and rules.

    A verdict that is the same as the one that stands is left as it is, under the run that reached it.
    """
    for start in range(0, len(recoveries), _CHUNK):
        for group in _by_pair(recoveries[start : start + _CHUNK]).values():
            for rule in {item.temporal_rule for item in group}:
                same = [item for item in group if item.temporal_rule is rule]
                _forget(conn, RECOVERIES, same, RECOVERIES.c.temporal_rule == rule.value)
    for start in range(0, len(evidence), _CHUNK):
        for judged in _by_pair(changed_verdicts(conn, evidence[start : start + _CHUNK])).values():
            _forget(conn, EVIDENCE, judged)
            recovery_rows.add(conn, run_id, (), judged, hidden=0, seen=NOTHING_SEEN)
    recovery_rows.add(conn, run_id, recoveries, (), hidden=0, seen=NOTHING_SEEN)


def put_hidden(
    conn: Connection,
    run_id: int,
    recoveries: Sequence[Recovery],
    evidence: Sequence[Evidence],
    *,
    seen: Seen,
) -> None:
    """Keep results of a run out of sight; see `geo.store.hidden`.

    A verdict that is the same as the one that stands is left as it is, under the run that reached it.
    """
    changed = changed_verdicts(conn, evidence)
    new = set(map(id, changed))
    hidden.confirm(
        conn, EVIDENCE, ((one.site_id, one.content_key) for one in evidence if id(one) not in new), seen
    )
    recovery_rows.add(conn, run_id, recoveries, changed, hidden=run_id, seen=seen)


def changed_verdicts(conn: Connection, evidence: Sequence[Evidence]) -> list[Evidence]:
    """Those of the verdicts that are not the same as the ones that stand."""
    changed = []
    for group in _by_pair(evidence).values():
        rows = conn.execute(select(EVIDENCE).where(*_same_pair(EVIDENCE, group))).mappings()
        standing = {_evidence(row) for row in rows}
        changed += [item for item in group if item not in standing]
    return changed


def _by_pair(items: Sequence[_Item]) -> dict[tuple[str, str, int, int], list[_Item]]:
    groups: defaultdict[tuple[str, str, int, int], list[_Item]] = defaultdict(list)
    for item in items:
        groups[item.product, item.edition, item.from_year, item.to_year].append(item)
    return groups


def _forget(
    conn: Connection, kept: Table, items: Sequence[Recovery] | Sequence[Evidence], *also: ColumnElement[bool]
) -> None:
    """Delete what is kept of the items' sites and their one product, edition and pair of years."""
    conn.execute(delete(kept).where(*_same_pair(kept, items), *also))


def _same_pair(
    kept: Table, items: Sequence[Recovery] | Sequence[Evidence]
) -> tuple[ColumnElement[bool], ...]:
    one = items[0]
    return (
        kept.c.site_id.in_([item.site_id for item in items]),
        kept.c.product == one.product,
        kept.c.edition == one.edition,
        kept.c.from_year == one.from_year,
        kept.c.to_year == one.to_year,
        kept.c.hidden == 0,
    )


def find(
    conn: Connection,
    *,
    site_id: int | None = None,
    site_ids: Sequence[int] | None = None,
    product: str | None = None,
    edition: str | None = None,
    from_year: int | None = None,
    to_year: int | None = None,
    rule: TemporalRule | str | None = None,
) -> list[Recovery]:
    """The recoveries that match, by site (one, or several), product, edition, years and rule."""
    wanted = {
        "site_id": site_id,
        "product": product,
        "edition": edition,
        "from_year": from_year,
        "to_year": to_year,
        "temporal_rule": None if rule is None else str(rule),
    }
    conditions = [RECOVERIES.c.hidden == 0]
    conditions += [RECOVERIES.c[name] == value for name, value in wanted.items() if value is not None]
    if site_ids is not None:
        conditions.append(RECOVERIES.c.site_id.in_(site_ids))
    order = ("site_id", "product", "edition", "from_year", "to_year", "temporal_rule")
    rows = conn.execute(
        select(RECOVERIES).where(*conditions).order_by(*(RECOVERIES.c[name] for name in order))
    ).mappings()
    class_units = _class_units(conn, conditions)
    transitions = _transitions(conn, conditions)
    lines = _lines(conn, conditions)
    return [
        _recovery(row, class_units[key], transitions[key], lines[key])
        for row in rows.all()
        for key in (row["recovery_id"],)
    ]


def _class_units(
    conn: Connection, conditions: Sequence[ColumnElement[bool]]
) -> Mapping[int, dict[int, dict[int | None, int]]]:
    found: defaultdict[int, dict[int, dict[int | None, int]]] = defaultdict(dict)
    columns = CLASS_AREAS.c
    query = select(columns.recovery_id, columns.year, columns.class_code, columns.units)
    query = query.join(RECOVERIES).where(*conditions).order_by(columns.fid)
    for key, year, code, units in conn.execute(query):
        found[key].setdefault(year, {})[code] = units
    return found


def _lines(conn: Connection, conditions: Sequence[ColumnElement[bool]]) -> Mapping[int, dict[int, YearLine]]:
    found: defaultdict[int, dict[int, YearLine]] = defaultdict(dict)
    columns = RECOVERY_YEARS.c
    query = select(columns.recovery_id, columns.year, *(columns[name] for name in _LINE))
    query = query.join(RECOVERIES).where(*conditions).order_by(columns.recovery_id, columns.year)
    for key, year, *units in conn.execute(query):
        found[key][year] = YearLine(*units)
    return found


def _transitions(
    conn: Connection, conditions: Sequence[ColumnElement[bool]]
) -> Mapping[int, list[Transition]]:
    found: defaultdict[int, list[Transition]] = defaultdict(list)
    columns = TRANSITIONS.c
    query = select(
        columns.recovery_id,
        columns.from_code,
        columns.to_code,
        columns.outcome,
        columns.units,
        columns.ha,
        columns.ha_grid,
    )
    query = query.join(RECOVERIES).where(*conditions).order_by(columns.fid)
    for key, *step in conn.execute(query):
        found[key].append(Transition(*step))
    return found


def evidence(
    conn: Connection, *, site_id: int | None = None, product: str | None = None, edition: str | None = None
) -> list[Evidence]:
    """The evidence that matches, by site, product, edition and years."""
    wanted = {"site_id": site_id, "product": product, "edition": edition}
    conditions = [EVIDENCE.c.hidden == 0]
    conditions += [EVIDENCE.c[name] == value for name, value in wanted.items() if value is not None]
    order = ("site_id", "product", "edition", "from_year", "to_year")
    query = select(EVIDENCE).where(*conditions).order_by(*(EVIDENCE.c[name] for name in order))
    return [_evidence(row) for row in conn.execute(query).mappings()]


def evidence_mark(conn: Connection, *, product: str, edition: str) -> tuple[int, int] | None:
    """Two numbers that change whenever the evidence of an edition does; None where there is none."""
    query = select(func.count(), func.max(EVIDENCE.c.fid)).where(
        EVIDENCE.c.hidden == 0, EVIDENCE.c.product == product, EVIDENCE.c.edition == edition
    )
    count, last = conn.execute(query).one()
    return (count, last) if count else None


def pairs(conn: Connection) -> list[tuple[str, str, int, int, int]]:
    """(product, edition, from_year, to_year, number of sites) of everything that is kept."""
    columns = RECOVERIES.c
    pair = (columns.product, columns.edition, columns.from_year, columns.to_year)
    query = select(*pair, func.count(columns.site_id.distinct())).where(columns.hidden == 0)
    query = query.group_by(*pair).order_by(*pair)
    return [(product, edition, first, last, n) for product, edition, first, last, n in conn.execute(query)]


def keys(conn: Connection, product: str, edition: str, from_year: int, to_year: int) -> dict[int, str]:
    """{site id: content key} of what is kept of one pair, so that only what changed is done anew.

    A site whose rules have different keys is left out.
    """
    columns = RECOVERIES.c
    query = (
        select(columns.site_id, func.min(columns.content_key))
        .where(
            columns.product == product,
            columns.edition == edition,
            columns.from_year == from_year,
            columns.to_year == to_year,
            columns.hidden == 0,
        )
        .group_by(columns.site_id)
        .having(func.min(columns.content_key) == func.max(columns.content_key))
    )
    return dict(conn.execute(query).all())


def _inputs(row: RowMapping) -> Inputs:
    return Inputs(*(row[name] for name in INPUTS))


def _recovery(
    row: RowMapping,
    class_units: Mapping[int, Mapping[int | None, int]],
    transitions: Sequence[Transition],
    lines: Mapping[int, YearLine],
) -> Recovery:
    shares = cast("Mapping[str, float | None]", parse_json(row["share_by_year"]))
    return Recovery(
        **{name: row[name] for name in SCALARS},
        temporal_rule=TemporalRule(row["temporal_rule"]),
        inputs=_inputs(row),
        class_units=class_units,
        transitions=tuple(transitions),
        lines=lines,
        baseline_late=bool(row["baseline_late"]),
        end_year_unchanged=bool(row["end_year_unchanged"]),
        share_by_year={int(year): None if share is None else float(share) for year, share in shares.items()},
    )


def _evidence(row: RowMapping) -> Evidence:
    return Evidence(
        **{name: row[name] for name in EVIDENCE_SCALARS},
        inputs=_inputs(row),
        verdict=None if row["verdict"] is None else Verdict(row["verdict"]),
        reasons=tuple(cast("list[str]", parse_json(row["reasons"]))),
        status=Status(row["status"]),
        status_today=Status(row["status_today"]),
    )
