"""Labels of a sample: what a check found, read from the file that was sent out or from a request."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from geo import clock
from geo.errors import InvalidInput
from geo.reference import reference_rows
from geo.samples.kml import kml_rows
from geo.samples.sample import BadLabels, NotDrawn, OtherSample, Sample, SampleKind
from geo.store import Connection, Store, samples
from geo.vector_io import read_vector

MAX_CSV_BYTES: Final = 50 << 20
_SHOWN: Final = 5
_COLUMNS: Final = ("sample", "point", "checked")


class ColumnMissing(InvalidInput):
    """A file of labels lacks a column."""

    template = "{file_name} has no column {column!r}; its columns are {columns}"


class NotATable(InvalidInput):
    """A file that should be a CSV table is none."""

    template = "{file_name} cannot be read as a CSV table in UTF-8: {problem}"


@dataclass(frozen=True, slots=True)
class Label:
    """One row as sent; `row` is 1 for the first. An empty `checked` says that the point was not checked."""

    row: int
    sample: str
    point: str
    checked: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class LabelReceipt:
    """What became of the rows: new labels, changed ones, those that stood already, and empty ones."""

    sample_id: int
    n_rows: int
    n_new: int
    n_changed: int
    n_unchanged: int
    n_empty: int


def read_label_file(path: Path) -> list[Label]:
    """The rows of a GeoPackage, GeoJSON, Shapefile, KML or CSV of checked points, in file order.

    Raises `ColumnMissing`, `NotATable`, `NotKml` and the errors of `geo.vector_io`.
    """
    read = {".csv": _csv_rows, ".kml": kml_rows}.get(path.suffix.lower(), _layer_rows)
    columns, rows = read(path)
    for column in _COLUMNS:
        if column not in columns:
            raise ColumnMissing(file_name=path.name, column=column, columns=", ".join(columns))
    return [
        Label(
            row=number,
            sample=_text(values.get("sample")),
            point=_text(values.get("point")),
            checked=_text(values.get("checked")),
            note=_text(values.get("note"))[:2000],
        )
        for number, values in enumerate(rows, start=1)
    ]


def put_labels(store: Store, labels: Sequence[Label], *, sample_id: int | None = None) -> LabelReceipt:
    """Keep the labels of one sample, the one asked for where given; all rows, or none after a problem.

    An empty label leaves what was found before. Raises `OtherSample`, `BadLabels`, `NotDrawn`,
    `UnknownSample`.
    """
    with store.write() as conn:
        sample = _sample(conn, labels, sample_id)
        if sample.kind is not SampleKind.DRAWN:
            raise NotDrawn(sample_id=sample.sample_id)
        kept = {point.number: point for point in samples.points(conn, sample.sample_id)}
        found = _checked(labels, sample, kept.keys())
        new = {number: one for number, one in found.items() if kept[number].checked is None}
        changed = {
            number: one
            for number, one in found.items()
            if number not in new and one != (kept[number].checked, kept[number].note)
        }
        samples.label(
            conn,
            sample.sample_id,
            [(number, *one) for number, one in sorted((new | changed).items())],
            checked_at=clock.now_utc(),
        )
    n_empty = sum(not label.checked for label in labels)
    return LabelReceipt(
        sample_id=sample.sample_id,
        n_rows=len(labels),
        n_new=len(new),
        n_changed=len(changed),
        n_unchanged=len(found) - len(new) - len(changed),
        n_empty=n_empty,
    )


def outcome_of(text: str) -> str | None:
    """The outcome that a word of either language, or its slug, names; None for any other text.

    >>> outcome_of(" Recovered "), outcome_of("仍受损"), outcome_of("lake")
    ('recovered', 'still_disturbed', None)
    """
    return _words().get(" ".join(text.split()).casefold())


@cache
def _words() -> dict[str, str]:
    rows = reference_rows("sample_outcomes")
    return {row[column].casefold(): row["slug"] for row in rows for column in ("en", "zh", "slug")}


def _sample(conn: Connection, labels: Sequence[Label], sample_id: int | None) -> Sample:
    """The one sample that all rows name."""
    tokens = list(dict.fromkeys(label.sample for label in labels))
    asked = None if sample_id is None else samples.get(conn, sample_id)
    for token in tokens:
        if asked is not None and token != asked.token:
            raise OtherSample(token=token, problem=f"sample {asked.sample_id} is {asked.token!r}")
        if token != tokens[0]:
            raise OtherSample(token=token, problem=f"the first row is of {tokens[0]!r}: one file, one sample")
    found = asked or (samples.by_token(conn, tokens[0]) if tokens else None)
    if found is None:
        token = tokens[0] if tokens else ""
        raise OtherSample(token=token, problem="no sample of this store has that mark, or there is no row")
    return found


def _checked(labels: Iterable[Label], sample: Sample, known: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Outcome and note by point. Raises `BadLabels` with every row that cannot be taken."""
    found: dict[int, tuple[str, str]] = {}
    problems: list[dict[str, object]] = []
    numbers, count = set(known), 0
    for label in labels:
        count += 1
        number = int(label.point) if label.point.isascii() and label.point.isdecimal() else 0
        outcome = outcome_of(label.checked)
        if number not in numbers:
            problems.append(_problem(label, "point", label.point, f"is not from 1 to {sample.n_points}"))
        elif label.checked and outcome is None:
            problems.append(_problem(label, "checked", label.checked, f"is none of {allowed_words()}"))
        elif outcome is not None and found.setdefault(number, (outcome, label.note))[0] != outcome:
            problems.append(_problem(label, "checked", label.checked, "differs from an earlier row"))
    if problems:
        shown = "; ".join(
            f"row {one['row']}, column {one['column']}: {one['value']!r} {one['problem']}"
            for one in problems[:_SHOWN]
        )
        raise BadLabels(n_problems=len(problems), n_rows=count, shown=shown, problems=problems)
    return found


def _problem(label: Label, column: str, value: str, problem: str) -> dict[str, object]:
    return {"row": label.row, "column": column, "value": value[:200], "problem": problem}


def allowed_words() -> str:
    """The slugs of the outcomes that a point can have, in one text."""
    return ", ".join(row["slug"] for row in reference_rows("sample_outcomes"))


def _layer_rows(path: Path) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    layer = read_vector(path)
    return layer.columns, [dict(row.values) for row in layer.rows]


def _csv_rows(path: Path) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    if not path.is_file():
        raise NotATable(file_name=path.name, problem="there is no such file")
    if path.stat().st_size > MAX_CSV_BYTES:
        raise NotATable(file_name=path.name, problem=f"it has more than {MAX_CSV_BYTES >> 20} MiB")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise NotATable(file_name=path.name, problem=error) from error
    return tuple(name or "" for name in reader.fieldnames or ()), rows


def _text(value: object) -> str:
    """A cell as text without blanks around it; whole numbers of a float column without their point."""
    if value is None or value != value:  # noqa: PLR0124 - NaN is how a reader says that a cell is empty
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
