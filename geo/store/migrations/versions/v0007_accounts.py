"""Accounts: users, sessions, tokens, the audit, notifications; a run knows who asked for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geo.store import embedded
from geo.store.types import WHOLE

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = (
    "users",
    "user_units",
    "sessions",
    "api_tokens",
    "login_attempts",
    "one_time_links",
    "oidc_mappings",
    "audit",
    "notifications",
)


def upgrade() -> None:
    op.add_column("runs", sa.Column("requested_by", sa.Text()))
    _create_users()
    _create_sign_ins()
    _create_records()
    if op.get_bind().dialect.name == "sqlite":
        for statement in (*embedded.append_only_table("audit", "seq"), *embedded.guards(TABLES)):
            op.get_bind().exec_driver_sql(statement)


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _maybe_words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text()) for name in names]


def _whole(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, WHOLE, nullable=False) for name in names]


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, WHOLE, primary_key=True)


def _secret() -> sa.Column[str]:
    return sa.Column("secret_sha256", sa.Text(), nullable=False, unique=True)


def _owner() -> sa.Column[int]:
    return sa.Column("user_id", WHOLE, sa.ForeignKey("users.user_id", ondelete="CASCADE"), nullable=False)


def _create_users() -> None:
    op.create_table(
        "users",
        _key("user_id"),
        sa.Column("name", sa.Text(), nullable=False, unique=True),
        *_words("display_name"),
        *_maybe_words("role", "password_hash"),
        *_whole("must_change_password", "disabled", "demo"),
        *_maybe_words("lang"),
        sa.Column("oidc_subject", sa.Text(), unique=True),
        *_words("created_at", "created_by"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "user_units",
        _key("fid"),
        _owner(),
        *_words("adcode"),
        sa.UniqueConstraint("user_id", "adcode", name="uq_user_units"),
        sqlite_autoincrement=True,
    )


def _create_sign_ins() -> None:
    op.create_table(
        "sessions",
        _key("session_id"),
        _secret(),
        _owner(),
        *_words("created_at", "seen_at", "expires_at", "address", "agent"),
        *_maybe_words("revoked_at"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_table(
        "api_tokens",
        _key("token_id"),
        _secret(),
        _owner(),
        *_words("name", "scope", "created_at", "expires_at"),
        *_maybe_words("used_at", "revoked_at"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_api_tokens_user_id", "api_tokens", ["user_id"])
    op.create_table(
        "login_attempts",
        sa.Column("subject", sa.Text(), primary_key=True),
        *_whole("failures"),
        *_words("failed_at", "blocked_until"),
    )
    op.create_table(
        "one_time_links",
        _key("link_id"),
        _secret(),
        *_words("purpose", "data", "expires_at"),
        *_maybe_words("used_at"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "oidc_mappings",
        _key("mapping_id"),
        *_words("claim", "value", "role", "units", "created_at", "created_by"),
        sa.UniqueConstraint("claim", "value", name="uq_oidc_mappings"),
        sqlite_autoincrement=True,
    )


def _create_records() -> None:
    op.create_table(
        "audit",
        _key("seq"),
        *_words("at", "actor", "address", "event", "target", "detail", "request_id", "previous_hash", "hash"),
    )
    op.create_index("ix_audit_actor", "audit", ["actor"])
    op.create_index("ix_audit_event", "audit", ["event"])
    op.create_table(
        "notifications",
        _key("notification_id"),
        _owner(),
        *_words("kind", "subject", "link", "facts"),
        *_whole("count"),
        *_words("created_at"),
        *_maybe_words("read_at"),
        sa.Column("site_id", WHOLE, sa.ForeignKey("sites.fid", ondelete="CASCADE")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notifications_user_id", "notifications", ["user_id"])
