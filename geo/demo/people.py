"""The demo's people: who reports the sites of a prefecture, and who releases what they report."""

from __future__ import annotations

from datetime import date
from typing import Final

_OFFICERS: Final = {"3404": "王敏", "3406": "张强", "3203": "陈静", "3413": "赵磊"}
_REVIEWERS: Final = {"34": ("李国华", "孙玉兰"), "32": ("周建军", "许文")}
_OTHER_OFFICER: Final = "刘洋"
_OTHER_REVIEWERS: Final = ("吴卫东", "郑晓")
_HANDOVER: Final = date(2019, 3, 1)


def officer(adcode: str | None) -> str:
    """Who reports the sites of a unit."""
    return _named(_OFFICERS.get((adcode or "")[:4], _OTHER_OFFICER))


def reviewer(adcode: str | None, day: date) -> str:
    """Who decides on the sites of a unit on `day`, never the one who reports them."""
    before, since = _REVIEWERS.get((adcode or "")[:2], _OTHER_REVIEWERS)
    return _named(since if day >= _HANDOVER else before)


def _named(name: str) -> str:
    return f"{name}（演示）"
