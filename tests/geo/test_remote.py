"""Remote rasters: the figures that files on disk give, the registered host alone, errors for every fault."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from typer.testing import CliRunner

from api.cli import app
from geo import remote_request
from geo.rasters import open_raster
from geo.recover.run import recover
from geo.registration import RasterRequest, register_scenes
from geo.remote import BadAddress, identity, place_of, url_of
from geo.remote_request import RemoteUnreadable, signed_headers
from geo.runs.pools import Processes
from geo.scenes import SceneChanged
from geo.store import scenes
from tests.geo.range_server import RangeServer
from tests.geo.recovery_case import PARAMS, TODAY, add_scenes, add_sites, site, square

YEARS = (2013, 2016, 2020)


@pytest.fixture
def server(tmp_path, monkeypatch):
    for name in [*(name for name in os.environ if name.startswith("AWS_")), "http_proxy", "HTTP_PROXY"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(remote_request, "PAUSE_S", 0.0)
    monkeypatch.setattr(remote_request, "TIMEOUT_S", 0.5)
    folder = tmp_path / "served"
    folder.mkdir()
    running = RangeServer(folder)
    yield running
    running.shutdown()
    running.server_close()


def write(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {"driver": "GTiff", "height": values.shape[0], "width": values.shape[1], "count": 1} | {
        "dtype": "uint8", "crs": "EPSG:32650", "transform": from_origin(500_000, 3_700_000, 30, 30),
        "nodata": 255, "tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(values, 1)


def noise(seed, size=(700, 900)):
    codes = np.array([2, 5, 7, 255], dtype=np.uint8)
    return np.random.default_rng(seed).choice(codes, size)


def serve_scenes(server, below=""):
    for year in YEARS:
        write(server.folder / below / f"clcd_{year}.tif", noise(year))


def register(store, *texts):
    return register_scenes(store, [place_of(text) for text in texts], RasterRequest("clcd", "v1"))


def test_an_address_is_kept_as_it_is(store):
    for text in (
        "https://maps.example.org/a/2020.tif",
        "s3://bucket/lc/v1/2020.tif",
        "http://[::1]:80/x.tif",
    ):
        assert url_of(place_of(text)) == text
        assert store.relative(place_of(text)) == text
    assert (
        place_of("data/2020.tif") is place_of("ftp://host/x.tif") is place_of("/vsicurl/http://h/x") is None
    )
    assert url_of(Path("/https:/host/x.tif")) is url_of(Path("https://host/x.tif")) is None
    assert url_of(Path("remote:/ftp:/host/x.tif")) is url_of(Path("/remote:/https:/host/x.tif")) is None


@pytest.mark.parametrize(
    "text",
    ["https://", "https://host", "https://me:word@host/x.tif", "https://host/x.tif?key=1", "s3://bucket",
     "https://host//x.tif", "https://host/a/../x.tif", "https://host/a b.tif", "https://host/x.tif#1"],
)  # fmt: skip
def test_an_address_with_credentials_queries_or_odd_parts_is_refused(text):
    with pytest.raises(BadAddress) as caught:
        place_of(text)
    assert "word" not in str(caught.value)


def test_a_run_over_http_gives_the_figures_of_a_run_from_disk(store, server, tmp_path, empty_file):
    serve_scenes(server)
    places = [square(n * 40, n * 55, 30, 30) for n in range(12)]
    add_sites(store, *(site(f"s{n}", place) for n, place in enumerate(places)))
    register(store, *(f"http://{server.host}/clcd_{year}.tif" for year in YEARS))
    there = recover(store, PARAMS, today=TODAY)
    with store.write() as conn:
        kept = scenes.find(conn)
        conn.exec_driver_sql("DELETE FROM scenes")
    assert [scene.path for scene in kept] == [f"http://{server.host}/clcd_{year}.tif" for year in YEARS]
    for year in YEARS:
        shutil.copyfile(server.folder / f"clcd_{year}.tif", store.folder / f"clcd_{year}.tif")
    register_scenes(store, [store.folder / f"clcd_{year}.tif" for year in YEARS], RasterRequest("clcd", "v1"))
    here = recover(store, PARAMS, today=TODAY)
    assert here.n_unchanged == 0
    assert here.total == there.total
    assert [one.transitions for one in here.majority] == [one.transitions for one in there.majority]


def test_only_the_pieces_that_are_needed_are_fetched(store, server):
    write(server.folder / "clcd_2020.tif", noise(1, (2600, 2600)))
    size = (server.folder / "clcd_2020.tif").stat().st_size
    with open_raster(place_of(f"http://{server.host}/clcd_2020.tif")) as dataset:
        dataset.read(1, window=((0, 10), (0, 10)))
    fetched = sum(int(b) - int(a) + 1 for a, b in spans(server))
    assert fetched < size / 2


def spans(server):
    return [headers["Range"].removeprefix("bytes=").split("-") for _, headers in server.asked]


def test_processes_read_remote_scenes_too(store, server):
    serve_scenes(server)
    add_sites(store, *(site(f"s{n}", square(n * 40, n * 55, 30, 30)) for n in range(6)))
    register(store, *(f"http://{server.host}/clcd_{year}.tif" for year in YEARS))
    parts = recover(store, PARAMS, today=TODAY, pool=Processes(2), most_sites=2)
    with store.write() as conn:
        conn.exec_driver_sql("DELETE FROM recoveries")
    assert recover(store, PARAMS, today=TODAY).recoveries == parts.recoveries


def test_an_s3_style_store_without_signatures(store, server, monkeypatch):
    serve_scenes(server, "bucket/lc")
    for name, value in {
        "AWS_S3_ENDPOINT": server.host,
        "AWS_HTTPS": "NO",
        "AWS_VIRTUAL_HOSTING": "FALSE",
        "AWS_NO_SIGN_REQUEST": "YES",
    }.items():
        monkeypatch.setenv(name, value)
    add_sites(store, site("a", square(3, 3)))
    register(store, *(f"s3://bucket/lc/clcd_{year}.tif" for year in YEARS))
    assert len(recover(store, PARAMS, today=TODAY).recoveries) == 1
    assert {path for path, _ in server.asked} == {f"/bucket/lc/clcd_{year}.tif" for year in YEARS}
    assert all("Authorization" not in headers for _, headers in server.asked)


def test_requests_to_an_s3_style_store_are_signed_with_the_keys_of_the_environment(
    store, server, monkeypatch
):
    serve_scenes(server, "bucket")
    for name, value in {
        "AWS_S3_ENDPOINT": server.host,
        "AWS_HTTPS": "NO",
        "AWS_VIRTUAL_HOSTING": "FALSE",
        "AWS_ACCESS_KEY_ID": "AKID",
        "AWS_SECRET_ACCESS_KEY": "hidden",
    }.items():
        monkeypatch.setenv(name, value)
    register(store, "s3://bucket/clcd_2020.tif")
    assert all(headers["Authorization"].startswith("AWS4-HMAC-SHA256 ") for _, headers in server.asked)
    assert "hidden" not in str(server.asked)


def test_a_signature_is_that_of_the_published_example():
    """Amazon S3 API reference, authenticating requests (AWS Signature Version 4), example GET Object."""
    headers = signed_headers(
        "https://examplebucket.s3.amazonaws.com/test.txt",
        {"Range": "bytes=0-9"},
        key_id="AKIAIOSFODNN7EXAMPLE",
        secret="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        region="us-east-1",
        now=datetime(2013, 5, 24, tzinfo=UTC),
    )
    signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    assert headers["Authorization"].endswith(f"Signature={signature}")


FAULTS = [
    ("hang", "falls silent"),
    ("cut", "cut short"),
    ("whole", "no ranges of bytes"),
    ("moved", "register the final address"),
    ("status:404", "no such file"),
    ("status:403", "credentials come from the environment"),
    ("status:503", "answers 503; tried 3 times"),
]


@pytest.mark.parametrize(("fault", "words"), FAULTS)
@pytest.mark.parametrize("faultless", [0, 2])
def test_a_fault_of_the_server_is_told_and_nothing_is_written(store, server, fault, words, faultless):
    write(server.folder / "clcd_2020.tif", noise(1, (1600, 1600)))
    server.fault, server.faultless = fault, faultless
    with pytest.raises(RemoteUnreadable, match=words) as caught:
        register(store, f"http://{server.host}/clcd_2020.tif")
    assert f"http://{server.host}/clcd_2020.tif" in str(caught.value)
    with store.read() as conn:
        assert scenes.find(conn) == []
    assert all(path == "/clcd_2020.tif" for path, _ in server.asked)


def test_a_fault_in_a_run_fails_the_run_and_shows_nothing(store, server):
    serve_scenes(server)
    add_sites(store, site("a", square(3, 3)))
    register(store, *(f"http://{server.host}/clcd_{year}.tif" for year in YEARS))
    server.fault = "status:500"
    with pytest.raises(RemoteUnreadable, match="answers 500"):
        recover(store, PARAMS, today=TODAY)
    with store.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM recoveries").scalar() == 0


def test_a_replaced_remote_file_is_noticed(store, server):
    serve_scenes(server)
    add_sites(store, site("a", square(3, 3)))
    register(store, *(f"http://{server.host}/clcd_{year}.tif" for year in YEARS))
    write(server.folder / "clcd_2016.tif", noise(99))
    with pytest.raises(SceneChanged, match="another file lies at its address"):
        recover(store, PARAMS, today=TODAY)


def test_a_file_replaced_while_it_is_read_is_noticed(server):
    path = server.folder / "clcd_2020.tif"
    write(path, noise(1, (1600, 1600)))

    def read():
        with open_raster(place_of(f"http://{server.host}/clcd_2020.tif")) as dataset:
            write(path, noise(2, (1600, 1600)))
            dataset.read(1)

    with pytest.raises(RemoteUnreadable, match="replaced by another file"):
        read()


def test_what_is_no_geotiff_is_refused(store, server):
    (server.folder / "clcd_2020.tif").write_bytes(b"<html>not found</html>" * 9)
    with pytest.raises(Exception, match="not a GeoTIFF"):
        register(store, f"http://{server.host}/clcd_2020.tif")


def test_the_identity_changes_with_size_version_and_head(server):
    write(server.folder / "a.tif", noise(1))
    first = identity(f"http://{server.host}/a.tif")
    assert identity(f"http://{server.host}/a.tif") == first
    with (server.folder / "a.tif").open("ab") as file:
        file.write(b"x")
    assert identity(f"http://{server.host}/a.tif") != first


def test_the_command_line_registers_an_address_and_prints_it(store, server):
    serve_scenes(server)
    address = f"http://{server.host}/clcd_2020.tif"
    options = ["--product", "clcd", "--edition", "v1", "--store", str(store.path)]
    done = CliRunner().invoke(app, ["scenes", "add", address, *options, "--json"])
    assert done.exit_code == 0, done.output
    assert address in done.output
    server.fault = "status:404"
    wrong = CliRunner().invoke(app, ["scenes", "add", f"http://{server.host}/clcd_2016.tif", *options])
    assert wrong.exit_code == 1
    with store.read() as conn:
        assert [scene.year for scene in scenes.find(conn)] == [2020]


def test_local_rasters_never_reach_the_network(store, server, tmp_path):
    add_scenes(store, {2020: np.full((40, 40), 2, dtype=np.uint8)})
    with open_raster(store.folder / "clcd_v1_2020.tif") as dataset:
        assert dataset.read(1).max() == 2
        with pytest.raises(rasterio.errors.RasterioIOError):
            rasterio.open(f"/vsicurl/http://{server.host}/clcd_2020.tif")
    assert server.asked == []
