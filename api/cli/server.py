"""`reverdure serve`: the service and its pages, on this machine alone."""

from __future__ import annotations

import socket
from typing import Annotated

import typer

from api.cli import console
from geo.errors import InvalidInput


class PortTaken(InvalidInput):
    """Another program listens on the port."""

    template = "port {port} on {host} is in use; choose another with --port"


def serve(
    store: console.StoreOption = console.DEFAULT_STORE,
    host: Annotated[str, typer.Option(help="An address of this machine.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port.", min=1, max=65535)] = 8000,
) -> None:
    """Serve the dashboard, the maps and the API on this machine."""
    from api.settings import Settings, check_loopback

    check_loopback(host)
    with console.opened(store):
        pass
    check_port(host, port)
    check_assets()
    from api.app import create_app
    from api.serving import run

    settings = Settings(store=store, host=host, port=port)
    application = create_app(settings)
    shown = f"[{host}]" if ":" in host else host
    console.note(f"Reverdure serves {store} at http://{shown}:{port}/  (Ctrl-C stops it)")
    run(application, settings)


def check_port(host: str, port: int) -> None:
    """Refuse a port on which somebody listens. Raises: PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(host=host, port=port) from error


def check_assets() -> None:
    """Refuse to start without the scripts and styles of maps and pages. Raises: AssetMissing."""
    from tiles.asset_gate import asset_file

    for name in ("echarts/echarts.min.js", "leaflet/leaflet.js", "bootstrap/bootstrap.min.css"):
        asset_file(name)
