"""Basis: the scenes, the edition and the parameters that a verdict came from, by name and by content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from geo.assessment import ENGINE_VERSION, roles_of
from geo.evidence.thresholds import thresholds
from geo.evidence.verdict import Evidence
from geo.landcover import products
from geo.outcomes import outcomes_sha256
from geo.recovery import NO_INPUTS, TemporalRule
from geo.scenes import Scene
from geo.store import Connection, scenes


@dataclass(frozen=True, slots=True)
class Basis:
    """What a verdict rests on. `scenes` are those of the years judged and their two neighbours.

    `geometry_seq` is the history row that states the polygon.
    `content_key` is the SHA-256 of all that the verdict depends on, `state_key` of the site's status, facts
    and the thresholds among it. Of an outdated verdict the tables are None: those of now are not those it was
    made with, and `scenes` holds what is registered of its years now.
    """

    temporal_rule: TemporalRule
    product: str
    edition: str
    from_year: int
    to_year: int
    scenes: tuple[Scene, ...]
    geometry_seq: int
    engine_version: int | None
    thresholds: dict[str, float] | None
    roles_sha256: str | None
    outcomes_sha256: str | None
    content_key: str
    state_key: str


def bases_of(conn: Connection, found: Sequence[Evidence]) -> list[Basis]:
    """The basis of each verdict, in the same order; verdicts must have been marked as outdated or not."""
    editions = {(one.product, one.edition) for one in found}
    known = {key: scenes.find(conn, product=key[0], edition=key[1]) for key in editions}
    return [_basis(one, known[one.product, one.edition]) for one in found]


def basis_item(basis: Basis) -> dict[str, object]:
    """The basis as JSON values; a scene by its id, year, path, band and the SHA-256 of its file."""
    return {
        "temporal_rule": basis.temporal_rule.value,
        "product": basis.product,
        "edition": basis.edition,
        "from_year": basis.from_year,
        "to_year": basis.to_year,
        "scenes": [
            {
                "scene_id": one.scene_id,
                "year": one.year,
                "path": one.path,
                "band": one.band,
                "sha256": one.sha256,
            }
            for one in basis.scenes
        ],
        "geometry_seq": basis.geometry_seq,
        "engine_version": basis.engine_version,
        "thresholds": basis.thresholds,
        "roles_sha256": basis.roles_sha256,
        "outcomes_sha256": basis.outcomes_sha256,
        "content_key": basis.content_key,
        "state_key": basis.state_key,
    }


def _basis(one: Evidence, registered: Sequence[Scene]) -> Basis:
    holds = not one.outdated
    return Basis(
        temporal_rule=TemporalRule.MAJORITY3,
        product=one.product,
        edition=one.edition,
        from_year=one.from_year,
        to_year=one.to_year,
        scenes=_used(one, registered),
        geometry_seq=one.inputs.geometry_seq,
        engine_version=ENGINE_VERSION if holds else None,
        thresholds=asdict(thresholds()) if holds else None,
        roles_sha256=_roles_sha256(one.product) if holds else None,
        outcomes_sha256=outcomes_sha256() if holds else None,
        content_key=one.content_key,
        state_key=one.state_key,
    )


def _used(one: Evidence, registered: Sequence[Scene]) -> tuple[Scene, ...]:
    """The scenes of the years and of their neighbours that were registered when the verdict was made."""
    if one.inputs == NO_INPUTS:
        return ()
    return tuple(
        scene
        for scene in registered
        if scene.scene_id <= one.inputs.last_scene_id and one.from_year - 1 <= scene.year <= one.to_year + 1
    )


def _roles_sha256(product: str) -> str | None:
    legend = products().get(product)
    return None if legend is None else hashlib.sha256(json.dumps(roles_of(legend)).encode()).hexdigest()
