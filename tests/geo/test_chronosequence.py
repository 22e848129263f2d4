"""Chronosequences: means by years since treatment, and what is said of rows that cannot be."""

import json
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from api.cli import app
from geo.chronosequence import (
    BadCell,
    Columns,
    NoColumn,
    NoRows,
    Observation,
    RepeatedRow,
    UnreadableTable,
    chronosequence,
    read_observations,
)
from tiles.chronosequence_chart import chronosequence_chart

COLUMNS = Columns("unit", "year", "age", "ndvi")
TABLE = "unit,year,age,ndvi\na,2013,0,0.1\na,2014,1,0.2\nb,2014,0,0.3\nb,2015,1,0.6\nc,2015,1,0.1\n"


@pytest.fixture
def table(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "units.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def found(text, table):
    return chronosequence(read_observations(table(text), COLUMNS), "ndvi")


def test_the_mean_of_each_age_stands_beside_its_number_of_units(table):
    series = found(TABLE, table)
    assert [(one.age, one.n, one.mean) for one in series.ages] == [
        (0, 2, pytest.approx(0.2)),
        (1, 3, pytest.approx(0.3)),
    ]
    assert (series.n_units, series.n_rows, series.years) == (3, 5, (2013, 2015))
    assert (series.ages[1].low, series.ages[1].high) == (0.1, 0.6)
    assert series.ages[0].deviation == pytest.approx(0.1414, abs=1e-4)


def test_the_change_is_that_of_the_units_seen_at_the_first_age(table):
    series = found(TABLE, table)
    assert (series.ages[1].n_change, series.ages[1].change) == (2, pytest.approx(0.2))
    alone = found("unit,year,age,ndvi\na,2013,0,0.1\nb,2015,2,0.2\n", table)
    assert (alone.ages[1].n_change, alone.ages[1].change, alone.ages[1].deviation) == (0, None, None)


def test_a_missing_value_is_counted_and_left_out(table):
    series = found(TABLE + "c,2016,2,\nc,2017,3,-9999\n", table)
    assert (series.n_rows, series.n_missing, series.ages[-1].age) == (5, 2, 1)


def test_a_table_of_a_chinese_spreadsheet_is_read(table):
    path = table("图斑,年份,年数,植被\n甲,２０１３年,0,０．５\n", "gb18030")
    (one,) = read_observations(path, Columns("图斑", "年份", "年数", "植被"))
    assert one == Observation(2, "甲", 2013, 0, 0.5)


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        ("unit,year,age\n", NoColumn, "units.csv has no column 'ndvi'; it has: unit, year, age"),
        ("", NoColumn, "units.csv has no column 'unit'; it has: none"),
        (TABLE + "d,2015,x,0.1\n", BadCell, "units.csv, row 7, column age: 'x' is not a number"),
        (
            TABLE + "d,2015,1.5,0.1\n",
            BadCell,
            "row 7, column age: '1.5' is not a whole number of years since treatment",
        ),
        (TABLE + "d,15,1,0.1\n", BadCell, "row 7, column year: '15' is not a date such as 2025-06-01"),
        (TABLE + "d,2015,1,lush\n", BadCell, "row 7, column ndvi: 'lush' is not a number"),
        (TABLE + "d,2015,1,inf\n", BadCell, "row 7, column ndvi: 'inf' is not a number"),
        (TABLE + ",2015,1,0.1\n", BadCell, "row 7, column unit: '' is not there"),
        (TABLE + "d,2015\n", BadCell, "row 7, column age: '' is not there"),
        (TABLE + "a,2014,1,0.1\n", RepeatedRow, "row 7: a has a value for 2014 in row 3 already"),
        ("unit,year,age,ndvi\n", NoRows, "units.csv holds no row with a value in the column 'ndvi'"),
        ("unit,year,age,ndvi\na,2013,0,\n", NoRows, "holds no row with a value"),
        ('unit,year,age,ndvi\n"a,2013,0,1\n', UnreadableTable, "units.csv is no CSV table"),
    ],
)
def test_a_table_that_cannot_be_is_refused_with_row_and_column(table, text, error, sentence):
    with pytest.raises(error) as refused:
        found(text, table)
    assert sentence in str(refused.value)


def test_a_file_that_is_no_text_and_one_that_is_not_there_are_told(tmp_path):
    path = tmp_path / "units.csv"
    with pytest.raises(UnreadableTable, match="No such file"):
        read_observations(path, COLUMNS)
    path.write_bytes(b"\xff\xff\xff")
    with pytest.raises(UnreadableTable, match="neither UTF-8 nor GB 18030"):
        read_observations(path, COLUMNS)


observations = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 5), st.floats(-1, 1)),
    min_size=1,
    max_size=20,
    unique_by=lambda one: one[:2],
).map(lambda rows: [Observation(n, unit, 2000 + age, age, v) for n, (unit, age, v) in enumerate(rows, 2)])


@given(observations, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_digit(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert chronosequence(shuffled, "v") == chronosequence(rows, "v")


@given(observations)
def test_the_chart_is_drawn_with_the_number_of_units_of_each_age(rows):
    series = chronosequence(rows, "<v>")
    for lang in ("zh", "en"):
        picture = ET.fromstring(chronosequence_chart(series, lang))
        assert picture.find("{http://www.w3.org/2000/svg}title").text.count("<v>") == 1
    words = {element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert f"{series.ages[0].age} ({series.ages[0].n})" in words


def test_the_command_prints_and_draws_and_tells_bad_rows_in_one_line(table, tmp_path):
    columns = ("--unit", "unit", "--year", "year", "--age", "age", "--value", "ndvi")
    path, svg = table(TABLE), tmp_path / "out.svg"
    done = CliRunner().invoke(app, ["chronosequence", str(path), *columns, "--svg", str(svg)])
    assert done.exit_code == 0, done.stderr
    assert "3 units, 5 rows, 2013–2015" in done.stdout
    assert ET.parse(svg).getroot().tag.endswith("svg")
    answer = json.loads(CliRunner().invoke(app, ["chronosequence", str(path), *columns, "--json"]).stdout)
    assert [(one["age"], one["n"]) for one in answer["ages"]] == [(0, 2), (1, 3)]
    bad = CliRunner().invoke(app, ["chronosequence", str(table(TABLE + "d,2015,x,1\n")), *columns])
    assert (bad.exit_code, bad.stderr) == (1, "error: units.csv, row 7, column age: 'x' is not a number\n")
    nowhere = tmp_path / "no" / "out.svg"
    lost = CliRunner().invoke(app, ["chronosequence", str(table(TABLE)), *columns, "--svg", str(nowhere)])
    assert lost.stderr == f"error: {nowhere} cannot be written: No such file or directory\n"
