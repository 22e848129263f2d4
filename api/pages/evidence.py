"""The verdicts on a site: a paragraph each, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.pages.view import Page
from geo.evidence.items import ToldEvidence
from geo.evidence.verdict import Verdict
from geo.scenes import Scene


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One verdict as a paragraph, and what it came from: scenes, thresholds in words, and the rest."""

    verdict: Verdict | None
    paragraph: str
    scenes: tuple[Scene, ...]
    thresholds: tuple[tuple[str, str], ...]
    basis: tuple[tuple[str, str], ...]


def evidence_lines(page: Page, told: Sequence[ToldEvidence]) -> list[EvidenceLine]:
    """The verdicts, the latest years first."""

    def place(one: ToldEvidence) -> tuple[int, str, str, int]:
        judged = one.evidence
        return (-judged.to_year, judged.product, judged.edition, judged.from_year)

    return [_line(page, one) for one in sorted(told, key=place)]


def _line(page: Page, one: ToldEvidence) -> EvidenceLine:
    limits = one.basis.thresholds or {}
    return EvidenceLine(
        one.evidence.verdict,
        one.words[page.lang],
        one.basis.scenes,
        tuple((page.word("evidence_thresholds", slug), f"{value:g}") for slug, value in limits.items()),
        (
            (page.say("basis_rule"), page.word("temporal_rules", one.basis.temporal_rule)),
            (page.say("basis_key"), one.evidence.content_key[:16]),
        ),
    )
