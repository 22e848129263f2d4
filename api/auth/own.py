"""The account of whoever asks, and what they are told."""

from __future__ import annotations

from api.auth.rights import Rights
from geo.accounts.notices import Notice
from geo.errors import Conflict
from geo.store import Connection, accounts
from geo.store.accounts import Account
from geo.words import Lang, sentence


class NoAccount(Conflict):
    """Whoever works on this machine has no account of their own."""

    template = "there are no accounts yet: make one with `reverdure user add`"


def own_account(conn: Connection, rights: Rights) -> Account:
    """The account of whoever asks. Raises `NoAccount` for somebody who works without one."""
    if rights.user.user_id is None:
        raise NoAccount
    return accounts.get(conn, rights.user.user_id)


def notice_text(notice: Notice, lang: Lang) -> str:
    """The sentence of a notification, with how often it happened."""
    facts = {"actor": "", "site": "", "comment": "", "run": "", "problem": "", **notice.facts}
    text = sentence("notice_kinds", notice.kind, lang, **facts).rstrip(" :：")
    return text if notice.count == 1 else f"{text} (×{notice.count})"
