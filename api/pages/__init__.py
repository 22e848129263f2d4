"""The pages for people: templates, their routes, and the words, styles and scripts that they use."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages import (
    account,
    admin,
    changing,
    cities,
    dashboard,
    editor,
    imports,
    login,
    planning,
    problem,
    reviews,
    sample,
    sites,
    worklist,
)
from api.pages.view import STATIC_DIR

router = APIRouter()
PARTS = (
    dashboard,
    editor,
    changing,
    sites,
    planning,
    cities,
    worklist,
    reviews,
    sample,
    imports,
    login,
    account,
    admin,
    problem,
)
for part in PARTS:
    router.include_router(part.router)
router.include_router(account.notices)
router.include_router(admin.audit_router)

__all__ = ["STATIC_DIR", "router"]
