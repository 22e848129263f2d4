"""The checked samples of a store, as lines of the dashboard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from api.pages.view import Page, percent
from geo.samples.report import SampleReport, sample_report
from geo.samples.sample import SampleKind
from geo.store import samples

SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class SampleLine:
    """One sample in words; `drawn` ones have points to download."""

    sample_id: int
    of: str
    over: str
    drawn: bool
    n_points: int
    n_checked: int
    interval: str
    state: str


def sample_lines(page: Page) -> list[SampleLine]:
    """The newest samples first."""
    with page.store.read() as conn:
        found = samples.find(conn)[-SHOWN:]
    return [sample_line(page, sample_report(page.store, one, today=page.today)) for one in reversed(found)]


def sample_line(page: Page, report: SampleReport) -> SampleLine:
    """One sample in words."""
    one, found = report.sample, report.interval
    drawn = one.kind is SampleKind.DRAWN
    name = one.group_name if page.lang == "zh" else one.group_name_en or one.group_name
    years = f"{one.from_year or '…'}–{one.to_year or '…'}"
    return SampleLine(
        sample_id=one.sample_id,
        of=f"{page.word('products', one.product)} · {one.edition} · {years}",
        over=name if drawn else page.say("sample_elsewhere", source=one.source),
        drawn=drawn,
        n_points=one.n_points,
        n_checked=one.n_checked,
        interval="" if found is None else f"{percent(found.low)}–{percent(found.high)}",
        state=_state(page, report),
    )


def _state(page: Page, report: SampleReport) -> str:
    """What is to be done about a sample, or known of it."""
    if report.sample.kind is SampleKind.MATRIX:
        return page.word("reasons", "transferred")
    if report.holds is False:
        return page.word("reasons", "sample_outdated")
    missing = sum(report.sample.missing.values())
    return page.say("sample_missing", count=missing) if missing else page.say("sample_complete")
