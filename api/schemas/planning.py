"""Annual targets, inspections, versions of records and overdue sites on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints

from api.schemas.common import Day, Given, Hectares, Json, Name, Text, Wire
from geo.areas import ha_from_units, units_from_ha
from geo.planning import Finding, Inspection, Overdue, Progress, Target
from geo.sites import Site
from geo.status import Status
from geo.store.versions import RecordVersion, Stamp

Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,32}$")]
SiteId = Annotated[int, Field(ge=1, le=2**53 - 1)]


class Versioned(Wire):
    """Which version of a record this is, who made it and when."""

    version: int
    actor: str
    updated_at: str


def stamped(stamp: Stamp) -> dict[str, object]:
    """The members of `Versioned` of a stored record."""
    return {"version": stamp.version, "actor": stamp.actor, "updated_at": stamp.updated_at}


class TargetIn(Given):
    """The hectares that a unit is to treat within a year."""

    adcode: Code
    year: int = Field(ge=1950, le=2200)
    target_ha: Hectares
    notes: Text = ""

    def target(self) -> Target:
        """The target of the domain."""
        return Target(self.adcode, self.year, units_from_ha(self.target_ha), self.notes)


class TargetPatchIn(Given):
    """Another figure for a target, or other words."""

    target_ha: Hectares | None = None
    notes: Text | None = None


class TargetItem(Versioned):
    """An annual target and what was done of it by `as_of`.

    `done_ha` is the whole area (area_ha) of the sites of the unit that count as treated on `as_of` and did
    not when the year began; `lost_ha` of those that did then and no longer do. Proposals count nowhere.
    `share` is done over target, null for a target of 0.
    """

    target_id: int
    adcode: str
    year: int
    target_ha: float
    notes: str
    as_of: date
    done_ha: float
    done_count: int
    lost_ha: float
    lost_count: int
    share: float | None
    definition: str = "area_ha of sites that became treated, accepted or closed within the year"

    @classmethod
    def of(cls, found: tuple[Target, Stamp], done: Progress) -> Self:
        """The item of a stored target with its progress."""
        target, stamp = found
        return cls.model_validate(
            {
                **stamped(stamp),
                "target_id": stamp.record_id,
                "adcode": target.adcode,
                "year": target.year,
                "target_ha": ha_from_units(target.units),
                "notes": target.notes,
                "as_of": done.as_of,
                "done_ha": ha_from_units(done.done_units),
                "done_count": done.done_count,
                "lost_ha": ha_from_units(done.lost_units),
                "lost_count": done.lost_count,
                "share": done.share(target),
            }
        )


class TargetList(Wire):
    """Targets in the order in which they were set."""

    items: list[TargetItem]
    next: str | None


class InspectionIn(Given):
    """A field inspection; `photos` name attachments of the site by content (`sha256:` and 64 digits)."""

    site_id: SiteId
    inspected_on: Day
    inspector: Name
    finding: Finding
    notes: Text = ""
    photos: list[Text] = Field(default_factory=list, max_length=100)

    def inspection(self) -> Inspection:
        """The inspection of the domain."""
        return Inspection(**{**self.model_dump(), "photos": tuple(self.photos)})


class InspectionPatchIn(Given):
    """Other facts of an inspection; a member that is not there stays as it is."""

    inspected_on: Day | None = None
    inspector: Name | None = None
    finding: Finding | None = None
    notes: Text | None = None
    photos: list[Text] | None = Field(None, max_length=100)

    def stated(self) -> dict[str, Any]:
        """What was sent; a null changes nothing."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        stated = {name: value for name, value in sent.items() if value is not None}
        return stated | ({"photos": tuple(stated["photos"])} if "photos" in stated else {})


class InspectionItem(Versioned):
    """A field inspection; `photos` are the hashes of attachments."""

    inspection_id: int
    site_id: int
    inspected_on: date
    inspector: str
    finding: Finding
    notes: str
    photos: list[str]

    @classmethod
    def of(cls, found: tuple[Inspection, Stamp]) -> Self:
        """The item of a stored inspection."""
        inspection, stamp = found
        names = {name: getattr(inspection, name) for name in cls.model_fields if hasattr(inspection, name)}
        return cls.model_validate({**names, **stamped(stamp), "inspection_id": stamp.record_id})


class InspectionList(Wire):
    """Inspections in the order in which they were recorded."""

    items: list[InspectionItem]
    next: str | None


class VersionItem(Wire):
    """One version of a project, target, inspection or attachment."""

    version: int
    actor: str
    recorded_at: str
    value: Json

    @classmethod
    def of(cls, found: RecordVersion) -> Self:
        """The item of a kept version."""
        stamp = found.stamp
        return cls(
            version=stamp.version,
            actor=stamp.actor,
            recorded_at=stamp.updated_at,
            value=dict(found.value),
        )


class VersionList(Wire):
    """Every version that there was, the first first."""

    items: list[VersionItem]


class OverdueItem(Wire):
    """A site that should have been treated by `due_on`; no project where the site's own date says so.

    `proposals` are the site's open ones, counted nowhere.
    """

    site_id: int
    site_code: str
    name: str
    adcode: str | None
    status: Status
    due_on: date
    days: int
    area_ha: float
    project_id: int | None
    project_code: str | None
    proposals: list[int]

    @classmethod
    def of(cls, overdue: Overdue, site: Site, today: date, proposals: Sequence[int] = ()) -> Self:
        """The item of an overdue site."""
        return cls(
            site_id=site.site_id,
            site_code=site.site_code,
            name=site.name,
            adcode=site.adcode,
            status=overdue.status,
            due_on=overdue.due_on,
            days=(today - overdue.due_on).days,
            area_ha=site.area_ha,
            project_id=overdue.project_id,
            project_code=overdue.project_code,
            proposals=list(proposals),
        )


class OverdueList(Wire):
    """Overdue sites, the longest overdue first."""

    items: list[OverdueItem]
    next: str | None
