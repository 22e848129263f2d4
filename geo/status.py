"""The remediation status of a site: the words and the moves between them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from geo.reference import reference_rows


class Status(StrEnum):
    """Remediation status on paper (`data/reference/status.csv`)."""

    UNTREATED = "untreated"
    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    TREATED = "treated"
    ACCEPTED = "accepted"
    CLOSED = "closed"
    RELAPSED = "relapsed"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One line of the status table.

    `next` are the moves that anyone may make, `next_natural` those open only to sites whose approach is
    natural recovery; `excluded` may go back to the status before it.
    """

    slug: Status
    zh: str
    en: str
    colour: str
    treated: bool
    next: frozenset[Status]
    next_natural: frozenset[Status]
    second_person: bool


@cache
def status_table() -> dict[Status, StatusRow]:
    """The status table, in its own order."""
    return {row.slug: row for row in map(_row, reference_rows("status"))}


def _row(cells: dict[str, str]) -> StatusRow:
    return StatusRow(
        slug=Status(cells["slug"]),
        zh=cells["zh"],
        en=cells["en"],
        colour=cells["colour"],
        treated=cells["treated"] == "yes",
        next=frozenset(map(Status, cells["next"].split())),
        next_natural=frozenset(map(Status, cells["next_natural"].split())),
        second_person=cells["second_person"] == "yes",
    )
