"""Accounts, sessions, tokens, the audit and notifications on the wire. No secret is ever among them."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints

from api.schemas.common import Given, Json, Name, Wire
from geo.accounts.audit import AuditEvent, AuditRow
from geo.accounts.notices import Notice, NoticeKind
from geo.accounts.oidc import Mapped
from geo.accounts.rights import AccountRole, Scope
from geo.store.accounts import Account
from geo.store.sign_ins import Session, Token
from geo.words import Lang

LoginName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
Adcode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,32}$")]
Adcodes = Annotated[list[Adcode], Field(max_length=200)]


class Me(Wire):
    """Who asks, and what they are. `local`: the store has no accounts yet.

    `csrf` is what a write of a browser's session sends as X-CSRF-Token.
    """

    name: str
    display_name: str
    role: AccountRole | None
    units: list[str]
    scope: Scope
    lang: Lang | None
    local: bool
    must_change_password: bool
    unread: int
    csrf: str


class UserItem(Wire):
    """One account. `role` is null where nobody has given one."""

    name: str
    display_name: str
    role: AccountRole | None
    units: list[str]
    disabled: bool
    demo: bool
    single_sign_on: bool
    must_change_password: bool
    created_at: str
    created_by: str

    @classmethod
    def of(cls, account: Account) -> Self:
        """The item of a stored account."""
        user = account.user
        return cls(
            name=user.name,
            display_name=user.display_name,
            role=user.role,
            units=sorted(user.units),
            disabled=user.disabled,
            demo=user.demo,
            single_sign_on=account.oidc_subject is not None,
            must_change_password=user.must_change_password,
            created_at=account.created_at,
            created_by=account.created_by,
        )


class UserList(Wire):
    """The accounts, by name."""

    items: list[UserItem]
    next: str | None = None


class UserIn(Given):
    """A new account. Its person has to change the password at the first sign-in."""

    name: LoginName
    password: Password
    display_name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    role: AccountRole
    units: Adcodes = Field(default_factory=list)


class UserPatch(Given):
    """What changes of an account; what is left out stays."""

    display_name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None = None
    role: AccountRole | None = None
    units: Adcodes | None = None
    disabled: bool | None = None


class PasswordIn(Given):
    """Another password for an account."""

    password: Password


class OwnPasswordIn(Given):
    """Another password in place of one's own."""

    old: Password
    new: Password


class SessionItem(Wire):
    """One live session. `current` is that of this request."""

    session_id: int
    created_at: str
    seen_at: str
    expires_at: str
    address: str
    agent: str
    current: bool

    @classmethod
    def of(cls, session: Session, current: int | None) -> Self:
        """The item of a stored session."""
        return cls(
            session_id=session.session_id,
            created_at=session.created_at,
            seen_at=session.seen_at,
            expires_at=session.expires_at,
            address=session.address,
            agent=session.agent,
            current=session.session_id == current,
        )


class SessionList(Wire):
    """The live sessions of an account, the latest first."""

    items: list[SessionItem]
    next: str | None = None


class TokenIn(Given):
    """A token to make: what it may do and for how many days."""

    name: Name
    scope: Scope = Scope.READ
    days: int = Field(90, ge=1, le=3650)


class TokenItem(Wire):
    """One live token, without its secret."""

    token_id: int
    name: str
    scope: Scope
    created_at: str
    expires_at: str
    used_at: str | None

    @classmethod
    def of(cls, token: Token) -> Self:
        """The item of a stored token."""
        return cls.model_validate(token)


class TokenList(Wire):
    """The live tokens of an account, the latest first."""

    items: list[TokenItem]
    next: str | None = None


class NewToken(TokenItem):
    """A token just made. `token` is shown here and never again."""

    token: str


class AuditItem(Wire):
    """One line of the audit."""

    seq: int
    at: str
    event: AuditEvent
    actor: str
    target: str
    address: str
    request_id: str
    detail: Json

    @classmethod
    def of(cls, row: AuditRow) -> Self:
        """The item of a stored line."""
        entry = row.entry
        return cls(
            seq=row.seq,
            at=row.at,
            event=entry.event,
            actor=entry.actor,
            target=entry.target,
            address=entry.address,
            request_id=entry.request_id,
            detail=dict(entry.detail),
        )


class AuditList(Wire):
    """Lines of the audit, the newest first."""

    items: list[AuditItem]
    next: str | None


class NoticeItem(Wire):
    """One notification; `text` is its sentence, `count` how often it happened before it was read."""

    notification_id: int
    kind: NoticeKind
    text: str
    link: str
    count: int
    created_at: str
    read_at: str | None
    site_id: int | None

    @classmethod
    def of(cls, notice: Notice, text: str) -> Self:
        """The item of a stored notification."""
        return cls(
            notification_id=notice.notification_id,
            kind=notice.kind,
            text=text,
            link=notice.link,
            count=notice.count,
            created_at=notice.created_at,
            read_at=notice.read_at,
            site_id=notice.site_id,
        )


class NoticeList(Wire):
    """Notifications, the newest first, and how many are unread in all."""

    items: list[NoticeItem]
    unread: int
    next: str | None


class ReadIn(Given):
    """Which notifications were read; all where left out."""

    ids: list[int] | None = Field(None, max_length=1000)


class ReadOut(Wire):
    """How many were unread until now, and how many still are."""

    marked: int
    unread: int


class MappingIn(Given):
    """Whoever has `value` in `claim` of the single sign-on gets this role over these units."""

    claim: Annotated[str, StringConstraints(pattern=r"^(sub|groups|roles|email)$")] = "groups"
    value: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    role: AccountRole
    units: Adcodes = Field(default_factory=list)


class MappingItem(Wire):
    """One mapping of the single sign-on."""

    mapping_id: int
    claim: str
    value: str
    role: AccountRole
    units: list[str]

    @classmethod
    def of(cls, one: Mapped) -> Self:
        """The item of a stored mapping."""
        return cls(
            mapping_id=one.mapping_id,
            claim=one.claim,
            value=one.value,
            role=one.role,
            units=sorted(one.units),
        )


class MappingList(Wire):
    """The mappings of the single sign-on."""

    items: list[MappingItem]
    next: str | None = None
