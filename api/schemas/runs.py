"""Runs on the wire."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import AliasChoices, Field, model_validator

from api.schemas.common import Given, Json, Wire
from api.schemas.landcover import SceneYear, Word
from geo.runs import Run, RunState


class RunIn(Given):
    """Work to queue: the recovery of sites from one product and edition between two years.

    What is left out is chosen as DESIGN.md says: the current edition, the first and the last year at hand,
    every site. `from` and `to` are taken as `from_year` and `to_year`.
    """

    kind: Literal["recovery"] = "recovery"
    product: Word
    edition: Word | None = None
    from_year: SceneYear | None = Field(None, validation_alias=AliasChoices("from_year", "from"))
    to_year: SceneYear | None = Field(None, validation_alias=AliasChoices("to_year", "to"))
    site_ids: list[int] | None = Field(None, min_length=1, max_length=100_000)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_year is not None and self.to_year is not None and self.from_year >= self.to_year:
            raise ValueError("from_year must lie before to_year")
        return self


class RunItem(Wire):
    """One run: `done` of `total` steps; `error` says why it failed."""

    run_id: int
    kind: str
    state: RunState
    params: Json
    done: int
    total: int
    message: str
    created_at: str
    started_at: str | None
    finished_at: str | None
    error: str | None
    result: Json

    @classmethod
    def of(cls, run: Run) -> Self:
        """The item of a stored run."""
        return cls.model_validate(run)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in {RunState.DONE, RunState.FAILED, RunState.CANCELLED}


class RunList(Wire):
    """Runs, the newest first."""

    items: list[RunItem]
    next: str | None
