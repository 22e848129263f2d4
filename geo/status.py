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


def next_statuses(
    before: Status, *, natural_recovery: bool, earlier: Status | None = None
) -> frozenset[Status]:
    """The statuses that a site may move to from `before`.

    `natural_recovery` says whether the site is left to recover by itself; `earlier` is the status before
    `before`, to which an excluded site goes back.

    >>> sorted(next_statuses(Status.UNTREATED, natural_recovery=False))
    [<Status.EXCLUDED: 'excluded'>, <Status.PLANNED: 'planned'>]
    >>> next_statuses(Status.EXCLUDED, natural_recovery=False, earlier=Status.TREATED)
    frozenset({<Status.TREATED: 'treated'>})
    """
    if before is Status.EXCLUDED:
        return frozenset() if earlier is None else frozenset({earlier})
    row = status_table()[before]
    return row.next | row.next_natural if natural_recovery else row.next
