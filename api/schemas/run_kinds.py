"""Which body queues a run of which kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Discriminator, Tag

from api.schemas.candidates import CandidateRunIn
from api.schemas.runs import RunIn
from api.schemas.spectral import SpectralRunIn


def _kind(body: object) -> str:
    """The kind of a body that has one of its own, `sites` for all others, those without a kind among them."""
    kind = body.get("kind") if isinstance(body, Mapping) else getattr(body, "kind", None)
    return kind if kind in ("spectral", "candidates") else "sites"


AnyRunIn = Annotated[
    Annotated[RunIn, Tag("sites")]
    | Annotated[SpectralRunIn, Tag("spectral")]
    | Annotated[CandidateRunIn, Tag("candidates")],
    Discriminator(_kind),
]
"""The body of `POST /api/runs`."""
