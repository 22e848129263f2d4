"""What a sample says so far: counts, accuracies, its interval, and whether its results still hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from geo.accuracy import Accuracy, RatioInterval, StratumTooSmall, estimate
from geo.areas import ha_from_units
from geo.rates import RateDefinition, RateQuery
from geo.samples.intervals import sample_interval
from geo.samples.population import UnknownGroup, population_of
from geo.samples.sample import Sample, SampleKind
from geo.store import Store


@dataclass(frozen=True, slots=True)
class SampleReport:
    """A sample with what follows from its labels.

    `accuracy` is None until every stratum with area has 2 checked points, `interval` until each has the least
    number, and for a matrix. `holds` says whether the results that it was drawn from are those of now; None
    for a matrix, which was drawn from none.
    """

    sample: Sample
    accuracy: Accuracy | None
    interval: RatioInterval | None
    holds: bool | None


def sample_report(store: Store, sample: Sample, *, today: date) -> SampleReport:
    """The report on a sample as of today; areas of the accuracy are in hectares."""
    accuracy = None
    if any(sample.strata.values()):
        try:
            mapped = {slug: ha_from_units(units) for slug, units in sample.strata.items()}
            accuracy = estimate(sample.matrix, mapped)
        except StratumTooSmall:
            accuracy = None
    return SampleReport(sample, accuracy, sample_interval(sample), _holds(store, sample, today))


def sample_query(sample: Sample) -> RateQuery:
    """The question of the observed rate that a drawn sample answers."""
    return RateQuery(
        definition=RateDefinition.OBSERVED,
        product=sample.product,
        edition=sample.edition,
        from_year=sample.from_year,
        to_year=sample.to_year,
        responsible=sample.responsible,
        kind=sample.site_kind,
    )


def _holds(store: Store, sample: Sample, today: date) -> bool | None:
    if sample.kind is not SampleKind.DRAWN or sample.group_by is None:
        return None
    try:
        now = population_of(store, sample_query(sample), sample.group_by, sample.group_key, today=today)
    except UnknownGroup:
        return False
    return now.key == sample.population_key
