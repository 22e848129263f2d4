"""The course of a site over HTTP, on its page and from the command line."""

import json
import re

import pytest
from typer.testing import CliRunner

from api.cli import app
from geo.recover.run import recover
from geo.status import Status
from geo.store import Store
from tests.geo.recovery_case import (
    FOREST,
    PARAMS,
    TODAY,
    add_scenes,
    add_sites,
    cells,
    site,
    square,
)

SOONER = "2024-05-01T08:00:00.000000Z"
YEARS = range(2012, 2021)


def growing(store):
    """Forest that takes a row more of the site each year from 2014 on, and all of it in 2015 alone."""
    scenes = {year: cells(**{f"top_{max(year - 2013, 0)}_40": FOREST}) for year in YEARS}
    scenes[2015] = cells(top_10_40=FOREST)
    add_scenes(store, scenes)


@pytest.fixture
def grown(service):
    store = service.app.state.store
    growing(store)
    (one,) = add_sites(store, site("x", square(0, 0), Status.TREATED), now=SOONER)
    recover(store, PARAMS, today=TODAY)
    return service, one


def test_an_item_has_the_trajectory_under_majority3_and_the_raw_one_beside_it(grown):
    service, one = grown
    for rule in ("none", "majority3"):
        (item,) = service.client.get(f"/api/sites/{one}/recovery?temporal_rule={rule}").json()["items"]
        course = item["trajectory"]
        assert (item["temporal_rule"], course["temporal_rule"]) == (rule, "majority3")
        assert (course["measure"], course["state"]) == ("recovered_share", "recovering")
        assert (course["disturbance_year"], course["disturbed_before"]) == (2012, True)
        assert (course["reached_year"], course["raw"]["reached_year"]) == (None, 2015)
        assert course["slope_per_year"] == pytest.approx(0.1, abs=1e-4)
        assert course["projected_year"] == 2021
        assert course["raw"]["raw"] is None


def test_the_page_tells_the_course_under_the_bars_in_both_languages(grown):
    service, one = grown
    english = service.client.get(f"/sites/{one}?lang=en").text
    assert "In 2020: Recovering." in english
    assert (
        "Three-year majority (a year takes the class of its neighbours where they agree): Recovered"
        in english
    )
    assert "Reached the target (80.0 %) first in 2015." in english
    chinese = service.client.get(f"/sites/{one}?lang=zh").text
    assert "2020 年：恢复中。" in chinese
    assert english.index("2020</span>") < english.index("In 2020: Recovering.")
    drawn = english[english.index("In 2020: Recovering.") :]
    assert all(words in drawn for words in ("Target (80 %)", "At the present pace", "Recovery began"))
    cells = re.search(r'<th scope="row">2015</th>(<td class="num">.*?</td>)</tr>', drawn)[1]
    assert cells == '<td class="num">30.0 %</td><td class="num">100.0 %</td>'


def test_a_course_that_both_series_share_is_told_once(service):
    store = service.app.state.store
    add_scenes(store, {2012: cells(), 2016: cells(top_6_40=FOREST), 2020: cells(top_6_40=FOREST)})
    (one,) = add_sites(store, site("x", square(0, 0)), now=SOONER)
    recover(store, PARAMS, today=TODAY)
    page = service.client.get(f"/sites/{one}?lang=en").text
    assert page.count("In 2020: ") == 1
    assert "Raw series (no rule against flicker): Recovered share" in page
    assert "the same figures" in page


def test_recover_prints_the_course_of_every_site(tmp_path):
    path = tmp_path / "store.gpkg"
    store = Store.open(path, create=True)
    growing(store)
    add_sites(store, site("x", square(0, 0)), site("y", square(20, 20)))
    store.close()
    done = CliRunner().invoke(app, ["recover", "--product", "clcd", "--store", str(path), "--json"])
    assert done.exit_code == 0, done.stderr
    found = {one["site_code"]: one["items"][0]["trajectory"] for one in json.loads(done.stdout)["sites"]}
    assert found["x"]["state"] == "recovering"
    assert found["y"]["state"] == "disturbed"
    assert found["y"]["raw"]["projection_reason"] == "no_rise"
