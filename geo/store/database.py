"""The store: one GeoPackage on disk, its connections and its transactions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Final, Self

from sqlalchemy import Connection, Engine, delete, insert, inspect, select, text
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import DatabaseError, OperationalError

from geo.errors import StoreError
from geo.remote import place_of, url_of
from geo.scenes import Scene
from geo.store import embedded, location
from geo.store.tables import SETTINGS, WRITER

SCHEMA_VERSION: Final = "0015"
"""The newest migration; a store that stands there is opened without looking further."""

_SQLITE_MAGIC: Final = b"SQLite format 3\x00"


class StoreMissing(StoreError):
    """There is no store at the path."""

    template = "there is no store at {path}; `reverdure demo` or `reverdure import` makes one"


class NotAStore(StoreError):
    """The file is something else."""

    template = "{path} is not a store of Reverdure: {problem}"


class StoreTooNew(StoreError):
    """The file was written by a later version."""

    template = "{path} was written by a later version of Reverdure (schema {found}; this one knows {known})"


class StoreBusy(StoreError):
    """Another writer held the lock for too long."""

    template = "the store is being written to by somebody else; tried for {seconds:.0f} s"


class StoreNotWritable(StoreError):
    """The disk or the system refuses."""

    template = "{path} cannot be used: {problem}"


class Store:
    """One open store. Any number may read at once; one writes, and the others wait up to 30 s."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self.folder = path.parent
        self._engine = engine
        self._writing = engine.execution_options(write=True)
        self._turn = threading.Lock()

    @classmethod
    def open(cls, location_: str | Path, *, create: bool = False) -> Self:
        """The store at a path or `gpkg:///path`, brought to the present schema; made anew if `create`.

        Raises `StoreMissing`, `NotAStore`, `StoreTooNew`, `StoreNotWritable`, `NetworkFileSystem` and
        `StoreKindUnavailable`.
        """
        path = location.path_of(location_)
        location.refuse_network(path)
        if not _looks_like_a_store(path):
            if not create:
                raise StoreMissing(path=path)
            _make(path)
        store = cls(path, embedded.open_engine(path))
        try:
            store._migrate()
        except BaseException:
            store.close()
            raise
        return store

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one moment of the store and cannot write."""
        with self._engine.begin() as conn:
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """The writer's connection: all of it is stored at the end, or nothing after an error.

        Raises `StoreBusy` where the lock is not free within 30 s, `StoreNotWritable` where the disk is full.
        """
        if not self._turn.acquire(timeout=embedded.LOCK_TIMEOUT_S):
            raise StoreBusy(seconds=embedded.LOCK_TIMEOUT_S)
        try:
            with self._begin_writing() as conn:
                conn.execute(insert(WRITER).values(who="reverdure"))
                yield conn
                conn.execute(delete(WRITER))
        finally:
            self._turn.release()

    @contextmanager
    def _begin_writing(self) -> Iterator[Connection]:
        with self._writing.connect() as conn:
            try:
                transaction = conn.begin()
            except OperationalError as error:
                if "locked" in str(error.orig):
                    raise StoreBusy(seconds=embedded.LOCK_TIMEOUT_S) from error
                raise StoreNotWritable(path=self.path, problem=error.orig) from error
            try:
                with transaction:
                    yield conn
            except OperationalError as error:
                raise StoreNotWritable(path=self.path, problem=error.orig) from error

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def locate(self, scene: Scene) -> Path:
        """The place of a scene's file: relative paths start at the store's folder; see `geo.remote`."""
        return place_of(scene.path) or self.folder / scene.path

    def relative(self, path: Path) -> str:
        """How a place is remembered: a file relative to the store's folder where it lies below it."""
        url = url_of(path)
        if url is not None:
            return url
        absolute = path.resolve()
        return (
            absolute.relative_to(self.folder).as_posix()
            if absolute.is_relative_to(self.folder)
            else str(absolute)
        )

    def schema_version(self) -> str | None:
        """The newest migration that the store has had, None for an empty file."""
        with self.read() as conn:
            return _schema_version(conn)

    def _migrate(self) -> None:
        try:
            found = self.schema_version()
        except OperationalError as error:
            raise StoreNotWritable(path=self.path, problem=error.orig) from error
        except DatabaseError as error:
            raise NotAStore(path=self.path, problem="the file is damaged") from error
        if found == SCHEMA_VERSION:
            return
        from alembic import command  # noqa: PLC0415 - a third of a second that most openings can do without
        from alembic.config import Config  # noqa: PLC0415
        from alembic.script import ScriptDirectory  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", str(files("geo.store") / "migrations"))
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if found is not None and found not in known:
            raise StoreTooNew(path=self.path, found=found, known=SCHEMA_VERSION)
        with self._begin_writing() as conn:
            if _schema_version(conn) is not None:
                conn.execute(insert(WRITER).values(who="migration"))
            config.attributes["connection"] = conn
            command.upgrade(config, "head")
            conn.execute(delete(WRITER))


def _schema_version(conn: Connection) -> str | None:
    if not inspect(conn).has_table("alembic_version"):
        return None
    version = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if version is None else str(version)


def _make(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        embedded.make_file(path)
    except (OSError, sqlite3.OperationalError) as error:
        raise StoreNotWritable(path=path, problem=error) from error


def _looks_like_a_store(path: Path) -> bool:
    """Whether a store is there, False for no file or an empty one; raises `NotAStore` for anything else."""
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return False
    if not path.is_file():
        raise NotAStore(path=path, problem="it is not a file")
    with path.open("rb") as file:
        if file.read(16) != _SQLITE_MAGIC:
            raise NotAStore(path=path, problem="it is not a GeoPackage")
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=embedded.LOCK_TIMEOUT_S)
    try:
        names = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
    except sqlite3.DatabaseError as error:
        raise NotAStore(path=path, problem=f"the file is damaged ({error})") from error
    finally:
        connection.close()
    if names and not {"alembic_version", "history", "writer"} <= names:
        raise NotAStore(
            path=path, problem="it is somebody else's GeoPackage; bring it in with `reverdure import`"
        )
    return True


def get_setting(conn: Connection, name: str) -> str | None:
    """The value of a setting, None where it was never set."""
    return conn.execute(select(SETTINGS.c.value).where(SETTINGS.c.name == name)).scalar()


def set_setting(conn: Connection, name: str, value: str) -> None:
    """Remember a setting in place of its last value."""
    conn.execute(
        upsert(SETTINGS).values(name=name, value=value).on_conflict_do_update(["name"], set_={"value": value})
    )
