"""The forms of the import wizard: what their fields say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from fastapi import Depends, Form

from api import deps
from geo.errors import BadValue, InvalidInput
from geo.imports.fields import ROW_NUMBER
from geo.imports.prepare import ImportOptions

Words = Annotated[str, Form(max_length=2000)]
Flag = Annotated[bool, Form()]
Names = Annotated[list[str], Form(max_length=600)]
NOTHING: Sequence[str] = ()


class FormTornApart(InvalidInput):
    """The lists of a form do not belong together."""

    template = "the form came incomplete; load the page again"


def reading_options(
    lang: deps.LangDep,
    layer: Words = "",
    encoding: Words = "",
    crs: Words = "",
    crs_other: Words = "",
    kind: Annotated[Literal["sites", "status"], Form()] = "sites",
) -> ImportOptions:
    """How a file is to be read for a first look."""
    return ImportOptions(
        layer=layer or None,
        encoding=encoding or None,
        source_crs=crs_other.strip() or crs or None,
        kind=kind,
        lang=lang,
    )


def mapping_options(
    reading: Annotated[ImportOptions, Depends(reading_options)],
    column: Names = [],  # noqa: B006
    field: Names = [],  # noqa: B006
    unit: Names = [],  # noqa: B006
    word: Names = [],  # noqa: B006
    word_status: Names = [],  # noqa: B006
    numbered: Annotated[str, Form(max_length=100)] = "",
    as_of: Words = "",
    reason: Words = "",
    repair: Flag = False,
    swap_axes: Flag = False,
) -> ImportOptions:
    """How a file is to be tried: every column with its field, or none. Raises `FormTornApart`, `BadValue`."""
    if not (len(column) == len(field) == len(unit) and len(word) == len(word_status)):
        raise FormTornApart
    chosen: dict[str, str] = {}
    for name, one in zip(column, field, strict=True):
        if one in chosen:
            raise BadValue(field=one, value=name, problem=f"is chosen for the column {chosen[one]!r} too")
        if one:
            chosen[one] = name
    return ImportOptions(
        field_map=chosen,
        status_map={one: status for one, status in zip(word, word_status, strict=True) if status},
        area_units={name: one for name, one in zip(column, unit, strict=True) if one},
        ignored=tuple(name for name, one in zip(column, field, strict=True) if not one),
        constants={"site_code": f"{numbered}{ROW_NUMBER}"} if numbered and "site_code" not in chosen else {},
        as_of=_day(as_of),
        layer=reading.layer,
        encoding=reading.encoding,
        source_crs=reading.source_crs,
        kind=reading.kind,
        lang=reading.lang,
        reason=reason,
        repair=repair,
        swap_axes=swap_axes,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadValue(field="as_of", value=text, problem="is not a date (YYYY-MM-DD)") from error
