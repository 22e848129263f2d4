"""A service on a small synthetic store, and a browser that tells what went wrong on a page."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page

from api.app import create_app
from api.auth.demo import add_demo_accounts
from api.settings import Settings
from geo.demo import build_demo
from geo.store import Store

DESK = (1366, 768)
PHONE = (390, 844)


@dataclass(frozen=True)
class Opened:
    """A page of the browser, with the console's errors and the requests that left the host."""

    page: Page
    base: str
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(f"{self.base}{path}", wait_until="load")
        self.page.wait_for_load_state("networkidle")
        return self.page

    def overflow_px(self) -> int:
        """How far the page reaches past the window's right edge."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def make_demo(folder: Path) -> Path:
    """A new store of 24 synthetic sites."""
    store = Store.open(folder / "s.gpkg", create=True)
    build_demo(store, folder / "rasters", n_sites=24)
    store.close()
    return folder / "s.gpkg"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a service on a new store of 24 synthetic sites, while the block lasts."""
    with serving(make_demo(folder)) as address:
        yield address


@contextmanager
def serving(path: Path) -> Iterator[str]:
    """The address of a service on the store at `path`, while the block lasts."""
    app = create_app(Settings(store=str(path), port=0))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=20)


@pytest.fixture(scope="session")
def demo_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 24 synthetic sites; nobody has it open."""
    return make_demo(tmp_path_factory.mktemp("service"))


def copy_store(store: Path, name: str) -> Path:
    """A copy of a store, beside it so that it finds the rasters."""
    path = store.with_name(f"{name}.gpkg")
    with closing(sqlite3.connect(store)) as raw:
        raw.execute("VACUUM INTO ?", [str(path)])
    return path


@pytest.fixture(scope="session")
def service(demo_store: Path) -> Iterator[str]:
    """The address of a service on a store of 24 synthetic sites; it stops with the session."""
    with serving(copy_store(demo_store, "service")) as address:
        yield address


@pytest.fixture(scope="module")
def service_with_accounts(demo_store: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The same on a copy that has the accounts of the demo."""
    path = copy_store(demo_store, request.module.__name__.rpartition(".")[2])
    store = Store.open(path)
    add_demo_accounts(store)
    store.close()
    with serving(path) as address:
        yield address


@pytest.fixture
def open_page(browser: Browser, service: str) -> Iterator[Callable[..., Opened]]:
    """Opens pages of a window size and a language."""
    contexts = []

    def open_one(size: tuple[int, int] = DESK, locale: str = "en-US", base: str = service) -> Opened:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale=locale)
        contexts.append(context)
        opened = Opened(context.new_page(), base)
        opened.page.on(
            "console", lambda line: opened.errors.append(line.text) if line.type == "error" else None
        )
        opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
        opened.page.on("request", lambda sent: _note_stranger(opened, sent.url))
        return opened

    yield open_one
    for context in contexts:
        context.close()


def _note_stranger(opened: Opened, url: str) -> None:
    if not url.startswith((f"{opened.base}/", "data:", "blob:")):
        opened.strangers.append(url)
