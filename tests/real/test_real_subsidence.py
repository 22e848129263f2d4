"""The commands of docs/subsidence.md on real data, as they stand there, and the figures that they print."""

import json
import re

import numpy as np
import pytest
import rasterio

from tests.docs_page import DOCS, DocsPage, lay_out, run_in

pytestmark = pytest.mark.real_data
PAGE = DocsPage.of("subsidence")


@pytest.fixture(scope="module")
def printed(real_data, tmp_path_factory):
    """The folder in which every command of the page was run, and what each printed."""
    sites = DOCS / "examples" / "appin_sites.geojson"
    place = lay_out(tmp_path_factory.mktemp("subsidence"), *real_data.iterdir(), sites)
    return place, [(words, done.stdout + done.stderr) for words, done in PAGE.run(place)]


def outputs(printed, *beginning):
    return [text for words, text in printed[1] if words[: len(beginning)] == beginning]


def answer(printed, *words):
    return json.loads(run_in(printed[0], [*words, "--json", "--store", "appin.gpkg"]).stdout)


def numbers(text):
    return [float(one.replace(",", "")) for one in re.findall(r"-?\d[\d,]*\.?\d*", text)]


def test_the_linear_rate_equals_pyrates_on_every_one_of_its_cells(printed):
    expected = str(printed[0] / "insar_appin" / "linear_rate_expected.tif")
    found = answer(
        printed, "subsidence", "rate", "--product", "insar", "--edition", "pyrate", "--compare", expected
    )
    compared = found["compared"]
    assert (compared["both"], compared["only_ours"], compared["only_theirs"]) == (2683, 0, 0)
    assert compared["largest"] < 1e-5
    assert found["cells_by_epochs"] == {"12": 6, "13": 2677}
    (said,) = outputs(printed, "subsidence", "rate")
    assert "2683 cells in both, 0 only here, 0 only there" in said
    assert "2,683 cells have a rate, from -7.4571 to 22.3082 mm a year" in PAGE.text


def test_the_written_raster_holds_pyrates_rate_error_and_samples(printed):
    with rasterio.open(printed[0] / "rate.tif") as dataset:
        rate, error, epochs = dataset.read()
        assert dataset.descriptions == ("rate", "standard_error", "epochs")
        assert "positive away" in dataset.tags()["unit"]
    folder = printed[0] / "insar_appin" / "linrate"
    for ours, name in ((rate, "rate"), (error, "error"), (epochs, "samples")):
        theirs = np.load(folder / f"linear_{name}.npy")
        assert np.array_equal(np.isfinite(ours), np.isfinite(theirs))
        assert np.nanmax(np.abs(ours - theirs)) < 1e-5


def test_the_sites_have_the_figures_of_the_page(printed):
    said = outputs(printed, "subsidence", "run")[0]
    for site in ("bowl", "north"):
        row = next(line for line in PAGE.text.splitlines() if line.startswith(f"| {site} |"))
        mean, p95, sigma, moving, valid = numbers(row)
        printed_row = next(line for line in said.splitlines() if line.strip().startswith(site))
        assert numbers(printed_row)[:6] == [mean, p95, pytest.approx(p95, abs=0.3), sigma, moving, valid]
        assert "noise" in printed_row
    later = outputs(printed, "subsidence", "run")[1]
    assert "Still moving" in next(line for line in later.splitlines() if line.strip().startswith("bowl"))
    item = answer(printed, "subsidence", "show", "bowl")["items"][0]
    assert f"{100 * item['fast_ha'] / item['valid_ha']:.1f} %" == "22.2 %"
    assert item["disagreement"] == "recorded_settled_but_moving"


def test_the_water_of_the_gold_field_and_what_is_new_outside_it(printed):
    shown = outputs(printed, "subsidence", "show")[1]
    water = {int(row[0]): row[1] for line in shown.splitlines() if len(row := numbers(line)) >= 2}
    assert (water[1985], water[2006], water[2020]) == (1.79, 15.48, 1.25)
    assert "seasons are unknown" in shown
    (said,) = outputs(printed, "candidates", "find")
    assert "214 patches of new water, 47 in or near sites, 42 too small, 0 dismissed" in said
    assert len(re.findall(r"mapbiomas   c6 ", said)) == 125
    assert "10.99" in said.split("mapbiomas")[0]


def test_the_uptake_is_that_of_the_page(printed):
    latest, _, earlier = outputs(printed, "carbon")
    for year, said in (("2020", latest), ("2000", earlier)):
        row = next(line for line in PAGE.text.splitlines() if line.startswith(f"| {year} |"))
        expected = numbers(row)[1:]
        printed_row = next(line for line in said.splitlines() if line.strip().startswith("all "))
        got = numbers(printed_row.split("/12", 1)[1])
        assert [got[0], got[1], *got[3:7]] == expected
    assert "419.4 ha" in latest
