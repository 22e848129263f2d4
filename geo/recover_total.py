"""The total of a recovery run: the sums, their overlap, and the same with no land counted twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from geo.areas import ha_from_units
from geo.recover_plan import Plan
from geo.recovery import Recovery
from geo.recovery_items import NO_DATA_KEY
from geo.runs import RunState
from geo.store import Store, runs

_LOOK_BACK: Final = 50


def total_of(plan: Plan, found: Iterable[Recovery]) -> dict[str, object]:
    """The totals of the raw recoveries `found`: of sites, and of pieces under negative ids.

    `sum` adds the sites up, `overlap_ha` is the sum of their polygons less that of the union, `dissolved`
    counts land that several sites claim once, for the site with the lowest id.
    """
    by_id = {one.site_id: one for one in found}
    whole = [one for one in by_id.values() if one.site_id > 0]
    once = [by_id.get(-one.site_id, one) for one in whole]
    overlap_units = plan.overlaps.units(np.arange(len(plan.subjects)))
    return {
        "n_sites": len(whole),
        "overlap_ha": ha_from_units(overlap_units),
        "sum": summed(whole),
        "dissolved": summed(once),
    }


def reusable_total(store: Store, plan: Plan) -> Mapping[str, object] | None:
    """The total of an earlier run over exactly the same sites and inputs, None where there is none."""
    if plan.changed:
        return None
    with store.read() as conn:
        for run in runs.find(conn, RunState.DONE, _LOOK_BACK):
            total = run.result.get("total")
            if run.result.get("total_key") == plan.total_key and isinstance(total, Mapping):
                return total
    return None


def summed(found: Iterable[Recovery]) -> dict[str, object]:
    """The sums of recoveries in hectares: class areas by year, and the balance of the disturbed baseline."""
    areas: dict[int, Counter[str]] = {}
    balance: Counter[str] = Counter()
    for one in found:
        for year, by_code in one.class_units.items():
            counts = areas.setdefault(year, Counter())
            for code, units in by_code.items():
                counts[NO_DATA_KEY if code is None else str(code)] += units
        balance.update(
            disturbed_baseline_ha=one.disturbed_baseline_units,
            recovered_ha=one.recovered_units,
            still_disturbed_ha=one.still_disturbed_units,
            converted_ha=one.converted_units,
            ponded_ha=one.ponded_units,
            new_damage_ha=one.new_damage_units,
        )
    disturbed = balance["disturbed_baseline_ha"]
    return {
        "area_ha": {str(year): _hectares(_by_code(counts)) for year, counts in sorted(areas.items())},
        **_hectares(balance),
        "recovered_share": balance["recovered_ha"] / disturbed if disturbed else None,
    }


def _by_code(counts: Mapping[str, int]) -> dict[str, int]:
    """The same by rising class code, cells without data at the end."""
    return dict(sorted(counts.items(), key=lambda one: (one[0] == NO_DATA_KEY, one[0].zfill(9))))


def _hectares(counts: Mapping[str, int]) -> dict[str, float]:
    return {name: ha_from_units(units) for name, units in counts.items()}
