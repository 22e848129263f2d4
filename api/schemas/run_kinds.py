"""Which body queues a run of which kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Discriminator, Tag

from api.schemas.runs import RunIn
from api.schemas.spectral import SpectralRunIn


def _kind(body: object) -> str:
    """`spectral` for a body of that kind, `sites` for all others, those without a kind among them."""
    kind = body.get("kind") if isinstance(body, Mapping) else getattr(body, "kind", None)
    return "spectral" if kind == "spectral" else "sites"


AnyRunIn = Annotated[
    Annotated[RunIn, Tag("sites")] | Annotated[SpectralRunIn, Tag("spectral")], Discriminator(_kind)
]
"""The body of `POST /api/runs`."""
