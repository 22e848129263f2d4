"""`reverdure serve`: the service and its pages, on this machine alone."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import console
from geo.errors import InvalidInput

if TYPE_CHECKING:
    from api.settings import Settings


class PortTaken(InvalidInput):
    """Another program listens on the port."""

    template = "port {port} on {host} is in use; choose another with --port"


def serve(
    store: console.StoreOption = console.DEFAULT_STORE,
    host: Annotated[str, typer.Option(help="An address of this machine.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port.", min=1, max=65535)] = 8000,
    auth: Annotated[
        bool, typer.Option("--auth", help="Ask everybody to sign in, also before there is an account.")
    ] = False,
) -> None:
    """Serve the dashboard, the maps and the API; on this machine alone until there are accounts."""
    settings = served_settings(store, host, port, auth=auth)
    from api.auth.opening import check_reach, first_link

    check_reach(settings)
    with console.opened(store) as opened:
        link = first_link(opened, settings)
    check_port(host, port)
    check_assets()
    from api.app import create_app
    from api.serving import run

    application = create_app(settings)
    shown = f"[{host}]" if ":" in host else host
    own = settings.public_url or f"http://{shown}:{port}"
    if link is not None:
        console.note(f"Make the first administrator, once and within a day: {own}{link}")
    console.note(f"Reverdure serves {store} at {own}/  (Ctrl-C stops it)")
    run(application, settings)


def served_settings(store: str, host: str, port: int, *, auth: bool) -> Settings:
    """The settings of environment and file, with what the command line says in their place."""
    from api.settings import Settings

    given: dict[str, Any] = {"store": store, "host": host, "port": port}
    return Settings(**given, auth="on") if auth else Settings(**given)


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
