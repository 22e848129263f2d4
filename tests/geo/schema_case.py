"""Stores of an earlier schema, to bring to the present one."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config

from geo.store import embedded


def make_earlier(path: Path, revision: str) -> Path:
    """An empty store as the migrations up to `revision` make it."""
    embedded.make_file(path)
    engine = embedded.open_engine(path)
    with engine.execution_options(write=True).begin() as conn:
        config = Config()
        config.set_main_option("script_location", str(files("geo.store") / "migrations"))
        config.attributes["connection"] = conn
        command.upgrade(config, revision)
    engine.dispose()
    return path
