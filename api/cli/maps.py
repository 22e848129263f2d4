"""`reverdure map`: a map as a file that opens without the server."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Write a map as a file that opens without the server.")
