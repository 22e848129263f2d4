"""`reverdure demo`: a synthetic region to look around in."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli import console


def demo(
    store: console.StoreOption = console.DEFAULT_STORE,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Do nothing where the store already has sites.")
    ] = False,
    sites: Annotated[int, typer.Option(help="How many sites.", min=1)] = 400,
) -> None:
    """Load the demo region into an empty store: synthetic sites, histories and land cover."""
    from geo.store import sites as stored_sites

    with console.opened(store, create=True) as opened:
        with opened.read() as conn:
            count = stored_sites.count(conn)
        if count and if_empty:
            typer.echo(f"{store} already holds {count} sites")
            return
        from geo.demo import build_demo

        folder = opened.folder / f"{opened.path.stem}-rasters"
        console.note("Building the demo region (synthetic sites, histories and land cover); about a minute")
        with console.progress_bar("Demo region") as step:
            summary = build_demo(opened, folder, n_sites=sites, progress=step)
    verdicts = ", ".join(
        f"{count} {console.word('verdicts', slug).lower()}" for slug, count in summary.verdicts.items()
    )
    typer.echo(
        f"{summary.sites} synthetic sites, {summary.changes} changes, {summary.proposals_open} proposals; "
        f"{summary.scenes} scenes ({summary.raster_mb:.1f} MB in {summary.folder}); verdicts: {verdicts}"
    )
