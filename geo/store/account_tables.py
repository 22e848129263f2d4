"""The tables of accounts: people, their sessions and tokens, the audit, the notifications.

They are not listed as layers, so no GIS shows them, and no export copies them (`PRIVATE_TABLES`).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table, Text, UniqueConstraint

from geo.store.columns import METADATA, key, make_table, maybe_words, parent, whole, words
from geo.store.types import WHOLE

USERS: Final = make_table(
    "users",
    key("user_id"),
    Column("name", Text, nullable=False, unique=True),
    words("display_name"),
    maybe_words("role"),
    maybe_words("password_hash"),
    whole("must_change_password"),
    whole("disabled"),
    whole("demo"),
    maybe_words("lang"),
    Column("oidc_subject", Text, unique=True),
    words("created_at"),
    words("created_by"),
)

USER_UNITS: Final = make_table(
    "user_units",
    key(),
    parent("user_id", "users.user_id"),
    words("adcode"),
    UniqueConstraint("user_id", "adcode", name="uq_user_units"),
)

SESSIONS: Final = make_table(
    "sessions",
    key("session_id"),
    Column("secret_sha256", Text, nullable=False, unique=True),
    parent("user_id", "users.user_id"),
    words("created_at"),
    words("seen_at"),
    words("expires_at"),
    words("address"),
    words("agent"),
    maybe_words("revoked_at"),
    Index("ix_sessions_user_id", "user_id"),
)

API_TOKENS: Final = make_table(
    "api_tokens",
    key("token_id"),
    Column("secret_sha256", Text, nullable=False, unique=True),
    parent("user_id", "users.user_id"),
    words("name"),
    words("scope"),
    words("created_at"),
    words("expires_at"),
    maybe_words("used_at"),
    maybe_words("revoked_at"),
    Index("ix_api_tokens_user_id", "user_id"),
)

LOGIN_ATTEMPTS: Final = Table(
    "login_attempts",
    METADATA,
    Column("subject", Text, primary_key=True),
    whole("failures"),
    words("failed_at"),
    words("blocked_until"),
)

ONE_TIME_LINKS: Final = make_table(
    "one_time_links",
    key("link_id"),
    Column("secret_sha256", Text, nullable=False, unique=True),
    words("purpose"),
    words("data"),
    words("expires_at"),
    maybe_words("used_at"),
)

OIDC_MAPPINGS: Final = make_table(
    "oidc_mappings",
    key("mapping_id"),
    words("claim"),
    words("value"),
    words("role"),
    words("units"),
    words("created_at"),
    words("created_by"),
    UniqueConstraint("claim", "value", name="uq_oidc_mappings"),
)

AUDIT: Final = Table(
    "audit",
    METADATA,
    key("seq"),
    words("at"),
    words("actor"),
    words("address"),
    words("event"),
    words("target"),
    words("detail"),
    words("request_id"),
    words("previous_hash"),
    words("hash"),
    Index("ix_audit_actor", "actor"),
    Index("ix_audit_event", "event"),
)

NOTIFICATIONS: Final = make_table(
    "notifications",
    key("notification_id"),
    parent("user_id", "users.user_id"),
    words("kind"),
    words("subject"),
    words("link"),
    words("facts"),
    whole("count"),
    words("created_at"),
    maybe_words("read_at"),
    Column("site_id", WHOLE, ForeignKey("sites.fid", ondelete="CASCADE")),
    Index("ix_notifications_user_id", "user_id"),
)

PRIVATE_TABLES: Final = (
    USERS,
    USER_UNITS,
    SESSIONS,
    API_TOKENS,
    LOGIN_ATTEMPTS,
    ONE_TIME_LINKS,
    OIDC_MAPPINGS,
    AUDIT,
    NOTIFICATIONS,
)
"""What belongs to this store alone; whoever copies a store for others leaves these empty."""
