"""The commands of docs/trajectories.md on real data, as they stand there, and the figures that they print."""

import csv
import json
import xml.etree.ElementTree as ET
from math import fsum

import pytest

from tests.docs_page import DocsPage, lay_out, run_in

pytestmark = pytest.mark.real_data
PAGE = DocsPage.of("trajectories")


@pytest.fixture(scope="module")
def printed(real_data, tmp_path_factory):
    """What each command of the page prints, run in order in a folder that sees the data's."""
    place = lay_out(tmp_path_factory.mktemp("trajectories"), *real_data.iterdir())
    return place, [(words, done.stdout) for words, done in PAGE.run(place)]


def output(printed, *beginning):
    return next(text for words, text in printed[1] if words[: len(beginning)] == beginning)


def test_the_means_by_years_since_seeding_are_those_of_the_page(printed):
    text = output(printed, "chronosequence")
    assert "42 units, 177 rows, 2013–2020" in text
    lines = [line.split() for line in text.splitlines()]
    found = {line[0]: line for line in lines if len(line) == 8 and line[0].isdigit()}
    rows = PAGE.table_rows(r"\d")
    assert len(rows) == len(found) == 8
    for age, units, mean, change in rows:
        assert (found[age][1], found[age][2]) == (units, mean)
        assert change in ("–", found[age][7])


def test_the_means_are_those_of_the_table_by_plain_arithmetic(printed, real_data):
    with (real_data / "mckinley_mine" / "seeding_unit_ndvi_annual.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    command = next(words for words, _ in printed[1] if words[0] == "chronosequence")
    answer = json.loads(run_in(printed[0], [*command, "--json"]).stdout)
    assert (answer["n_units"], answer["n_rows"], answer["n_missing"]) == (42, 177, 0)
    assert sum(one["n"] for one in answer["ages"]) == 177
    for one in answer["ages"]:
        values = [float(row["NDVI_mean"]) for row in rows if int(row["Intervention_Year"]) == one["age"]]
        assert (one["n"], one["mean"]) == (len(values), fsum(values) / len(values))


def test_the_means_are_drawn_with_n_at_every_age(printed):
    picture = ET.parse(printed[0] / "mckinley.svg")
    words = {element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert {"0 (42)", "3 (18)", "7 (6)"} <= words


def test_the_trajectories_of_the_titles_are_those_of_the_page(printed):
    both = output(printed, "evidence", "--site", "858075/2001")
    six, eight = both.split("edition c8")
    assert "67.5 % had recovered by 2020" in six
    assert "In 2020: Recovering. Recovery began in 1989." in six
    assert "Slope +1.79 percentage points a year (95 % interval +1.17 to +2.18, 32 years)." in six
    assert "the target (80.0 %) is reached in 2026, between 2025 and 2030." in six
    assert "In 2020: Disturbed; no recovery seen." in eight
    assert "Slope +0.03 percentage points a year (95 % interval +0.03 to +0.04, 36 years)." in eight
    lost = output(printed, "evidence", "--site", "850817/1982")
    assert (
        "In 2020: Relapsed after recovery. Recovery began in 1989. Reached the target (80.0 %) first in 2002."
        in lost
    )
    assert "Lost again from 2012 on." in lost
    rows = PAGE.table_rows(r"8\d{5}/\d{4}, c\d")
    assert [row[4].split(",")[0] for row in rows] == [
        "2026",
        "not projected: no rise",
        "not projected: lost again; had been reached in 2002",
    ]


def test_the_verdicts_name_their_scenes_and_thresholds(printed):
    text = output(printed, "evidence", "--site", "858075/2001")
    assert "Verdict: Unclaimed recovery." in text
    assert "Verdict: Corroborated." in text
    assert "1985 9bf601524757, 1986 2f641c318364" in text
    assert "1985–2021 061953c57ac2" in text
    assert text.count("unclaimed_share 0.5") == 2
