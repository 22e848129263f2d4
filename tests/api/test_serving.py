"""The real server on a loopback port."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from api.serving import server_config
from api.settings import Settings
from geo.store import Store


@pytest.fixture
def address(plain_app: FastAPI, filled_store, tmp_path) -> Iterator[str]:  # type: ignore[no-untyped-def]
    path = tmp_path / "sites.gpkg"
    path.write_bytes(filled_store.read_bytes())
    plain_app.state.settings, plain_app.state.store = Settings(store=str(path)), Store.open(path)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(server_config(plain_app, Settings(port=listening.getsockname()[1])))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)
    listening.close()
    assert not thread.is_alive()


def test_the_server_answers_with_its_worker_running_and_stops(address: str) -> None:
    with httpx2.Client(base_url=address, trust_env=False, timeout=10) as client:
        for _ in range(50):
            if client.get("/healthz").text == "ok":
                break
        assert client.get("/readyz").text == "ready"
        answer = client.get("/api/sites?limit=1")
        assert answer.json()["links"][1]["href"].startswith(f"{address}/api/sites?")
        assert "server" not in answer.headers
