"""Runs on the wire."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import AliasChoices, Field, model_validator

from api.schemas.common import Given, Json, Wire
from api.schemas.landcover import SceneYear, Word
from geo.runs.run import Run, RunState


class RunIn(Given):
    """Work to queue: the recovery of sites from one product and edition between two years, or subsidence.

    What is left out is chosen as DESIGN.md says: the current edition, the first and the last year at hand,
    every site. `from` and `to` are taken as `from_year` and `to_year`.
    """

    kind: Literal["recovery", "subsidence"] = "recovery"
    product: Word
    edition: Word | None = None
    from_year: SceneYear | None = Field(None, validation_alias=AliasChoices("from_year", "from"))
    to_year: SceneYear | None = Field(None, validation_alias=AliasChoices("to_year", "to"))
    site_ids: list[int] | None = Field(None, min_length=1, max_length=100_000)
    threshold: float | None = Field(
        None, gt=0, le=10_000, allow_inf_nan=False, description="Subsidence: mm a year that count as fast."
    )
    last_epochs: int | None = Field(
        None, ge=3, le=10_000, description="Subsidence: the latest epochs by which settlement is judged."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_year is not None and self.to_year is not None and self.from_year >= self.to_year:
            raise ValueError("from_year must lie before to_year")
        return self

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        of_other = {
            "recovery": ("threshold", "last_epochs"),
            "subsidence": ("from_year", "to_year"),
        }[self.kind]
        for name in of_other:
            if getattr(self, name) is not None:
                raise ValueError(f"{name} is no parameter of a {self.kind} run")
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
