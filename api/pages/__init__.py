"""The pages for people: templates, their routes, and the words, styles and scripts that they use."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages import cities, dashboard, imports, sites, worklist
from api.pages.view import STATIC_DIR

router = APIRouter()
for part in (dashboard, sites, cities, worklist, imports):
    router.include_router(part.router)

__all__ = ["STATIC_DIR", "router"]
