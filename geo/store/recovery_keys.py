"""What is kept of sites in few words: enough to tell what need not be computed again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, select

from geo.recovery import Inputs
from geo.store.tables import RECOVERIES

_INPUTS: Final = ("geometry_seq", "last_scene_id", "terms")


def standing(
    conn: Connection, site_ids: Sequence[int], *, product: str, edition: str, to_year: int
) -> dict[tuple[int, int, str], tuple[str, Inputs]]:
    """{(site id, from year, rule): (content key, inputs)} of what is kept of these sites up to one year."""
    columns = RECOVERIES.c
    query = select(
        *(columns[name] for name in ("site_id", "from_year", "temporal_rule", "content_key", *_INPUTS))
    ).where(
        columns.site_id.in_(site_ids),
        columns.product == product,
        columns.edition == edition,
        columns.to_year == to_year,
        columns.hidden == 0,
    )
    return {
        (site_id, from_year, rule): (content_key, Inputs(*inputs))
        for site_id, from_year, rule, content_key, *inputs in conn.execute(query)
    }
