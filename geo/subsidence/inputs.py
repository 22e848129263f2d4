"""Whether a stored subsidence or ponding still describes the site, the scenes and the tables of now.

As for recoveries (`geo.inputs`): the same polygon, the same scenes as then, the same numbers. A scene that is
registered later changes nothing until the next run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from geo.inputs import InputsNow, inputs_of
from geo.landcover import Product, Role, products
from geo.readings import ledger_of
from geo.reference import reference_sha256
from geo.scenes import Scene
from geo.store import Connection, Store, scenes
from geo.subsidence.displacement_series import displacement_series
from geo.subsidence.ponding import PondingYear
from geo.subsidence.rules import subsidence_rules
from geo.subsidence.site import Subsidence
from geo.subsidence.site_ponding import YearScenes, scenes_by_year

ENGINE_VERSION: Final = 1
"""Raised when the same inputs give other figures, so that older results are computed anew."""


def displacement_terms(used: Sequence[Scene], *, threshold: float, last_epochs: int) -> str:
    """SHA-256 (hex) of all that a subsidence depends on but the polygon."""
    bands = [[*_named(scene), sorted(scene.bands.items()), scene.unit] for scene in used]
    rules = [reference_sha256(name) for name in ("subsidence_rules", "rate_confidence")]
    return _digest({"scenes": bands, "rules": rules, "threshold": threshold, "last_epochs": last_epochs})


def ponding_terms(year: YearScenes, legend: Product) -> str:
    """SHA-256 (hex) of all that the water of one year depends on but the polygon."""
    roles = {role.value: sorted(legend.codes_of(role)) for role in (Role.WATER, Role.NO_DATA)}
    return _digest({"scenes": [_named(scene) for scene in year.used], "roles": roles})


def _named(scene: Scene) -> list[object]:
    period = [scene.period_start.isoformat(), scene.period_end.isoformat()]
    return [
        scene.product,
        scene.edition,
        *period,
        scene.band,
        scene.nodata,
        scene.scale,
        scene.offset,
        scene.sha256,
    ]


def _digest(facts: dict[str, object]) -> str:
    text = json.dumps({"engine": ENGINE_VERSION, **facts}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class SubsidenceMarker:
    """Marks results that no longer describe the sites of a store, its scenes and the tables."""

    def __init__(self, store: Store, conn: Connection) -> None:
        self._conn = conn
        self._now = InputsNow(conn, ledger_of(store, conn))
        self._scenes: dict[tuple[str, str], list[Scene]] = {}

    def subsidences(self, found: Sequence[Subsidence]) -> list[Subsidence]:
        """The same results in the same order, `outdated` set."""
        return [replace(one, outdated=not self._holds(one)) for one in found]

    def pondings(self, found: Sequence[PondingYear]) -> list[PondingYear]:
        """The same lines in the same order, `outdated` set."""
        return [replace(one, outdated=not self._ponding_holds(one)) for one in found]

    def _holds(self, one: Subsidence) -> bool:
        used = self._known(one.product, one.edition, one.inputs.last_scene_id)
        if not used:
            return False
        series = displacement_series(used, subsidence_rules())
        terms = displacement_terms(series.scenes, threshold=one.threshold, last_epochs=one.last_epochs)
        return one.inputs == inputs_of(self._now.geometry_seq(one.site_id), terms, one.inputs.last_scene_id)

    def _ponding_holds(self, one: PondingYear) -> bool:
        legend = products().get(one.product)
        used = self._known(one.product, one.edition, one.inputs.last_scene_id)
        year = next((year for year in scenes_by_year(used) if year.year == one.year), None)
        if legend is None or year is None:
            return False
        terms = ponding_terms(year, legend)
        return one.inputs == inputs_of(self._now.geometry_seq(one.site_id), terms, one.inputs.last_scene_id)

    def _known(self, product: str, edition: str, last_scene_id: int) -> list[Scene]:
        place = (product, edition)
        if place not in self._scenes:
            self._scenes[place] = scenes.find(
                self._conn, product=product, edition=edition, kind=None, seasons=True
            )
        return [scene for scene in self._scenes[place] if scene.scene_id <= last_scene_id]
