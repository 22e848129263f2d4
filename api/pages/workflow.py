"""What the page of a site shows of the work on it: attachments, inspections, projects, words of conflicts."""

from __future__ import annotations

from typing import Any

from api.pages.history import TABLE_OF_FACT
from api.pages.view import Page
from api.schemas.attachments import AttachmentItem
from api.schemas.planning import InspectionItem, ProjectItem
from geo.accounts.rights import Action
from geo.attachments import AttachmentKind
from geo.history import Fact
from geo.planning import Finding
from geo.reference import reference_rows
from geo.sites import Site
from geo.store import Connection, attachments, inspections, projects


def site_work(page: Page, conn: Connection, site: Site) -> dict[str, Any]:
    """The values of the templates `site_workflow.html` and `site_proof.html`."""
    attached = [AttachmentItem.of(one) for one in attachments.of_site(conn, site.site_id)]
    befores = [one for one in attached if one.kind is AttachmentKind.BEFORE]
    return {
        "attachments": attached,
        "photos": [one for one in attached if one.thumbnail_url is not None],
        "befores": [
            ("", page.work("pair_none")),
            *((str(one.attachment_id), one.caption or one.file_name) for one in befores),
        ],
        "attachment_kinds": [
            ("", page.work("kind_by_type")),
            *((kind.value, page.word("attachment_kinds", kind)) for kind in AttachmentKind),
        ],
        "inspections": [InspectionItem.of(one) for one in inspections.find(conn, site_id=site.site_id)],
        "findings": [(one.value, page.word("inspection_findings", one)) for one in Finding],
        "projects": [ProjectItem.of(one) for one in projects.find(conn, site_id=site.site_id)],
        "fact_words": fact_words(page),
        "may_change": bool(page.rights.may(conn, Action.CHANGE_SITE, [site.adcode])),
        "may_attach": bool(page.rights.may(conn, Action.ATTACH, [site.adcode])),
        "may_inspect": bool(page.rights.may(conn, Action.INSPECT, [site.adcode])),
    }


def fact_words(page: Page) -> dict[str, dict[str, object]]:
    """The label of every fact and of the slugs that it may be, for conflicts shown side by side."""
    return {
        fact.value: {
            "label": page.say(f"fact_{fact.value}"),
            "values": {}
            if fact not in TABLE_OF_FACT
            else {row["slug"]: row[page.lang] for row in reference_rows(TABLE_OF_FACT[fact])},
        }
        for fact in Fact
    }
