"""Comments on proposals: what proposer and reviewers say to each other, kept for ever."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from typing import Final

from sqlalchemy import Connection, RowMapping, func, insert, select

from geo.accounts.notices import NoticeKind
from geo.errors import BadValue
from geo.proposals import Comment, Proposal
from geo.store import accounts, cities, notifications, sites
from geo.store.comment_tables import PROPOSAL_COMMENTS

_IDS_AT_ONCE: Final = 10_000


def add(conn: Connection, proposal: Proposal, *, author: str, text: str, now: str) -> Comment:
    """The comment as it is kept. The other side is told: the proposer, who commented before, the reviewers.

    Raises `BadValue` where it says nothing.
    """
    said = text.strip()
    if not said:
        raise BadValue(field="text", value=text, problem="is empty")
    before = {one.author for one in of(conn, [proposal.proposal_id]).get(proposal.proposal_id, [])}
    # the table only grows at its end, and a trigger does not see a key that the database would give
    last = conn.execute(select(func.max(PROPOSAL_COMMENTS.c.comment_id))).scalar_one() or 0
    kept = Comment(last + 1, proposal.proposal_id, author, said, now)
    conn.execute(insert(PROPOSAL_COMMENTS).values(asdict(kept)))
    site = sites.get(conn, proposal.site_id)
    reviewers = accounts.deciders(conn, cities.place(conn, site.adcode))
    notifications.notify(
        conn,
        {proposal.proposed_by, *before, *(one.name for one in reviewers)},
        NoticeKind.COMMENT,
        now=now,
        subject=f"comment:{proposal.proposal_id}",
        link=f"/reviews?proposal={proposal.proposal_id}",
        facts={"actor": author, "site": site.site_code},
        site_id=site.site_id,
        but=author,
    )
    return kept


def of(conn: Connection, proposal_ids: Iterable[int]) -> dict[int, list[Comment]]:
    """{proposal id: its comments, the oldest first}; a proposal without any is left out."""
    ids = sorted(set(proposal_ids))
    found: defaultdict[int, list[Comment]] = defaultdict(list)
    columns = PROPOSAL_COMMENTS.c
    for start in range(0, len(ids), _IDS_AT_ONCE):
        part = ids[start : start + _IDS_AT_ONCE]
        query = select(PROPOSAL_COMMENTS).where(columns.proposal_id.in_(part)).order_by(columns.comment_id)
        for row in conn.execute(query).mappings():
            found[row["proposal_id"]].append(_comment(row))
    return dict(found)


def _comment(row: RowMapping) -> Comment:
    return Comment(
        comment_id=row["comment_id"],
        proposal_id=row["proposal_id"],
        author=row["author"],
        text=row["text"],
        written_at=row["written_at"],
    )
