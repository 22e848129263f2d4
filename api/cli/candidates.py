"""`reverdure candidates`: new water outside known sites, to be looked at or dismissed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console

if TYPE_CHECKING:
    from geo.candidates import Candidate

app = typer.Typer(no_args_is_help=True, help="New water outside known sites.")


@app.command("find")
def find(
    product: Annotated[str, typer.Option("--product", help="The land-cover product.")],
    store: console.StoreOption = console.DEFAULT_STORE,
    edition: Annotated[str | None, typer.Option(help="Its edition; the current one where not given.")] = None,
    from_year: Annotated[int | None, typer.Option("--from", help="The earlier year; the first.")] = None,
    to_year: Annotated[int | None, typer.Option("--to", help="The later year; the last.")] = None,
    min_ha: Annotated[float | None, typer.Option(help="Least area of a candidate.", min=0.0)] = None,
    buffer_m: Annotated[
        float | None, typer.Option(help="Water within so many metres of a site is its own.", min=0.0)
    ] = None,
    as_json: console.JsonOption = False,
) -> None:
    """Find patches that are water in the later year, were dry in the earlier one, and lie in no site."""
    from geo.candidate_search import CandidateQuery, find_candidates

    query = CandidateQuery(product, edition, from_year, to_year, min_ha, buffer_m)
    with console.opened(store) as opened, console.progress_bar("Blocks of the two scenes") as step:
        search = find_candidates(opened, query, progress=step)
    if as_json:
        from api.schemas.candidates import CandidateFeature

        features = [CandidateFeature.of(one) for one in search.found]
        console.print_json(
            {
                "type": "FeatureCollection",
                "features": features,
                "search": {
                    name: getattr(search, name)
                    for name in (
                        *("product", "edition", "from_year", "to_year", "n_patches", "n_of_sites"),
                        *("n_small", "n_dismissed"),
                    )
                },
            }
        )
        return
    _print(search.found)
    console.note(
        f"{search.product}, edition {search.edition}, {search.from_year} to {search.to_year}: "
        f"{search.n_patches} patches of new water, {search.n_of_sites} in or near sites, "
        f"{search.n_small} too small, {search.n_dismissed} dismissed before"
    )


@app.command("list")
def list_candidates(
    store: console.StoreOption = console.DEFAULT_STORE,
    dismissed: Annotated[bool, typer.Option("--dismissed", help="Those that were dismissed.")] = False,
    geojson: Annotated[Path | None, typer.Option(help="Write them as GeoJSON, too.")] = None,
    as_json: console.JsonOption = False,
) -> None:
    """List the candidates, the largest first; those that a site has come to hold are left out."""
    from api.schemas.candidates import CandidateCollection
    from geo.candidate_search import open_candidates
    from geo.candidates import CandidateState

    state = CandidateState.DISMISSED if dismissed else CandidateState.OPEN
    with console.opened(store) as opened:
        found = open_candidates(opened, state=state)
    collection = CandidateCollection.of(found)
    if geojson is not None:
        text = json.dumps(console.plain(collection), ensure_ascii=False, allow_nan=False)
        geojson.write_text(text + "\n", encoding="utf-8")
    if as_json:
        console.print_json(collection)
    else:
        _print(found)


@app.command("dismiss")
def dismiss(
    candidate_id: Annotated[int, typer.Argument(help="The candidate, as `candidates list` numbers it.")],
    reason: Annotated[str, typer.Option(help="Why it is no subsidence.")],
    store: console.StoreOption = console.DEFAULT_STORE,
) -> None:
    """Dismiss a candidate for good; water that is found there again stays dismissed."""
    from geo.store import candidates

    with console.opened(store) as opened, opened.write() as conn:
        gone = candidates.dismiss(conn, candidate_id, reason=reason, actor=console.settings().actor)
    typer.echo(f"candidate {gone.candidate_id} ({console.hectares(gone.area_ha, 2)} ha) is dismissed")


def _print(found: list[Candidate]) -> None:
    if not found:
        typer.echo("no candidate")
        return
    made = console.table(
        "New water outside known sites",
        *("id", "ha", "lon", "lat", "product", "edition", "years", "note"),
        right=("id", "ha", "lon", "lat"),
    )
    for one in found:
        at = one.geometry.representative_point()
        note = one.reason or ("beside water of the earlier year" if one.touches_water else "")
        place = (f"{at.x:.5f}", f"{at.y:.5f}", one.product, one.edition, f"{one.from_year}-{one.to_year}")
        console.add_row(made, str(one.candidate_id), console.hectares(one.area_ha, 2), *place, note)
    console.stdout().print(made)
