"""`reverdure chronosequence`: a table of treated units, averaged by the years since their treatment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from geo.errors import InvalidInput

if TYPE_CHECKING:
    from geo.chronosequence import Chronosequence
    from geo.words import Lang


class NotWritten(InvalidInput):
    """The picture could not be written."""

    template = "{path} cannot be written: {problem}"


def chronosequence(
    table: Annotated[
        Path, typer.Argument(help="A CSV table with a row a unit and year.", metavar="TABLE.csv")
    ],
    unit: Annotated[str, typer.Option("--unit", help="The column of the unit.", metavar="COLUMN")],
    year: Annotated[str, typer.Option("--year", help="The column of the year.", metavar="COLUMN")],
    age: Annotated[
        str, typer.Option("--age", help="The column of the years since treatment.", metavar="COLUMN")
    ],
    value: Annotated[str, typer.Option("--value", help="The column that is averaged.", metavar="COLUMN")],
    svg: Annotated[Path | None, typer.Option(help="Draw it into this file.", metavar="FILE.svg")] = None,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """Average a value by the years since treatment, with the number of units of each age."""
    from geo.chronosequence import Columns, read_observations
    from geo.chronosequence import chronosequence as by_age
    from tiles.chronosequence_chart import chronosequence_chart

    words: Lang = "zh" if lang == "zh" else "en"
    found = by_age(read_observations(table, Columns(unit, year, age, value)), value)
    if svg is not None:
        try:
            svg.write_text(chronosequence_chart(found, words), encoding="utf-8")
        except OSError as error:
            raise NotWritten(path=svg, problem=error.strerror or "no room or no right") from error
        console.note(f"{svg}")
    if as_json:
        console.print_json(found)
    else:
        _print(found, words)


def _print(found: Chronosequence, lang: Lang) -> None:
    from tiles.chronosequence_chart import chronosequence_title

    numbers = ("age", "n", "mean", "sd", "least", "greatest", "n paired", "change since first age")
    made = console.table(chronosequence_title(found, lang), *numbers, right=numbers)
    for one in found.ages:
        console.add_row(
            made,
            str(one.age),
            str(one.n),
            _number(one.mean),
            _number(one.deviation),
            _number(one.low),
            _number(one.high),
            str(one.n_change),
            console.NULL if one.change is None else f"{one.change:+.4f}",
        )
    console.stdout().print(made)
    if found.n_missing:
        console.note(f"{found.n_missing} rows without a value were left out")


def _number(value: float | None) -> str:
    return console.NULL if value is None else f"{value:.4f}"
