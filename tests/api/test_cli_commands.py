"""The command line on tiny stores: what it prints, where, and with which exit code."""

from __future__ import annotations

import csv
import io
import json
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import from_origin
from typer.testing import CliRunner, Result

from api.cli import app
from api.cli.console import hectares, pairs, percent
from api.csv_cells import csv_cell

Run = Callable[..., Result]
LEFT, TOP, CELL = 500_000.0, 3_700_000.0, 30.0
"""A grid of 20 x 20 cells in UTM zone 50 N, near Huaibei."""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `reverdure` on the store `s.gpkg` of a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REVERDURE_STORE", raising=False)

    def call(*words: str, code: int = 0, store: str | None = "s.gpkg") -> Result:
        found = CliRunner().invoke(app, [*words, *(("--store", store) if store else ())])
        assert found.exit_code == code, (found.stdout, found.stderr, found.exception)
        return found

    return call


def ring(column: int, row: int, cells: int) -> list[list[float]]:
    """The ring of a square of whole cells, in longitude and latitude."""
    to_degrees = Transformer.from_crs(32650, 4326, always_xy=True)
    left, top, size = LEFT + column * CELL, TOP - row * CELL, cells * CELL
    corners = [(left, top), (left, top - size), (left + size, top - size), (left + size, top), (left, top)]
    return [list(to_degrees.transform(x, y)) for x, y in corners]


def write_sites(path: Path, rows: list[dict[str, object]]) -> Path:
    """A GeoJSON of one square of 4 x 4 cells a row, side by side from the grid's corner."""
    features = [
        {
            "type": "Feature",
            "properties": row,
            "geometry": {"type": "Polygon", "coordinates": [ring(5 * index, 0, 4)]},
        }
        for index, row in enumerate(rows)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def write_scene(path: Path, left_half: int, right_half: int) -> Path:
    """A CLCD-coded raster whose two halves hold one class each."""
    cells = np.full((20, 20), left_half, dtype="uint8")
    cells[:, 10:] = right_half
    profile = {
        "driver": "GTiff",
        "width": 20,
        "height": 20,
        "count": 1,
        "dtype": "uint8",
        "crs": "EPSG:32650",
    }
    with rasterio.open(path, "w", transform=from_origin(LEFT, TOP, CELL, CELL), nodata=0, **profile) as file:
        file.write(cells, 1)
    return path


@pytest.fixture(scope="module")
def three_sites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with three sites: two untreated, one treated."""
    folder = tmp_path_factory.mktemp("three")
    rows: list[dict[str, object]] = [
        {"site_id": "001", "name": "North pit", "status": "untreated"},
        {"site_id": "002", "name": "=2+3", "status": "treated"},
        {"site_id": "003", "name": "South pit", "status": "untreated"},
    ]
    file, store = write_sites(folder / "sites.geojson", rows), folder / "s.gpkg"
    words = [
        "--cities",
        "none",
        "--set",
        "responsible=legacy",
        "--as-of",
        "2020-01-01",
        "--store",
        str(store),
    ]
    assert CliRunner().invoke(app, ["import", str(file), *words]).exit_code == 0
    return store


@pytest.fixture
def brought_in(run: Run, tmp_path: Path, three_sites: Path) -> Run:
    """`run` on a copy of the store with three sites."""
    shutil.copy(three_sites, tmp_path / "s.gpkg")
    return run


def test_help_takes_less_than_half_a_second_of_work() -> None:
    """Processor time, since other work may share the machine."""
    times = []
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-c", "from api.cli import app; app(['--help'])"],
            capture_output=True,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(times) < 0.5


def test_help_loads_no_raster_and_no_web_library() -> None:
    heavy = "('rasterio', 'fastapi', 'numba', 'sqlalchemy')"
    code = f"import sys, api.cli; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert found.stdout.strip() == "[]"


def test_an_import_makes_the_store_and_accounts_for_every_row(run: Run, tmp_path: Path) -> None:
    write_sites(tmp_path / "sites.geojson", [{"site_id": "001"}, {"site_id": "002"}])
    receipt = json.loads(run("import", "sites.geojson", "--cities", "none", "--json").stdout)
    assert receipt["rows_in"] == 2 == sum(receipt["counts"].values())
    assert [row["site_code"] for row in receipt["rows"]] == ["001", "002"]
    assert (tmp_path / "s.gpkg").is_file()


def test_a_dry_run_leaves_no_store(run: Run, tmp_path: Path) -> None:
    write_sites(tmp_path / "sites.geojson", [{"site_id": "001"}])
    receipt = json.loads(run("import", "sites.geojson", "--cities", "none", "--dry-run", "--json").stdout)
    assert receipt["dry_run"] is True
    assert not (tmp_path / "s.gpkg").exists()


def test_a_refused_row_refuses_the_file_unless_the_valid_are_asked_for(run: Run, tmp_path: Path) -> None:
    write_sites(tmp_path / "sites.geojson", [{"site_id": "001"}, {"site_id": "001"}, {"site_id": "003"}])
    refused = run("import", "sites.geojson", "--cities", "none", code=1)
    assert refused.stderr.startswith("error: ")
    assert refused.stderr.count("\n") == 1
    assert "--only-valid" in refused.stderr
    assert not (tmp_path / "s.gpkg").exists()
    taken = json.loads(run("import", "sites.geojson", "--cities", "none", "--only-valid", "--json").stdout)
    assert taken["counts"]["rejected"] > 0
    assert taken["counts"]["new"] > 0


def test_status_words_are_mapped_from_repeated_and_joined_options(run: Run, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"site_id": str(n), "state": word} for n, word in enumerate(("Done", "Not begun", "Begun"))
    ]
    write_sites(tmp_path / "sites.geojson", rows)
    words = (
        "--map",
        "status=state",
        "--status-map",
        "Done=closed,Begun=in_progress",
        "--status-map",
        "Not begun=untreated",
    )
    run("import", "sites.geojson", "--cities", "none", "--set", "responsible=legacy", *words)
    rate = json.loads(run("rates", "--group-by", "all", "--basis", "count", "--json").stdout)["items"][0]
    assert {slug: share["count"] for slug, share in rate["by_status"].items() if share["count"]} == {
        "closed": 1,
        "in_progress": 1,
        "untreated": 1,
    }
    assert rate["rate"] == pytest.approx(1 / 3)


def test_an_option_without_its_sign_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    write_sites(tmp_path / "sites.geojson", [{"site_id": "001"}])
    run("import", "sites.geojson", "--map", "no-sign", code=2)


def test_scenes_and_recovery_give_the_hectares_of_the_cells(brought_in: Run, tmp_path: Path) -> None:
    write_scene(tmp_path / "cover_2013.tif", 7, 7)
    write_scene(tmp_path / "cover_2020.tif", 4, 7)
    brought_in("scenes", "add", "cover_2013.tif", "cover_2020.tif", "--product", "clcd", "--edition", "v1")
    years = [scene["year"] for scene in json.loads(brought_in("scenes", "list", "--json").stdout)["items"]]
    assert years == [2013, 2020]
    areas = json.loads(
        brought_in(
            "scenes", "areas", "--product", "clcd", "--edition", "v1", "--year", "2020", "--json"
        ).stdout
    )
    assert areas["area_ha_grid"]["2020"]["4"] == pytest.approx(18.0)
    between = ("--product", "clcd", "--edition", "v1", "--from", "2013", "--to", "2020", "--json")
    moves = json.loads(brought_in("scenes", "transitions", *between).stdout)["transitions"]
    assert {(move["from_code"], move["to_code"]): round(move["ha_grid"], 6) for move in moves} == {
        (7, 4): 18.0,
        (7, 7): 18.0,
    }
    found = json.loads(brought_in("recover", *between).stdout)
    shares = {
        site["site_code"]: [item["recovered_share"] for item in site["items"]] for site in found["sites"]
    }
    assert shares == {
        "001": [pytest.approx(1)],
        "002": [pytest.approx(1)],
        "003": [pytest.approx(0, abs=1e-6)],
    }
    assert found["run"]["state"] == "done"
    listed = json.loads(brought_in("worklist", "--json").stdout)["items"]
    assert [item["site_code"] for item in listed] == ["001"]
    assert listed[0]["verdict"] == "unclaimed"


def test_tables_for_people_name_definition_units_and_reasons(brought_in: Run) -> None:
    shown = brought_in("rates", "--group-by", "all", "--responsible", "liable").stdout
    assert "Treatment rate, by area, liable sites, as of" in " ".join(shown.split())
    assert "counted ha" in shown
    assert "– (There is no site in this group)" in " ".join(shown.split())


def test_units_without_a_site_are_folded_away_unless_all_are_wanted(run: Run, filled_store: Path) -> None:
    plain = run("rates", "--responsible", "liable", store=str(filled_store))
    assert "units without a site, not shown: 1" in plain.stderr
    assert "340600" not in plain.stdout
    assert "340600" in run("rates", "--responsible", "liable", "--all", store=str(filled_store)).stdout
    assert (
        "'pit' is none of open_pit" in run("rates", "--kind", "pit", code=2, store=str(filled_store)).stderr
    )
    provinces = run("rates", "--group-by", "province", store=str(filled_store))
    assert "340000" in provinces.stdout
    assert "not shown" not in provinces.stderr


def test_a_year_before_the_baseline_is_refused(run: Run, filled_store: Path) -> None:
    problem = run("rates", "--from", "2020", "--to", "2015", code=1, store=str(filled_store)).stderr
    assert "must lie before 2015" in problem


def test_a_setting_that_cannot_be_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVERDURE_TIMEZONE", "Nowhere/Land")
    found = run("recover", "--product", "clcd", code=1)
    assert found.stderr.startswith("error: ")
    assert found.stderr.count("\n") == 1


def test_a_legend_of_the_settings_folder_is_a_product(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "legends"
    folder.mkdir()
    (folder / "village_map.csv").write_text(
        "code,slug,zh,en,colour,role\n7,barren,裸地,Barren,#cccccc,disturbed\n"
        "2,forest,林地,Forest,#00aa00,green\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("REVERDURE_LEGENDS", str(folder))
    scene = write_scene(tmp_path / "village_2013.tif", 7, 2)
    run("migrate")
    run("scenes", "add", str(scene), "--product", "village_map", "--edition", "v1")
    areas = json.loads(
        run(
            "scenes", "areas", "--product", "village_map", "--edition", "v1", "--year", "2013", "--json"
        ).stdout
    )
    assert set(areas["area_ha"]["2013"]) == {"7", "2"}


def test_csv_has_a_line_a_group_and_no_formula(brought_in: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(brought_in("rates", "--group-by", "all", "--csv").stdout)))
    assert [row["key"] for row in rows] == ["all"]
    assert 0 < float(rows[0]["rate"]) < 1
    assert csv_cell("=1+1") == "'=1+1"
    assert csv_cell(-1.5) == -1.5


def test_a_second_person_is_another_name(brought_in: Run, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"site_id": "001", "name": "North pit", "status": "untreated"},
        {"site_id": "002", "name": "=2+3", "status": "accepted"},
        {"site_id": "003", "name": "South pit", "status": "untreated"},
    ]
    write_sites(tmp_path / "later.geojson", rows)
    brought_in("import", "later.geojson", "--set", "responsible=legacy", "--as-of", "2021-01-01")
    waiting = json.loads(brought_in("approve", "--json").stdout)["items"]
    assert [(item["site_code"], item["change"]["facts"]) for item in waiting] == [
        ("002", {"status": "accepted"})
    ]
    number = str(waiting[0]["proposal_id"])
    brought_in("approve", number, code=2)
    assert "local" in brought_in("approve", number, "--as", "local", code=1).stderr
    assert "approved by Wang Li" in brought_in("approve", number, "--as", "Wang Li").stdout
    assert brought_in("approve").stdout == "no proposal is open\n"


def test_verify_names_the_first_bad_row(brought_in: Run, tmp_path: Path) -> None:
    good = json.loads(brought_in("verify", "--json").stdout)
    brought_in("verify", "--expect", f"{good['seq']}:{good['head']}")
    cut = brought_in("verify", "--expect", f"{good['seq'] + 5}:{'0' * 64}", code=1)
    assert cut.stderr.startswith("error: ")
    with sqlite3.connect(tmp_path / "s.gpkg") as conn:
        for (name,) in conn.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'history'"
        ).fetchall():
            conn.execute(f'DROP TRIGGER "{name}"')
        conn.execute("UPDATE history SET reason = 'forged' WHERE seq = 4")
    conn.close()
    assert brought_in("verify", code=1).stderr.startswith("error: row 4: ")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("rates",), "there is no store at"),
        (("serve", "--host", "0.0.0.0"), "is not this machine"),
        (("serve",), "there is no store at"),
        (("map", "site", "001", "--out", "x.html"), "there is no store at"),
    ],
)
def test_an_error_is_one_line_and_exit_code_1(run: Run, words: tuple[str, ...], problem: str) -> None:
    found = run(*words, code=1)
    assert found.stdout == ""
    assert found.stderr.startswith("error: ")
    assert found.stderr.count("\n") == 1
    assert problem in found.stderr


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("scenes", "add", "none.tif", "--product", "clcd", "--edition", "v1"), "there is no file none.tif"),
        (("scenes", "areas", "--product", "clcd", "--edition", "v1"), "needs --year"),
        (("scenes", "areas", "--product", "clcd", "--edition", "v1", "--year", "1999"), "1999"),
        (("rates", "--as-of", "yesterday"), "is not a date such as"),
        (("map", "site", "999", "--out", "x.html"), "no site has the code '999'"),
        (("recover", "--product", "nothing"), "nothing"),
    ],
)
def test_what_is_not_there_is_said(brought_in: Run, words: tuple[str, ...], problem: str) -> None:
    assert problem in brought_in(*words, code=1).stderr


def test_a_port_in_use_is_said(brought_in: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert (
            f"port {port} on 127.0.0.1 is in use" in brought_in("serve", "--port", str(port), code=1).stderr
        )


def test_migrate_makes_an_empty_store(run: Run, tmp_path: Path) -> None:
    run("migrate")
    assert (tmp_path / "s.gpkg").is_file()
    assert "0 rows" in run("verify").stdout


def test_the_store_comes_from_the_environment(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVERDURE_STORE", str(tmp_path / "other.gpkg"))
    run("migrate", store=None)
    assert (tmp_path / "other.gpkg").is_file()


def test_a_map_opens_without_the_server(brought_in: Run, tmp_path: Path) -> None:
    brought_in("map", "remediation", "--out", "out/map.html", "--lang", "en")
    page = (tmp_path / "out/map.html").read_text(encoding="utf-8")
    assert "map_files/" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert (tmp_path / "out/map_files/leaflet/leaflet.js").is_file()


def test_a_word_may_hold_a_comma() -> None:
    assert pairs("--status-map", ["Closed, released=closed,Open=planned"], last_sign=True) == {
        "Closed, released": "closed",
        "Open": "planned",
    }


def test_null_is_an_en_dash_with_its_reason() -> None:
    assert (hectares(None), percent(None, "no sites"), percent(0.3868, digits=2)) == (
        "–",
        "– (no sites)",
        "38.68 %",
    )


def test_sites_that_nobody_called_legacy_are_named_where_the_rate_leaves_them_out(run: Run) -> None:
    sites = write_sites(Path("sites.geojson"), [{"site_id": "A1"}, {"site_id": "A2"}])
    run("import", str(sites), "--cities", "none")
    told = run("rates", "--group-by", "all")
    assert "2 sites are not legacy; --responsible all counts them" in told.stderr
    assert "not legacy" not in run("rates", "--group-by", "all", "--responsible", "all").stderr
