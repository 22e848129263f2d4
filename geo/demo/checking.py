"""The demo's checked sample: points drawn by outcome, and what an invented check found at each."""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np

from geo.rates import GroupBy, RateDefinition, RateQuery
from geo.samples.design import Allocation, draw_sample
from geo.samples.labels import Label, put_labels
from geo.samples.population import population_of
from geo.store import Store, samples

PER_STRATUM: Final = 40
_WRONG: Final = 0.07
"""Share of the points at which the check finds another outcome than the map."""

_MISTAKEN: Final = {
    "recovered": "still_disturbed",
    "still_disturbed": "recovered",
    "converted": "still_disturbed",
    "ponded": "still_disturbed",
    "degraded": "stable",
    "flooded": "stable",
}
"""What a point turns out to be where the map is wrong (`data/reference/sample_outcomes.csv`)."""


def check_sample(store: Store, *, seed: int, today: date) -> int:
    """How many points were drawn over all legacy sites and labelled."""
    query = RateQuery(definition=RateDefinition.OBSERVED)
    population = population_of(store, query, GroupBy.ALL, "all", today=today)
    sample = draw_sample(store, population, Allocation(PER_STRATUM), seed=seed, source="demo")
    with store.read() as conn:
        points = samples.points(conn, sample.sample_id)
    wrong = np.random.default_rng(seed).random(len(points)) < _WRONG
    labels = [
        Label(
            row,
            sample.token,
            str(point.number),
            _MISTAKEN.get(point.stratum, point.stratum) if miss else point.stratum,
        )
        for row, (point, miss) in enumerate(zip(points, wrong.tolist(), strict=True), start=1)
    ]
    put_labels(store, labels)
    return len(labels)
