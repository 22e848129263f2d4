"""An error matrix from elsewhere: read from a CSV table, checked against the outcomes, and registered."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

import numpy as np

from geo import clock
from geo.accuracy import ErrorMatrix
from geo.errors import InvalidInput
from geo.landcover import product
from geo.samples.labels import MAX_CSV_BYTES, NotATable, allowed_words, outcome_of
from geo.samples.sample import Sample, SampleKind, sample_token
from geo.samples.strata import stratum_slugs
from geo.store import Store, samples

_MOST: Final = 10**9


class BadMatrixTable(InvalidInput):
    """A table is no error matrix of the outcomes."""

    template = "{file_name}, row {row}, column {column}: {value!r} {problem}"


def read_matrix(path: Path) -> ErrorMatrix:
    """The error matrix of a CSV table: the first column names the mapped outcome, the others what was found.

    Outcomes that the table leaves out have no points. Raises `BadMatrixTable` and `NotATable`.
    """
    rows = _rows(path)
    if len(rows) < 2:
        raise NotATable(file_name=path.name, problem="it has no row of counts")
    slugs = stratum_slugs()
    found = [_outcome(path, 1, column, cell) for column, cell in enumerate(rows[0][1:], start=2)]
    counts = np.zeros((len(slugs), len(slugs)), dtype=np.int64)
    seen: set[str] = set()
    for number, cells in enumerate(rows[1:], start=2):
        mapped = _outcome(path, number, 1, cells[0])
        if mapped in seen or len(set(found)) != len(found):
            raise _bad(path, number, 1, cells[0], "comes twice")
        if len(cells) != len(rows[0]):
            raise _bad(path, number, len(cells), cells[-1], f"ends a row that has not {len(rows[0])} cells")
        seen.add(mapped)
        for column, (word, cell) in enumerate(zip(found, cells[1:], strict=True), start=2):
            text = cell.strip()
            if not (text.isascii() and text.isdecimal()) or int(text) > _MOST:
                raise _bad(path, number, column, cell, "is not a count (a whole number)")
            counts[slugs.index(mapped), slugs.index(word)] = int(text)
    return ErrorMatrix.of(slugs, counts)


def register_matrix(
    store: Store,
    matrix: ErrorMatrix,
    *,
    land_cover: str,
    edition: str,
    years: tuple[int | None, int | None] = (None, None),
    source: str,
) -> Sample:
    """The matrix as a sample from elsewhere; None for a year holds for any. Raises `UnknownProduct`."""
    terms = f"{land_cover} {edition} {years} {source} {matrix.counts.tolist()}"
    sample = Sample(
        sample_id=0,
        kind=SampleKind.MATRIX,
        token=sample_token(terms),
        product=product(land_cover).slug,
        edition=edition,
        from_year=years[0],
        to_year=years[1],
        group_by=None,
        group_key="",
        group_name="",
        group_name_en="",
        responsible="",
        site_kind=None,
        seed=None,
        blind=False,
        population_key="",
        strata={},
        matrix=matrix,
        n_points=int(matrix.counts.sum()),
        source=source,
        made_at=clock.now_utc(),
    )
    with store.write() as conn:
        return samples.add(conn, sample)


def _rows(path: Path) -> list[list[str]]:
    if not path.is_file() or path.stat().st_size > MAX_CSV_BYTES:
        raise NotATable(file_name=path.name, problem="there is no such file, or it is too large")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise NotATable(file_name=path.name, problem=error) from error


def _outcome(path: Path, row: int, column: int, cell: str) -> str:
    slug = outcome_of(cell)
    if slug is None:
        raise _bad(path, row, column, cell, f"is no outcome; the outcomes are {allowed_words()}")
    return slug


def _bad(path: Path, row: int, column: int, cell: str, problem: str) -> BadMatrixTable:
    return BadMatrixTable(file_name=path.name, row=row, column=column, value=cell, problem=problem)
