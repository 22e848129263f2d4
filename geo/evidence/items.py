"""The verdicts on a site with all that is told of them: the figures judged, the basis, the words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from geo.evidence.basis import Basis, bases_of
from geo.evidence.verdict import Evidence
from geo.evidence.words import evidence_item_words
from geo.recovery import Recovery, TemporalRule
from geo.site_results import site_evidence
from geo.store import Store, recoveries


@dataclass(frozen=True, slots=True)
class ToldEvidence:
    """A verdict, the recovery under majority3 that it judged (None without one), its basis and its words."""

    evidence: Evidence
    majority: Recovery | None
    basis: Basis
    words: Mapping[str, str]


def told_evidence(
    store: Store, site_id: int, *, product: str | None = None, edition: str | None = None
) -> list[ToldEvidence]:
    """Every verdict on a site, by product, edition and years; outdated ones marked, and told as such."""
    found = [
        one
        for one in site_evidence(store, site_id)
        if product in (None, one.product) and edition in (None, one.edition)
    ]
    with store.read() as conn:
        bases = bases_of(conn, found)
        stored = recoveries.find(conn, site_id=site_id, rule=TemporalRule.MAJORITY3)
    judged = {(one.product, one.edition, one.from_year, one.to_year): one for one in stored}
    told = []
    for one, basis in zip(found, bases, strict=True):
        majority = judged.get((one.product, one.edition, one.from_year, one.to_year))
        told.append(ToldEvidence(one, majority, basis, evidence_item_words(one, majority)))
    return told
