"""Writes docs/figures.md from the reference tables, so that no table's words are retyped in prose."""

from __future__ import annotations

import sys
from pathlib import Path

from geo.reference import reference_rows

TARGET = Path(__file__).resolve().parent / "figures.md"

SECTIONS = (
    (
        "status",
        "Status",
        "Where a site stands on paper, and which moves are open (`next_natural`: to natural recovery only).",
        "slug zh en treated next next_natural second_person",
    ),
    (
        "rates",
        "Rates",
        "A rate is null with its reason where its denominator is 0 or unknown.",
        "slug zh en numerator_en denominator_en numerator_zh denominator_zh basis",
    ),
    ("kinds", "Kinds of sites", "", "slug zh en"),
    ("roles", "Roles of land-cover classes", "What a class counts as when recovery is judged.", "slug zh en"),
    ("outcome_words", "Outcomes", "What became of a piece of land between two years.", "slug zh en"),
    (
        "outcomes",
        "Outcome table",
        "The first line that matches decides; `*` is any.",
        "kind damage target from_role to_role outcome baseline",
    ),
    (
        "temporal_rules",
        "Temporal rules",
        "Figures are raw; verdicts use majority3 and show the raw figure beside it.",
        "slug zh en",
    ),
    ("verdicts", "Verdicts", "Whether the land cover bears out the status on paper.", "slug zh en"),
    (
        "evidence_thresholds",
        "Thresholds of the verdict",
        "Change them in `data/reference/evidence_thresholds.csv`.",
        "slug value unit zh en",
    ),
    (
        "subsidence_rules",
        "Numbers of subsidence, ponding and new water",
        "Change them in `data/reference/subsidence_rules.csv`.",
        "slug value unit zh en",
    ),
    (
        "carbon_factors",
        "Carbon factors",
        "t CO2 per hectare and year over the first years of new cover; the first line that fits decides.",
        "slug zh en approaches low high years verified source",
    ),
    (
        "products",
        "Land-cover products",
        "A product is one line and one legend file.",
        "slug zh en resolution_m note_zh note_en",
    ),
    ("not_comparable", "Scenes that must not be differenced", "", "product a b reason"),
    (
        "sample_outcomes",
        "Outcomes of a checked point",
        "The strata of a sample: rows and columns of an error matrix.",
        "slug zh en outcome baseline",
    ),
    (
        "sample_rules",
        "Numbers of checked samples",
        "Change them in `data/reference/sample_rules.csv`.",
        "slug value unit zh en",
    ),
    (
        "drift_rules",
        "Drift of an edition",
        "When a swing of a class is drift; change it in `data/reference/drift_rules.csv`.",
        "slug value unit zh en",
    ),
    (
        "account_roles",
        "Roles of accounts",
        "Each role may what those before it may.",
        "slug zh en note_zh note_en",
    ),
    (
        "actions",
        "Actions",
        "The least role for each; what is done to a unit (`in_unit`) only within one's own.",
        "slug role scope in_unit zh en",
    ),
    (
        "exports",
        "Lists that can be taken away",
        "`/api/exports/{slug}.csv` and `.xlsx`; a part of the path in braces is a parameter.",
        "slug path zh en",
    ),
    ("reasons", "Reasons", "Why a figure is missing or marked.", "slug zh en"),
)

AREAS = """\
Areas are geodesic hectares on the ellipsoid; every raster cell counts with its true ground area and the
exact share of it that the polygon covers. `ha_grid` is cells times the nominal cell area and stands beside
for comparison with tables made on a grid."""


def page() -> str:
    """The text of docs/figures.md."""
    parts = [
        "# What the figures mean",
        "Written by `make docs` from `data/reference/`; change the tables, not this page.",
        AREAS,
    ]
    for table, title, lead, columns in SECTIONS:
        parts.append(f"## {title}")
        if lead:
            parts.append(lead)
        parts.append(_markdown(table, columns.split()))
    return "\n\n".join(parts) + "\n"


def _markdown(table: str, columns: list[str]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += [
        "| " + " | ".join(row[column].replace("|", "\\|").replace("*", "\\*") for column in columns) + " |"
        for row in reference_rows(table)
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        sys.exit(
            0 if TARGET.read_text(encoding="utf-8") == page() else "docs/figures.md is stale: run make docs"
        )
    TARGET.write_text(page(), encoding="utf-8")
