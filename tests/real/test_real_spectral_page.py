"""The commands of docs/spectral.md on real data, as they stand there, and the figures that they print."""

import re

import pytest

from tests.docs_page import DocsPage, lay_out

pytestmark = pytest.mark.real_data

PAGE = DocsPage.of("spectral")


@pytest.fixture(scope="module")
def printed(real_data, tmp_path_factory):
    """What each `spectral` command of the page prints, all commands run in order beside the data."""
    place = lay_out(tmp_path_factory.mktemp("spectral"), *real_data.iterdir())
    return [done.stdout for words, done in PAGE.run(place) if words[0] == "spectral"]


def rows_of(text, first):
    """The numbers of the printed rows whose first cell matches."""
    lines = (line.split() for line in text.splitlines() if re.match(first, line.strip()))
    return {cells[0]: [number(cell) for cell in cells[1:] if number(cell) is not None] for cells in lines}


def number(cell):
    try:
        return float(cell.replace(",", ""))
    except ValueError:
        return None


def page_rows(first):
    return {row[0]: row[1:] for row in PAGE.table_rows(first)}


def test_the_page_prints_the_series_of_the_fire(printed):
    page = page_rows(r"20(0|1)\d")
    found = rows_of(printed[0], r"20\d\d ")
    assert len(page) == 10
    for year, (site, reference, relative, valid) in page.items():
        mean, _, _, _, share, compared, less = found[year]
        assert (mean, compared, less) == pytest.approx(
            (float(site), float(reference), float(relative)), abs=6e-5
        )
        assert share == float(valid.removesuffix(" %"))


def test_the_page_prints_the_metrics_of_the_fire(printed):
    (row,) = [line for line in printed[0].splitlines() if line.strip().startswith("BC-1 ")]
    for figure in ("0.1104", "0.02209", "1.17", "0.8234"):
        assert figure in row


def test_polygons_disturbed_as_the_series_begins_say_that_they_have_no_historic_target(printed):
    assert printed[1].count("No scene shows the") == 3
    assert rows_of(printed[2], r"P-1 ")["P-1"][2] == pytest.approx(0.6465, abs=6e-5)
    assert "wetness of bc" in printed[3]


def test_the_page_prints_the_days_of_the_dam_failure(printed):
    page = page_rows(r"2019-01-\d\d")
    found = rows_of(printed[4], r"2019-01-\d\d ")
    assert len(page) == 2
    for day, figures in page.items():
        mean, _, _, _, _, compared, less = found[day]
        assert (mean, compared, less) == pytest.approx(tuple(map(float, figures)), abs=6e-5)
