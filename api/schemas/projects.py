"""Treatment projects on the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from api.schemas.common import Day, Given, Name, Text, Wire
from api.schemas.planning import Code, SiteId, Versioned, stamped
from geo.areas import ha_from_units
from geo.planning import Project, Work
from geo.store.versions import Stamp

Money = Annotated[float, Field(ge=0, le=1e13, allow_inf_nan=False)]


class ProjectIn(Given):
    """A treatment project. Money is in `currency` (ISO 4217); `adcode` is the unit that runs it."""

    code: Name
    name: Name
    adcode: Code | None = None
    fund_source: Text = ""
    budget: Money | None = None
    spent: Money | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "CNY"
    contractor: Text = ""
    start_on: Day | None = None
    end_on: Day | None = None
    closed_on: Day | None = Field(None, description="The day from which it makes no site overdue.")
    notes: Text = ""
    site_ids: list[SiteId] = Field(default_factory=list, max_length=10_000)

    def project(self) -> Project:
        """The project of the domain; money in hundredths."""
        values = self.model_dump(exclude={"budget", "spent", "site_ids"})
        return Project(
            **values,
            budget_cents=_cents(self.budget),
            spent_cents=_cents(self.spent),
            site_ids=tuple(sorted(set(self.site_ids))),
        )

    @classmethod
    def told(cls, project: Project) -> dict[str, object]:
        """What a body would have to say for the project to be as it is."""
        names = {name: getattr(project, name) for name in cls.model_fields if hasattr(project, name)}
        return {**names, "budget": _money(project.budget_cents), "spent": _money(project.spent_cents)}


def _cents(money: float | None) -> int | None:
    return None if money is None else round(money * 100)


def _money(cents: int | None) -> float | None:
    return None if cents is None else cents / 100


class ProjectPatchIn(Given):
    """Other facts of a project; a member that is not there stays as it is."""

    code: Name | None = None
    name: Name | None = None
    adcode: Code | None = None
    fund_source: Text | None = None
    budget: Money | None = None
    spent: Money | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    contractor: Text | None = None
    start_on: Day | None = None
    end_on: Day | None = None
    closed_on: Day | None = None
    notes: Text | None = None
    site_ids: list[SiteId] | None = Field(None, max_length=10_000)

    def stated(self) -> dict[str, object]:
        """What was sent; null takes a fact away."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class WorkItem(Wire):
    """What became of the sites of a project by `as_of`: whole areas (area_ha) and sites.

    `share` is the treated share of the area, null without a site. Proposals count nowhere.
    """

    as_of: date
    area_ha: float
    count: int
    treated_ha: float
    treated_count: int
    share: float | None

    @classmethod
    def of(cls, work: Work) -> Self:
        """The item of a project's work."""
        return cls(
            as_of=work.as_of,
            area_ha=ha_from_units(work.units),
            count=work.count,
            treated_ha=ha_from_units(work.treated_units),
            treated_count=work.treated_count,
            share=work.share,
        )


class ProjectItem(Versioned):
    """A treatment project; null is: not known."""

    project_id: int
    code: str
    name: str
    adcode: str | None
    fund_source: str
    budget: float | None
    spent: float | None
    currency: str
    contractor: str
    start_on: date | None
    end_on: date | None
    closed_on: date | None
    notes: str
    site_ids: list[int]
    work: WorkItem

    @classmethod
    def of(cls, found: tuple[Project, Stamp], work: Work) -> Self:
        """The item of a stored project."""
        project, stamp = found
        return cls.model_validate(
            {
                **ProjectIn.told(project),
                **stamped(stamp),
                "project_id": stamp.record_id,
                "work": WorkItem.of(work),
            }
        )


class ProjectList(Wire):
    """Projects in the order in which they were made."""

    items: list[ProjectItem]
    next: str | None
