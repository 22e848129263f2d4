"""A snapshot: the state of every site that exists on a day, in columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.history import SiteState
from geo.sites import Kind, Responsible, Target
from geo.status import Status

Int64s = npt.NDArray[np.int64]

UNKNOWN: Final = np.iinfo(np.int64).min
"""What a column holds where a fact is not known."""

STATUSES: Final = tuple(Status)
KINDS: Final = tuple(Kind)
TARGETS: Final = tuple(Target)
RESPONSIBLES: Final = tuple(Responsible)


@dataclass(frozen=True, slots=True)
class UnitFact:
    """In which unit a site lies: the assigned code, the outlines' edition and the share in each unit."""

    adcode: str | None
    edition: str | None
    shares: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Snapshot:
    """The sites that exist as of a day, in columns ordered by `site`; areas in units of 1e-4 m2.

    `status`, `kind`, `target` and `responsible` index `STATUSES`, `KINDS`, `TARGETS` and `RESPONSIBLES`;
    `unit` indexes `units`. `damaged`, `restored`, `damage_year` and the treatment days hold `UNKNOWN` where
    not known; days are proleptic ordinals. `status_since` and `treated_since` are the first days of the
    unbroken time in the status, and in any status that counts as treated (`UNKNOWN` in others). `seq` and
    `head` name the last history row known.
    """

    as_of: date
    known_at: str
    seq: int
    head: str
    site: Int64s
    status: Int64s
    status_since: Int64s
    entered_on: Int64s
    area: Int64s
    kind: Int64s
    target: Int64s
    responsible: Int64s
    damaged: Int64s
    restored: Int64s
    damage_year: Int64s
    treatment_start: Int64s
    treatment_end: Int64s
    unit: Int64s
    units: tuple[UnitFact, ...]
    geometry_seq: Int64s
    treated_since: Int64s

    def __len__(self) -> int:
        return len(self.site)

    @cached_property
    def _position(self) -> dict[int, int]:
        return {int(site): index for index, site in enumerate(self.site)}

    def state_of(self, site_id: int) -> SiteState | None:
        """The state of one site, None where it does not exist on that day."""
        index = self._position.get(site_id)
        return None if index is None else self.state(index)

    def state(self, index: int) -> SiteState:
        """The state of the site at row `index`."""
        unit = self.units[self.unit[index]]
        status = STATUSES[self.status[index]]
        since = date.fromordinal(int(self.status_since[index]))
        return SiteState(
            site_id=int(self.site[index]),
            status=status,
            status_since=since,
            entered_on=date.fromordinal(int(self.entered_on[index])),
            area_units=int(self.area[index]),
            kind=KINDS[self.kind[index]],
            target_use=TARGETS[self.target[index]],
            responsible=RESPONSIBLES[self.responsible[index]],
            damaged_units=_known(self.damaged[index]),
            restored_units=_known(self.restored[index]),
            damage_year=_known(self.damage_year[index]),
            treatment_start=_known_day(self.treatment_start[index]),
            treatment_end=_known_day(self.treatment_end[index]),
            adcode=unit.adcode,
            outline_edition=unit.edition,
            unit_shares=unit.shares,
            geometry_seq=int(self.geometry_seq[index]),
            relapsed_since=since if status is Status.RELAPSED else None,
            treated_since=_known_day(self.treated_since[index]),
        )


def _known(value: np.int64) -> int | None:
    return None if value == UNKNOWN else int(value)


def _known_day(value: np.int64) -> date | None:
    return None if value == UNKNOWN else date.fromordinal(int(value))
