"""A service on a tiny store: two counties under one prefecture, five sites of known areas and statuses."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from shapely import MultiPolygon, box

from api.app import bare_app, create_app
from api.settings import Settings
from geo.areas import geodesic_area_units
from geo.changes import NewSite
from geo.cities import City, CityType, Level, Listing
from geo.history import Fact
from geo.status import Status
from geo.store import Store, cities
from geo.store.changes import create_sites

NOW = "2020-01-15T00:00:00.000000Z"
STATUSES = (Status.UNTREATED, Status.PLANNED, Status.IN_PROGRESS, Status.TREATED, Status.UNTREATED)


def square(west: float, south: float, size: float = 0.01) -> MultiPolygon:
    return MultiPolygon([box(west, south, west + size, south + size)])


def unit(adcode: str, name: str, level: Level, parent: str | None, west: float, east: float) -> City:
    outline = MultiPolygon([box(west, 33, east, 34)])
    return City(adcode, f"{name}市", name, level, parent, "test outlines", outline)


def fill(store: Store) -> None:
    units = [
        unit("340000", "Anhui", Level.PROVINCE, None, 116, 118),
        unit("340600", "Huaibei", Level.PREFECTURE, "340000", 116, 118),
        unit("340604", "Lieshan", Level.COUNTY, "340600", 116, 117),
        unit("340621", "Suixi", Level.COUNTY, "340600", 117, 118),
    ]
    listing = Listing("340600", "Huaibei", CityType.DECLINING, "sourced", date(2013, 11, 12), source="plan")
    new = [
        NewSite(
            site_code=f"00{index + 1}",
            geometry=(polygon := square(116.5 + 0.2 * index, 33.5)),
            area_units=geodesic_area_units(polygon),
            facts={
                Fact.NAME: f"Pit {index + 1}",
                Fact.KIND: "open_pit",
                Fact.RESPONSIBLE: "legacy",
                Fact.UNIT: {
                    "adcode": (code := "340604" if index < 2 else "340621"),
                    "edition": "test outlines",
                    "shares": {code: "1.0"},
                },
            },
            entered_on=date(2018, 1, 1),
            status_rows=((status, date(2018, 1, 1)),),
        )
        for index, status in enumerate(STATUSES)
    ]
    with store.write() as conn:
        cities.put(conn, units, [listing])
        create_sites(conn, new, actor="importer", source="import:1", now=NOW)


@pytest.fixture(scope="session")
def filled_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "sites.gpkg"
    store = Store.open(path, create=True)
    try:
        fill(store)
    finally:
        store.close()
    return path


@dataclass(frozen=True)
class Service:
    """A running service, its client and its store's folder."""

    app: FastAPI
    client: TestClient
    folder: Path


Start = Callable[..., Service]
COMMON = {"worker": False, "timezone": "UTC", "allowed_hosts": ("testserver",)}


@pytest.fixture(scope="session")
def plain_app() -> FastAPI:
    """The service under common settings, without a store: its routes are compiled once for all tests."""
    return bare_app(Settings(**COMMON))


def starter(filled_store: Path, folder: Path, plain_app: FastAPI) -> tuple[Start, list[TestClient]]:
    """A function that starts a service on a copy of the filled store, and the clients to be closed."""
    clients: list[TestClient] = []

    def start(**changes: object) -> Service:
        path = folder / f"store{len(clients)}" / "sites.gpkg"
        path.parent.mkdir()
        shutil.copy(filled_store, path)
        settings = Settings(**{**COMMON, "store": str(path), **changes})
        if set(changes) <= {"worker"}:
            app = plain_app
            app.state.settings, app.state.store = settings, Store.open(path)
        else:
            app = create_app(settings)
        client = TestClient(app, raise_server_exceptions=False)
        client.__enter__()
        clients.append(client)
        return Service(app, client, path.parent)

    return start, clients


@pytest.fixture
def start_service(filled_store: Path, tmp_path: Path, plain_app: FastAPI) -> Iterator[Start]:
    """A function that starts a service on a copy of the filled store, under given settings."""
    start, clients = starter(filled_store, tmp_path, plain_app)
    yield start
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture(scope="module")
def start_module_service(filled_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """The same for a whole module, each service with an application of its own."""
    start, clients = starter(filled_store, tmp_path_factory.mktemp("module"), bare_app(Settings(**COMMON)))
    yield start
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def reader(shared_reader: TestClient) -> TestClient:
    """A client of one service for all tests that only read; no cookie of an earlier test is left in it."""
    shared_reader.cookies.clear()
    return shared_reader


@pytest.fixture(scope="session")
def shared_reader(filled_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The client behind `reader`, of tests that only read, or only send what is refused."""
    path = tmp_path_factory.mktemp("read") / "sites.gpkg"
    shutil.copy(filled_store, path)
    settings = Settings(**COMMON, store=str(path))
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def service(start_service: Start) -> Service:
    return start_service()


@pytest.fixture
def client(service: Service) -> TestClient:
    return service.client
