"""An empty store for each test of a run, copied from one that was made once."""

import shutil

import pytest

from geo.store import Store


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("empty") / "empty.gpkg"
    Store.open(path, create=True).close()
    return path


@pytest.fixture
def store(empty_file, tmp_path):
    shutil.copyfile(empty_file, tmp_path / "store.gpkg")
    opened = Store.open(tmp_path / "store.gpkg")
    yield opened
    opened.close()
