"""`reverdure demo`: a synthetic region to look around in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console

if TYPE_CHECKING:
    from geo.store import Store


def demo(
    store: console.StoreOption = console.DEFAULT_STORE,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Do nothing where the store already has sites.")
    ] = False,
    sites: Annotated[int, typer.Option(help="How many sites.", min=1)] = 400,
) -> None:
    """Load the demo region into an empty store: synthetic sites, histories and land cover."""
    from api.auth.demo import add_demo_accounts
    from geo.store import sites as stored_sites

    with console.opened(store, create=True) as opened:
        with opened.read() as conn:
            count = stored_sites.count(conn)
        if count and if_empty:
            typer.echo(f"{store} already holds {count} sites")
            _print_accounts(opened)
            return
        from geo.demo import build_demo

        folder = opened.folder / f"{opened.path.stem}-rasters"
        console.note("Building the demo region (synthetic sites, histories and land cover); about a minute")
        with console.progress_bar("Demo region") as step:
            summary = build_demo(opened, folder, n_sites=sites, progress=step)
        add_demo_accounts(opened)
    verdicts = ", ".join(
        f"{count} {console.word('verdicts', slug).lower()}" for slug, count in summary.verdicts.items()
    )
    typer.echo(
        f"{summary.sites} synthetic sites, {summary.changes} changes, {summary.proposals_open} proposals; "
        f"{summary.scenes} scenes ({summary.raster_mb:.1f} MB in {summary.folder}); verdicts: {verdicts}"
    )
    with console.opened(store) as opened:
        _print_accounts(opened)


def _print_accounts(store: Store) -> None:
    """Print the accounts of the demo with their public passwords; nothing for another store."""
    from api.auth.demo import demo_accounts
    from geo.store import accounts

    with store.read() as conn:
        there = {one.user.name for one in accounts.find(conn) if one.user.demo}
    shown = [one for one in demo_accounts() if one.name in there]
    if not shown:
        return
    made = console.table(
        "Accounts of the demo (synthetic data, this machine alone)", "login name", "password", "role", "units"
    )
    for one in shown:
        console.add_row(
            made, one.name, one.password, one.role.value, ", ".join(sorted(one.units)) or console.NULL
        )
    console.stdout().print(made)
