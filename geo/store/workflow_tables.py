"""The tables around the sites: attachments, projects, targets, inspections, and every version of them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, UniqueConstraint

from geo.store.columns import key, make_table, maybe_real, maybe_whole, maybe_words, parent, whole, words

ATTACHMENTS: Final = make_table(
    "attachments",
    key("attachment_id"),
    parent("site_id", "sites.fid"),
    words("sha256"),
    words("file_name"),
    words("media_type"),
    whole("size_bytes"),
    words("kind"),
    words("caption"),
    maybe_whole("width_px"),
    maybe_whole("height_px"),
    maybe_words("taken_at"),
    maybe_real("lon"),
    maybe_real("lat"),
    maybe_real("distance_m"),
    maybe_whole("pair_of"),
    maybe_whole("inspection_id"),
    words("actor"),
    words("added_at"),
    maybe_words("removed_at"),
    maybe_words("removed_by"),
    maybe_words("removal_reason"),
    whole("version"),
    Index("ix_attachments_site_id", "site_id"),
    Index("ix_attachments_sha256", "sha256"),
)

PROJECTS: Final = make_table(
    "projects",
    key("project_id"),
    words("code"),
    words("name"),
    maybe_words("adcode"),
    words("fund_source"),
    maybe_whole("budget_cents"),
    maybe_whole("spent_cents"),
    words("currency"),
    words("contractor"),
    maybe_words("start_on"),
    maybe_words("end_on"),
    maybe_words("closed_on"),
    words("notes"),
    words("actor"),
    words("updated_at"),
    whole("version"),
    UniqueConstraint("code", name="uq_projects_code"),
)

PROJECT_SITES: Final = make_table(
    "project_sites",
    key(),
    parent("project_id", "projects.project_id"),
    parent("site_id", "sites.fid"),
    UniqueConstraint("project_id", "site_id", name="uq_project_sites"),
    Index("ix_project_sites_site_id", "site_id"),
)

TARGETS: Final = make_table(
    "targets",
    key("target_id"),
    words("adcode"),
    whole("year"),
    whole("units"),
    words("notes"),
    words("actor"),
    words("updated_at"),
    whole("version"),
    UniqueConstraint("adcode", "year", name="uq_targets"),
)

INSPECTIONS: Final = make_table(
    "inspections",
    key("inspection_id"),
    parent("site_id", "sites.fid"),
    words("inspected_on"),
    words("inspector"),
    words("finding"),
    words("notes"),
    words("photos"),
    words("actor"),
    words("updated_at"),
    whole("version"),
    Index("ix_inspections_site_id", "site_id"),
)

RECORD_VERSIONS: Final = make_table(
    "record_versions",
    key(),
    words("kind"),
    whole("record_id"),
    whole("version"),
    words("value"),
    words("actor"),
    words("recorded_at"),
    UniqueConstraint("kind", "record_id", "version", name="uq_record_versions"),
)
