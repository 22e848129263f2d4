"""`reverdure split`, `merge`, `undo`, `approve`: hectares before, after and the difference are told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from tests.api.conftest import Service

Run = Callable[..., Result]


@pytest.fixture
def run(service: Service) -> Run:
    def run_one(*words: str, code: int = 0) -> Result:
        done = CliRunner().invoke(app, [*words, "--store", str(service.folder / "sites.gpkg")])
        assert done.exit_code == code, done.output
        return done

    return run_one


def parts(path: Path, *features: tuple[str, float, float, dict[str, object]]) -> str:
    drawn = [
        {
            "type": "Feature",
            "properties": {"图斑编号": code, **more},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[west, 33.5], [east, 33.5], [east, 33.51], [west, 33.51], [west, 33.5]]],
            },
        }
        for code, west, east, more in features
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": drawn}), encoding="utf-8")
    return str(path)


def number(text: str) -> float:
    return float(text.replace(",", ""))


def test_a_site_is_split_by_a_file_and_every_step_tells_its_hectares(run: Run, tmp_path: Path) -> None:
    file = parts(
        tmp_path / "parts.geojson",
        ("00W", 116.5, 116.505, {"名称": "West", "损毁面积(公顷)": 20}),
        ("00E", 116.505, 116.51, {}),
    )
    said = run("split", "001", file, "--on", "2021-05-01", "--as", "clerk").stdout
    told = re.search(
        r"1 site of ([\d,.]+) ha becomes 2 \(00W, 00E\) of ([\d,.]+) ha, a difference of ([+-][\d.]+) ha",
        said,
    )
    assert told is not None, said
    before, after, difference = (number(text) for text in told.groups())
    assert after - before == pytest.approx(difference, abs=1e-4)
    released = run("approve", "1", "--as", "reviewer").stdout
    assert told.group(0) in released
    listed = json.loads(run("rates", "--group-by", "all", "--responsible", "all", "--json").stdout)["items"]
    assert listed[0]["n_sites"] == 6
    merged = run("merge", "00W", "00E", "--code", "001b", "--as", "clerk").stdout
    assert re.search(r"2 sites of [\d,.]+ ha become 001b of [\d,.]+ ha, a difference of [+-]", merged)


def test_parts_that_overlap_or_cannot_be_sites_are_refused(run: Run, tmp_path: Path) -> None:
    over = parts(tmp_path / "over.geojson", ("a", 116.5, 116.506, {}), ("b", 116.505, 116.51, {}))
    assert "overlap by" in run("split", "001", over, code=1).output
    one = parts(tmp_path / "one.geojson", ("a", 116.5, 116.506, {}))
    assert "two sites or more" in run("split", "001", one, code=1).output
    nameless = parts(tmp_path / "none.geojson", ("", 116.5, 116.505, {}), ("b", 116.505, 116.51, {}))
    assert "row 1" in run("split", "001", nameless, code=1).output
    good = parts(tmp_path / "good.geojson", ("a", 116.5, 116.505, {}), ("002", 116.505, 116.51, {}))
    assert "002" in run("split", "001", good, code=1).output
    assert "no site has the code" in run("split", "999", good, code=1).output
    assert "no proposal is open" in run("approve").stdout


def test_an_area_that_is_released_and_taken_back_is_told(run: Run, service: Service) -> None:
    def damaged(area: float) -> None:
        asked = service.client.patch("/api/sites/3", json={"damaged_ha": area}, headers={"If-Match": "*"})
        assert asked.status_code == 202

    damaged(50)
    assert "damaged – ha becomes 50.0000 ha" in run("approve", "1", "--as", "reviewer").stdout
    damaged(40)
    said = run("approve", "2", "--as", "reviewer").stdout
    assert "damaged 50.0000 ha becomes 40.0000 ha, a difference of -10.0000 ha" in said
    restored = service.client.patch("/api/sites/3", json={"restored_ha": 4}, headers={"If-Match": "*"})
    seq = restored.json()["seqs"][0]
    assert "restored 4.0000 ha becomes – ha" in run("undo", str(seq)).stdout
