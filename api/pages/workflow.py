"""What the page of a site shows of the work on it: attachments, inspections, projects, words of conflicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from api.pages.history import TABLE_OF_FACT
from api.pages.view import Page
from api.planning import works_of
from api.schemas.attachments import AttachmentItem
from api.schemas.planning import InspectionItem
from api.schemas.projects import ProjectItem
from geo.accounts.rights import Action
from geo.attachments import AttachmentKind
from geo.history import Fact
from geo.planning import Finding
from geo.reference import reference_rows
from geo.sites import Site
from geo.store import Connection, attachments, inspections, projects

INSPECTION_WORDS: Final = {
    "inspected_on": "inspected_on",
    "inspector": "inspector",
    "finding": "finding",
    "notes": "inspection_notes",
    "photos": "inspection_photos",
}
"""Field of an inspection in a conflict -> its word on the page."""


def site_work(page: Page, conn: Connection, site: Site, edited: int | None) -> dict[str, Any]:
    """The values of the templates `site_workflow.html` and `site_proof.html`; `edited` is an inspection."""
    attached = [AttachmentItem.of(one) for one in attachments.of_site(conn, site.site_id)]
    befores = [one for one in attached if one.kind is AttachmentKind.BEFORE]
    inspected = [InspectionItem.of(one) for one in inspections.find(conn, site_id=site.site_id)]
    days = {one.inspection_id: one.inspected_on for one in inspected}
    found = projects.find(conn, site_id=site.site_id)
    works = works_of(page.store, conn, [project for project, _ in found], page.today)
    return {
        "attachments": attached,
        "pairs": (pairs := pairs_of(attached)),
        "paired": {one.attachment_id for pair in pairs for one in (pair.before, pair.after)},
        "photos": [one for one in attached if one.thumbnail_url is not None],
        "befores": [
            ("", page.work("pair_none")),
            *((str(one.attachment_id), one.caption or one.file_name) for one in befores),
        ],
        "attachment_kinds": [
            ("", page.work("kind_by_type")),
            *((kind.value, page.word("attachment_kinds", kind)) for kind in AttachmentKind),
        ],
        "inspections": inspected,
        "inspection": next((one for one in inspected if one.inspection_id == edited), None),
        "inspection_days": days,
        "inspection_choices": [
            ("", page.work("pair_none")),
            *((str(key), page.work("of_inspection", day=day)) for key, day in days.items()),
        ],
        "shown_by": {one.inspection_id: _files_of(one, attached) for one in inspected},
        "findings": [(one.value, page.word("inspection_findings", one)) for one in Finding],
        "projects": [ProjectItem.of(one, work) for one, work in zip(found, works, strict=True)],
        "fact_words": fact_words(page),
        "may_change": bool(page.rights.may(conn, Action.CHANGE_SITE, [site.adcode])),
        "may_attach": bool(page.rights.may(conn, Action.ATTACH, [site.adcode])),
        "may_inspect": bool(page.rights.may(conn, Action.INSPECT, [site.adcode])),
    }


@dataclass(frozen=True, slots=True)
class Pair:
    """Two photos of one place; `days` from the one to the other, None where a camera does not say."""

    before: AttachmentItem
    after: AttachmentItem
    days: int | None


def pairs_of(attached: Sequence[AttachmentItem]) -> list[Pair]:
    """The photos after that name one before which is still there, by the day of the one before."""
    known = {one.attachment_id: one for one in attached if one.thumbnail_url is not None}
    found = [
        Pair(known[one.pair_of], one, _days(known[one.pair_of], one))
        for one in known.values()
        if one.pair_of in known
    ]
    return sorted(found, key=lambda pair: pair.before.taken_at or pair.before.added_at)


def _days(before: AttachmentItem, after: AttachmentItem) -> int | None:
    if before.taken_at is None or after.taken_at is None:
        return None
    try:
        first, last = (date.fromisoformat(one.taken_at[:10]) for one in (before, after) if one.taken_at)
    except ValueError:
        return None
    return (last - first).days


def _files_of(inspection: InspectionItem, attached: Sequence[AttachmentItem]) -> list[AttachmentItem]:
    """The attachments that an inspection names, and those that name it."""
    return [
        one
        for one in attached
        if one.sha256 in inspection.photos or one.inspection_id == inspection.inspection_id
    ]


def fact_words(page: Page) -> dict[str, dict[str, object]]:
    """The label of every fact and of the slugs that it may be, for conflicts shown side by side."""
    words: dict[str, dict[str, object]] = {
        field: {"label": page.work(slug), "values": {}} for field, slug in INSPECTION_WORDS.items()
    }
    words["finding"]["values"] = {one.value: page.word("inspection_findings", one) for one in Finding}
    return words | {
        fact.value: {
            "label": page.say(f"fact_{fact.value}"),
            "values": {}
            if fact not in TABLE_OF_FACT
            else {row["slug"]: row[page.lang] for row in reference_rows(TABLE_OF_FACT[fact])},
        }
        for fact in Fact
    }
