"""Every result says what it rests on, so that runs may end in any order; all wait out of sight until then."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from geo.store import embedded
from geo.store.rebuilding import rebuild_hidden
from geo.store.types import WHOLE

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ADDED: Final = ("recoveries", "evidence")
"""Tables that have the column `hidden` already."""

REBUILT: Final = {
    "spectral_results": "site_id, product, edition, index_name, params_key",
    "subsidences": "site_id, product, edition",
    "pondings": "site_id, product, edition, year",
}
"""Tables that get it, with the columns of which one row of equal values is kept."""

KEPT: Final = ("spectral_years", "spectral_metrics", "subsidence_epochs")
"""Tables whose rows go with their result, so that they are set aside while it is made anew."""


def upgrade() -> None:
    for table in ADDED:
        for name in ("site_seq", "scene_seq"):
            op.add_column(table, sa.Column(name, WHOLE, nullable=False, server_default="0"))
    _run("DELETE FROM spectral_results WHERE params_key LIKE 'run %'")
    rebuild_hidden(op.get_bind(), REBUILT, ("hidden", "site_seq", "scene_seq"), kept=KEPT)
    for statement in embedded.guards([*REBUILT, *KEPT]):
        _run(statement)


def _run(statement: str) -> None:
    op.get_bind().exec_driver_sql(statement)
