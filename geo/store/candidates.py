"""Candidates in the store: new water outside known sites, open or dismissed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from geo import clock
from geo.candidates import Candidate, CandidateState
from geo.errors import BadValue, Conflict, UnknownCandidate
from geo.store.subsidence_tables import CANDIDATES

_SCALARS: Final = (
    *("product", "edition", "from_year", "to_year", "area_units", "reason", "decided_by", "decided_at"),
    *("found_at", "content_key"),
)


class AlreadyDismissed(Conflict):
    """Somebody dismissed the candidate before."""

    template = "the candidate {candidate_id} was dismissed by {decided_by} already: {reason}"


def replace_open(conn: Connection, found: Sequence[Candidate], place: tuple[str, str, int, int]) -> None:
    """Keep `found` in place of the open candidates of one product, edition and pair of years.

    One that is kept already, by its content key, keeps its id; dismissed ones stay as they are.
    """
    product, edition, from_year, to_year = place
    kept = (
        CANDIDATES.c.product == product,
        CANDIDATES.c.edition == edition,
        CANDIDATES.c.from_year == from_year,
        CANDIDATES.c.to_year == to_year,
        CANDIDATES.c.state == CandidateState.OPEN.value,
    )
    known = dict(conn.execute(select(CANDIDATES.c.content_key, CANDIDATES.c.fid).where(*kept)).all())
    keys = {one.content_key for one in found}
    gone = [fid for key, fid in known.items() if key not in keys]
    for start in range(0, len(gone), 500):
        conn.execute(delete(CANDIDATES).where(CANDIDATES.c.fid.in_(gone[start : start + 500])))
    new = [_columns(one) for one in found if one.content_key not in known]
    if new:
        conn.execute(insert(CANDIDATES), new)


def find(
    conn: Connection,
    *,
    state: CandidateState | None = CandidateState.OPEN,
    product: str | None = None,
    edition: str | None = None,
) -> list[Candidate]:
    """The candidates that match, the largest first; open ones unless `state` asks for others (None: any)."""
    wanted = {"state": None if state is None else state.value, "product": product, "edition": edition}
    conditions = [CANDIDATES.c[name] == value for name, value in wanted.items() if value is not None]
    query = select(CANDIDATES).where(*conditions).order_by(CANDIDATES.c.area_units.desc(), CANDIDATES.c.fid)
    return [_candidate(row) for row in conn.execute(query).mappings()]


def get(conn: Connection, candidate_id: int) -> Candidate:
    """The candidate with this id. Raises `UnknownCandidate`."""
    row = conn.execute(select(CANDIDATES).where(CANDIDATES.c.fid == candidate_id)).mappings().first()
    if row is None:
        raise UnknownCandidate(candidate_id=candidate_id)
    return _candidate(row)


def open_one(conn: Connection, candidate_id: int) -> Candidate:
    """The candidate, which nobody has dismissed. Raises `UnknownCandidate`, `AlreadyDismissed`."""
    found = get(conn, candidate_id)
    if found.state is CandidateState.DISMISSED:
        raise AlreadyDismissed(candidate_id=candidate_id, decided_by=found.decided_by, reason=found.reason)
    return found


def dismiss(
    conn: Connection, candidate_id: int, *, reason: str, actor: str, now: str | None = None
) -> Candidate:
    """The candidate as dismissed; raises `UnknownCandidate`, `AlreadyDismissed`, `BadValue` for no reason."""
    get(conn, candidate_id)
    if not reason.strip():
        raise BadValue(field="reason", value=reason, problem="is empty; say why it is no subsidence")
    open_one(conn, candidate_id)
    conn.execute(
        update(CANDIDATES)
        .where(CANDIDATES.c.fid == candidate_id)
        .values(
            state=CandidateState.DISMISSED.value,
            reason=reason.strip(),
            decided_by=actor,
            decided_at=now or clock.now_utc(),
        )
    )
    return get(conn, candidate_id)


def _columns(one: Candidate) -> dict[str, object]:
    return {name: getattr(one, name) for name in _SCALARS} | {
        "geom": one.geometry,
        "area_ha": one.area_ha,
        "touches_water": int(one.touches_water),
        "state": one.state.value,
        "found_at": one.found_at or clock.now_utc(),
    }


def _candidate(row: RowMapping) -> Candidate:
    return Candidate(
        **{name: row[name] for name in _SCALARS},
        candidate_id=row["fid"],
        geometry=row["geom"],
        touches_water=bool(row["touches_water"]),
        state=CandidateState(row["state"]),
    )
