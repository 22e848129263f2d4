"""The table of comments on proposals, which only grows."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index

from geo.store.columns import key, make_table, parent, words

PROPOSAL_COMMENTS: Final = make_table(
    "proposal_comments",
    key("comment_id"),
    parent("proposal_id", "proposals.proposal_id"),
    words("author"),
    words("text"),
    words("written_at"),
    Index("ix_proposal_comments_proposal_id", "proposal_id"),
)
