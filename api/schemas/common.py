"""What several models share: bounded numbers, texts, lists with their next page, problems."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from geo.values import Unreadable, check_code

Hectares = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


def _seen(text: str) -> str:
    """The text as it is kept; raises `ValueError` naming a sign that nobody sees."""
    try:
        return check_code(text)
    except Unreadable as error:
        raise ValueError(f"is not {error}") from error


Code = Annotated[Name, AfterValidator(_seen), Field(min_length=1)]
"""What tells a thing from others: kept as an import keeps it, without a sign that nobody sees."""
Title = Annotated[Text, AfterValidator(_seen)]
Day = Annotated[date, Field(ge=date(1800, 1, 1), le=date(2200, 12, 31))]
Json = dict[str, Any]


class Given(BaseModel):
    """A body that a client sends: unknown members are refused, so that none is lost in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Wire(BaseModel):
    """Something that the API gives."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Problem(BaseModel):
    """An error (RFC 9457); further members carry the fields that the sentence was made of."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    request_id: str


class Link(Wire):
    """A link of a collection."""

    rel: str
    href: str
    type: str
