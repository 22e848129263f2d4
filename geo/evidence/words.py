"""A verdict in words, zh and en: what was seen, what decided, and what to do next.

The sentences are those of `data/reference/words_evidence.csv`; the numbers that decided are those of
`data/reference/evidence_thresholds.csv`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

from geo.areas import ha_from_units
from geo.evidence.thresholds import Thresholds, thresholds
from geo.evidence.verdict import Evidence
from geo.recovery import Recovery
from geo.reference import reference_rows
from geo.status import Status, status_table
from geo.words import Lang, label, sentence

_TABLE: Final = "words_evidence"
_OUTDATED: Final = "results_outdated"
_IN_PAPER: Final = "status_of_today"
"""A note that the sentence about the status on paper says itself."""
_LEAST_SHOWN_HA: Final = 0.01


def evidence_item_words(evidence: Evidence, majority: Recovery | None = None) -> dict[str, str]:
    """The verdict in both languages, by language (see `evidence_words`)."""
    return {"zh": evidence_words(evidence, "zh", majority), "en": evidence_words(evidence, "en", majority)}


def evidence_words(evidence: Evidence, lang: Lang, majority: Recovery | None = None) -> str:
    """The verdict as one paragraph: land cover and years, status on paper, shares, decision, next step.

    `majority` is the recovery under majority3 that was judged, for its hectares and its year of relapse; left
    out where it is not at hand. Of an outdated verdict the numbers that decided are not told: they may have
    changed since.
    """
    said = [_say("subject", lang, evidence), _paper(evidence, lang), _share(evidence, majority, lang)]
    decided = (_OUTDATED,) if evidence.outdated else evidence.reasons
    if evidence.verdict is not None and not evidence.outdated:
        verdict = label("verdicts", evidence.verdict, lang)
        said.append(sentence(_TABLE, "verdict", lang, verdict=verdict))
    numbers = _numbers(evidence, majority, thresholds(), lang)
    for reason in decided:
        slug = _found("because", evidence.status, reason)
        if slug is not None:
            said.append(sentence(_TABLE, slug, lang, **numbers))
        elif reason != _IN_PAPER:
            said.append(label("reasons", reason, lang) + ("。" if lang == "zh" else "."))
    if _relapsed_beside(majority, decided):
        said.append(sentence(_TABLE, "also_relapse", lang, **numbers))
    following = (_found("next", evidence.status, reason) for reason in decided)
    said += [sentence(_TABLE, slug, lang, **numbers) for slug in following if slug is not None]
    return ("" if lang == "zh" else " ").join(filter(None, said))


def _relapsed_beside(majority: Recovery | None, decided: Sequence[str]) -> bool:
    """Whether a relapse was seen that did not decide, as of a site that claims no treatment."""
    if majority is None or majority.relapse_year is None:
        return False
    return not {"relapse_seen", _OUTDATED} & set(decided)


def side_of(status: Status) -> str:
    """On which side of the evidence a status stands: treated, untreated, underway or excluded."""
    if status_table()[status].treated:
        return "treated"
    if status in (Status.UNTREATED, Status.RELAPSED):
        return "untreated"
    return "excluded" if status is Status.EXCLUDED else "underway"


def _found(kind: str, status: Status, reason: str) -> str | None:
    """The sentence of a reason: that of the very status, else of its side, else of any."""
    wanted = (f"{kind}_{place}_{reason}" for place in (status.value, side_of(status), "any"))
    return next((slug for slug in wanted if slug in _slugs()), None)


@cache
def _slugs() -> frozenset[str]:
    return frozenset(row["slug"] for row in reference_rows(_TABLE))


def _say(slug: str, lang: Lang, evidence: Evidence, **more: object) -> str:
    return sentence(
        _TABLE,
        slug,
        lang,
        product=label("products", evidence.product, lang),
        edition=evidence.edition,
        from_year=evidence.from_year,
        to_year=evidence.to_year,
        status=label("status", evidence.status, lang),
        status_today=label("status", evidence.status_today, lang),
        **more,
    )


def _paper(evidence: Evidence, lang: Lang) -> str:
    if _IN_PAPER in evidence.reasons:
        return _say("paper_today", lang, evidence)
    then = _say("paper", lang, evidence)
    if evidence.status is evidence.status_today:
        return then
    return then + ("" if lang == "zh" else " ") + _say("today", lang, evidence)


def _share(evidence: Evidence, majority: Recovery | None, lang: Lang) -> str:
    if evidence.recovered_share is None:
        return ""
    shares = {
        "share": _percent(evidence.recovered_share),
        "raw": _percent(evidence.raw_recovered_share),
        "valid": _percent(evidence.valid_share),
    }
    if majority is None:
        return _say("share_alone", lang, evidence, **shares)
    baseline_ha = ha_from_units(majority.disturbed_baseline_units)
    baseline = f"{baseline_ha:,.2f}" if baseline_ha >= _LEAST_SHOWN_HA else f"< {_LEAST_SHOWN_HA:g}"
    return _say("share", lang, evidence, baseline=baseline, **shares)


def _numbers(
    evidence: Evidence, majority: Recovery | None, limits: Thresholds, lang: Lang
) -> dict[str, object]:
    """What the sentences about the decision may name."""
    relapsed = None if majority is None else majority.relapse_year
    return {
        "from_year": evidence.from_year,
        "to_year": evidence.to_year,
        "worklist": f"{ha_from_units(evidence.worklist_units):,.2f}",
        "relapse_year": relapsed or ("某" if lang == "zh" else "a later year"),
        "relapse_reached": _percent(limits.relapse_reached),
        "relapse_fall": sentence(_TABLE, "points", lang, value=f"{100 * limits.relapse_fall:g}"),
        "valid_share_min": _percent(limits.valid_share_min),
        "baseline_cells_min": f"{limits.baseline_cells_min:g}",
        "pending_years": f"{limits.pending_years:g}",
        "corroborated_share": _percent(limits.corroborated_share),
        "contradicted_share": _percent(limits.contradicted_share),
        "unclaimed_share": _percent(limits.unclaimed_share),
    }


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
