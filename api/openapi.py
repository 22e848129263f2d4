"""The OpenAPI document: what FastAPI finds, with every closed set explained from its reference table."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI

from api.schemas.common import Problem
from geo.reference import reference_rows

TABLES: Final = {
    "Status": "status",
    "Kind": "kinds",
    "Target": "targets",
    "Responsible": "responsible",
    "Approach": "approaches",
    "Settlement": "settlements",
    "Ponding": "pondings",
    "CityType": "city_types",
    "RateDefinition": "rates",
    "Basis": "bases",
    "GroupBy": "groups",
    "Role": "roles",
    "Outcome": "outcome_words",
    "TemporalRule": "temporal_rules",
    "Verdict": "verdicts",
    "RunState": "run_states",
    "AttachmentKind": "attachment_kinds",
    "PositionCheck": "position_checks",
    "Finding": "inspection_findings",
    "CandidateState": "candidate_states",
    "Source": "displacement_sources",
    "RedrawingKind": "redrawing_kinds",
    "AccountRole": "account_roles",
    "AuditEvent": "audit_events",
}
"""Enum of the API -> the reference table that holds its words."""

PROBLEM: Final[dict[int | str, dict[str, Any]]] = {
    "default": {
        "description": "A problem (RFC 9457).",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}


def describe(app: FastAPI) -> None:
    """Let the document of `app` carry the words of the tables and one shape of error."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(plain())
        return plain()

    app.openapi = described  # type: ignore[method-assign]  # the way that FastAPI's documentation shows


def _complete(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema()
    for name, table in TABLES.items():
        if name in schemas:
            rows = {row["slug"]: row for row in reference_rows(table)}
            words = {slug: rows[slug] for slug in schemas[name]["enum"]}
            lines = [f"- `{slug}`: {row['en']} · {row['zh']}" for slug, row in words.items()]
            first = (schemas[name].get("description") or name).splitlines()[0]
            schemas[name]["description"] = "\n".join([first, "", *lines])
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["responses"].update(PROBLEM)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
