"""One suite for every kind of store: a test that takes `store` runs on each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from geo.store import Store


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store, closed: copying it is faster than migrating anew."""
    path = tmp_path_factory.mktemp("stores") / "empty.gpkg"
    Store.open(path, create=True).close()
    return path


@pytest.fixture(params=["gpkg"])
def store(request: pytest.FixtureRequest, empty_file: Path, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / f"store.{request.param}"
    shutil.copyfile(empty_file, path)
    opened = Store.open(path)
    yield opened
    opened.close()
